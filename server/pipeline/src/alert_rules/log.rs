//! Rules on log lines, where the lines pass: a parsed batch in, signals out. Pure but for its cache.
//!
//! Lines of one class (template, severity, source, host) are alike to every rule that does not look at the line itself. What rules say of a class is decided once and
//! kept, so a line costs a look into a table, however many rules there are.

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use cel::Value;
use tocsin_domain::alert::{AlertKind, AlertSeverity, Evidence, LabelSet, RuleSeverity};
use tocsin_domain::batch::{RecordEntry, ValueType};
use tocsin_domain::ports::Classifier;
use tocsin_domain::{Classification, ParsedBatch, Severity, TemplateId};
use xxhash_rust::xxh3::Xxh3;

use super::condition::{Facts, Part};
use super::gist::gist;
use super::set::{CompiledRule, RuleSet, cut};
use super::signal::{Signal, What};

/// Classes that are remembered; beyond, all are forgotten and met again.
const CLASSES_MAX: usize = 100_000;
/// The most bytes of a line that are kept as evidence.
const BODY_BYTES_MAX: usize = 1000;

/// What tells neighbouring lines of a batch apart: template, severity, host, attributes.
type Alike = (u32, Severity, u32, u32);

/// A rule that may speak of a class of lines.
#[derive(Debug)]
struct Match {
    rule: Arc<CompiledRule>,
    /// The labels of its alert; none if they depend on attributes of the line.
    labels: Option<LabelSet>,
    severity: AlertSeverity,
    confidence: f64,
    failure_type: Option<String>,
}

/// Lines that are alike to every rule that does not look at the line itself.
#[derive(Debug)]
struct Class {
    facts: Facts,
    matches: Vec<Match>,
}

/// The rules on log lines of one partition.
#[expect(
    missing_debug_implementations,
    reason = "holds a port, which has no Debug"
)]
pub struct LogRules {
    classifier: Arc<dyn Classifier>,
    set: Arc<RuleSet>,
    generation: u64,
    classes: HashMap<u64, Arc<Class>>,
    /// Rules whose condition could not be computed, each told once.
    failed: HashSet<String>,
}

impl LogRules {
    /// Knows no class yet.
    #[must_use]
    pub fn new(classifier: Arc<dyn Classifier>) -> Self {
        Self {
            generation: classifier.generation(),
            classifier,
            set: Arc::default(),
            classes: HashMap::new(),
            failed: HashSet::new(),
        }
    }

    /// What the rules of `set` say of a batch. `new` are templates that surprise.
    pub fn see(
        &mut self,
        batch: &ParsedBatch,
        set: &Arc<RuleSet>,
        new: &HashSet<TemplateId>,
    ) -> Vec<Signal> {
        self.refresh(set);
        if self.set.log.is_empty() {
            return Vec::new();
        }
        let mut found: HashMap<(usize, u64), Signal> = HashMap::new();
        // Neighbours are often of one class.
        let mut last: Option<(Alike, Arc<Class>)> = None;
        for (index, record) in batch.batch.records.iter().enumerate() {
            let alike = (
                batch.lines[index].template,
                record.severity,
                record.host,
                record.attributes,
            );
            let class = match &last {
                Some((of, class)) if *of == alike => class.clone(),
                _ => {
                    let class = self.class(batch, index, record, new);
                    last = Some((alike, class.clone()));
                    class
                }
            };
            for one in &class.matches {
                if self.holds_for_line(one, &class.facts, batch, (index, record)) {
                    let labels = match &one.labels {
                        Some(labels) => Cow::Borrowed(labels),
                        None => Cow::Owned(labels(
                            &one.rule,
                            one.failure_type.as_deref(),
                            batch,
                            (index, record),
                        )),
                    };
                    let key = (Arc::as_ptr(&one.rule) as usize, labels.fingerprint().0);
                    match found.entry(key) {
                        Entry::Occupied(mut known) => again(known.get_mut(), batch, index, record),
                        Entry::Vacant(place) => {
                            let signal = first(one, labels.into_owned(), batch, (index, record));
                            place.insert(signal);
                        }
                    }
                }
            }
        }
        let mut signals: Vec<Signal> = found.into_values().collect();
        signals.sort_by(|a, b| (a.at_ms, &a.labels).cmp(&(b.at_ms, &b.labels)));
        signals
    }

    /// Forgets what other rules or another classification said.
    fn refresh(&mut self, set: &Arc<RuleSet>) {
        let generation = self.classifier.generation();
        if !Arc::ptr_eq(&self.set, set) || self.generation != generation {
            self.set = set.clone();
            self.generation = generation;
            self.classes.clear();
        }
        if self.classes.len() > CLASSES_MAX {
            self.classes.clear();
        }
    }

