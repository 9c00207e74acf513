//! Departures that log lines show: templates that are new, come more often or no longer.
//!
//! Templates are counted over all lines, which costs the log store next to nothing. Only for those that depart lines
//! are read, to see who says them. What is usual is the greatest count of a stretch before, so that what comes in
//! bursts anyway is no departure.

use std::collections::BTreeMap;

use tocsin_domain::ports::StoreError;
use tocsin_domain::ports::log_store::{LogQuery, Order};
use tocsin_domain::query::{Expression, FieldTest};
use tocsin_domain::{LogRecord, Severity, TemplateId, TimeRange};
use tocsin_rank::{SignalKind, TemplateCount, template_signals};

use super::history::{Expected, expected};
use super::tally::{OTHERS_MAX, Tally, WARN_BAND, busyness, departing, tallies};
use super::{LineProof, Proof, Seen, read};
use crate::conventions::Owner;
use crate::root_cause::RootCauseFinder;
use crate::root_cause::window::Window;

/// Lines of a template that are read at each end of the window.
const SAMPLES: usize = 12;
/// Entities of one template that are told apart, at most.
const ENTITIES_MAX: usize = 6;
/// The number of the first severity band that is an error.
const ERROR_BAND: usize = Severity::ERROR.band();
/// How sure a classification has to be: as sure as for an alert.
const CONFIDENCE_MIN: f64 = 0.6;
/// What it counts by itself that a line names a type of failure that the time before does not know: of twenty errors
/// not one names what is broken, and `-ln 0.05` is 3.
const NAMED_FAILURE: f64 = 3.0;

/// What lines show.
#[derive(Debug, Default)]
pub(super) struct LinesFound {
    pub(super) seen: Vec<Seen>,
    /// Lines that were read.
    pub(super) samples: Vec<LogRecord>,
    /// No line in the window.
    pub(super) is_silent: bool,
    /// No line before the window.
    pub(super) has_no_past: bool,
    /// Templates of warnings and errors that were looked at.
    pub(super) errors: usize,
}

/// How much of one template one entity said.
struct Said {
    tally: Tally,
    expected: Expected,
    /// Others said it before, too.
    is_heard: bool,
    owner: Owner,
    pattern: String,
    line: LogRecord,
    is_severe: bool,
    failure_type: Option<String>,
    first_ms: i64,
}

impl RootCauseFinder {
    /// Departures of templates.
    pub(super) async fn lines(&self, window: Window) -> Result<LinesFound, StoreError> {
        let logs = &self.parts.logs;
        let ranges = std::iter::once(window.range()).chain(window.slices());
        let queries: Vec<LogQuery> = ranges.map(LogQuery::all).collect();
        let mut counts = read::all(queries.iter().map(|query| logs.template_counts(query))).await?;
        let now = counts.remove(0);
        counts.retain(|slice| !slice.is_empty());
        let mut found = LinesFound {
            is_silent: now.is_empty(),
            has_no_past: counts.is_empty(),
            ..LinesFound::default()
        };
        // Without a past everything is new, which says nothing.
        if found.has_no_past {
            return Ok(found);
        }
        let tallies = tallies(&now, &counts);
        found.errors = tallies.values().filter(|tally| tally.warns()).count();
        let exposure = busyness(&tallies, counts.len()) / counts.len() as f64;
        // What is no error is no cause by itself, so nothing is found in a wider window by it.
        let others_max = if window.is_wider { 0 } else { OTHERS_MAX };
        let departing = departing(&tallies, exposure, others_max);
        let said = departing
            .into_iter()
            .map(|tally| self.said(tally, &tallies, (window, exposure)));
        let mut all = Vec::new();
        for (said, samples) in read::all(said).await? {
            all.extend(said);
            found.samples.extend(samples);
        }
        for said in &all {
            found.seen.extend(self.judged(said, window).await?);
        }
        Ok(found)
    }

    /// Who said how much of a template, with lines of it.
    async fn said(
        &self,
        mut tally: Tally,
        all: &BTreeMap<TemplateId, Tally>,
        (window, exposure): (Window, f64),
    ) -> Result<(Vec<Said>, Vec<LogRecord>), StoreError> {
        let known = self.with_ancestors(&mut tally, all).await?;
        let samples = self.samples(&tally, window).await?;
        let mut owners: Vec<(Owner, LogRecord)> = Vec::new();
        for line in &samples {
            if let Some(owner) = self.conventions.of_line(line)
                && !owners.iter().any(|(known, _)| *known == owner)
                && owners.len() < ENTITIES_MAX
            {
                owners.push((owner, line.clone()));
            }
        }
        let pattern = known.first().map_or_else(
            || samples.first().map(text).unwrap_or_default(),
            |known| known.template.pattern(),
        );
        let alone = owners.len() == 1;
        let mut said = Vec::new();
        for (owner, line) in owners {
            let own = if alone {
                tally.clone()
            } else {
                self.share(&tally, &owner, window).await?
            };
            let failure_type = self.failure_type(&line);
            let severe: u64 = own.bands.iter().skip(ERROR_BAND).sum();
            said.push(Said {
                expected: expected(&own, &known, (window, exposure)),
                is_heard: tally.before > 0,
                is_severe: severe * 2 > own.bands.iter().sum::<u64>() || failure_type.is_some(),
                first_ms: if alone { own.first } else { line.timestamp }.millis(),
                pattern: pattern.clone(),
                tally: own,
                owner,
                line,
                failure_type,
            });
        }
        Ok((said, samples))
    }

