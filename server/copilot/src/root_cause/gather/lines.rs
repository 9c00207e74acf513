//! Departures that log lines show: templates that are new, come more often or no longer.
//!
//! Templates are counted over all lines, which costs the log store next to nothing. Only for those that depart lines
//! are read, to see who says them. What is usual is the greatest count of a stretch before, so that what comes in
//! bursts anyway is no departure.

use std::collections::BTreeMap;

use tocsin_domain::ports::StoreError;
use tocsin_domain::ports::log_store::{BandCounts, LogQuery, Order, TemplateCount};
use tocsin_domain::query::{Expression, FieldTest};
use tocsin_domain::{LogRecord, Severity, TemplateId, TimeRange, Timestamp};
use tocsin_rank::{Signal, SignalKind, template_signals};

use super::{LineProof, Proof, Seen, read};
use crate::conventions::Owner;
use crate::root_cause::RootCauseFinder;
use crate::root_cause::window::Window;

/// Templates that speak of failures and are looked into, at most.
const SEVERE_MAX: usize = 30;
/// Other templates that are looked into, at most.
const OTHERS_MAX: usize = 15;
/// Lines of a template that are read at each end of the window.
const SAMPLES: usize = 12;
/// Entities of one template that are told apart, at most.
const ENTITIES_MAX: usize = 6;
/// The number of the first severity band that is an error, and of the first that is a warning.
const ERROR_BAND: usize = Severity::ERROR.band();
const WARN_BAND: usize = Severity::WARN.band();
/// How sure a classification has to be: as sure as for an alert.
const CONFIDENCE_MIN: f64 = 0.6;
/// What it counts by itself that a line names a type of failure that the time before does not know: of twenty errors
/// not one names what is broken, and `-ln 0.05` is 3.
const NAMED_FAILURE: f64 = 3.0;
/// Templates by which it is seen how much more is going on than before, at least.
const BUSY_TEMPLATES_MIN: usize = 5;
/// Lines in a stretch from which on a template tells of that.
const BUSY_LINES_MIN: f64 = 10.0;
/// How much more may be going on without being a departure itself.
const BUSY_MAX: f64 = 4.0;

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
}

/// How often a template was said.
#[derive(Debug, Clone)]
struct Tally {
    template: TemplateId,
    now: u64,
    bands: BandCounts,
    first: Timestamp,
    before: u64,
    /// What would be in all stretches before, had each as much as the fullest.
    usual: u64,
}

/// How much of one template one entity said.
struct Said {
    tally: Tally,
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
        let exposure = busyness(&tallies, counts.len()) / counts.len() as f64;
        let departing = departing(tallies, exposure);
        let said = read::all(departing.into_iter().map(|tally| self.said(tally, window))).await?;
        let mut all = Vec::new();
        for (said, samples) in said {
            all.extend(said);
            found.samples.extend(samples);
        }
        found.seen = self.judged(all, (window, exposure)).await?;
        Ok(found)
    }

    /// Who said how much of a template, with lines of it.
    async fn said(
        &self,
        tally: Tally,
        window: Window,
    ) -> Result<(Vec<Said>, Vec<LogRecord>), StoreError> {
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
        let (oldest, newest, known) = futures_util::try_join!(
            logs.search(&query, Order::OldestFirst, None, SAMPLES),
            logs.search(&query, Order::NewestFirst, None, SAMPLES),
            self.parts.templates.get(tally.template),
        )?;
        let mut samples = oldest.records;
        samples.extend(newest.records);
        let mut owners: Vec<(Owner, LogRecord)> = Vec::new();
        for line in &samples {
            if let Some(owner) = self.conventions.of_line(line)
                && !owners.iter().any(|(known, _)| *known == owner)
                && owners.len() < ENTITIES_MAX
            {
                owners.push((owner, line.clone()));
            }
        }
        let pattern = known.map_or_else(
            || samples.first().map(text).unwrap_or_default(),
            |known| known.template.pattern(),
        );
        let alone = owners.len() == 1;
        let mut said = Vec::new();
        for (owner, line) in owners {
            let tally = if alone {
                tally.clone()
            } else {
                self.share(&tally, &owner, window).await?
            };
            let failure_type = self.failure_type(&line);
            let severe: u64 = tally.bands.iter().skip(ERROR_BAND).sum();
            said.push(Said {
                is_severe: severe * 2 > tally.bands.iter().sum::<u64>() || failure_type.is_some(),
                first_ms: if alone { tally.first } else { line.timestamp }.millis(),
                pattern: pattern.clone(),
                tally,
                owner,
                line,
                failure_type,
            });
        }
        Ok((said, samples))
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

    /// The departures among what was said.
    async fn judged(
        &self,
        all: Vec<Said>,
        (window, exposure): (Window, f64),
    ) -> Result<Vec<Seen>, StoreError> {
        let names: Vec<String> = all
            .iter()
            .map(|said| said.tally.template.to_string())
            .collect();
        let counts: Vec<tocsin_rank::TemplateCount<'_>> = all
            .iter()
            .zip(&names)
            .map(|(said, name)| tocsin_rank::TemplateCount {
                entity: &said.owner.entity,
                what: name,
                severe: said.is_severe,
                baseline: said.tally.usual,
                window: said.tally.now,
                first_ms: said.first_ms,
            })
            .collect();
        let mut signals: BTreeMap<(String, String), Signal> = template_signals(&counts, exposure)
            .into_iter()
            .map(|signal| ((signal.entity.clone(), signal.what.clone()), signal))
            .collect();
        let mut seen = Vec::new();
        for (said, name) in all.iter().zip(&names) {
            let key = (said.owner.entity.clone(), name.clone());
            let Some(mut signal) = signals.remove(&key) else {
                continue;
            };
            if said.failure_type.is_some() && said.tally.before == 0 {
                signal.strength += NAMED_FAILURE;
            }
            signal.onset_ms = self.begin_of(said, signal.kind, (window, exposure)).await?;
            seen.push(Seen {
                signal,
                proof: Proof::Lines(LineProof {
                    template: said.tally.template,
                    pattern: said.pattern.clone(),
                    record: said.line.id,
                    body: text(&said.line),
                    before: said.tally.before,
                    now: said.tally.now,
                    failure_type: said.failure_type.clone(),
                }),
            });
        }
        Ok(seen)
    }

    /// When a departure began, in ms.
    async fn begin_of(
        &self,
        said: &Said,
        kind: SignalKind,
        (window, exposure): (Window, f64),
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
        let usual = said.tally.usual as f64 * exposure;
        let onset = self.onset_ms(&query, window, usual).await?;
        Ok(onset.unwrap_or(said.first_ms))
    }
}

