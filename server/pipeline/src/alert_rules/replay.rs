//! A rule over the past: what it would have told, by the same rules, evaluator and book as live, with
//! the time of the past.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use tocsin_domain::alert::{AlertEventKind, AlertId, RuleTrigger};
use tocsin_domain::ports::log_store::{LogQuery, Order};
use tocsin_domain::ports::{
    AnomalyFilter, AnomalyStore, Classifier, LogStore, MetricQueries, PredictionStore,
    ReplayedAlert, RuleReplay, StoreError, TemplateStore, TemplateSummary,
};
use tocsin_domain::record::Value;
use tocsin_domain::{
    BatchBuilder, BatchId, LogRecord, NewRecord, ParsedBatch, ParsedLine, TemplateId, TimeRange,
    Timestamp,
};

use super::evaluate::Evaluator;
use super::{CompiledRule, LogRules, RuleSet, Signal, findings, rounds};
use crate::aggregate::book::{Book, Changes};

/// The most lines that are looked at.
const LINES_MAX: u64 = 200_000;
const PAGE: usize = 5000;
/// The most looks at a metric.
const LOOKS_MAX: i64 = 2000;
/// How often a metric is looked at where the time allows, in ms.
const LOOK_MS: i64 = 15_000;
/// The most findings that are looked at.
const FINDINGS_MAX: usize = 10_000;

/// Where the past is.
#[derive(Clone)]
#[expect(
    missing_debug_implementations,
    reason = "a bundle of ports, which have no Debug"
)]
pub struct Past {
    /// Log lines.
    pub logs: Arc<dyn LogStore>,
    /// Their templates.
    pub templates: Arc<dyn TemplateStore>,
    /// What they speak of.
    pub classifier: Arc<dyn Classifier>,
    /// Metrics.
    pub queries: Arc<dyn MetricQueries>,
    /// Anomalies.
    pub anomalies: Arc<dyn AnomalyStore>,
    /// Predictions.
    pub predictions: Arc<dyn PredictionStore>,
}

/// A rule on its way through the past.
pub(super) struct Course {
    rule: Arc<CompiledRule>,
    pub(super) evaluator: Evaluator,
    book: Book,
    told: BTreeMap<AlertId, ReplayedAlert>,
    pub(super) looked_at: u64,
    pub(super) held: u64,
    cut: Option<String>,
}

impl Past {
    /// Leads a rule through `[from_ms, to_ms)`.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] if its query is at fault.
    pub(super) async fn lead(
        &self,
        rule: Arc<CompiledRule>,
        range_ms: (i64, i64),
    ) -> Result<Course, StoreError> {
        let mut course = Course {
            rule: rule.clone(),
            evaluator: Evaluator::default(),
            book: Book::default(),
            told: BTreeMap::new(),
            looked_at: 0,
            held: 0,
            cut: None,
        };
        match &rule.rule.trigger {
            RuleTrigger::Log { .. } => self.lines(&mut course, range_ms).await?,
            RuleTrigger::Metric { query } => self.values(&mut course, query, range_ms).await?,
            RuleTrigger::NoData { .. } => self.silences(&mut course, range_ms).await?,
            RuleTrigger::Anomaly => self.anomalies(&mut course, range_ms).await?,
            RuleTrigger::Predictive => self.predictions(&mut course, range_ms).await?,
        }
        course.step(Vec::new(), range_ms.1);
        Ok(course)
    }

    async fn lines(&self, course: &mut Course, range_ms: (i64, i64)) -> Result<(), StoreError> {
        let known = self.templates.all().await?.into_iter();
        let known: HashMap<TemplateId, TemplateSummary> =
            known.map(|one| (one.template.id, one)).collect();
        let range = TimeRange {
            from: Timestamp::from_millis(range_ms.0),
            to: Timestamp::from_millis(range_ms.1),
        };
        let query = LogQuery::all(range);
        let set = Arc::new(RuleSet::new([course.rule.clone()]));
        let mut rules = LogRules::new(self.classifier.clone());
        let mut after = None;
        loop {
            let page = self
                .logs
                .search(&query, Order::OldestFirst, after, PAGE)
                .await?;
            course.looked_at += page.records.len() as u64;
            for (batch, new) in batches(&page.records, &known) {
                let now_ms = batch.batch.observed.millis();
                let signals = rules.see(&batch, &set, &new);
                course.held += signals.iter().map(Signal::count).sum::<u64>();
                let passed = signals
                    .into_iter()
                    .filter_map(|one| course.evaluator.lines(one));
                let passed = passed.collect();
                course.step(passed, now_ms);
            }
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
            if course.looked_at >= LINES_MAX {
                let last = page
                    .records
                    .last()
                    .map_or(range.from, |record| record.timestamp);
                course.cut = Some(format!(
                    "the first {LINES_MAX} lines, up to {} ms",
                    last.millis()
                ));
                return Ok(());
            }
        }
    }