    fn class(
        &mut self,
        batch: &ParsedBatch,
        index: usize,
        record: &RecordEntry,
        new: &HashSet<TemplateId>,
    ) -> Arc<Class> {
        let template = batch.template(index);
        let is_new = new.contains(&template.id);
        let mut hash = Xxh3::new();
        hash.update(&template.id.0.to_le_bytes());
        hash.update(&[record.severity.number(), u8::from(is_new)]);
        hash.update(batch.batch.source.as_bytes());
        hash.update(&[0xff]);
        hash.update(batch.batch.hosts[record.host as usize].as_bytes());
        let key = hash.digest();
        if let Some(class) = self.classes.get(&key) {
            return class.clone();
        }
        let class = Arc::new(self.decide(batch, index, record, is_new));
        self.classes.insert(key, class.clone());
        class
    }

    fn decide(
        &mut self,
        batch: &ParsedBatch,
        index: usize,
        record: &RecordEntry,
        is_new: bool,
    ) -> Class {
        let template = batch.template(index);
        let line = String::from_utf8_lossy(batch.batch.body(record));
        let known = self
            .classifier
            .classify(template.id, &line, record.severity);
        let facts = shared_facts(batch, index, record, known.as_ref(), is_new);
        let mut matches = Vec::new();
        for rule in self.set.log.clone() {
            let holds = match &rule.condition {
                Some(condition) => condition.holds(Part::Shared, &facts),
                None => Ok(true),
            };
            match holds {
                Ok(true) => {
                    matches.push(self.matched(rule, batch, (index, record), known.as_ref()))
                }
                Ok(false) => {}
                Err(error) => self.tell(&rule, &error),
            }
        }
        Class { facts, matches }
    }

    fn matched(
        &self,
        rule: Arc<CompiledRule>,
        batch: &ParsedBatch,
        (index, record): (usize, &RecordEntry),
        known: Option<&Classification>,
    ) -> Match {
        let failure_type = known.map(|known| known.failure_type.as_str());
        let labels = (!rule.groups_by_attributes())
            .then(|| labels(&rule, failure_type, batch, (index, record)));
        Match {
            labels,
            severity: match rule.rule.severity {
                RuleSeverity::Fixed(severity) => severity,
                RuleSeverity::Auto => {
                    known.map_or_else(|| by_line(record.severity), |k| k.severity)
                }
            },
            confidence: known.map_or(1.0, |known| known.confidence),
            failure_type: known.map(|known| known.failure_type.clone()),
            rule,
        }
    }

    fn holds_for_line(
        &mut self,
        one: &Match,
        shared: &Facts,
        batch: &ParsedBatch,
        (index, record): (usize, &RecordEntry),
    ) -> bool {
        let Some(condition) = one.rule.condition.as_ref().filter(|c| c.looks_at_line()) else {
            return true;
        };
        let facts = line_facts(shared, batch, (index, record));
        match condition.holds(Part::OfTheLine, &facts) {
            Ok(holds) => holds,
            Err(error) => {
                self.tell(&one.rule, &error);
                false
            }
        }
    }

    fn tell(&mut self, rule: &CompiledRule, error: &str) {
        if self.failed.insert(rule.rule.id.clone()) {
            tracing::warn!(
                rule = rule.rule.id,
                error,
                "an alert rule cannot be computed"
            );
        }
    }
}

/// The labels of the alert of a line.
fn labels(
    rule: &CompiledRule,
    failure_type: Option<&str>,
    batch: &ParsedBatch,
    (index, record): (usize, &RecordEntry),
) -> LabelSet {
    let template = batch.template(index).id.to_string();
    let names = &rule.rule.group_by;
    let attributes: HashMap<&str, String> = attributes(batch, index, record)
        .filter(|(name, _, _)| names.iter().any(|one| one == name))
        .map(|(name, _, value)| (name, String::from_utf8_lossy(value).into_owned()))
        .collect();
    rule.labels_of_line(|name: &str| match name {
        "source" => &*batch.batch.source,
        "host" => &*batch.batch.hosts[record.host as usize],
        "severity" => record.severity.name(),
        "template" => template.as_str(),
        "failure_type" => failure_type.unwrap_or(""),
        other => attributes.get(other).map_or("", String::as_str),
    })
}

/// The attributes of a record: those that came beside its body, then those read from it. What stands
/// in a body is a number or a truth if it reads like one.
fn attributes<'a>(
    batch: &'a ParsedBatch,
    index: usize,
    record: &RecordEntry,
) -> impl Iterator<Item = (&'a str, ValueType, &'a [u8])> {
    let beside = batch.batch.attributes(record);
    let beside = beside.map(|(name, kind, value)| (&**name, kind, value));
    let has_variables = !batch.variables.is_empty();
    let slots = batch
        .template(index)
        .slots
        .iter()
        .filter(move |_| has_variables);
    let variables = has_variables
        .then(|| batch.variables(index))
        .into_iter()
        .flatten();
    let within = slots.zip(variables).filter_map(|(slot, value)| {
        let kind = kind_of(value);
        Some((slot.key.as_deref()?, kind, value))
    });
    beside.chain(within)
}

