//! The run machine: a run and what came in, to the run after it, what is told of it, and what the
//! provider is told. Pure: no clock, no store, no provider.
//!
//! What is written down always says what is safe to do next. The provider is told to do something
//! only right after it was written down that it may have been told; from then on, whatever is
//! killed, the next thing to do is to ask it. So nothing is done twice.

mod call;
mod outcome;

use tocsin_domain::automation::{
    Call, CallKind, Next, Owed, Plan, PlanHash, PreviewKind, Run, RunState,
};

use super::policy::Tally;
use super::provider::{Begun, CallError, Status};

/// How long things take.
#[derive(Debug, Clone)]
pub(super) struct Pace {
    /// How long a word to a provider may be on its way after its sender is gone, in ms.
    pub(super) settle_ms: i64,
    /// How soon a provider is asked first, in ms; it doubles.
    pub(super) ask_first_ms: i64,
    /// How long it is not asked at most, in ms.
    pub(super) ask_most_ms: i64,
    /// How often it is looked whether an action helped, in ms.
    pub(super) look_ms: i64,
    /// How often a plan is tried.
    pub(super) plan_tries_max: u32,
    /// How often a provider that surely was not told is told.
    pub(super) attempts_max: u32,
    /// How long something may go on after it was to stop, in ms.
    pub(super) grace_ms: i64,
    /// How often a provider is asked to let go of what it prepared.
    pub(super) discards_max: u32,
    /// How long it is not asked at most, in ms.
    pub(super) discard_most_ms: i64,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            settle_ms: 5000,
            ask_first_ms: 500,
            ask_most_ms: 15_000,
            look_ms: 5000,
            plan_tries_max: 5,
            attempts_max: 3,
            grace_ms: 60_000,
            // Over a day.
            discards_max: 40,
            discard_most_ms: 3_600_000,
        }
    }
}

/// What came in.
#[derive(Debug, Clone)]
pub(super) enum Input {
    /// The plan is made.
    Planned(Box<Plan>, PlanHash),
    /// It could not be made.
    NotPlanned { why: String, is_temporary: bool },
    /// Someone said something about the plan.
    Voted {
        yes: bool,
        comment: String,
        tally: Tally,
    },
    /// Time has passed.
    Time,
    /// Nothing holds it back.
    MayBegin,
    /// Something holds it back for now.
    HeldBack { why: String, until_ms: i64 },
    /// It may never begin.
    Void(String),
    /// The provider began.
    Begun(CallKind, Begun),
    /// The provider did not, as far as is known.
    NotBegun(CallKind, CallError),
    /// The provider said how it goes.
    Answered(CallKind, Status),
    /// It did not say.
    Silent(CallKind, String),
    /// It was looked whether it helped.
    Looked { holds: bool, because: String },
    /// Someone calls it off.
    CalledOff(String),
    /// Everything is stopped.
    Stopped(String),
    /// Someone wants it undone.
    RollBack(String),
    /// So much of what is owed was told.
    Told(usize),
    /// It could not be told.
    NotTold(String),
    /// The provider let go of what it prepared, and what that was; or why it could not.
    Discarded(Result<Option<String>, String>),
}

/// What a provider is to be told, once the run is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// To do what is planned.
    Execute,
    /// To undo it.
    Rollback,
    /// To stop.
    Cancel(CallKind),
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Happened {
    pub(super) from: RunState,
    pub(super) to: RunState,
    pub(super) what: &'static str,
    pub(super) detail: String,
}

/// A run after a step.
#[derive(Debug, Clone)]
pub(super) struct Stepped {
    pub(super) run: Run,
    pub(super) happened: Vec<Happened>,
    pub(super) effect: Option<Effect>,
}

/// Where a run stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ground<'a> {
    pub(super) pace: &'a Pace,
    /// Its plan; none: it is not made.
    pub(super) plan: Option<&'a Plan>,
    pub(super) now_ms: i64,
}

/// Makes a step.
///
/// # Errors
/// Why what came in makes no sense for the run as it is; nothing is to be changed then.
pub(super) fn step(run: &Run, input: Input, ground: Ground<'_>) -> Result<Stepped, String> {
    let mut step = Step {
        run: run.clone(),
        happened: Vec::new(),
        effect: None,
        ground,
    };
    step.take(input)?;
    step.run.updated_ms = ground.now_ms;
    Ok(Stepped {
        run: step.run,
        happened: step.happened,
        effect: step.effect,
    })
}

struct Step<'a> {
    run: Run,
    happened: Vec<Happened>,
    effect: Option<Effect>,
    ground: Ground<'a>,
}

/// What came in makes no sense.
fn nonsense(run: &Run) -> String {
    format!("the run is {}", run.state.name().replace('_', " "))
}

