//! Which rules match an alert. Rules are compiled once and found by what they need: a type of
//! failure, a label, a severity or a kind, so that an alert costs a few looks into tables and the
//! conditions of the few rules that are left, however many there are.

use std::collections::HashMap;
use std::sync::Arc;

use tocsin_domain::alert::{Alert, AlertKind, AlertSeverity, AlertStatus, LabelSet};
use tocsin_domain::automation::{
    ActionTemplate, ApprovalNeed, AutomationRule, AutomationRuleError,
};

use super::condition::{Condition, Facts, Need};
use super::policy::APPROVAL_FACTS;
use super::render::Renderer;
use super::verify::VERIFY_FACTS;
use super::words::{ALERT_FACTS, facts};

/// A rule with its conditions.
#[derive(Debug, Clone)]
pub(super) struct Compiled {
    pub(super) rule: Arc<AutomationRule>,
    when: Option<Condition>,
    /// When someone is to agree; none: the rule says it without a condition.
    pub(super) needs_approval: Option<Condition>,
}

impl Compiled {
    /// Understands a rule.
    ///
    /// # Errors
    /// [`AutomationRuleError`] with the field that cannot be.
    pub(super) fn new(
        rule: &AutomationRule,
        renderer: &Renderer,
    ) -> Result<Self, AutomationRuleError> {
        rule.check()?;
        let wrong = |field: &str, expected: String| AutomationRuleError {
            rule: rule.id.clone(),
            field: field.to_owned(),
            expected,
        };
        let condition = |field: &'static str, source: Option<&String>, names: &[&str]| {
            let read = source.map(|source| Condition::compile(source, names));
            read.transpose().map_err(|why| wrong(field, why))
        };
        let when = condition("match.when", rule.matches.condition.as_ref(), ALERT_FACTS)?;
        let need = match &rule.approval.need {
            ApprovalNeed::When(source) => Some(source),
            ApprovalNeed::Always | ApprovalNeed::Never => None,
        };
        let needs_approval = condition("approval.required", need, APPROVAL_FACTS)?;
        let expect = rule.verify.as_ref().map(|verify| &verify.expect);
        condition("verify.expect", expect, VERIFY_FACTS)?;
        let actions: [(&str, Option<&ActionTemplate>); 2] = [
            ("action", Some(&rule.action)),
            ("rollback", rule.rollback.as_ref()),
        ];
        for (name, action) in actions {
            let Some(action) = action else { continue };
            let check = renderer.check(action);
            check.map_err(|(field, why)| wrong(&format!("{name}.{field}"), why))?;
        }
        for target in &rule.targets {
            let check = renderer.check_text(target);
            check.map_err(|why| wrong("targets", why))?;
        }
        Ok(Self {
            rule: Arc::new(rule.clone()),
            when,
            needs_approval,
        })
    }

    /// Why it does not match an alert; none: it matches.
    pub(super) fn mismatch(&self, alert: &Alert, facts: &Facts) -> Option<String> {
        let wanted = &self.rule.matches;
        let failure_type = alert.failure_type.as_deref().unwrap_or("");
        if !is_among(&wanted.failure_types, failure_type) {
            return Some(format!("its type of failure is `{failure_type}`"));
        }
        if !wanted.severities.is_empty() && !wanted.severities.contains(&alert.severity) {
            return Some(format!("its severity is {}", alert.severity.name()));
        }
        if !wanted.kinds.is_empty() && !wanted.kinds.contains(&alert.kind) {
            return Some(format!("its kind is {}", alert.kind.name()));
        }
        let differs = |(name, values): &(&String, &Vec<String>)| {
            !values.iter().any(|value| value == alert.labels.get(name))
        };
        if let Some((name, _)) = wanted.labels.iter().find(differs) {
            return Some(format!(
                "its label `{name}` is `{}`",
                alert.labels.get(name)
            ));
        }
        // What is not a number is not sure enough.
        if alert.confidence.is_nan() || alert.confidence < wanted.confidence_min {
            return Some(format!("it is only {:.2} sure", alert.confidence));
        }
        match self.when.as_ref().map(|when| when.holds(facts)) {
            None | Some(Ok(true)) => None,
            Some(Ok(false)) => Some("its condition does not hold".to_owned()),
            Some(Err(why)) => Some(why),
        }
    }
}

