//! Which time is looked at, and with which it is compared.

use tocsin_domain::{TimeRange, Timestamp};

use super::{RootCauseConfig, Target};

/// The most stretches that the time before is cut into.
const SLICES_MAX: i64 = 8;
/// How many times as long as the window the time before is, at least.
const BASELINE_FACTOR: i64 = 4;
/// The longest time before, in ms: 31 days.
const BASELINE_MAX_MS: i64 = 31 * 86_400_000;
/// Steps that a window is cut into where values are compared.
const STEPS: i64 = 30;
/// The shortest step, in ms: the usual pause between two values.
const STEP_MIN_MS: i64 = 15_000;
/// The shortest window, in ms.
const WINDOW_MIN_MS: i64 = 60_000;
/// The longest window, in ms: 31 days.
const WINDOW_MAX_MS: i64 = 31 * 86_400_000;
/// Only windows up to an hour are widened when they show nothing: a longer one was asked for.
const WIDENED_MAX_MS: i64 = 3_600_000;
/// How much longer windows become: slow troubles begin hours before anybody notices.
const WIDER: [i64; 2] = [4, 24];

/// A window and the time before it, `[from_ms - baseline_ms, from_ms)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    /// When the trouble was noticed, in ms.
    pub(super) at_ms: i64,
    pub(super) from_ms: i64,
    /// The last moment inside.
    pub(super) to_ms: i64,
    pub(super) baseline_ms: i64,
    /// It is longer than what was asked for.
    pub(super) is_wider: bool,
}

impl Window {
    /// The windows that a target is looked at with, the narrowest first.
    pub(super) fn all(target: &Target, config: &RootCauseConfig) -> Vec<Self> {
        let length_ms = target.to_ms.saturating_sub(target.from_ms);
        let length_ms = length_ms.clamp(WINDOW_MIN_MS, WINDOW_MAX_MS);
        let least_ms = i64::from(config.baseline_minutes) * 60_000;
        let of = |factor: i64| {
            let length_ms = length_ms.saturating_mul(factor);
            let baseline_ms = least_ms.max(length_ms.saturating_mul(BASELINE_FACTOR));
            Self {
                at_ms: target.at_ms,
                from_ms: target.to_ms.saturating_sub(length_ms),
                to_ms: target.to_ms,
                baseline_ms: baseline_ms.min(BASELINE_MAX_MS),
                is_wider: factor > 1,
            }
        };
        let wider = WIDER.iter().filter(|_| length_ms <= WIDENED_MAX_MS);
        std::iter::once(1).chain(wider.copied()).map(of).collect()
    }

    pub(super) const fn length_ms(&self) -> i64 {
        self.to_ms.saturating_sub(self.from_ms)
    }

    /// The first moment of the time before, in ms.
    pub(super) const fn begin_ms(&self) -> i64 {
        self.from_ms.saturating_sub(self.baseline_ms)
    }

    /// The window as the log store has it.
    pub(super) const fn range(&self) -> TimeRange {
        TimeRange {
            from: Timestamp::from_millis(self.from_ms),
            to: Timestamp::from_millis(self.to_ms.saturating_add(1)),
        }
    }

    /// The time before, as the log store has it.
    pub(super) const fn baseline(&self) -> TimeRange {
        TimeRange {
            from: Timestamp::from_millis(self.begin_ms()),
            to: Timestamp::from_millis(self.from_ms),
        }
    }

    /// The time before in stretches of the same length, the earliest first.
    pub(super) fn slices(&self) -> Vec<TimeRange> {
        let count = (self.baseline_ms / self.length_ms().max(1)).clamp(1, SLICES_MAX);
        let length_ms = self.baseline_ms / count;
        let slices = (0..count).map(|index| {
            let from_ms = self.begin_ms().saturating_add(index * length_ms);
            let to_ms = if index + 1 == count {
                self.from_ms
            } else {
                from_ms.saturating_add(length_ms)
            };
            TimeRange {
                from: Timestamp::from_millis(from_ms),
                to: Timestamp::from_millis(to_ms),
            }
        });
        slices.collect()
    }

    /// The step at which values are compared, in ms.
    pub(super) fn step_ms(&self) -> i64 {
        (self.length_ms() / STEPS).max(STEP_MIN_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn windows(minutes: i64) -> Vec<Window> {
        let target = Target {
            entity: None,
            kind: None,
            at_ms: 10_000_000_000,
            from_ms: 10_000_000_000 - minutes * 60_000,
            to_ms: 10_000_000_000,
        };
        Window::all(&target, &RootCauseConfig::default())
    }

    #[test]
    fn slices_make_up_the_time_before_without_gap() {
        for minutes in [0, 7, 15, 90, 1440] {
            for window in windows(minutes) {
                let slices = window.slices();
                assert!(!slices.is_empty() && slices.len() <= 8);
                assert_eq!(slices[0].from, window.baseline().from);
                assert_eq!(slices[slices.len() - 1].to, window.baseline().to);
                assert!(slices.windows(2).all(|two| two[0].to == two[1].from));
                assert!(window.baseline_ms >= 4 * window.length_ms());
            }
        }
    }

    #[test]
    fn no_time_however_far_away_breaks_a_window() {
        for (from_ms, to_ms) in [
            (i64::MIN, i64::MAX),
            (i64::MAX, i64::MIN),
            (i64::MIN, i64::MIN),
        ] {
            let target = Target {
                entity: None,
                kind: None,
                at_ms: to_ms,
                from_ms,
                to_ms,
            };
            for window in Window::all(&target, &RootCauseConfig::default()) {
                assert!((1..=SLICES_MAX as usize).contains(&window.slices().len()));
                assert!(window.step_ms() >= STEP_MIN_MS);
            }
        }
    }

    #[test]
    fn short_windows_are_widened_and_long_ones_are_what_was_asked() {
        let lengths: Vec<i64> = windows(15).iter().map(|w| w.length_ms() / 60_000).collect();
        assert_eq!(lengths, [15, 60, 360]);
        assert_eq!(windows(1440).len(), 1);
    }
}
