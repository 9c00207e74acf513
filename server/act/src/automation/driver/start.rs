//! Whether a run may begin now: its plan, its rule, its alert, its approval, and how much may happen.

use tocsin_domain::automation::{AutomationRule, Run};
use tocsin_domain::ports::{RunScope, StoreError};

use super::{Driver, HELD_RETRY_MS};
use crate::automation::budget::{Hold, Usage, limit_of, may_begin};
use crate::automation::ledger::{Applied, SYSTEM};
use crate::automation::machine::Input;
use crate::automation::policy;

impl Driver {
    /// Begins, if nothing holds it back.
    pub(super) async fn start(&self, run: &Run) -> Result<(), StoreError> {
        // Until it is written down that it began, no other is counted.
        let _turn = self.ledger.beginning.lock().await;
        let input = self.may_start(run).await?;
        let is_beginning = matches!(input, Input::MayBegin);
        let applied = self.ledger.apply(run.id, SYSTEM, input).await?;
        drop(_turn);
        match applied {
            Applied::Done(run, Some(effect)) if is_beginning => {
                if let Some(answer) = self.carry_out(&run, effect).await? {
                    self.feed(run.id, answer).await?;
                }
            }
            Applied::Held(by) => {
                let hold = Input::HeldBack {
                    why: format!("run {by} does something to the same target"),
                    until_ms: self.ledger.now_ms() + HELD_RETRY_MS,
                };
                self.feed(run.id, hold).await?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether a run may begin: what is to be told of it.
    async fn may_start(&self, run: &Run) -> Result<Input, StoreError> {
        let store = &self.ledger.parts.store;
        let now_ms = self.ledger.now_ms();
        let Some(plan) = store.plan(run.id).await? else {
            return Ok(Input::Void("its plan is gone".into()));
        };
        if now_ms >= plan.expires_ms {
            return Ok(Input::Time);
        }
        if !self.ledger.is_enabled {
            let why = "automation is switched off in the configuration".to_owned();
            let until_ms = now_ms + 6 * HELD_RETRY_MS;
            return Ok(Input::HeldBack { why, until_ms });
        }
        let rules = self.ledger.rules();
        let rule = rules.get(&run.rule).map(|one| one.rule.clone());
        // What a person asked for goes on though the rule proposes nothing by itself.
        let is_on = |rule: &AutomationRule| rule.is_enabled || run.proposer != SYSTEM;
        let rule = rule.filter(|rule| rule.version == plan.rule_version && is_on(rule));
        let Some(rule) = rule else {
            return Ok(Input::Void("the rule was changed since".into()));
        };
        let Some(alert) = self.alert_of(run).await? else {
            return Ok(Input::Void("the alert is over".into()));
        };
        if plan.stages.is_empty() && self.ledger.is_propose_only(&rule).await? {
            return Ok(Input::Void("the rule may only propose by now".into()));
        }
        let votes = store.votes(run.id).await?;
        if let Err(why) = policy::leave_to_execute((run, &plan), &votes, now_ms) {
            return Ok(Input::Void(why));
        }
        if let Some(why) = self.ledger.silenced_because(&alert) {
            let until_ms = now_ms + 6 * HELD_RETRY_MS;
            return Ok(Input::HeldBack { why, until_ms });
        }
        let budget = &self.ledger.budget;
        let since = |secs: u32| now_ms.saturating_sub(i64::from(secs) * 1000);
        let limit = limit_of(&rule, budget);
        let provider = RunScope::Provider(&plan.action.provider);
        let usage = Usage {
            all: store
                .executed_since(RunScope::All, since(budget.global.window_secs))
                .await?,
            provider: store
                .executed_since(provider, since(budget.provider.window_secs))
                .await?,
            rule: store
                .executed_since(RunScope::Rule(&rule.id), since(limit.window_secs))
                .await?,
        };
        let switches = self.ledger.newest_switches().await?;
        Ok(match may_begin(&rule, budget, &switches, usage, now_ms) {
            Ok(()) => Input::MayBegin,
            Err(Hold { why, until_ms }) => Input::HeldBack { why, until_ms },
        })
    }
}
