//! How often a rule proposes for what belongs together.

use tocsin_domain::alert::AlertId;
use tocsin_domain::automation::{Throttle, ThrottleState};

/// What an alert that matches comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Admission {
    /// It is proposed for.
    Propose,
    /// It is not; says why.
    Hold(String),
}

/// What became of a throttle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Memory {
    /// It remembers this.
    Kept(ThrottleState),
    /// It is over.
    Over,
}

/// Whether an alert is proposed for, and what the throttle remembers.
pub(super) fn admit(
    throttle: Throttle,
    state: Option<&ThrottleState>,
    (rule, group): (&str, &str),
    alert: AlertId,
    now_ms: i64,
) -> (Admission, Memory) {
    let window_ms = i64::from(throttle.secs()) * 1000;
    // A clock that was set back does not make a window longer than it is.
    let lasts =
        |state: &&ThrottleState| now_ms < state.ends_ms && state.ends_ms - now_ms <= window_ms;
    let running = state.filter(lasts);
    let is_first = running.is_none();
    let mut state = running.cloned().unwrap_or_else(|| ThrottleState {
        rule: rule.to_owned(),
        group: group.to_owned(),
        since_ms: now_ms,
        alerts: Vec::new(),
        due_ms: matches!(throttle, Throttle::OnceAfter(_)).then_some(now_ms + window_ms),
        ends_ms: now_ms + window_ms,
    });
    if !state.alerts.contains(&alert) && state.alerts.len() < ThrottleState::ALERTS_MAX {
        state.alerts.push(alert);
    }
    match throttle {
        Throttle::OnceWithin(_) if is_first => (Admission::Propose, Memory::Kept(state)),
        Throttle::OnceWithin(secs) => {
            let why = format!("it was proposed for within {secs} s");
            (Admission::Hold(why), Memory::Kept(state))
        }
        Throttle::OnceAfter(secs) => {
            let why = format!("it is proposed for {secs} s after the first");
            (Admission::Hold(why), Memory::Kept(state))
        }
        Throttle::AccumulateWithin { threshold, .. }
            if state.alerts.len() >= threshold as usize =>
        {
            (Admission::Propose, Memory::Over)
        }
        Throttle::AccumulateWithin { threshold, secs } => {
            let have = state.alerts.len();
            let why = format!("{have} of {threshold} within {secs} s");
            (Admission::Hold(why), Memory::Kept(state))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of alerts at times, in s.
    fn run(throttle: Throttle, alerts: &[(i64, u128)]) -> Vec<bool> {
        let mut state: Option<ThrottleState> = None;
        let admitted = alerts.iter().map(|&(at, id)| {
            let at_ms = at * 1000;
            let (admission, memory) =
                admit(throttle, state.as_ref(), ("r", "g"), AlertId(id), at_ms);
            state = match memory {
                Memory::Kept(state) => Some(state),
                Memory::Over => None,
            };
            admission == Admission::Propose
        });
        admitted.collect()
    }

    #[test]
    fn once_within_is_the_first_of_a_window() {
        let proposed = run(
            Throttle::OnceWithin(60),
            &[(0, 1), (30, 2), (59, 3), (60, 4)],
        );
        assert_eq!(proposed, [true, false, false, true]);
        // A clock that is set back opens a window of its own.
        let proposed = run(Throttle::OnceWithin(60), &[(1000, 1), (500, 2), (510, 3)]);
        assert_eq!(proposed, [true, true, false]);
    }

    #[test]
    fn once_after_is_due_at_the_end_of_the_window() {
        let (admission, memory) = admit(Throttle::OnceAfter(60), None, ("r", "g"), AlertId(1), 0);
        assert!(matches!(admission, Admission::Hold(_)));
        let Memory::Kept(state) = memory else {
            panic!("it must be remembered");
        };
        assert_eq!(state.due_ms, Some(60_000));
    }

    #[test]
    fn so_many_different_alerts_within_a_window_are_one_proposal() {
        let throttle = Throttle::AccumulateWithin {
            secs: 60,
            threshold: 3,
        };
        let alerts = [
            (0, 1),
            (10, 1),
            (20, 2),
            (30, 3),
            (31, 4),
            (95, 5),
            (96, 6),
            (97, 7),
        ];
        let proposed = run(throttle, &alerts);
        assert_eq!(
            proposed,
            [false, false, false, true, false, false, false, true]
        );
    }
}
