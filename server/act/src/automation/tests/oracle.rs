//! What must be true of everything that a provider was told, kept apart from what is tested.

use std::collections::{BTreeMap, BTreeSet};

use tocsin_domain::automation::{CallKind, Plan, PlanHash, RunId, Verdict};

use crate::automation::policy::{Approval, hash};

/// What people said and switched, as they did it.
#[derive(Debug, Default)]
pub(super) struct Oracle {
    /// Who said what about which plan.
    pub(super) said: Vec<(RunId, PlanHash, String, Verdict)>,
    /// Whether everything is stopped.
    pub(super) is_stopped: bool,
    /// Executions that arrived, with the plan's hash.
    pub(super) executed: BTreeMap<RunId, PlanHash>,
    /// Those for which nothing is prepared any more.
    pub(super) discarded: BTreeSet<RunId>,
    /// Those that were undone.
    pub(super) undone: BTreeSet<RunId>,
}

impl Oracle {
    /// A provider is told something.
    pub(super) fn arrives(&mut self, approval: &Approval, now_ms: i64) {
        let plan = approval.plan();
        assert!(!self.is_stopped, "everything is stopped");
        assert!(self.is_agreed(plan), "nobody agreed to {:?}", plan.run);
        match approval.kind() {
            CallKind::Execute => {
                assert!(now_ms < plan.expires_ms, "the plan has expired");
                assert!(
                    !self.discarded.contains(&plan.run),
                    "nothing is prepared any more"
                );
                let before = self.executed.insert(plan.run, hash(plan));
                assert_eq!(before, None, "a plan was executed twice");
            }
            CallKind::Rollback => {
                assert_eq!(
                    self.executed.get(&plan.run),
                    Some(&hash(plan)),
                    "nothing was done"
                );
                assert!(self.undone.insert(plan.run), "it was undone twice");
            }
        }
    }

    /// Whether all that a plan asks for agreed to it, and nobody said no.
    fn is_agreed(&self, plan: &Plan) -> bool {
        let hash = hash(plan);
        let its = || {
            self.said
                .iter()
                .filter(|(run, of, _, _)| *run == plan.run && *of == hash)
        };
        if its().any(|(_, _, _, verdict)| *verdict == Verdict::Reject) {
            return false;
        }
        let people: BTreeSet<&str> = its().map(|(_, _, who, _)| who.as_str()).collect();
        let of_stages: u32 = plan.stages.iter().map(|stage| stage.count).sum();
        match plan.is_two_person {
            true => people.len() >= 2 && !people.contains(plan.proposer.as_str()),
            // Each person counts once for each stage.
            false => its().count() >= of_stages as usize,
        }
    }
}
