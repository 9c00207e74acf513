//! Proposals: from a rule and an alert to a run, and from a run to its plan.

use tocsin_domain::alert::Alert;
use tocsin_domain::automation::{
    ActionTemplate, AutomationRule, Episode, Next, Plan, PlannedAction, Preview, Run, RunId,
    RunState,
};
use tocsin_domain::ports::{RunStep, StoreError};

use super::budget::too_many;
use super::ledger::Ledger;
use super::machine::{Happened, Stepped};
use super::matching::Compiled;
use super::policy;
use super::provider::{Draft, PlanError};
use super::providers::UNDO;
use super::words::{facts, names};

/// What tells alerts of a rule apart for cooldown and throttle.
pub(super) fn group_of(rule: &AutomationRule, alert: &Alert) -> String {
    if rule.group_by.is_empty() {
        return alert.fingerprint.to_string();
    }
    let pair = |name: &String| format!("{name}={:?}", alert.labels.get(name));
    rule.group_by
        .iter()
        .map(pair)
        .collect::<Vec<_>>()
        .join(", ")
}

impl Ledger {
    /// What a rule would do something to for an alert: sorted, each once.
    ///
    /// # Errors
    /// Why that cannot be said.
    pub(super) fn targets_of(
        &self,
        rule: &AutomationRule,
        alert: &Alert,
    ) -> Result<Vec<String>, String> {
        let mut targets = Vec::new();
        if rule.targets.is_empty() {
            let of_group = rule.group_by.iter().map(|name| alert.labels.get(name));
            targets.extend(
                of_group
                    .filter(|value| !value.is_empty())
                    .map(str::to_owned),
            );
            let host = alert.labels.get("host");
            if targets.is_empty() && !host.is_empty() {
                targets.push(host.to_owned());
            }
            if targets.is_empty() {
                targets.push(alert.fingerprint.to_string());
            }
        }
        let names = names(alert, None, &[]);
        for target in &rule.targets {
            let rendered = self.renderer.text(target, &names);
            let rendered = rendered.map_err(|why| format!("`targets`: {why}"))?;
            let rendered = rendered.trim();
            if rendered.is_empty() || rendered.len() > 1024 {
                return Err("`targets`: expected 1 to 1024 bytes each".into());
            }
            targets.push(rendered.to_owned());
        }
        targets.sort();
        targets.dedup();
        Ok(targets)
    }

    /// A new run for an alert, as the step that proposes it.
    pub(super) fn proposal(
        &self,
        rule: &AutomationRule,
        alert: &Alert,
        actor: &str,
        attempt: u32,
    ) -> RunStep {
        let now_ms = self.now_ms();
        let episode = Episode::of(alert);
        // Why they cannot be said is said when the plan is made.
        let targets = self.targets_of(rule, alert);
        let targets = targets.unwrap_or_else(|_| vec![alert.fingerprint.to_string()]);
        let reason = format!("`{}` matches the alert", rule.id);
        let run = Run {
            id: RunId::of(&rule.id, &targets, episode, attempt),
            rule: rule.id.clone(),
            rule_version: rule.version,
            episode,
            title: alert.title.clone(),
            group: group_of(rule, alert),
            targets,
            provider: rule.action.provider.clone(),
            proposer: actor.to_owned(),
            is_dry_run: rule.is_dry_run,
            state: RunState::Proposed,
            reason: reason.clone(),
            seq: 0,
            plan: None,
            next: Some((Next::Plan, now_ms)),
            call: None,
            tries: 0,
            executed_ms: None,
            acted_ms: None,
            verification: None,
            owed: Vec::new(),
            owed_due_ms: now_ms,
            created_ms: now_ms,
            updated_ms: now_ms,
            finished_ms: None,
        };
        let happened = Happened {
            from: RunState::Proposed,
            to: RunState::Proposed,
            what: "proposed",
            detail: reason,
        };
        let stepped = Stepped {
            run,
            happened: vec![happened],
            effect: None,
        };
        self.step_of(stepped, 0, actor)
    }

    /// The action of a rule for an alert with all its values.
    ///
    /// # Errors
    /// Why it has none.
    pub(super) fn rendered(
        &self,
        action: &ActionTemplate,
        alert: &Alert,
        run: Option<RunId>,
        targets: &[String],
    ) -> Result<PlannedAction, String> {
        let names = names(alert, run, targets);
        let planned = PlannedAction {
            provider: action.provider.clone(),
            template: String::new(),
            base_url: action.base_url.clone(),
            params: self.renderer.params(&action.params, &names)?,
        };
        match planned.excess() {
            Some(excess) => Err(excess),
            None => Ok(planned),
        }
    }

