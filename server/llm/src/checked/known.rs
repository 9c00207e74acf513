//! What the evidence says in numbers, and whether a mention says the same.

use super::mentions::{self, Hedge, Mention, Quantity, Reading};
use super::moments::{Date, TimeOfDay};
use super::units::{Dimension, Unit};

/// The most that rounding may change a number, as a share of it: 1.4 s is not 1 s.
const ROUNDING_SHARE_MAX: f64 = 0.10;
/// How far beyond a bound the true number may be: "over 1,000" is said of 1,400, not of 9,000.
const BOUND_SHARE_MAX: f64 = 0.5;

/// The numbers, moments and words of some evidence.
#[derive(Debug, Default)]
pub(super) struct Known {
    text: String,
    quantities: Vec<Quantity>,
    ordinals: Vec<f64>,
    dates: Vec<Date>,
    times: Vec<TimeOfDay>,
}

impl Known {
    /// Adds what a text says.
    pub(super) fn add_text(&mut self, text: &str) {
        self.text.push('\n');
        self.text.push_str(&text.to_lowercase());
        for mention in mentions::read(text) {
            for reading in mention.readings {
                self.add(reading);
            }
        }
    }

    /// Adds a number that is known apart from the text.
    pub(super) fn add_number(&mut self, value: f64, unit: &str) {
        let unit = Unit::named(unit).unwrap_or(Unit::NONE);
        self.quantities.push(exact(value, unit));
    }

    fn add(&mut self, reading: Reading) {
        match reading {
            Reading::Quantity(quantity) => self.quantities.push(quantity),
            Reading::Ordinal(place) => self.ordinals.push(place),
            Reading::Magnitude(..) => {}
            Reading::Date(date) => self.dates.push(date),
            Reading::Time(time) => self.times.push(time),
            Reading::Name(name) => {
                // The port of `10.0.0.1:8080` may be spoken of alone.
                let port = name
                    .rsplit_once(':')
                    .and_then(|(_, port)| port.parse::<u16>().ok());
                let port = port.map(|port| exact(f64::from(port), Unit::NONE));
                self.quantities.extend(port);
            }
        }
    }

    /// Whether the evidence says what a mention says, in any of its readings.
    pub(super) fn bears_out(&self, mention: &Mention) -> bool {
        mention.readings.iter().any(|reading| match reading {
            Reading::Quantity(said) => {
                self.quantities.iter().any(|known| says(said, known)) || self.is_year(said)
            }
            Reading::Ordinal(place) => {
                let is_known = self.ordinals.iter().any(|known| is_same(*known, *place));
                let is_count = |known: &Quantity| {
                    matches!(known.unit.dimension, Dimension::None | Dimension::Things)
                        && is_same(known.value, *place)
                };
                let is_day = |date: &Date| is_same(f64::from(date.day), *place);
                is_known
                    || self.quantities.iter().any(is_count)
                    || self.dates.iter().any(is_day)
                    || self.has(&format!("p{place}"))
            }
            Reading::Magnitude(low, high) => self
                .quantities
                .iter()
                .any(|known| (*low..*high).contains(&known.value)),
            Reading::Date(date) => self.dates.iter().any(|known| date.agrees_with(*known)),
            Reading::Time(time) => self.times.iter().any(|known| time.agrees_with(*known)),
            Reading::Name(name) => self.has_name(name),
        })
    }

    /// `2024` may stand for the year of a date.
    fn is_year(&self, said: &Quantity) -> bool {
        let years = self.dates.iter().filter_map(|date| date.year);
        said.unit.dimension == Dimension::None
            && years
                .into_iter()
                .any(|year| is_same(said.value, year as f64))
    }

    /// Whether a name stands in the evidence, or each of the names that `/` or `&` joins.
    fn has_name(&self, name: &str) -> bool {
        if self.has(name) {
            return true;
        }
        let mut parts = name.split(['/', '&', ',']).filter(|part| !part.is_empty());
        let is_joined = name.contains(['/', '&', ',']);
        is_joined && parts.all(|part| self.has(part))
    }

    /// Whether a text stands in the evidence as a whole word.
    fn has(&self, text: &str) -> bool {
        self.text.match_indices(text).any(|(at, found)| {
            let before = self.text[..at].chars().next_back();
            let after = self.text[at + found.len()..].chars().next();
            let goes_on = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
            !goes_on(before) && !goes_on(after)
        })
    }
}

const fn exact(value: f64, unit: Unit) -> Quantity {
    Quantity {
        value,
        half_step: 0.0,
        coarse_step: 0.0,
        has_decimals: true,
        unit,
        hedge: Hedge::Exact,
    }
}

fn is_same(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(1.0)
}

/// Whether `said` is `known`, perhaps in another unit, rounded, or without its unit.
fn says(said: &Quantity, known: &Quantity) -> bool {
    use Dimension::{Multiple, None, Percent, Things, Times};
    let (ours, theirs) = (said.unit.dimension, known.unit.dimension);
    let is_share = ours == Percent
        && theirs == None
        && known.has_decimals
        && (0.0..=1.0).contains(&known.value);
    if is_share {
        return fits(said, said.value, known.value * 100.0, said.half_step);
    }
    let is_comparable = match (ours, theirs) {
        (None, _) => true,
        (Things, None | Things | Times) | (Times, None | Things | Times | Multiple) => true,
        (Multiple, Times) => true,
        _ => ours == theirs,
    };
    if !is_comparable {
        return false;
    }
    let over = match (said.unit.per_secs, known.unit.per_secs) {
        (Some(said), Some(known)) => known / said,
        (Option::None, Option::None) => 1.0,
        // A number that is said without any unit.
        (Option::None, Some(_)) if ours == None => 1.0,
        _ => return false,
    };
    if ours != theirs {
        return fits(said, said.value, known.value / over, said.half_step);
    }
    let scales = |unit: &Unit| unit.scales;
    scales(&said.unit).iter().any(|ours| {
        let known = scales(&known.unit)
            .into_iter()
            .map(|theirs| known.value * theirs / over);
        known
            .into_iter()
            .any(|known| fits(said, said.value * ours, known, said.half_step * ours))
    })
}

/// Whether a value of the same unit may be said so.
fn fits(said: &Quantity, value: f64, known: f64, half_step: f64) -> bool {
    // "fell by 12 %" is said of -12 %.
    let known = if value >= 0.0 { known.abs() } else { known };
    let distance = (value - known).abs();
    let rounded = half_step.min(value.abs() * ROUNDING_SHARE_MAX);
    if distance <= rounded.max(value.abs() * 1e-9) {
        return true;
    }
    let scale = if said.half_step > 0.0 {
        half_step / said.half_step
    } else {
        1.0
    };
    let coarse = (said.coarse_step * scale).min(value.abs() * ROUNDING_SHARE_MAX);
    match said.hedge {
        Hedge::Exact => false,
        Hedge::About => distance <= coarse,
        Hedge::AtLeast => (value..=value * (1.0 + BOUND_SHARE_MAX)).contains(&known),
        Hedge::AtMost => (value / (1.0 + BOUND_SHARE_MAX)..=value).contains(&known),
    }
}
