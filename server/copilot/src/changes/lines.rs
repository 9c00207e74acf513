//! Changes that log lines tell of.

use std::collections::HashMap;

use parking_lot::Mutex;
use tocsin_domain::alert::LabelSet;
use tocsin_domain::change::{Change, ChangeId};
use tocsin_domain::ports::StoreError;
use tocsin_domain::ports::log_store::{LogQuery, Order, TemplateCount};
use tocsin_domain::{LogRecord, TemplateId, TimeRange, Timestamp};

use super::{ChangeFinder, Wanted};
use crate::quotes::quote;

/// Templates that are remembered; beyond, all are forgotten and judged again.
const KNOWN_MAX: usize = 100_000;
/// From so many unknown templates on all are read at once.
const READ_ALL_FROM: usize = 32;
/// Templates whose lines are read, at most.
const TEMPLATES_MAX: usize = 200;
/// Lines that are read for one question, at most.
const LINES_MAX: usize = 2_000;
/// Lines that are read at a time.
const PAGE: usize = 200;
/// A template that was said more often, and more than so often an hour while it was said, tells of no single doing.
const SAID_MAX: u64 = 50;
const SAID_AN_HOUR_MAX: f64 = 6.0;

/// Which templates speak of changes, as far as they were met.
#[derive(Debug, Default)]
pub(super) struct KnownTemplates(Mutex<HashMap<TemplateId, bool>>);

impl KnownTemplates {
    fn get(&self, id: TemplateId) -> Option<bool> {
        self.0.lock().get(&id).copied()
    }

    fn put(&self, id: TemplateId, speaks: bool) {
        let mut known = self.0.lock();
        if known.len() >= KNOWN_MAX {
            known.clear();
        }
        known.insert(id, speaks);
    }
}

impl ChangeFinder {
    /// Changes that lines within `[from_ms, to_ms)` tell of, newest first.
    pub(super) async fn of_lines(
        &self,
        (from_ms, to_ms): (i64, i64),
        wanted: &Wanted<'_>,
        limit: usize,
    ) -> Result<Vec<Change>, StoreError> {
        let range = TimeRange {
            from: Timestamp::from_millis(from_ms),
            to: Timestamp::from_millis(to_ms),
        };
        let counts = self
            .parts
            .logs
            .template_counts(&LogQuery::all(range))
            .await?;
        let rare: Vec<TemplateId> = counts
            .iter()
            .filter(|count| is_rare(count))
            .map(|one| one.template)
            .collect();
        let mut speaking = self.speaking(&rare, range).await?;
        speaking.truncate(TEMPLATES_MAX);
        if speaking.is_empty() {
            return Ok(Vec::new());
        }
        let query = LogQuery {
            templates: Some(speaking),
            ..LogQuery::all(range)
        };
        let (mut found, mut after, mut read) = (Vec::new(), None, 0);
        loop {
            let logs = &self.parts.logs;
            let page = logs.search(&query, Order::NewestFirst, after, PAGE).await?;
            read += page.records.len();
            let changes = page.records.iter().filter_map(|record| self.told(record));
            found.extend(changes.filter(|change| wanted.is_met(change)));
            after = page.next;
            if after.is_none() || found.len() > limit || read >= LINES_MAX {
                return Ok(found);
            }
        }
    }

    /// Those of some templates whose lines speak of changes.
    async fn speaking(
        &self,
        ids: &[TemplateId],
        range: TimeRange,
    ) -> Result<Vec<TemplateId>, StoreError> {
        let unknown: Vec<TemplateId> = ids
            .iter()
            .copied()
            .filter(|id| self.templates.get(*id).is_none())
            .collect();
        let mut registered = Vec::new();
        if unknown.len() >= READ_ALL_FROM {
            registered = self.parts.templates.all().await?;
        } else {
            for id in &unknown {
                registered.extend(self.parts.templates.get(*id).await?);
            }
        }
        for one in registered {
            let speaks = self.rules.read(&one.example).is_some()
                || self.rules.read(&one.template.pattern()).is_some();
            self.templates.put(one.template.id, speaks);
        }
        let mut speaking = Vec::new();
        for id in ids {
            let speaks = match self.templates.get(*id) {
                Some(speaks) => speaks,
                // It is so new that it is not registered yet.
                None => self.speaks_now(*id, range).await?,
            };
            speaking.extend(speaks.then_some(*id));
        }
        Ok(speaking)
    }

    async fn speaks_now(&self, id: TemplateId, range: TimeRange) -> Result<bool, StoreError> {
        let query = LogQuery {
            templates: Some(vec![id]),
            ..LogQuery::all(range)
        };
        let logs = &self.parts.logs;
        let page = logs.search(&query, Order::NewestFirst, None, 1).await?;
        let speaks = |record: &LogRecord| self.rules.read(&record_text(record)).is_some();
        Ok(page.records.first().is_some_and(speaks))
    }

    /// The change that a line tells of.
    fn told(&self, record: &LogRecord) -> Option<Change> {
        let line = record_text(record);
        let told = self.rules.read(&line)?;
        let owner = || self.conventions.of_line(record).map(|owner| owner.entity);
        let mut title = quote(&line);
        title.truncate(title.floor_char_boundary(Change::TITLE_BYTES_MAX));
        let mut entity = told.entity.or_else(owner)?;
        entity.truncate(entity.floor_char_boundary(Change::ENTITY_BYTES_MAX));
        Some(Change {
            id: ChangeId(record.id.bits()),
            at_ms: record.timestamp.millis(),
            kind: told.kind,
            entity,
            title,
            labels: LabelSet::new(told.version.map(|version| ("version", version))),
            source: record.source.to_string(),
            actor: None,
            url: None,
            record: Some(record.id),
        })
    }
}

/// Whether a template is said so seldom that each time is news.
fn is_rare(count: &TemplateCount) -> bool {
    let span_ms = count.last_seen.millis() - count.first_seen.millis();
    let hours = span_ms as f64 / 3_600_000.0;
    let said_max = SAID_MAX.max((SAID_AN_HOUR_MAX * hours) as u64);
    count.counts.iter().sum::<u64>() <= said_max
}

fn record_text(record: &LogRecord) -> String {
    String::from_utf8_lossy(&record.body).into_owned()
}
