//! From probabilities to "raised" and "cleared", with hysteresis: what is raised stays raised
//! until the danger has been away for a while, and never clears because it is full. One alarm per
//! series and limit. Time and outcomes flow in, changes flow out; nobody is told from here.

use crate::{DecodeError, Outcome};

/// When to raise and when to clear.
#[derive(Debug, Clone, PartialEq)]
pub struct AlarmConfig {
    /// Raise at this probability, in `[0, 1]`. Default: 0.8.
    pub raise_at: f64,
    /// For how long the probability has to stay there first, in milliseconds. Default: 30 min.
    pub raise_after_ms: i64,
    /// Clear below this probability, in `[0, raise_at]`. Default: 0.5.
    pub clear_below: f64,
    /// For how long the probability has to stay below first, in milliseconds. Default: 2 h.
    pub clear_after_ms: i64,
}

impl Default for AlarmConfig {
    fn default() -> Self {
        Self {
            raise_at: 0.8,
            raise_after_ms: 1_800_000,
            clear_below: 0.5,
            clear_after_ms: 7_200_000,
        }
    }
}

/// What a step did to the alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Nothing.
    Unchanged,
    /// It was raised.
    Raised,
    /// It was cleared.
    Cleared,
}

/// The state of one alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Alarm {
    raised_at_ms: Option<i64>,
    /// Since when the probability calls for the other state.
    turning_since_ms: Option<i64>,
}

const VERSION: u8 = 1;

impl Alarm {
    /// Since when the alarm is raised, Unix milliseconds.
    pub fn raised_at_ms(&self) -> Option<i64> {
        self.raised_at_ms
    }

    /// Takes the outcome at `now_ms` (Unix milliseconds, not before the last step). Outcomes that
    /// say nothing about the present (stale, gaps, no points) change nothing. A series that may
    /// not be trusted raises nothing, but what is raised clears only by its own probability.
    pub fn step(&mut self, now_ms: i64, outcome: &Outcome, config: &AlarmConfig) -> Change {
        if !outcome.tells_of_now() {
            return Change::Unchanged;
        }
        let is_full = outcome.forecast().is_some_and(|forecast| forecast.is_full);
        let raised = self.raised_at_ms.is_some();
        let (turns, after_ms) = if raised {
            let left = outcome
                .forecast()
                .map_or(0.0, |forecast| forecast.probability);
            (!is_full && left < config.clear_below, config.clear_after_ms)
        } else {
            let wait = if is_full { 0 } else { config.raise_after_ms };
            (is_full || outcome.probability() >= config.raise_at, wait)
        };
        if !turns {
            self.turning_since_ms = None;
            return Change::Unchanged;
        }
        let since = *self.turning_since_ms.get_or_insert(now_ms);
        if now_ms.saturating_sub(since) < after_ms {
            return Change::Unchanged;
        }
        self.turning_since_ms = None;
        self.raised_at_ms = if raised { None } else { Some(now_ms) };
        if raised {
            Change::Cleared
        } else {
            Change::Raised
        }
    }

    /// The state as bytes, for a snapshot.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        for time in [self.raised_at_ms, self.turning_since_ms] {
            out.push(u8::from(time.is_some()));
            out.extend_from_slice(&time.unwrap_or(0).to_le_bytes());
        }
        out
    }

    /// The state that [`Self::to_bytes`] wrote.
    ///
    /// # Errors
    /// When the bytes are of another version or length.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let Some((&version, rest)) = bytes.split_first() else {
            return Err(DecodeError::Length);
        };
        if version != VERSION {
            return Err(DecodeError::Version(version));
        }
        let [raised, turning] = rest.as_chunks::<9>().0 else {
            return Err(DecodeError::Length);
        };
        let time = |chunk: &[u8; 9]| {
            let [is_some, time @ ..] = *chunk;
            (is_some != 0).then(|| i64::from_le_bytes(time))
        };
        Ok(Self {
            raised_at_ms: time(raised),
            turning_since_ms: time(turning),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Crossing, Direction, Forecast, Limit, Silence};

    const MINUTE: i64 = 60_000;

    fn with(probability: f64, is_full: bool) -> Outcome {
        Outcome::Forecast(Box::new(Forecast {
            made_at_ms: 0,
            until_ms: 0,
            limit: Limit {
                value: 1.0,
                direction: Direction::Rising,
            },
            is_full,
            probability,
            crossing: Crossing::default(),
            slope_per_day: 0.0,
            slope_held_ms: 0,
            band: Vec::new(),
            reason: String::new(),
        }))
    }

    #[test]
    fn raises_only_after_a_while_and_clears_only_after_a_while() {
        let (mut alarm, config) = (Alarm::default(), AlarmConfig::default());
        assert_eq!(alarm.step(0, &with(0.9, false), &config), Change::Unchanged);
        assert_eq!(
            alarm.step(10 * MINUTE, &with(0.7, false), &config),
            Change::Unchanged
        );
        assert_eq!(
            alarm.step(20 * MINUTE, &with(0.9, false), &config),
            Change::Unchanged
        );
        assert_eq!(
            alarm.step(50 * MINUTE, &with(0.9, false), &config),
            Change::Raised
        );
        assert_eq!(
            alarm.step(60 * MINUTE, &with(0.6, false), &config),
            Change::Unchanged
        );
        assert_eq!(
            alarm.step(70 * MINUTE, &with(0.1, false), &config),
            Change::Unchanged
        );
        assert_eq!(
            alarm.step(180 * MINUTE, &with(0.1, false), &config),
            Change::Unchanged
        );
        assert_eq!(
            alarm.step(190 * MINUTE, &with(0.1, false), &config),
            Change::Cleared
        );
    }

    #[test]
    fn never_clears_when_full_or_when_points_are_missing() {
        let (mut alarm, config) = (Alarm::default(), AlarmConfig::default());
        assert_eq!(alarm.step(0, &with(1.0, true), &config), Change::Raised);
        let stale = Outcome::Silent {
            why: Silence::Stale { age_ms: 1 },
            unsaid: None,
        };
        for hour in 1..100 {
            let outcome = if hour % 2 == 0 {
                with(0.0, true)
            } else {
                stale.clone()
            };
            assert_eq!(
                alarm.step(hour * 60 * MINUTE, &outcome, &config),
                Change::Unchanged
            );
        }
        assert_eq!(Alarm::from_bytes(&alarm.to_bytes()), Ok(alarm));
        assert_eq!(Alarm::from_bytes(&[9]), Err(DecodeError::Version(9)));
        assert_eq!(Alarm::from_bytes(&[1, 2]), Err(DecodeError::Length));
    }
}
