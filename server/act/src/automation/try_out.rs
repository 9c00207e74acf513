//! Rules tried out: on one alert, or on the past. Nothing is done.

use std::collections::BTreeMap;

use tocsin_domain::alert::Alert;
use tocsin_domain::automation::{ApprovalNeed, Preview, PreviewKind, ThrottleState};
use tocsin_domain::ports::{AlertFilter, AutomationReplay, RuleTest, StoreError};

use super::ledger::Ledger;
use super::matching::{Compiled, too_broad, too_broad_for};
use super::policy;
use super::propose::group_of;
use super::throttle::{Admission, Memory, admit};
use super::words::facts;

/// The most alerts that a replay looks at.
const ALERTS_MAX: usize = 100_000;
const PAGE: usize = 1000;
/// How many problems a replay names.
const PROBLEMS_MAX: usize = 20;

/// What a rule makes of an alert.
pub(super) fn test(ledger: &Ledger, compiled: &Compiled, alert: &Alert) -> RuleTest {
    let rule = compiled.rule.as_ref();
    let mut facts = facts(alert);
    let mismatch = compiled.mismatch(alert, &facts);
    let (targets, action, problem) = match made(ledger, compiled, alert) {
        Ok((targets, action)) => (targets, Some(action), None),
        Err(why) => (Vec::new(), None, Some(why)),
    };
    let run = ledger.proposal(rule, alert, "test", 0).run;
    let preview = Preview {
        kind: PreviewKind::None,
        text: String::new(),
        counts: None,
        hosts: Vec::new(),
        artifacts: Vec::new(),
    };
    policy::set_facts(&mut facts, rule, &run, &preview);
    let (stages, why) = policy::requirement(rule, compiled.needs_approval.as_ref(), &facts, false);
    let approval = match (stages.is_empty(), &rule.approval.need) {
        (false, _) => format!("someone is to agree: {why}"),
        (true, ApprovalNeed::When(_)) => format!("nobody need agree as far as is known: {why}"),
        (true, _) => format!("nobody need agree: {why}"),
    };
    let broad = too_broad(compiled, ledger.budget.match_percent_max);
    RuleTest {
        is_match: mismatch.is_none(),
        because: mismatch.unwrap_or_else(|| "everything that it asks for holds".to_owned()),
        targets,
        action,
        approval,
        problem: problem.or(broad),
    }
}

type Made = (Vec<String>, tocsin_domain::automation::PlannedAction);

fn made(ledger: &Ledger, compiled: &Compiled, alert: &Alert) -> Result<Made, String> {
    let rule = compiled.rule.as_ref();
    let targets = ledger.targets_of(rule, alert)?;
    let action = ledger.rendered(&rule.action, alert, None, &targets)?;
    if let Some(rollback) = &rule.rollback {
        ledger.rendered(rollback, alert, None, &targets)?;
    }
    ledger
        .provider_of(&action.provider)
        .map_err(|error| error.detail)?;
    match super::budget::too_many(rule, &ledger.budget, targets.len()) {
        Some(why) => Err(why),
        None => Ok((targets, action)),
    }
}

/// What a rule would have done about the alerts that began within a time, in ms.
pub(super) async fn replay(
    ledger: &Ledger,
    compiled: &Compiled,
    (from_ms, to_ms): (i64, i64),
) -> Result<AutomationReplay, StoreError> {
    let filter = AlertFilter {
        from_ms: Some(from_ms),
        to_ms: Some(to_ms),
        ..AlertFilter::default()
    };
    let mut alerts: Vec<Alert> = Vec::new();
    let mut before = None;
    while alerts.len() < ALERTS_MAX {
        let page = ledger.parts.alerts.alerts(&filter, before, PAGE).await?;
        let Some(last) = page.last() else { break };
        before = Some(last.id);
        alerts.extend(page);
    }
    let percent_max = ledger.budget.match_percent_max;
    let mut replay = AutomationReplay {
        looked_at: alerts.len() as u64,
        too_broad: too_broad(compiled, percent_max)
            .or_else(|| too_broad_for(compiled, &alerts, percent_max)),
        ..AutomationReplay::default()
    };
    alerts.sort_by_key(|alert| (alert.starts_ms, alert.id));
    let mut past = Past::default();
    for alert in &alerts {
        past.take(ledger, compiled, alert, &mut replay);
    }
    Ok(replay)
}

/// What cooldown and throttle would have remembered.
#[derive(Default)]
struct Past {
    last_ms: BTreeMap<String, i64>,
    throttles: BTreeMap<String, ThrottleState>,
}

impl Past {
    fn take(
        &mut self,
        ledger: &Ledger,
        compiled: &Compiled,
        alert: &Alert,
        replay: &mut AutomationReplay,
    ) {
        let rule = compiled.rule.as_ref();
        if compiled.mismatch(alert, &facts(alert)).is_some() {
            return;
        }
        replay.matched += 1;
        let group = group_of(rule, alert);
        let at_ms = alert.starts_ms;
        let cooldown_ms = i64::from(rule.cooldown_secs) * 1000;
        let last_ms = self.last_ms.get(&group);
        if last_ms.is_some_and(|last_ms| at_ms - last_ms < cooldown_ms) {
            replay.held_back += 1;
            return;
        }
        if let Some(throttle) = rule.throttle {
            let state = self.throttles.get(&group);
            let (admission, memory) = admit(throttle, state, (&rule.id, &group), alert.id, at_ms);
            // One that proposes at its end does so once for all that came meanwhile.
            let opens = matches!(&memory, Memory::Kept(state) if state.alerts.len() == 1);
            let is_late = matches!(&memory, Memory::Kept(state) if state.due_ms.is_some());
            match memory {
                Memory::Kept(state) => drop(self.throttles.insert(group.clone(), state)),
                Memory::Over => drop(self.throttles.remove(&group)),
            }
            if admission != Admission::Propose && !(is_late && opens) {
                replay.held_back += 1;
                return;
            }
        }
        match made(ledger, compiled, alert) {
            Ok((targets, _)) => {
                self.last_ms.insert(group, at_ms);
                replay.runs.push((at_ms, alert.id, targets));
            }
            Err(why) if replay.problems.len() < PROBLEMS_MAX => {
                replay.problems.push((alert.id, why));
            }
            Err(_) => {}
        }
    }
}