    async fn values(
        &self,
        course: &mut Course,
        query: &str,
        (from_ms, to_ms): (i64, i64),
    ) -> Result<(), StoreError> {
        let step_ms = ((to_ms - from_ms) / LOOKS_MAX).max(LOOK_MS);
        let found = self.queries.range(query, (from_ms, to_ms), step_ms).await?;
        let mut moments: BTreeMap<i64, Vec<Signal>> = BTreeMap::new();
        let mut at_ms = from_ms;
        while at_ms <= to_ms {
            moments.insert(at_ms, Vec::new());
            at_ms += step_ms;
        }
        for series in &found {
            for sample in &series.samples {
                course.looked_at += 1;
                let holds = rounds::holds(&course.rule, series, sample.value);
                if holds.map_err(StoreError::Invalid)? {
                    course.held += 1;
                    let signal = rounds::signal(&course.rule, series, sample.value, sample.at_ms);
                    moments.entry(sample.at_ms).or_default().push(signal);
                }
            }
        }
        let rule = course.rule.clone();
        for (at_ms, holding) in moments {
            let told = course.evaluator.round(&rule, holding, at_ms);
            course.step(told, at_ms);
        }
        Ok(())
    }

    async fn silences(
        &self,
        course: &mut Course,
        (from_ms, to_ms): (i64, i64),
    ) -> Result<(), StoreError> {
        // Each look asks for a day, so they are few.
        let step_ms = ((to_ms - from_ms) / 100).max(60_000);
        let set = RuleSet::new([course.rule.clone()]);
        let mut at_ms = from_ms;
        while at_ms <= to_ms {
            for round in rounds::look(&set, self.queries.as_ref(), (at_ms, false)).await? {
                course.looked_at += round.looked_at as u64;
                let holding = round.holding.map_err(StoreError::Invalid)?;
                course.held += holding.len() as u64;
                let told = course.evaluator.round(&round.rule, holding, at_ms);
                course.step(told, at_ms);
            }
            at_ms += step_ms;
        }
        Ok(())
    }

    async fn anomalies(&self, course: &mut Course, range_ms: (i64, i64)) -> Result<(), StoreError> {
        let filter = AnomalyFilter {
            from_ms: Some(range_ms.0),
            to_ms: Some(range_ms.1),
            ..AnomalyFilter::default()
        };
        let found = self
            .anomalies
            .anomalies(&filter, None, FINDINGS_MAX)
            .await?;
        course.looked_at = found.len() as u64;
        let set = RuleSet::new([course.rule.clone()]);
        let begins = found.iter().map(|one| (one.started_ms, true, one));
        let ends = found
            .iter()
            .filter_map(|one| Some((one.ended_ms?, false, one)));
        let mut moments: Vec<_> = begins
            .chain(ends)
            .filter(|one| one.0 < range_ms.1)
            .collect();
        moments.sort_by_key(|(at_ms, is_begin, _)| (*at_ms, !is_begin));
        for (at_ms, is_begin, anomaly) in moments {
            let told = if is_begin {
                let signals = findings::of_anomaly(&set, anomaly);
                course.held += signals.len() as u64;
                let passed = signals.into_iter();
                passed
                    .filter_map(|one| course.evaluator.finding(anomaly.id.0, one))
                    .collect()
            } else {
                course.evaluator.finding_ended(anomaly.id.0, &set, at_ms)
            };
            course.step(told, at_ms);
        }
        Ok(())
    }

    async fn predictions(
        &self,
        course: &mut Course,
        range_ms: (i64, i64),
    ) -> Result<(), StoreError> {
        let mut made = Vec::new();
        for current in self.predictions.current_predictions(FINDINGS_MAX).await? {
            let of = self
                .predictions
                .predictions_of(current.series, range_ms.0, 1000)
                .await?;
            made.extend(
                of.into_iter()
                    .filter(|one| one.rule == current.rule && one.made_ms < range_ms.1),
            );
        }
        made.sort_by_key(|one| one.made_ms);
        course.looked_at = made.len() as u64;
        let set = RuleSet::new([course.rule.clone()]);
        for one in made {
            let id = u128::from(one.series.0) << 64
                | u128::from(xxhash_rust::xxh3::xxh3_64(one.rule.as_bytes()));
            let told = if one.is_raised {
                let signals = findings::of_prediction(&set, &one);
                course.held += signals.len() as u64;
                signals
                    .into_iter()
                    .filter_map(|s| course.evaluator.finding(id, s))
                    .collect()
            } else {
                course.evaluator.finding_ended(id, &set, one.made_ms)
            };
            course.step(told, one.made_ms);
        }
        Ok(())
    }
}

