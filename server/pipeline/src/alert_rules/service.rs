//! The rules at work, as people see and change them: those of the file, with what people changed in
//! their place; tried on the past, and explained.

use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::RwLock;
use tocsin_domain::alert::{AlertRule, LabelSet, RuleTrigger};
use tocsin_domain::ports::{
    AlertDesk, AlertRules, Evaluation, RuleExplanation, RuleReplay, RuleStore, StoreError,
};

use super::replay::Past;
use super::{CompiledRule, RuleSet};
use crate::aggregate::Desk;

/// How far back an explanation looks at least, in ms.
const EXPLAIN_MS: i64 = 600_000;
/// The longest time that a rule is tried on, in ms: 90 days.
const REPLAY_MS_MAX: i64 = 90 * 86_400_000;

/// Reads the rules of a file and what people changed.
///
/// # Errors
/// [`StoreError::Invalid`] if a rule of the file cannot be; [`StoreError`] if the store cannot be
/// read. A change that can no longer be read is passed over.
pub async fn load(file: Vec<AlertRule>, store: &dyn RuleStore) -> Result<RuleSet, StoreError> {
    let mut rules = Vec::with_capacity(file.len());
    for rule in file {
        let compiled = CompiledRule::new(rule);
        rules.push(Arc::new(
            compiled.map_err(|error| StoreError::Invalid(error.to_string()))?,
        ));
    }
    let mut set = RuleSet::new(rules);
    for (id, changed) in store.changed_rules().await? {
        set = match changed.map(CompiledRule::new) {
            Some(Ok(rule)) => set.with(Arc::new(rule)),
            Some(Err(error)) => {
                tracing::warn!(%error, "a rule that was changed cannot be read and is left out");
                set
            }
            None => set.without(&id),
        };
    }
    Ok(set)
}

/// The rules at work.
#[expect(
    missing_debug_implementations,
    reason = "holds ports, which have no Debug"
)]
pub struct RuleService {
    rules: Arc<RwLock<Arc<RuleSet>>>,
    store: Arc<dyn RuleStore>,
    desk: Desk,
    past: Past,
}

impl RuleService {
    /// Joins the parts. `rules` is the set that the desk works with.
    #[must_use]
    pub fn new(
        rules: Arc<RwLock<Arc<RuleSet>>>,
        store: Arc<dyn RuleStore>,
        desk: Desk,
        past: Past,
    ) -> Self {
        Self {
            rules,
            store,
            desk,
            past,
        }
    }

    fn set(&self) -> Arc<RuleSet> {
        self.rules.read().clone()
    }

    async fn check_query(&self, rule: &AlertRule) -> Result<(), StoreError> {
        match &rule.trigger {
            RuleTrigger::Metric { query } | RuleTrigger::NoData { query, .. } => {
                self.past.queries.range(query, (0, 0), 1000).await.map(drop)
            }
            _ => Ok(()),
        }
    }
}

fn compile(rule: AlertRule) -> Result<Arc<CompiledRule>, StoreError> {
    let compiled = CompiledRule::new(rule).map(Arc::new);
    compiled.map_err(|error| StoreError::Invalid(error.to_string()))
}

#[async_trait]
impl AlertRules for RuleService {
    fn rules(&self) -> Vec<AlertRule> {
        self.set().iter().map(|one| one.rule.clone()).collect()
    }

    async fn put(&self, rule: AlertRule) -> Result<AlertRule, StoreError> {
        compile(rule.clone())?;
        self.check_query(&rule).await?;
        let version = self
            .store
            .put_rule(&rule.id.clone(), Some(rule.clone()))
            .await?;
        let kept = AlertRule { version, ..rule };
        let compiled = compile(kept.clone())?;
        let before = {
            let mut rules = self.rules.write();
            let before = rules.get(&kept.id).cloned();
            *rules = Arc::new(rules.with(compiled));
            before
        };
        // What it had pending or firing was by other words.
        if let Some(before) = before.filter(|before| !is_same_but_for_looks(&before.rule, &kept)) {
            self.desk.rule_changed(before).await;
        }
        Ok(kept)
    }

    async fn delete(&self, id: &str) -> Result<bool, StoreError> {
        let Some(before) = self.set().get(id).cloned() else {
            return Ok(false);
        };
        self.store.put_rule(id, None).await?;
        {
            let mut rules = self.rules.write();
            *rules = Arc::new(rules.without(id));
        }
        self.desk.rule_changed(before).await;
        Ok(true)
    }

    async fn replay(
        &self,
        rule: AlertRule,
        (from_ms, to_ms): (i64, i64),
    ) -> Result<RuleReplay, StoreError> {
        if from_ms >= to_ms || to_ms - from_ms > REPLAY_MS_MAX {
            let detail = "expected `from` before `to`, at most 90 days apart";
            return Err(StoreError::Invalid(detail.into()));
        }
        // A rule that is switched off is tried as if it were not.
        let rule = compile(AlertRule {
            is_enabled: true,
            ..rule
        })?;
        Ok(self.past.lead(rule, (from_ms, to_ms)).await?.into_replay())
    }