    /// Makes the plan of a run that was proposed.
    pub(super) async fn plan_of(
        &self,
        run: &Run,
        compiled: &Compiled,
        alert: &Alert,
    ) -> Result<Result<Plan, PlanError>, StoreError> {
        let rule = compiled.rule.as_ref();
        let (action, rollback, preview) = match self.prepared(run, rule, alert).await {
            Ok(prepared) => prepared,
            Err(error) => return Ok(Err(error)),
        };
        let is_propose_only = self.is_propose_only(rule).await?;
        let (stages, approval_because) = {
            let mut facts = facts(alert);
            policy::set_facts(&mut facts, rule, run, &preview);
            let condition = compiled.needs_approval.as_ref();
            policy::requirement(rule, condition, &facts, is_propose_only)
        };
        let made_ms = self.now_ms();
        Ok(Ok(Plan {
            run: run.id,
            rule: rule.id.clone(),
            rule_version: rule.version,
            episode: run.episode,
            targets: run.targets.clone(),
            action,
            rollback,
            preview,
            risk: rule.risk.clone(),
            stages,
            is_two_person: rule.approval.is_two_person,
            approval_because,
            proposer: run.proposer.clone(),
            verify: rule.verify.clone(),
            on_failure: rule.on_failure,
            resolves_alert: rule.resolves_alert,
            timeout_secs: rule.timeout_secs,
            made_ms,
            expires_ms: made_ms.saturating_add(i64::from(rule.approval.expires_secs) * 1000),
        }))
    }

    async fn prepared(
        &self,
        run: &Run,
        rule: &AutomationRule,
        alert: &Alert,
    ) -> Result<(PlannedAction, Option<PlannedAction>, Preview), PlanError> {
        let targets = self.targets_of(rule, alert).map_err(PlanError::permanent)?;
        if targets != run.targets {
            return Err(PlanError::permanent(
                "the alert is about something else by now",
            ));
        }
        let render = |action: &ActionTemplate| {
            let rendered = self.rendered(action, alert, Some(run.id), &targets);
            rendered.map_err(PlanError::permanent)
        };
        let mut action = render(&rule.action)?;
        let provider = self.provider_of(&action.provider)?;
        let planned = provider.plan(&draft_of(run, rule, &action)).await?;
        action.template = planned.template;
        let mut preview = planned.preview;
        let rollback = match &rule.rollback {
            Some(rollback) => {
                let mut rollback = render(rollback)?;
                let provider = self.provider_of(&rollback.provider)?;
                let described = provider.describe(&draft_of(run, rule, &rollback)).await;
                let described = described.map_err(|error| PlanError {
                    detail: format!("how it is undone: {}", error.detail),
                    ..error
                })?;
                rollback.template = described.template;
                let artifacts = described.preview.artifacts.into_iter();
                let artifacts = artifacts.map(|(name, hash)| (format!("{UNDO}{name}"), hash));
                preview.artifacts.extend(artifacts);
                Some(rollback)
            }
            None => None,
        };
        if preview.text.len() > Preview::TEXT_BYTES_MAX {
            let most = preview.text.floor_char_boundary(Preview::TEXT_BYTES_MAX);
            preview.text.truncate(most);
            preview.text.push_str("\n… (cut)");
        }
        let many = targets.len().max(preview.hosts.len());
        match too_many(rule, &self.budget, many) {
            Some(why) => Err(PlanError::permanent(why)),
            None => Ok((action, rollback, preview)),
        }
    }

    pub(super) fn provider_of(
        &self,
        name: &str,
    ) -> Result<std::sync::Arc<dyn super::provider::Provider>, PlanError> {
        let provider = self.providers.get(name).cloned();
        provider.ok_or_else(|| {
            let known = self
                .providers
                .keys()
                .cloned()
                .collect::<Vec<_>>()
                .join(", ");
            PlanError::permanent(format!("there is no provider `{name}`; there are: {known}"))
        })
    }
}

fn draft_of(run: &Run, rule: &AutomationRule, action: &PlannedAction) -> Draft {
    Draft {
        run: run.id,
        base_url: action.base_url.clone(),
        params: action.params.clone(),
        timeout_secs: rule.timeout_secs,
        is_dry_run: run.is_dry_run,
    }
}
