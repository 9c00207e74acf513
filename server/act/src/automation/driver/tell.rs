//! What an alert, and the provider, are told of a run that is over. It may be told again after a crash, and then changes nothing.

use tocsin_domain::alert::{AlertAction, AlertEventKind};
use tocsin_domain::automation::{Owed, Run};
use tocsin_domain::ports::{Acted, StoreError};

use super::Driver;
use crate::automation::ledger::SYSTEM;
use crate::automation::machine::Input;

impl Driver {
    /// Tells the alert what is owed to it.
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

    /// Tells one thing. It may be told again after a crash, and then changes nothing.
    async fn tell_one(&self, run: &Run, owed: &Owed) -> Result<(), StoreError> {
        let alert = run.episode.alert;
        let desk = &self.ledger.parts.desk;
        let act = |action| desk.act(vec![alert], action, SYSTEM.to_owned());
        match owed {
            Owed::Discard => {}
            Owed::Resolve => drop(act(AlertAction::Resolve).await?),
            Owed::Escalate { why, to } => {
                let text = format!("Automation `{}` (run {}): {why}", run.rule, run.id);
                let events = self.ledger.parts.alerts.events_of(alert, 200).await?;
                let is_same = |kind: &AlertEventKind| matches!(kind, AlertEventKind::Commented(said) if *said == text);
                if !events.iter().any(|event| is_same(&event.kind)) {
                    let mut text = text;
                    text.truncate(text.floor_char_boundary(AlertAction::COMMENT_MAX));
                    let acted = act(AlertAction::Comment(text)).await?;
                    if let Some((_, Acted::Refused(why))) = acted.first() {
                        tracing::warn!(run = %run.id, %why, "an alert was not told of its run");
                    }
                }
                if let Some(to) = to {
                    act(AlertAction::Escalate(*to)).await?;
                }
            }
        }
        Ok(())
    }
}
