//! The directory as the stores have it, read anew when it is a minute old.

use std::sync::Arc;

use parking_lot::Mutex;
use regex::Regex;
use tocsin_domain::ports::log_store::{LogQuery, Order};
use tocsin_domain::ports::{AlertFilter, StoreError};
use tocsin_domain::{TimeRange, Timestamp, Value};

use super::catalogue::Catalogue;
use super::directory::{Directory, Kind, Names, Place};
use super::time::DAY_MS;
use crate::parts::CopilotParts;
use crate::runbooks::Runbooks;

/// How long names are kept, in ms.
const KEPT_MS: i64 = 60_000;
/// Lines that are looked at for the names in their attributes.
const LINES_MAX: usize = 500;
/// Alerts that are looked at for the names in their labels.
const ALERTS_MAX: usize = 500;
/// Series that are looked at for the names in their labels.
const SERIES_MAX: usize = 20_000;

/// The names that are known, kept for a while.
pub(crate) struct KnownNames {
    parts: Arc<CopilotParts>,
    catalogue: Arc<Catalogue>,
    failure_types: Vec<String>,
    pairs: Option<Regex>,
    kept: Mutex<Option<(i64, Arc<Directory>)>>,
}

impl KnownNames {
    /// Nothing is read before it is asked for.
    pub(crate) fn new(
        parts: Arc<CopilotParts>,
        catalogue: Arc<Catalogue>,
        runbooks: &Runbooks,
    ) -> Self {
        let runbooks = runbooks.all().map(|runbook| runbook.failure_type.clone());
        let mut failure_types: Vec<String> = runbooks.collect();
        let rules = parts.classifier.rules().into_iter();
        failure_types.extend(rules.map(|rule| rule.failure_type));
        failure_types.sort();
        failure_types.dedup();
        Self {
            pairs: pairs(&catalogue),
            parts,
            catalogue,
            failure_types,
            kept: Mutex::new(None),
        }
    }

    /// The directory as of now, in ms, or of at most a minute ago.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn directory(&self, now_ms: i64) -> Result<Arc<Directory>, StoreError> {
        if let Some((made_ms, kept)) = self.kept.lock().as_ref()
            && (0..KEPT_MS).contains(&(now_ms - made_ms))
        {
            return Ok(kept.clone());
        }
        let mut names = Names::default();
        let stored = self.add_lines(&mut names).await?;
        self.add_series(&mut names, now_ms).await?;
        self.add_alerts(&mut names).await?;
        let mut made = names.directory(self.failure_types.clone());
        made.stored = stored;
        let made = Arc::new(made);
        *self.kept.lock() = Some((now_ms, made.clone()));
        Ok(made)
    }

    /// Sources (with the times of their first and last line, which are returned) and hosts, and what the newest lines and the examples of templates say of themselves.
    async fn add_lines(&self, names: &mut Names) -> Result<Vec<(String, i64, i64)>, StoreError> {
        let mut stored = Vec::new();
        for source in self.parts.logs.stats().await?.sources {
            let (first, last) = (source.first_seen.millis(), source.last_seen.millis());
            stored.push((source.source.to_string(), first, last));
            names.add(&source.source, Kind::Source, Place::Lines("source".into()));
            for host in &source.hosts {
                names.add(host, Kind::Host, Place::Lines("host".into()));
            }
        }
        let query = LogQuery::all(TimeRange {
            from: Timestamp::MIN,
            to: Timestamp::MAX,
        });
        let newest = self
            .parts
            .logs
            .search(&query, Order::NewestFirst, None, LINES_MAX)
            .await?;
        for record in &newest.records {
            for (label, value) in &record.attributes {
                if let (Some(kind), Value::Text(value)) =
                    (self.catalogue.kind_of_label(label), value)
                {
                    names.add(value, kind, Place::Lines(label.to_string()));
                }
            }
        }
        let Some(pairs) = &self.pairs else {
            return Ok(stored);
        };
        for summary in self.parts.templates.all().await? {
            for pair in pairs.captures_iter(&summary.example) {
                let (label, value) = (&pair[1], &pair[2]);
                if let Some(kind) = self.catalogue.kind_of_label(label) {
                    names.add(value, kind, Place::Lines(label.to_owned()));
                }
            }
        }
        Ok(stored)
    }

    async fn add_series(&self, names: &mut Names, now_ms: i64) -> Result<(), StoreError> {
        let range = (now_ms - DAY_MS, now_ms);
        for series in self.parts.metrics.series(&[], range, SERIES_MAX).await? {
            let metric = Place::Series(tocsin_domain::metric::NAME_LABEL.into());
            names.add(series.labels.name(), Kind::Metric, metric);
            for (label, value) in series.labels.iter() {
                if let Some(kind) = self.catalogue.kind_of_label(label) {
                    names.add(value, kind, Place::Series(label.to_owned()));
                }
            }
        }
        Ok(())
    }

    async fn add_alerts(&self, names: &mut Names) -> Result<(), StoreError> {
        let newest = self
            .parts
            .alerts
            .alerts(&AlertFilter::default(), None, ALERTS_MAX)
            .await?;
        for alert in newest {
            for (label, value) in alert.labels.iter() {
                let kind = match label {
                    "source" => Some(Kind::Source),
                    _ => self.catalogue.kind_of_label(label),
                };
                if let Some(kind) = kind {
                    names.add(value, kind, Place::Alerts(label.to_owned()));
                }
            }
        }
        Ok(())
    }
}

/// Finds `service=web` and `"service": "web"` in lines.
fn pairs(catalogue: &Catalogue) -> Option<Regex> {
    let labels: Vec<String> = catalogue.labels().map(regex::escape).collect();
    let labels = labels.join("|");
    Regex::new(&format!(
        r#"(?:^|[\s{{,;(])"?({labels})"?\s?[=:]\s?"?([A-Za-z0-9][A-Za-z0-9_./:-]*)"#
    ))
    .ok()
}
