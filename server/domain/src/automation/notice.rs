//! A message in a chat about a run. It is posted once, and edited in place as the run goes on.

use std::fmt;
use std::str::FromStr;

use super::plan::PlanHash;
use super::run::RunId;

/// What a chat was told of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunNotice {
    /// The run.
    pub run: RunId,
    /// What the chat calls the message; none: it has none that is known.
    pub reference: Option<String>,
    /// The number of the run's event that it shows; 0: none.
    pub shown: u64,
    /// Since when it may have been posted without an answer to that, in ms; none: that is not so. The
    /// chat is asked then before it is posted again.
    pub posting_ms: Option<i64>,
    /// How often in a row the chat did not take it.
    pub attempts: u32,
    /// When the chat is told next, if there is something to tell, in ms.
    pub due_ms: i64,
}

/// What people press under a message: about which run, and which plan they saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Press {
    /// The run.
    pub run: RunId,
    /// The hash of the plan that was shown.
    pub plan: PlanHash,
}

impl Press {
    /// The button that says yes.
    pub const APPROVE: &'static str = "tocsin_approve";
    /// The button that says no.
    pub const REJECT: &'static str = "tocsin_reject";
    /// The button that opens the page.
    pub const OPEN: &'static str = "tocsin_open";
    /// The field for a comment.
    pub const COMMENT: &'static str = "tocsin_comment";
}

impl fmt::Display for Press {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.run, self.plan)
    }
}

impl FromStr for Press {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || "expected a run and the hash of its plan".to_owned();
        let (run, plan) = text.split_once(' ').ok_or_else(wrong)?;
        Ok(Self {
            run: run.parse().map_err(|_| wrong())?,
            plan: plan.parse()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_press_is_of_one_run_and_one_plan() {
        let press = Press {
            run: RunId(7),
            plan: PlanHash([0xab; 32]),
        };
        assert_eq!(press.to_string().parse(), Ok(press));
        for odd in ["", "x", "7 ab", &press.run.to_string()] {
            assert!(odd.parse::<Press>().is_err(), "{odd}");
        }
    }
}