/// Counts of all templates, in the order of their ids.
fn tallies(now: &[TemplateCount], before: &[Vec<TemplateCount>]) -> Vec<Tally> {
    let mut all: BTreeMap<TemplateId, Tally> = BTreeMap::new();
    let sum = |count: &TemplateCount| count.counts.iter().sum::<u64>();
    let empty = |count: &TemplateCount| Tally {
        template: count.template,
        now: 0,
        bands: BandCounts::default(),
        first: count.first_seen,
        before: 0,
        usual: 0,
    };
    for count in now {
        let tally = all.entry(count.template).or_insert_with(|| empty(count));
        tally.now = sum(count);
        tally.bands = count.counts;
    }
    let slices = before.len() as u64;
    for count in before.iter().flatten() {
        let tally = all.entry(count.template).or_insert_with(|| empty(count));
        if tally.now == 0 {
            tally.bands = count.counts;
        }
        tally.before += sum(count);
        tally.usual = tally.usual.max(sum(count) * slices);
    }
    all.into_values().collect()
}

/// How much more is going on than before: the median over what is said often, in `[1, 4]`.
fn busyness(tallies: &[Tally], slices: usize) -> f64 {
    let ratio = |tally: &Tally| {
        let expected = tally.before as f64 / slices as f64;
        (expected >= BUSY_LINES_MIN).then(|| tally.now as f64 / expected)
    };
    let mut ratios: Vec<f64> = tallies.iter().filter_map(ratio).collect();
    if ratios.len() < BUSY_TEMPLATES_MIN {
        return 1.0;
    }
    ratios.sort_by(f64::total_cmp);
    ratios[ratios.len() / 2].clamp(1.0, BUSY_MAX)
}

/// The templates that depart most, those of errors and the others apart.
fn departing(tallies: Vec<Tally>, exposure: f64) -> Vec<Tally> {
    let mut scored: Vec<(f64, bool, Tally)> = tallies
        .into_iter()
        .filter_map(|tally| {
            // A warning may name a failure, which is only known once its lines are read.
            let severe: u64 = tally.bands.iter().skip(WARN_BAND).sum();
            let is_severe = severe > 0;
            let count = tocsin_rank::TemplateCount {
                entity: "",
                what: "",
                severe: is_severe,
                baseline: tally.usual,
                window: tally.now,
                first_ms: 0,
            };
            let signals = template_signals(&[count], exposure);
            let strength = signals.first()?.strength;
            Some((strength, is_severe, tally))
        })
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.2.template.cmp(&b.2.template)));
    let (severe, others): (Vec<_>, Vec<_>) = scored.into_iter().partition(|one| one.1);
    let severe = severe.into_iter().take(SEVERE_MAX);
    let others = others.into_iter().take(OTHERS_MAX);
    severe.chain(others).map(|(_, _, tally)| tally).collect()
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
