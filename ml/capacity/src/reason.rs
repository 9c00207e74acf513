//! Sentences for people: what was seen of a series and what follows, or why nothing is said.
//! Values are in the unit of the series, which is not known here, so none is named.

use std::fmt;

use crate::cycle::Trigger;
use crate::simulate::Model;
use crate::{Direction, Forecast, Silence};

/// A duration in the two largest fitting units' precision: "40 min", "7.5 h", "3.1 days".
pub(crate) fn duration(ms: i64) -> String {
    let minutes = ms.max(0) as f64 / 60_000.0;
    match minutes {
        m if m < 90.0 => format!("{m:.0} min"),
        m if m < 36.0 * 60.0 => format!("{:.1} h", m / 60.0),
        m => format!("{:.1} days", m / 1440.0),
    }
}

/// A value with three significant digits.
fn number(value: f64) -> String {
    let size = value.abs();
    let digits = if size >= 100.0 || size == 0.0 {
        0
    } else {
        2 - size.log10().floor() as i32
    };
    format!("{value:.*}", digits.clamp(0, 9) as usize)
}

/// The sentence of a forecast whose newest value is `newest`.
pub(crate) fn sentence(forecast: &Forecast, model: &Model, newest: f64) -> String {
    let limit = number(forecast.limit.value);
    if forecast.is_full {
        return format!("at {} it has reached its limit of {limit}", number(newest));
    }
    let what = match (forecast.crossing.t10_ms, forecast.crossing.t50_ms) {
        (_, Some(t50)) => {
            let ahead = |at: i64| duration(at - forecast.made_at_ms);
            let early = forecast
                .crossing
                .t10_ms
                .map_or_else(|| "?".to_owned(), ahead);
            let late = forecast
                .crossing
                .t90_ms
                .map_or_else(|| "never".to_owned(), ahead);
            format!(
                "reaches {limit} in {} (80 %: {early} to {late})",
                ahead(t50)
            )
        }
        (Some(_), None) => format!("may reach {limit}, but more likely does not"),
        (None, None) => format!("is not expected to reach {limit}"),
    };
    let mut out = format!(
        "{what}: now {}, {} by {} a day for {}",
        number(newest),
        if forecast.slope_per_day < 0.0 {
            "falls"
        } else {
            "rises"
        },
        number(forecast.slope_per_day.abs()),
        duration(forecast.slope_held_ms),
    );
    for seen in seen(model, forecast.limit.direction) {
        out.push_str("; ");
        out.push_str(&seen);
    }
    out
}

/// What of the series was seen and allowed for.
fn seen(model: &Model, direction: Direction) -> Vec<String> {
    let mut out = Vec::new();
    if model.regime.is_curved && model.regime.curve > 0.0 && model.regime.slope > 0.0 {
        out.push("it speeds up".to_owned());
    } else if model.regime.is_curved && model.regime.curve < 0.0 && model.regime.slope > 0.0 {
        out.push("it slows down".to_owned());
    }
    if model.daily.is_some() {
        out.push("a daily cycle is allowed for".to_owned());
    }
    if model.weekly.is_some() {
        out.push("a weekly cycle is allowed for".to_owned());
    }
    if let Some(cycle) = &model.cycle {
        let back = match direction {
            Direction::Rising => "drops back",
            Direction::Falling => "was refilled",
        };
        let when = match cycle.trigger {
            Trigger::Clock(_) => "regularly",
            Trigger::Chance(_) => "now and then",
            Trigger::Level(_) => "from about the same level",
        };
        out.push(format!("it {back} {when} ({} times)", cycle.drops));
    }
    if let Some(rises) = &model.rises {
        out.push(format!("sudden steps recur ({} times)", rises.sizes.len()));
    }
    out
}

impl fmt::Display for Silence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPoints => write!(f, "no points since the last reset"),
            Self::FewPoints { points, needed } => {
                let is = if *points == 1 { "is" } else { "are" };
                write!(f, "only {points} of the {needed} points needed {is} there")
            }
            Self::Gaps { share } => {
                write!(f, "{:.0} % of the history is missing", share * 100.0)
            }
            Self::Stale { age_ms } => {
                write!(f, "the newest point is {} old", duration(*age_ms))
            }
            Self::ShortHistory {
                length_ms,
                needed_ms,
            } => write!(
                f,
                "its history is only {} long, and {} are needed",
                duration(*length_ms),
                duration(*needed_ms)
            ),
            Self::NoLimit => write!(f, "the limit is not a number"),
            Self::NotFilling => write!(f, "it does not move towards the limit"),
            Self::TooFar => write!(f, "the limit is not reached within the horizon"),
            Self::NotCalibrated(calibration) => calibration.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_numbers_are_short() {
        assert_eq!(duration(-5), "0 min");
        assert_eq!(duration(5_400_000), "1.5 h");
        assert_eq!(duration(3 * 86_400_000 + 8_640_000), "3.1 days");
        assert_eq!(
            [0.0, 1234.5, 12.34, 0.001_234].map(number),
            ["0", "1234", "12.3", "0.00123"].map(str::to_owned)
        );
    }

    #[test]
    fn one_point_is_there_and_two_are() {
        let few = |points| Silence::FewPoints { points, needed: 12 }.to_string();
        assert_eq!(few(1), "only 1 of the 12 points needed is there");
        assert_eq!(few(2), "only 2 of the 12 points needed are there");
    }
}