fn kind_of(value: &[u8]) -> ValueType {
    let Ok(text) = std::str::from_utf8(value) else {
        return ValueType::Text;
    };
    if text.parse::<i64>().is_ok() {
        ValueType::Integer
    } else if text.starts_with(|c: char| c.is_ascii_digit() || c == '-')
        && text.parse::<f64>().is_ok()
    {
        ValueType::Float
    } else if matches!(text, "true" | "false") {
        ValueType::Bool
    } else {
        ValueType::Text
    }
}

/// How bad a line is that says so itself.
fn by_line(severity: Severity) -> AlertSeverity {
    match severity {
        severity if severity >= Severity::FATAL => AlertSeverity::Critical,
        severity if severity >= Severity::ERROR => AlertSeverity::High,
        severity if severity >= Severity::WARN => AlertSeverity::Medium,
        _ => AlertSeverity::Low,
    }
}

fn shared_facts(
    batch: &ParsedBatch,
    index: usize,
    record: &RecordEntry,
    known: Option<&Classification>,
    is_new: bool,
) -> Facts {
    let template = batch.template(index);
    let mut facts = Facts::default();
    facts
        .text("template", &template.pattern())
        .text("template_id", &template.id.to_string())
        .truth("is_new", is_new)
        .text("severity", record.severity.name())
        .integer("severity_number", i64::from(record.severity.number()))
        .text("source", &batch.batch.source)
        .text("host", &batch.batch.hosts[record.host as usize])
        .text(
            "failure_type",
            known.map_or("", |known| &known.failure_type),
        )
        .text(
            "failure_severity",
            known.map_or("", |known| known.severity.name()),
        )
        .number("confidence", known.map_or(0.0, |known| known.confidence));
    facts
}

/// The facts of one line: those of its class and its own.
fn line_facts(
    shared: &Facts,
    batch: &ParsedBatch,
    (index, record): (usize, &RecordEntry),
) -> Facts {
    let mut facts = shared.clone();
    facts.text("body", &String::from_utf8_lossy(batch.batch.body(record)));
    let attributes = attributes(batch, index, record).map(|(name, kind, value)| {
        let text = String::from_utf8_lossy(value);
        (name, typed(kind, &text))
    });
    facts.map("attributes", attributes);
    facts
}

fn typed(kind: ValueType, text: &str) -> Value {
    let typed = match kind {
        ValueType::Integer => text.parse().ok().map(Value::Int),
        ValueType::Float => text.parse().ok().map(Value::Float),
        ValueType::Bool => text.parse().ok().map(Value::Bool),
        ValueType::Text => None,
    };
    typed.unwrap_or_else(|| text.into())
}

fn first(
    one: &Match,
    labels: LabelSet,
    batch: &ParsedBatch,
    (index, record): (usize, &RecordEntry),
) -> Signal {
    let body = body(batch, record);
    let template = batch.template(index);
    let title = one.rule.title(&labels, None, || match &one.failure_type {
        Some(failure) => format!("{}: {}", words(failure), gist(&body)),
        None => gist(&body).into_owned(),
    });
    Signal {
        rule: one.rule.clone(),
        labels,
        kind: AlertKind::Realtime,
        severity: one.severity,
        confidence: one.confidence,
        failure_type: one.failure_type.clone(),
        title,
        annotations: one.rule.rule.annotations.clone(),
        evidence: vec![
            Evidence::Record {
                id: batch.batch.record_id(index),
                body,
            },
            Evidence::Template {
                id: template.id,
                count: 1,
                text: cut(&template.pattern()),
            },
        ],
        at_ms: record.timestamp.millis(),
        what: What::Occurred(vec![record.timestamp.millis()]),
        trace: None,
    }
}

fn again(signal: &mut Signal, batch: &ParsedBatch, index: usize, record: &RecordEntry) {
    let at_ms = record.timestamp.millis();
    signal.at_ms = signal.at_ms.max(at_ms);
    if let What::Occurred(times) = &mut signal.what {
        times.push(at_ms);
    }
    let of = batch.template(index);
    let counted = signal
        .evidence
        .iter_mut()
        .find_map(|evidence| match evidence {
            Evidence::Template { id, count, .. } if *id == of.id => Some(count),
            _ => None,
        });
    if let Some(count) = counted {
        *count += 1;
    } else if signal.evidence.len() < Evidence::MAX {
        signal.evidence.push(Evidence::Template {
            id: of.id,
            count: 1,
            text: cut(&of.pattern()),
        });
    }
}

fn body(batch: &ParsedBatch, record: &RecordEntry) -> String {
    let bytes = batch.batch.body(record);
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(BODY_BYTES_MAX)]);
    text.trim_end().to_owned()
}

/// `disk_full` as people say it.
fn words(failure_type: &str) -> String {
    let spaced = failure_type.replace('_', " ");
    let mut letters = spaced.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => spaced,
    }
}

#[cfg(test)]
#[path = "log_tests.rs"]
mod tests;