impl Step<'_> {
    fn take(&mut self, input: Input) -> Result<(), String> {
        match input {
            Input::Planned(plan, hash) => self.planned(&plan, hash),
            Input::NotPlanned { why, is_temporary } => self.not_planned(why, is_temporary),
            Input::Voted {
                yes,
                comment,
                tally,
            } => self.voted(yes, comment, tally),
            Input::Time => self.time(),
            Input::MayBegin => self.begin(),
            Input::HeldBack { why, until_ms } => self.held_back(why, until_ms),
            Input::Void(why) => self.void(why),
            Input::Begun(kind, begun) => self.begun(kind, begun),
            Input::NotBegun(kind, error) => self.not_begun(kind, error),
            Input::Answered(kind, status) => self.answered(kind, status),
            Input::Silent(kind, why) => self.silent(kind, why),
            Input::Looked { holds, because } => self.looked(holds, because),
            Input::CalledOff(why) => self.called_off(why),
            Input::Stopped(why) => self.stopped(why),
            Input::RollBack(why) => self.roll_back(why),
            Input::Told(count) => self.told(count),
            Input::NotTold(why) => self.not_told(why),
            Input::Discarded(done) => self.discarded(done),
        }
    }

    fn expect(&self, states: &[RunState]) -> Result<(), String> {
        match states.contains(&self.run.state) {
            true => Ok(()),
            false => Err(nonsense(&self.run)),
        }
    }

    /// Goes to a state, and says why.
    fn go(&mut self, to: RunState, what: &'static str, detail: impl Into<String>) {
        let detail = detail.into();
        self.happened.push(Happened {
            from: self.run.state,
            to,
            what,
            detail: detail.clone(),
        });
        self.run.state = to;
        self.run.reason = detail;
        if to.is_final() {
            self.run.next = None;
            self.run.finished_ms = Some(self.ground.now_ms);
            self.owe_discard();
        }
    }

    /// What was prepared and is not carried out is let go of. Whether it was carried out need not be
    /// known: what was is not touched.
    fn owe_discard(&mut self) {
        let has_begun = self
            .run
            .call
            .as_ref()
            .is_some_and(|call| call.kind == CallKind::Rollback || call.handle.is_some());
        let may_be_prepared = self
            .ground
            .plan
            .is_none_or(|plan| plan.preview.kind == PreviewKind::Plan);
        if !has_begun && may_be_prepared && !self.run.owed.contains(&Owed::Discard) {
            self.run.tries = 0;
            self.owe(Owed::Discard);
        }
    }

    /// Says that something happened without going anywhere.
    fn say(&mut self, what: &'static str, detail: impl Into<String>) {
        self.go(self.run.state, what, detail);
    }

    fn next(&mut self, next: Next, in_ms: i64) {
        self.run.next = Some((next, self.ground.now_ms.saturating_add(in_ms)));
    }

    fn owe(&mut self, owed: Owed) {
        if self.run.owed.is_empty() {
            self.run.owed_due_ms = self.ground.now_ms;
        }
        self.run.owed.push(owed);
    }

    fn escalate(&mut self, why: String) {
        let to = self
            .ground
            .plan
            .and_then(|plan| plan.on_failure.escalates_to);
        self.owe(Owed::Escalate { why, to });
    }

    fn planned(&mut self, plan: &Plan, hash: PlanHash) -> Result<(), String> {
        self.expect(&[RunState::Proposed])?;
        if plan.run != self.run.id {
            return Err("the plan is another run's".into());
        }
        self.run.plan = Some(hash);
        self.run.tries = 0;
        if self.run.is_dry_run {
            self.go(
                RunState::Cancelled,
                "planned",
                "dry run: it was planned, and nothing is done",
            );
        } else if plan.stages.is_empty() {
            self.go(
                RunState::Approved,
                "approved",
                plan.approval_because.clone(),
            );
            self.next(Next::Start, 0);
        } else {
            let because = format!("someone is to agree: {}", plan.approval_because);
            self.go(RunState::AwaitingApproval, "planned", because);
            self.run.next = Some((Next::Expire, plan.expires_ms));
            self.owe(Owed::Awaits);
        }
        Ok(())
    }

    fn not_planned(&mut self, why: String, is_temporary: bool) -> Result<(), String> {
        self.expect(&[RunState::Proposed])?;
        self.run.tries += 1;
        let why = format!("there is no plan: {why}");
        if is_temporary && self.run.tries < self.ground.pace.plan_tries_max {
            let wait_ms = self.wait_ms(self.run.tries);
            self.say("not_planned", why);
            self.next(Next::Plan, wait_ms);
        } else {
            self.escalate(why.clone());
            self.go(RunState::Failed, "not_planned", why);
        }
        Ok(())
    }

    /// How long to wait after so many times in vain, in ms.
    fn wait_ms(&self, times: u32) -> i64 {
        let Pace {
            ask_first_ms,
            ask_most_ms,
            ..
        } = *self.ground.pace;
        ask_first_ms
            .saturating_mul(1 << times.min(20))
            .min(ask_most_ms)
    }

    fn voted(&mut self, yes: bool, comment: String, tally: Tally) -> Result<(), String> {
        self.expect(&[RunState::AwaitingApproval])?;
        let said = |text: String| match comment.is_empty() {
            true => text,
            false => format!("{text}: {comment}"),
        };
        match tally {
            Tally::Refused(by) => self.go(
                RunState::Rejected,
                "rejected",
                said(format!("{by} said no")),
            ),
            Tally::Granted(by) => {
                let by = by.join(", ");
                self.go(RunState::Approved, "approved", said(format!("{by} agreed")));
                self.run.tries = 0;
                self.next(Next::Start, 0);
            }
            Tally::Waiting { who, .. } if yes => {
                self.say("agreed", said(format!("it waits for {who}")));
            }
            Tally::Waiting { .. } => return Err("a vote was not counted".into()),
        }
        Ok(())
    }

    fn time(&mut self) -> Result<(), String> {
        self.expect(&[RunState::AwaitingApproval, RunState::Approved])?;
        let expires_ms = self.ground.plan.map(|plan| plan.expires_ms);
        let expires_ms = expires_ms.ok_or_else(|| nonsense(&self.run))?;
        if self.ground.now_ms < expires_ms {
            return Err("it has not expired".into());
        }
        let why = match self.run.state {
            RunState::Approved => format!("it could not begin in time: {}", self.run.reason),
            _ => "nobody agreed in time".to_owned(),
        };
        self.go(RunState::Expired, "expired", why);
        Ok(())
    }

    fn held_back(&mut self, why: String, until_ms: i64) -> Result<(), String> {
        self.expect(&[RunState::Approved])?;
        if self.run.reason != why {
            self.say("held_back", why);
        }
        let expires_ms = self.ground.plan.map_or(until_ms, |plan| plan.expires_ms);
        self.run.next = Some((Next::Start, until_ms.min(expires_ms)));
        Ok(())
    }

    fn void(&mut self, why: String) -> Result<(), String> {
        self.expect(&[
            RunState::Proposed,
            RunState::AwaitingApproval,
            RunState::Approved,
        ])?;
        self.go(RunState::Cancelled, "voided", why);
        Ok(())
    }

    fn begin(&mut self) -> Result<(), String> {
        self.expect(&[RunState::Approved])?;
        let plan = self.ground.plan.ok_or_else(|| nonsense(&self.run))?;
        if self.ground.now_ms >= plan.expires_ms {
            return self.time();
        }
        self.run.executed_ms = Some(self.ground.now_ms);
        self.tell(CallKind::Execute, plan);
        self.go(RunState::Executing, "told", "the provider is told to begin");
        Ok(())
    }

    /// Writes down that a provider is told something, and has it told.
    fn tell(&mut self, kind: CallKind, plan: &Plan) {
        let now_ms = self.ground.now_ms;
        self.run.call = Some(Call {
            kind,
            handle: None,
            attempts: 1,
            silent: 0,
            began_ms: now_ms,
            told_ms: now_ms,
            deadline_ms: now_ms.saturating_add(i64::from(plan.timeout_secs) * 1000),
            cancel: None,
            is_called_off: false,
        });
        self.effect = Some(match kind {
            CallKind::Execute => Effect::Execute,
            CallKind::Rollback => Effect::Rollback,
        });
        self.next(Next::Ask, self.ground.pace.settle_ms);
    }

    fn called_off(&mut self, why: String) -> Result<(), String> {
        match self.run.state {
            RunState::Executing | RunState::RollingBack => self.stop_call(why),
            state if state.is_final() => return Err(nonsense(&self.run)),
            _ => self.go(RunState::Cancelled, "called_off", why),
        }
        Ok(())
    }

    /// What has not begun stays as it is while everything is stopped, but for what was approved:
    /// it must be approved again.
    fn stopped(&mut self, why: String) -> Result<(), String> {
        match self.run.state {
            RunState::Approved => self.go(RunState::Cancelled, "stopped", why),
            RunState::Executing | RunState::RollingBack => self.stop_call(why),
            _ => return Err(nonsense(&self.run)),
        }
        Ok(())
    }

    fn roll_back(&mut self, why: String) -> Result<(), String> {
        self.expect(&[RunState::Succeeded, RunState::Failed, RunState::Cancelled])?;
        let plan = self.ground.plan.ok_or("it has no plan")?;
        if plan.rollback.is_none() {
            return Err("the plan does not say how it is undone".into());
        }
        match &self.run.call {
            None => return Err("nothing was done".into()),
            Some(call) if call.kind == CallKind::Rollback => {
                return Err("it was tried before".into());
            }
            Some(call) if call.handle.is_none() => {
                return Err("whether anything was done is not known".into());
            }
            Some(_) => {}
        }
        self.run.finished_ms = None;
        self.tell(CallKind::Rollback, plan);
        self.go(RunState::RollingBack, "undo_asked", why);
        Ok(())
    }
}
