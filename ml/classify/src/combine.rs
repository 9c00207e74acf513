//! One confidence from a rule, a model and how often the line was seen.
//!
//! With *r* the rule's confidence, *s* the model's probability of the same class and *o* its
//! largest probability of any other class:
//!
//! * the model agrees (*s ≥ o*): *c = 1 − (1 − r)(1 − s)*, as of two witnesses who may each be
//!   wrong on their own;
//! * the model disagrees: *c = r (1 − o / 2)*, so that it can halve a rule and never silence it;
//! * no model: *c = r*; no rule: *c = s*;
//! * then, for a line at error level of which *n* came before: *c + (1 − c) · 0.3 / (1 + n / 100)*.
//!
//! *c* never falls when *r* or *s* grows, and never grows when *o* or *n* does.

/// Share of the remaining doubt that goes when a line at error level is met for the first time.
const NOVELTY_SHARE: f64 = 0.3;
/// Lines of the past after which half of that is left.
const NOVELTY_HALF_LINES: f64 = 100.0;
/// Share of a rule's confidence that a model that is sure of another class takes.
const DISSENT_SHARE: f64 = 0.5;

/// What the model thinks of one class.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Opinion {
    /// Its probability: `[0, 1]`.
    pub same: f64,
    /// The largest probability of any other class: `[0, 1]`.
    pub other: f64,
}

/// How often lines of this kind came before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Frequency {
    /// Lines before this one; 0 for a kind that is new.
    pub lines_before: u64,
    /// Whether the line says itself that something went wrong.
    pub is_error: bool,
}

/// The confidence that a line is of a class, in `[0, 1]`; 0 if nobody says so.
#[must_use]
pub fn combine(rule: Option<f64>, model: Option<Opinion>, frequency: Frequency) -> f64 {
    let share = |value: f64| {
        if value.is_nan() {
            0.0
        } else {
            value.clamp(0.0, 1.0)
        }
    };
    let said = match (rule.map(share), model) {
        (Some(rule), Some(model)) if model.same >= model.other => {
            1.0 - (1.0 - rule) * (1.0 - share(model.same))
        }
        (Some(rule), Some(model)) => rule * (1.0 - DISSENT_SHARE * share(model.other)),
        (Some(rule), None) => rule,
        (None, Some(model)) => share(model.same),
        (None, None) => return 0.0,
    };
    if !frequency.is_error {
        return said;
    }
    let novelty = NOVELTY_SHARE / (1.0 + frequency.lines_before as f64 / NOVELTY_HALF_LINES);
    said + (1.0 - said) * novelty
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn opinion(same: f64, other: f64) -> Option<Opinion> {
        Some(Opinion { same, other })
    }

    #[test]
    fn who_agrees_is_surer_than_either_and_who_disagrees_less() {
        let plain = Frequency::default();
        assert!(combine(Some(0.8), opinion(0.7, 0.1), plain) > 0.8);
        assert!(combine(Some(0.8), opinion(0.1, 0.7), plain) < 0.8);
        assert!(combine(Some(0.8), opinion(0.0, 1.0), plain) >= 0.4);
        assert!((combine(Some(0.8), None, plain) - 0.8).abs() < 1e-12);
        assert!((combine(None, opinion(0.7, 0.1), plain) - 0.7).abs() < 1e-12);
        assert!(combine(None, None, plain).abs() < 1e-12);
    }

    #[test]
    fn a_new_error_is_surer_than_one_that_has_always_been_there() {
        let at = |lines_before, is_error| {
            combine(
                Some(0.7),
                None,
                Frequency {
                    lines_before,
                    is_error,
                },
            )
        };
        assert!(at(0, true) > at(1_000, true));
        assert!(at(1_000, true) > at(1_000_000, true));
        assert!((at(1_000_000_000, true) - 0.7).abs() < 1e-3);
        assert!((at(0, false) - 0.7).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn confidence_is_a_share_and_monotone(
            (rule, same, other) in (0.0..=1.0f64, 0.0..=1.0f64, 0.0..=1.0f64),
            more in 0.0..=1.0f64,
            (before, later) in (0u64..10_000, 0u64..10_000),
            is_error: bool,
        ) {
            let frequency = |lines_before| Frequency { lines_before, is_error };
            let base = combine(Some(rule), opinion(same, other), frequency(before));
            prop_assert!((0.0..=1.0).contains(&base));
            let up = |value: f64| value + (1.0 - value) * more;
            let eps = 1e-12;
            prop_assert!(combine(Some(up(rule)), opinion(same, other), frequency(before)) + eps >= base);
            prop_assert!(combine(Some(rule), opinion(up(same), other), frequency(before)) + eps >= base);
            prop_assert!(combine(Some(rule), opinion(same, up(other)), frequency(before)) <= base + eps);
            prop_assert!(combine(Some(rule), opinion(same, other), frequency(before + later)) <= base + eps);
        }
    }
}