    /// Lines of a template: the first and last of the window, or of the time before if it is not said any more.
    async fn samples(&self, tally: &Tally, window: Window) -> Result<Vec<LogRecord>, StoreError> {
        let range = if tally.now > 0 {
            window.range()
        } else {
            window.baseline()
        };
        let query = LogQuery {
            templates: Some(vec![tally.template]),
            ..LogQuery::all(range)
        };
        let logs = &self.parts.logs;
        let (oldest, newest) = futures_util::try_join!(
            logs.search(&query, Order::OldestFirst, None, SAMPLES),
            logs.search(&query, Order::NewestFirst, None, SAMPLES),
        )?;
        let mut samples = oldest.records;
        samples.extend(newest.records);
        Ok(samples)
    }

    /// What of a template one of several entities said.
    async fn share(&self, all: &Tally, owner: &Owner, window: Window) -> Result<Tally, StoreError> {
        let of = |range: TimeRange| LogQuery {
            expression: owned_by(owner),
            range,
            templates: Some(vec![all.template]),
        };
        let (now, before) = (of(window.range()), of(window.baseline()));
        let logs = &self.parts.logs;
        let (now, before) = futures_util::try_join!(logs.count(&now), logs.count(&before))?;
        Ok(Tally {
            now,
            before,
            // As uneven as all of it was.
            usual: before.max((before as f64 * all.usual as f64 / all.before.max(1) as f64) as u64),
            ..all.clone()
        })
    }

    /// The type of failure that a line speaks of, if it is one of a warning or worse.
    fn failure_type(&self, line: &LogRecord) -> Option<String> {
        let band = line.severity.band();
        if band != 0 && band < WARN_BAND {
            return None;
        }
        let classifier = &self.parts.classifier;
        let known = classifier.classify(line.template, &text(line), line.severity)?;
        (known.confidence >= CONFIDENCE_MIN).then_some(known.failure_type)
    }

    /// The departure that something said is, if it is one.
    async fn judged(&self, said: &Said, window: Window) -> Result<Option<Seen>, StoreError> {
        let name = said.tally.template.to_string();
        let count = |entity, baseline, window| TemplateCount {
            entity,
            what: &name,
            severe: said.is_severe,
            baseline,
            window,
            first_ms: said.first_ms,
        };
        let own = count(&said.owner.entity, said.expected.usual, said.tally.now);
        // What another said before is heard of, though not from this one.
        let others = count("", u64::from(said.is_heard), 0);
        let signals = template_signals(&[own, others], said.expected.exposure);
        let mut own = signals
            .into_iter()
            .filter(|signal| signal.entity == said.owner.entity);
        let Some(mut signal) = own.next() else {
            return Ok(None);
        };
        if said.failure_type.is_some() && said.tally.before == 0 {
            signal.strength += NAMED_FAILURE;
        }
        signal.onset_ms = self.begin_of(said, signal.kind, window).await?;
        let proof = Proof::Lines(LineProof {
            template: said.tally.template,
            pattern: said.pattern.clone(),
            record: said.line.id,
            body: text(&said.line),
            before: said.tally.before,
            now: said.tally.now,
            failure_type: said.failure_type.clone(),
        });
        Ok(Some(Seen { signal, proof }))
    }

    /// When a departure began, in ms.
    async fn begin_of(
        &self,
        said: &Said,
        kind: SignalKind,
        window: Window,
    ) -> Result<i64, StoreError> {
        if kind == SignalKind::Missing {
            return Ok(window.from_ms);
        }
        if said.tally.before == 0 {
            return Ok(said.first_ms);
        }
        let query = LogQuery {
            expression: owned_by(&said.owner),
            range: window.range(),
            templates: Some(vec![said.tally.template]),
        };
        let usual = said.expected.usual as f64 * said.expected.exposure;
        let onset = self.onset_ms(&query, window, usual).await?;
        Ok(onset.unwrap_or(said.first_ms))
    }
}

fn owned_by(owner: &Owner) -> Expression {
    Expression::Field {
        key: owner.key.clone(),
        test: FieldTest::Equals(owner.value.clone()),
    }
}

fn text(line: &LogRecord) -> String {
    String::from_utf8_lossy(&line.body).into_owned()
}
