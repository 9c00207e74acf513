//! The steps of a run whose action is over: whether it helped, and who is told.

use tocsin_domain::automation::{CallKind, Next, Owed, RunState, Verification};

use super::{Step, nonsense};

impl Step<'_> {
    /// What was planned is done.
    pub(super) fn acted(&mut self, detail: String) {
        self.run.acted_ms = Some(self.ground.now_ms);
        match self.ground.plan.and_then(|plan| plan.verify.as_ref()) {
            Some(verify) => {
                self.go(RunState::Verifying, "done", detail);
                self.next(Next::Verify, i64::from(verify.after_secs) * 1000);
            }
            None => self.go(RunState::Succeeded, "done", detail),
        }
    }

    /// It went wrong, or did not help. `acted`: something may have been done.
    pub(super) fn fail(&mut self, what: &'static str, why: String, acted: bool) {
        let plan = self
            .ground
            .plan
            .filter(|plan| acted && plan.on_failure.rolls_back && plan.rollback.is_some());
        match plan {
            Some(plan) => {
                self.tell(CallKind::Rollback, plan);
                self.escalate(format!("{why}; it is being undone"));
                self.go(RunState::RollingBack, what, why);
            }
            None => {
                self.escalate(why.clone());
                self.go(RunState::Failed, what, why);
            }
        }
    }

    pub(super) fn looked(&mut self, holds: bool, because: String) -> Result<(), String> {
        self.expect(&[RunState::Verifying])?;
        let verify = self.ground.plan.and_then(|plan| plan.verify.as_ref());
        let verify = verify.ok_or_else(|| nonsense(&self.run))?;
        if holds {
            self.run.verification = Some(Verification::Held);
            if self.ground.plan.is_some_and(|plan| plan.resolves_alert) {
                self.owe(Owed::Resolve);
            }
            self.go(RunState::Succeeded, "verified", because);
            return Ok(());
        }
        let acted_ms = self.run.acted_ms.unwrap_or(self.ground.now_ms);
        let timeout_ms = i64::from(verify.timeout_secs) * 1000;
        if self.ground.now_ms.saturating_sub(acted_ms) >= timeout_ms {
            self.run.verification = Some(Verification::Failed);
            self.fail("not_verified", format!("it did not help: {because}"), true);
        } else {
            self.next(Next::Verify, self.ground.pace.look_ms);
        }
        Ok(())
    }

    pub(super) fn told(&mut self, count: usize) -> Result<(), String> {
        if count == 0 || count > self.run.owed.len() {
            return Err("so much is not owed".into());
        }
        let told = self.run.owed.drain(..count).collect::<Vec<_>>();
        let reason = self.run.reason.clone();
        for owed in told {
            match owed {
                Owed::Awaits => self.say("announced", "the alert is told that it waits"),
                Owed::Change(_) => self.say("recorded", "it is known as a change"),
                Owed::Resolve => self.say("alert_resolved", "the alert is resolved"),
                Owed::Escalate { why, .. } => self.say("escalated", why),
                Owed::Discard => return Err("only the provider says what it let go of".into()),
            }
        }
        self.run.reason = reason;
        Ok(())
    }

    pub(super) fn not_told(&mut self, why: String) -> Result<(), String> {
        if self.run.owed.is_empty() {
            return Err("nothing is owed".into());
        }
        let reason = self.run.reason.clone();
        self.say("not_told", why);
        self.run.reason = reason;
        self.run.owed_due_ms = self
            .ground
            .now_ms
            .saturating_add(self.ground.pace.ask_most_ms);
        Ok(())
    }

    /// The provider let go of what it prepared, or could not.
    pub(super) fn discarded(&mut self, done: Result<Option<String>, String>) -> Result<(), String> {
        if self.run.owed.first() != Some(&Owed::Discard) {
            return Err("nothing is to be let go of".into());
        }
        let now_ms = self.ground.now_ms;
        let pace = self.ground.pace;
        let reason = self.run.reason.clone();
        let is_over = done.is_ok() || self.run.tries + 1 >= pace.discards_max;
        match done {
            Ok(None) => {}
            Ok(Some(what)) => self.say("discarded", what),
            Err(why) => {
                self.run.tries += 1;
                // The first time and the last time are told.
                if is_over || self.run.tries == 1 {
                    let why = format!("what the provider prepared is still there: {why}");
                    self.say("not_discarded", why);
                }
            }
        }
        self.run.owed_due_ms = now_ms;
        if is_over {
            self.run.owed.remove(0);
        } else {
            let wait_ms = pace
                .ask_first_ms
                .saturating_mul(1 << self.run.tries.min(20));
            self.run.owed_due_ms = now_ms.saturating_add(wait_ms.min(pace.discard_most_ms));
        }
        self.run.reason = reason;
        Ok(())
    }
}