fn is_among(wanted: &[String], value: &str) -> bool {
    wanted.is_empty() || wanted.iter().any(|one| one == value)
}

/// What an alert must have for a rule to be looked at.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    FailureType(String),
    Label(String, String),
    Kind(&'static str),
    Severity(&'static str),
    Any,
}

/// All rules.
#[derive(Debug, Default)]
pub(super) struct RuleSet {
    rules: Vec<Compiled>,
    by_id: HashMap<String, usize>,
    by_key: HashMap<Key, Vec<usize>>,
    /// The names of labels that some rule needs.
    label_names: Vec<String>,
}

impl RuleSet {
    pub(super) fn new(rules: Vec<Compiled>) -> Self {
        let mut set = Self::default();
        for (at, compiled) in rules.iter().enumerate() {
            set.by_id.insert(compiled.rule.id.clone(), at);
            if !compiled.rule.is_enabled {
                continue;
            }
            for key in keys(compiled) {
                if let Key::Label(name, _) = &key
                    && !set.label_names.contains(name)
                {
                    set.label_names.push(name.clone());
                }
                set.by_key.entry(key).or_default().push(at);
            }
        }
        set.rules = rules;
        set
    }

    pub(super) fn get(&self, id: &str) -> Option<&Compiled> {
        self.rules.get(*self.by_id.get(id)?)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Compiled> {
        self.rules.iter()
    }

    /// The rules that are switched on and match an alert, in the order of the rules.
    pub(super) fn matching(&self, alert: &Alert) -> Vec<&Compiled> {
        let mut candidates = Vec::new();
        let mut look = |key: &Key| candidates.extend(self.by_key.get(key).into_iter().flatten());
        if let Some(failure_type) = &alert.failure_type {
            look(&Key::FailureType(failure_type.clone()));
        }
        for name in &self.label_names {
            look(&Key::Label(name.clone(), alert.labels.get(name).to_owned()));
        }
        look(&Key::Kind(alert.kind.name()));
        look(&Key::Severity(alert.severity.name()));
        look(&Key::Any);
        if candidates.is_empty() {
            return Vec::new();
        }
        candidates.sort_unstable();
        candidates.dedup();
        let facts = facts(alert);
        let candidates = candidates.into_iter().filter_map(|&at| self.rules.get(at));
        candidates
            .filter(|compiled| compiled.mismatch(alert, &facts).is_none())
            .collect()
    }
}

/// The keys under which a rule is found, of the most telling kind that it has.
fn keys(compiled: &Compiled) -> Vec<Key> {
    let wanted = &compiled.rule.matches;
    if !wanted.failure_types.is_empty() {
        let types = wanted.failure_types.iter().cloned();
        return types.map(Key::FailureType).collect();
    }
    let needs = compiled
        .when
        .as_ref()
        .map(Condition::needs)
        .unwrap_or_default();
    let of_fact = |wanted: &str| {
        let is_it = |need: &&(Need, String)| matches!(&need.0, Need::Fact(name) if name == wanted);
        needs.iter().find(is_it).map(|(_, text)| text.clone())
    };
    if let Some(failure_type) = of_fact("failure_type").filter(|text| !text.is_empty()) {
        return vec![Key::FailureType(failure_type)];
    }
    if let Some((name, values)) = wanted.labels.iter().next() {
        let of_label = |value: &String| Key::Label(name.clone(), value.clone());
        return values.iter().map(of_label).collect();
    }
    let label = needs.into_iter().find_map(|(need, text)| match need {
        Need::Label(name) => Some(Key::Label(name, text)),
        Need::Fact(_) => None,
    });
    if let Some(label) = label {
        return vec![label];
    }
    if !wanted.kinds.is_empty() {
        return wanted
            .kinds
            .iter()
            .map(|kind| Key::Kind(kind.name()))
            .collect();
    }
    if !wanted.severities.is_empty() {
        let severities = wanted.severities.iter();
        return severities.map(|one| Key::Severity(one.name())).collect();
    }
    vec![Key::Any]
}

/// Why a rule matches too much to be let loose; none: it does not.
pub(super) fn too_broad(compiled: &Compiled, percent_max: u32) -> Option<String> {
    Probes::new().too_broad(compiled, percent_max)
}

/// Alerts that have nothing in common but what every alert has. A rule that is about something matches
/// none of them, or few. Made once for all rules of a file.
pub(super) struct Probes(Vec<(Alert, Facts)>);

impl Probes {
    pub(super) fn new() -> Self {
        let with_facts = |alert: Alert| {
            let facts = facts(&alert);
            (alert, facts)
        };
        Self(probes().into_iter().map(with_facts).collect())
    }

    /// Why a rule matches too much to be let loose; none: it does not.
    pub(super) fn too_broad(&self, compiled: &Compiled, percent_max: u32) -> Option<String> {
        let matches = |(alert, facts): &&(Alert, Facts)| compiled.mismatch(alert, facts).is_none();
        let (matched, all) = (self.0.iter().filter(matches).count(), self.0.len());
        let is_too_much = matched * 100 > all * percent_max as usize;
        is_too_much.then(|| {
            format!(
                "it matches {matched} of {all} alerts that have nothing in common: expected a type \
                 of failure, labels or a narrower condition"
            )
        })
    }
}

/// Why a rule matches too much of what there was; none: it does not, or there was too little to say.
/// Alerts of one rule and one type of failure count once, so that a rule about what is frequent is
/// not held for one about everything.
pub(super) fn too_broad_for(
    compiled: &Compiled,
    alerts: &[Alert],
    percent_max: u32,
) -> Option<String> {
    /// From how many different kinds of alerts on something can be said.
    const KINDS_MIN: usize = 8;
    let mut kinds: HashMap<(&str, Option<&str>), bool> = HashMap::new();
    for alert in alerts {
        let is_match = kinds
            .entry((&alert.rule, alert.failure_type.as_deref()))
            .or_default();
        *is_match |= compiled.mismatch(alert, &facts(alert)).is_none();
    }
    let (matched, all) = (kinds.values().filter(|is| **is).count(), kinds.len());
    let is_too_much = all >= KINDS_MIN && matched * 100 > all * percent_max as usize;
    is_too_much.then(|| {
        format!(
            "it matches {matched} of the {all} different kinds of alerts that there were: expected \
             a type of failure, labels or a narrower condition"
        )
    })
}

/// Alerts that differ in all that a rule can be about.
fn probes() -> Vec<Alert> {
    let mut probes = Vec::new();
    for severity in AlertSeverity::ALL {
        for kind in AlertKind::ALL {
            for confidence in [0.5, 0.7, 0.9, 1.0] {
                let number = probes.len();
                probes.push(probe(number, *severity, *kind, confidence));
            }
        }
    }
    probes
}

pub(super) fn probe(
    number: usize,
    severity: AlertSeverity,
    kind: AlertKind,
    confidence: f64,
) -> Alert {
    let labels = LabelSet::new([
        ("alertname", format!("probe-rule-{number}")),
        ("host", format!("probe-host-{number}")),
        ("service", format!("probe-service-{number}")),
    ]);
    let fingerprint = labels.fingerprint();
    Alert {
        id: tocsin_domain::alert::AlertId::of(fingerprint, 0),
        fingerprint,
        kind,
        severity,
        status: AlertStatus::New,
        title: format!("probe {number}"),
        rule: format!("probe-rule-{number}"),
        labels,
        annotations: LabelSet::default(),
        starts_ms: 0,
        ends_ms: None,
        last_ms: 0,
        count: number as u64 + 1,
        confidence,
        failure_type: (!number.is_multiple_of(4)).then(|| format!("probe_failure_{number}")),
        evidence: Vec::new(),
        assignee: None,
        snoozed_until_ms: None,
        is_flapping: false,
        acknowledged_ms: None,
        resolved_ms: None,
        returns_ms: Vec::new(),
        incident: None,
        joined_because: None,
        trace: None,
        seq: 0,
    }
}

#[cfg(test)]
#[path = "matching_tests.rs"]
mod tests;
