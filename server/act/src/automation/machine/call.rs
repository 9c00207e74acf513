//! The steps of a run whose provider was told to do something.

use tocsin_domain::automation::{Call, CallKind, Next, Owed, RunState};

use super::{Effect, Step, nonsense};
use crate::automation::provider::{Begun, CallError, Certainty, Status};

impl Step<'_> {
    /// The call that is going on, if what came in is about it.
    fn call(&self, kind: CallKind) -> Result<Call, String> {
        let state = match kind {
            CallKind::Execute => RunState::Executing,
            CallKind::Rollback => RunState::RollingBack,
        };
        let call = self.run.call.as_ref().filter(|call| call.kind == kind);
        match call {
            Some(call) if self.run.state == state => Ok(call.clone()),
            _ => Err(nonsense(&self.run)),
        }
    }

    fn keep(&mut self, change: impl FnOnce(&mut Call)) {
        if let Some(call) = &mut self.run.call {
            change(call);
        }
    }

    pub(super) fn begun(&mut self, kind: CallKind, begun: Begun) -> Result<(), String> {
        let call = self.call(kind)?;
        self.say("begun", format!("the provider began: {}", begun.handle));
        self.is_known_to_have_begun(&call);
        self.keep(|call| {
            call.handle = Some(begun.handle);
            call.silent = 0;
        });
        self.next(Next::Ask, self.ground.pace.ask_first_ms);
        if let Some(status) = begun.over {
            return self.answered(kind, status);
        }
        if call.cancel.is_some() {
            self.effect = Some(Effect::Cancel(kind));
        }
        Ok(())
    }

    /// It began: that is known from now on, and is a change of its targets.
    fn is_known_to_have_begun(&mut self, call: &Call) {
        if call.handle.is_none() {
            self.owe(Owed::Change(call.kind));
        }
    }

    pub(super) fn not_begun(&mut self, kind: CallKind, error: CallError) -> Result<(), String> {
        let call = self.call(kind)?;
        let CallError { detail, certainty } = error;
        match certainty {
            Certainty::Unsure => {
                let why = format!("whether the provider was told is not known: {detail}");
                self.say("unsure", why);
                self.next(Next::Ask, self.ground.pace.settle_ms);
            }
            Certainty::NotNow if call.attempts < self.ground.pace.attempts_max => {
                self.say("not_begun", format!("the provider did not begin: {detail}"));
                self.keep(|call| call.told_ms = 0);
                // It is asked first: it then says that it was never told.
                self.next(Next::Ask, self.wait_ms(call.attempts));
            }
            Certainty::Never | Certainty::NotNow => self.not_done(kind, detail),
        }
        Ok(())
    }

    /// The provider surely did nothing, and will do nothing.
    fn not_done(&mut self, kind: CallKind, detail: String) {
        let why = format!("the provider did not begin: {detail}");
        match kind {
            CallKind::Execute => self.fail("not_begun", why, false),
            CallKind::Rollback => self.not_undone("not_begun", why),
        }
    }

    fn not_undone(&mut self, what: &'static str, why: String) {
        let why = format!("it was not undone: {why}");
        self.escalate(why.clone());
        self.go(RunState::Failed, what, why);
    }

    pub(super) fn answered(&mut self, kind: CallKind, status: Status) -> Result<(), String> {
        let call = self.call(kind)?;
        if !matches!(status, Status::Unknown) {
            self.is_known_to_have_begun(&call);
        }
        match (status, kind) {
            (Status::Unknown, _) => self.never_told(&call),
            (Status::Running | Status::Ready, _) => self.goes_on(&call),
            (Status::Succeeded(detail), CallKind::Execute) => self.acted(detail),
            (Status::Succeeded(detail), CallKind::Rollback) => {
                self.go(RunState::RolledBack, "undone", detail);
            }
            (Status::Failed(why), CallKind::Execute) => self.fail("action_failed", why, true),
            (Status::Failed(why), CallKind::Rollback) => self.not_undone("undo_failed", why),
            (Status::Cancelled(detail), _) => self.was_stopped(&call, detail),
            (Status::Lost(why), _) => self.lost(kind, why),
        }
        Ok(())
    }

    /// The provider was never told, or says so.
    fn never_told(&mut self, call: &Call) {
        if call.handle.is_some() {
            // It said that it began. What became of that it does not know any more.
            return self.lost(call.kind, "the provider knows it no longer".into());
        }
        if let Some(why) = &call.cancel {
            return match (call.is_called_off, call.kind) {
                (true, CallKind::Execute) => {
                    self.go(RunState::Cancelled, "called_off", why.clone());
                }
                (_, kind) => self.not_done(kind, why.clone()),
            };
        }
        if call.attempts >= self.ground.pace.attempts_max {
            return self.not_done(
                call.kind,
                format!("it was told {} times in vain", call.attempts),
            );
        }
        let now_ms = self.ground.now_ms;
        self.keep(|call| {
            call.attempts += 1;
            call.told_ms = now_ms;
        });
        self.say(
            "told_again",
            "the provider never heard of it: it is told again",
        );
        self.effect = Some(match call.kind {
            CallKind::Execute => Effect::Execute,
            CallKind::Rollback => Effect::Rollback,
        });
        self.next(Next::Ask, self.ground.pace.settle_ms);
    }

    fn goes_on(&mut self, call: &Call) {
        let now_ms = self.ground.now_ms;
        let late_ms = now_ms.saturating_sub(call.deadline_ms);
        match &call.cancel {
            Some(why) if late_ms >= self.ground.pace.grace_ms => {
                let why = format!("it does not stop: {why}");
                return self.lost(call.kind, why);
            }
            // Whether the provider heard it is not known: it is told again.
            Some(_) => self.effect = Some(Effect::Cancel(call.kind)),
            None if late_ms >= 0 => {
                let allowed_ms = call.deadline_ms.saturating_sub(call.began_ms);
                let why = format!("it took longer than {} s", allowed_ms / 1000);
                self.say("late", why.clone());
                self.keep(|call| call.cancel = Some(why));
                self.effect = Some(Effect::Cancel(call.kind));
            }
            None => {}
        }
        // As long as it went on already, so that what is short is seen soon.
        let lasted_ms = now_ms.saturating_sub(call.began_ms);
        let pace = self.ground.pace;
        let wait_ms = (lasted_ms / 2).clamp(pace.ask_first_ms, pace.ask_most_ms);
        self.keep(|call| {
            call.silent = 0;
            if call.handle.is_none() {
                // It is known there; that it never was cannot be said any more.
                call.handle = Some(String::new());
            }
        });
        self.next(Next::Ask, wait_ms);
    }

    fn was_stopped(&mut self, call: &Call, detail: String) {
        let why = call.cancel.clone().unwrap_or(detail);
        match (call.kind, call.is_called_off) {
            (CallKind::Rollback, _) => self.not_undone("stopped", why),
            (CallKind::Execute, true) => {
                self.run.acted_ms = Some(self.ground.now_ms);
                self.go(RunState::Cancelled, "stopped", why);
            }
            (CallKind::Execute, false) => self.fail("stopped", why, true),
        }
    }

    /// It began, and what came of it cannot be told. Whether it helped may be seen nevertheless.
    fn lost(&mut self, kind: CallKind, why: String) {
        let why = format!("what came of it is not known: {why}");
        let has_verify = self.ground.plan.is_some_and(|plan| plan.verify.is_some());
        match kind {
            CallKind::Execute if has_verify => self.acted(why),
            CallKind::Execute => self.fail("lost", why, true),
            CallKind::Rollback => self.not_undone("lost", why),
        }
    }

    pub(super) fn silent(&mut self, kind: CallKind, why: String) -> Result<(), String> {
        let call = self.call(kind)?;
        let over_ms = call.deadline_ms.saturating_add(self.ground.pace.grace_ms);
        if self.ground.now_ms >= over_ms {
            match (call.handle, kind) {
                (Some(_), _) => self.lost(kind, why),
                // Whether it ever began is not known: what may not be done is not undone.
                (None, CallKind::Execute) => {
                    let why = format!("whether it was done is not known: {why}");
                    self.fail("lost", why, false);
                }
                (None, CallKind::Rollback) => self.not_undone("lost", why),
            }
            return Ok(());
        }
        if call.silent == 0 {
            self.say(
                "silent",
                format!("the provider does not say how it goes: {why}"),
            );
        }
        self.keep(|call| call.silent += 1);
        self.next(Next::Ask, self.wait_ms(call.silent));
        Ok(())
    }

    /// Has what goes on stopped, since a person or the kill switch says so.
    pub(super) fn stop_call(&mut self, why: String) {
        let Some(kind) = self.run.call.as_ref().map(|call| call.kind) else {
            return;
        };
        self.say("stopping", why.clone());
        self.keep(|call| {
            call.cancel = Some(why);
            call.is_called_off = true;
        });
        self.effect = Some(Effect::Cancel(kind));
        // A word of it may be on its way: it is asked when that must have arrived.
        self.next(Next::Ask, self.ground.pace.settle_ms);
    }
}