impl Course {
    fn step(&mut self, signals: Vec<Signal>, now_ms: i64) {
        let mut changes = Changes::default();
        // What became quiet in between ended before this.
        self.book.tick(now_ms, &mut changes);
        for signal in signals {
            self.book.signal(&signal, now_ms, &mut changes);
        }
        let events = changes
            .events
            .iter()
            .map(|(event, alert)| (Some(&event.kind), alert));
        for (kind, alert) in events.chain(changes.latest.values().map(|alert| (None, alert))) {
            let told = self.told.entry(alert.id).or_insert_with(|| ReplayedAlert {
                starts_ms: alert.starts_ms,
                ends_ms: None,
                labels: alert.labels.clone(),
                count: 0,
                title: alert.title.clone(),
            });
            told.count = told.count.max(alert.count);
            told.ends_ms = match kind {
                // It ended when it was last heard of, not when that was noticed.
                Some(AlertEventKind::Cleared) => Some(alert.last_ms.max(alert.starts_ms)),
                Some(AlertEventKind::Returned) => None,
                _ => told.ends_ms,
            };
        }
    }

    /// The label sets that fire at a time, in ms, and how often they fired.
    pub(super) fn fired(&self, at_ms: i64) -> Vec<(tocsin_domain::alert::LabelSet, u64)> {
        let lasting = self
            .told
            .values()
            .filter(|one| one.ends_ms.is_none_or(|end| end >= at_ms));
        lasting.map(|one| (one.labels.clone(), one.count)).collect()
    }

    pub(super) fn into_replay(self) -> RuleReplay {
        let mut alerts: Vec<ReplayedAlert> = self.told.into_values().collect();
        alerts.sort_by_key(|one| one.starts_ms);
        RuleReplay {
            alerts,
            looked_at: self.looked_at,
            held: self.held,
            cut: self.cut,
        }
    }
}

/// Records as they would have come: a batch for each run of one source, with the templates that were
/// new in it.
fn batches(
    records: &[LogRecord],
    known: &HashMap<TemplateId, TemplateSummary>,
) -> Vec<(ParsedBatch, HashSet<TemplateId>)> {
    let runs = records.chunk_by(|a, b| a.source == b.source);
    runs.filter_map(|run| batch(run, known)).collect()
}

fn batch(
    run: &[LogRecord],
    known: &HashMap<TemplateId, TemplateSummary>,
) -> Option<(ParsedBatch, HashSet<TemplateId>)> {
    let last = run.last()?;
    let id = BatchId::new(last.timestamp, [0; 10]);
    let mut builder = BatchBuilder::new(id, last.timestamp, last.source.clone());
    let (mut lines, mut templates) = (Vec::new(), Vec::new());
    let (mut places, mut new) = (HashMap::new(), HashSet::new());
    for record in run {
        let Some(summary) = known.get(&record.template) else {
            continue;
        };
        let texts: Vec<_> = record
            .attributes
            .iter()
            .map(|(key, value)| (key, text(value)))
            .collect();
        let attributes: Vec<_> = texts
            .iter()
            .map(|(key, (kind, text))| (&***key, *kind, text.as_bytes()))
            .collect();
        let pushed = builder.push(NewRecord {
            body: &record.body,
            timestamp: Some(record.timestamp),
            severity: record.severity,
            issues: record.issues,
            host: &record.host,
            attributes: &attributes,
            trace: None,
        });
        pushed.ok()?;
        let place = *places.entry(record.template).or_insert_with(|| {
            templates.push(summary.template.clone());
            templates.len() as u32 - 1
        });
        lines.push(ParsedLine {
            template: place,
            variables: 0,
        });
        if summary.first_seen == record.timestamp {
            new.insert(record.template);
        }
    }
    let parsed = ParsedBatch {
        batch: builder.finish(),
        lines,
        variables: Vec::new(),
        templates,
    };
    Some((parsed, new))
}

fn text(value: &Value) -> (tocsin_domain::batch::ValueType, String) {
    use tocsin_domain::batch::ValueType;
    match value {
        Value::Text(text) => (ValueType::Text, text.to_string()),
        Value::Integer(number) => (ValueType::Integer, number.to_string()),
        Value::Float(number) => (ValueType::Float, number.to_string()),
        Value::Bool(truth) => (ValueType::Bool, truth.to_string()),
    }
}
