//! What is told of a run: to its alert, to its provider once it is over, and to those who ask what was
//! changed. It may be told again after a crash, and then changes nothing.

use tocsin_domain::alert::{AlertAction, AlertEventKind, LabelSet};
use tocsin_domain::automation::{CallKind, Owed, Plan, Run, RunState, Verdict};
use tocsin_domain::change::{Change, ChangeId, ChangeKind};
use tocsin_domain::ports::{Acted, StoreError};

use super::Driver;
use crate::automation::ledger::{SYSTEM, ten_bytes};
use crate::automation::machine::Input;
use crate::words::cut;

/// The most characters of the targets that a comment names.
const TARGETS_CHARS: usize = 500;

impl Driver {
    /// Tells what is owed.
    pub(super) async fn tell_people(&self, run: &Run) -> Result<(), StoreError> {
        if run.owed.first() == Some(&Owed::Discard) {
            return self.discard(run).await;
        }
        let mut told = 0;
        for owed in run.owed.iter().take_while(|owed| **owed != Owed::Discard) {
            match self.tell_one(run, owed).await {
                Ok(()) => told += 1,
                Err(error) => {
                    tracing::error!(run = %run.id, %error, "an alert cannot be told of its run");
                    if told == 0 {
                        let why = "the alert could not be told".to_owned();
                        return self.feed(run.id, Input::NotTold(why)).await;
                    }
                    break;
                }
            }
        }
        self.feed(run.id, Input::Told(told)).await
    }

    /// Has the provider let go of what it prepared.
    async fn discard(&self, run: &Run) -> Result<(), StoreError> {
        let plan = self.ledger.parts.store.plan(run.id).await?;
        let done = match self.ledger.provider_of(&run.provider) {
            Ok(provider) => provider.discard(run.id, plan.as_ref()).await,
            // There is nobody to ask any more.
            Err(_) => Ok(None),
        };
        self.feed(run.id, Input::Discarded(done)).await
    }

    /// Tells one thing.
    async fn tell_one(&self, run: &Run, owed: &Owed) -> Result<(), StoreError> {
        let alert = run.episode.alert;
        let desk = &self.ledger.parts.desk;
        let act = |action| desk.act(vec![alert], action, SYSTEM.to_owned());
        match owed {
            Owed::Discard => {}
            Owed::Awaits => self.tell_that_it_waits(run).await?,
            Owed::Change(kind) => self.record(run, *kind).await?,
            Owed::Resolve => drop(act(AlertAction::Resolve).await?),
            Owed::Escalate { why, to } => {
                let text = format!("Automation `{}` (run {}): {why}", run.rule, run.id);
                self.comment(run, text).await?;
                if let Some(to) = to {
                    act(AlertAction::Escalate(*to)).await?;
                }
            }
        }
        Ok(())
    }

    async fn tell_that_it_waits(&self, run: &Run) -> Result<(), StoreError> {
        let plan = self.ledger.parts.store.plan(run.id).await?;
        // Someone was quicker.
        let plan = plan.filter(|_| run.state == RunState::AwaitingApproval);
        let Some(plan) = plan else {
            return Ok(());
        };
        let text = format!(
            "An action waits for approval: automation `{}` would do {} ({} risk). See what it would do, and \
             approve or reject it: {}",
            run.rule,
            action(&plan, CallKind::Execute),
            plan.risk.level.name(),
            self.ledger.link(run.id),
        );
        self.comment(run, text).await
    }

    /// Comments on the alert, once.
    async fn comment(&self, run: &Run, mut text: String) -> Result<(), StoreError> {
        let alert = run.episode.alert;
        text.truncate(text.floor_char_boundary(AlertAction::COMMENT_MAX));
        let events = self.ledger.parts.alerts.events_of(alert, 200).await?;
        let is_same = |kind: &AlertEventKind| matches!(kind, AlertEventKind::Commented(said) if *said == text);
        if events.iter().any(|event| is_same(&event.kind)) {
            return Ok(());
        }
        let comment = AlertAction::Comment(text);
        let desk = &self.ledger.parts.desk;
        let acted = desk.act(vec![alert], comment, SYSTEM.to_owned()).await?;
        if let Some((_, Acted::Refused(why))) = acted.first() {
            tracing::warn!(run = %run.id, %why, "an alert was not told of its run");
        }
        Ok(())
    }

    /// Keeps what a run did as a change of each of its targets: whoever looks for a cause looks there first.
    async fn record(&self, run: &Run, kind: CallKind) -> Result<(), StoreError> {
        let store = &self.ledger.parts.store;
        let Some(plan) = store.plan(run.id).await? else {
            return Err(StoreError::Corrupt(format!("the plan of run {}", run.id)));
        };
        let began_ms = run.call.as_ref().map(|call| call.began_ms);
        let at_ms = match kind {
            CallKind::Execute => run.executed_ms.or(began_ms),
            CallKind::Rollback => began_ms,
        };
        let at_ms = at_ms.unwrap_or(run.updated_ms);
        let votes = store.votes(run.id).await?;
        let mut who: Vec<&str> = votes
            .iter()
            .filter(|vote| vote.verdict == Verdict::Approve && Some(vote.plan) == run.plan)
            .map(|vote| vote.actor.as_str())
            .collect();
        if who.is_empty() {
            who.push(&run.proposer);
        }
        let mut actor = who.join(", ");
        actor.truncate(actor.floor_char_boundary(Change::ENTITY_BYTES_MAX));
        let verb = match kind {
            CallKind::Execute => "ran",
            CallKind::Rollback => "undid",
        };
        let mut title = format!("automation `{}` {verb} {}", run.rule, action(&plan, kind));
        title.truncate(title.floor_char_boundary(Change::TITLE_BYTES_MAX));
        let labels = LabelSet::new([
            ("rule", run.rule.as_str()),
            ("provider", plan.action.provider.as_str()),
            ("run", &run.id.to_string()),
        ]);
        let change = |target: &String| {
            let mut entity = target.clone();
            entity.truncate(entity.floor_char_boundary(Change::ENTITY_BYTES_MAX));
            Change {
                id: ChangeId::new(
                    at_ms,
                    ten_bytes(&format!("{} {} {target}", run.id, kind.name())),
                ),
                at_ms,
                kind: ChangeKind::Run,
                entity,
                title: title.clone(),
                labels: labels.clone(),
                source: "automation".into(),
                actor: Some(actor.clone()),
                url: Some(self.ledger.link(run.id)),
                record: None,
            }
        };
        // What has no targets is a change of its provider.
        let of_provider = [run.provider.clone()];
        let targets = match run.targets.as_slice() {
            [] => of_provider.as_slice(),
            targets => targets,
        };
        let changes = targets.iter().map(change).collect();
        self.ledger.parts.changes.record_changes(changes).await
    }
}

/// `script clean` on `web-1`.
fn action(plan: &Plan, kind: CallKind) -> String {
    let action = match (kind, &plan.rollback) {
        (CallKind::Rollback, Some(rollback)) => rollback,
        _ => &plan.action,
    };
    match plan.targets.is_empty() {
        true => format!("`{}`", action.template),
        false => {
            let targets = cut(&plan.targets.join(", "), TARGETS_CHARS);
            format!("`{}` on {targets}", action.template)
        }
    }
}