    async fn explain(&self, id: &str, at_ms: i64) -> Result<Option<RuleExplanation>, StoreError> {
        let Some(rule) = self.set().get(id).cloned() else {
            return Ok(None);
        };
        let mut explanation = RuleExplanation {
            evaluation: Evaluation::Disabled,
            at_ms,
            groups: Vec::new(),
            detail: "the rule is switched off".into(),
            suppressed_by: Vec::new(),
        };
        if !rule.rule.is_enabled {
            return Ok(Some(explanation));
        }
        let span_ms = look_back_ms(&rule.rule);
        match self
            .past
            .lead(rule.clone(), (at_ms - span_ms, at_ms + 1))
            .await
        {
            Err(StoreError::Invalid(detail)) => {
                explanation.evaluation = Evaluation::Failed;
                explanation.detail = detail;
            }
            Err(error) => return Err(error),
            Ok(course) => {
                let looked_at = course.looked_at;
                explanation.groups = standing(&rule.rule, &course, at_ms);
                (explanation.evaluation, explanation.detail) =
                    verdict(&explanation.groups, looked_at, course.held, span_ms);
            }
        }
        self.add_last_failure(&rule.rule, &mut explanation);
        let silences = self.desk.silences();
        let fired = explanation
            .groups
            .iter()
            .filter(|group| group.1 == Evaluation::Fired);
        for (labels, ..) in fired {
            let holding = silences.iter().filter(|one| one.holds(labels, at_ms));
            explanation.suppressed_by.extend(
                holding.map(|one| {
                    format!("silence {} by {}: {}", one.id, one.created_by, one.comment)
                }),
            );
        }
        explanation.suppressed_by.sort_unstable();
        explanation.suppressed_by.dedup();
        Ok(Some(explanation))
    }
}

impl RuleService {
    /// That the last look failed matters more than what the past would say now.
    fn add_last_failure(&self, rule: &AlertRule, explanation: &mut RuleExplanation) {
        let last = self.desk.last_round(&rule.id);
        if let Some(last) = last
            && let Some(failure) = last.failure
            && (last.at_ms - explanation.at_ms).abs() < EXPLAIN_MS
        {
            explanation.evaluation = Evaluation::Failed;
            explanation.detail = failure;
        }
    }
}

/// How far back one has to look to know how a rule stands, in ms.
fn look_back_ms(rule: &AlertRule) -> i64 {
    let window_secs = match rule.trigger {
        RuleTrigger::Log { window_secs, .. } => window_secs,
        RuleTrigger::NoData { after_secs, .. } => after_secs,
        RuleTrigger::Predictive => 3 * 3600,
        RuleTrigger::Anomaly | RuleTrigger::Metric { .. } => 0,
    };
    let secs = window_secs + rule.for_secs + rule.keep_firing_for_secs;
    (2 * i64::from(secs) * 1000).max(EXPLAIN_MS)
}

/// How each label set stands at the end of a course.
fn standing(
    rule: &AlertRule,
    course: &super::replay::Course,
    at_ms: i64,
) -> Vec<(LabelSet, Evaluation, String)> {
    let mut groups: Vec<_> = course
        .evaluator
        .standing(&rule.id)
        .into_iter()
        .map(|(labels, is_firing, since_ms, counted)| {
            let held = since_ms.map_or(0, |since_ms| (at_ms - since_ms).max(0) / 1000);
            let (evaluation, detail) = match &rule.trigger {
                _ if is_firing => (Evaluation::Fired, "it held".to_owned()),
                RuleTrigger::Log { count, window_secs } if counted < *count => {
                    let detail = format!("{counted} of {count} lines within {window_secs} s");
                    (Evaluation::Pending, detail)
                }
                _ => {
                    let detail = format!("it held for {held} s of {} s", rule.for_secs);
                    (Evaluation::Pending, detail)
                }
            };
            (labels, evaluation, detail)
        })
        .collect();
    groups.extend(course.fired(at_ms).into_iter().map(|(labels, count)| {
        let detail = format!("it fired {count} times");
        (labels, Evaluation::Fired, detail)
    }));
    groups.sort_by_key(|group| (group.1 != Evaluation::Fired, group.0.clone()));
    groups.dedup_by(|a, b| a.0 == b.0);
    groups
}

fn verdict(
    groups: &[(LabelSet, Evaluation, String)],
    looked_at: u64,
    held: u64,
    span_ms: i64,
) -> (Evaluation, String) {
    let within = format!("within the {} s before", span_ms / 1000);
    let fired = groups
        .iter()
        .filter(|group| group.1 == Evaluation::Fired)
        .count();
    let pending = groups.iter().find(|group| group.1 == Evaluation::Pending);
    match pending {
        _ if fired > 0 => (
            Evaluation::Fired,
            format!("it fired for {fired} label sets {within}"),
        ),
        Some((labels, _, detail)) => (Evaluation::Pending, format!("{detail} for {{{labels}}}")),
        None if looked_at == 0 => (
            Evaluation::NoData,
            format!("there was nothing to look at {within}"),
        ),
        None => (
            Evaluation::NotMet,
            format!("of {looked_at} looked at {within}, the condition held for {held}"),
        ),
    }
}

/// Whether two versions of a rule find the same.
fn is_same_but_for_looks(one: &AlertRule, other: &AlertRule) -> bool {
    let looks = |rule: &AlertRule| AlertRule {
        about: String::new(),
        version: 0,
        title: None,
        annotations: LabelSet::default(),
        severity: one.severity,
        ..rule.clone()
    };
    looks(one) == looks(other)
}
