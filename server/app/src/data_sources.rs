//! The sources of records as one process sees them: what came, and what cannot be read.

use std::collections::BTreeMap;
use std::sync::Arc;

use tocsin_domain::Timestamp;
use tocsin_domain::ports::server_status::{DataSource, DataSourceStatus};
use tocsin_ingest::file_tail::{FileState, StatusBoard};
use tocsin_ingest::metrics::scrape::{ScrapeBoard, ScrapeState};

use crate::sources::{self, Sources};

/// A source that brought a record within so many seconds is being read.
const READING_SECS: i64 = 60;

/// The sources of this process since its start.
#[derive(Clone)]
pub(crate) struct DataSources {
    pub(crate) logs: Arc<Sources>,
    pub(crate) points: Arc<Sources>,
    pub(crate) files: StatusBoard,
    pub(crate) scrape: ScrapeBoard,
}

impl DataSources {
    /// All of them, by name.
    pub(crate) fn at(&self, now: Timestamp) -> BTreeMap<String, DataSource> {
        let logs = self.logs.snapshot().into_iter();
        let logs = logs.map(|(name, counts)| (sources::kind(&name), name, counts));
        let points = self.points.snapshot().into_iter();
        let points = points.map(|(name, counts)| (sources::metric_kind(&name), name, counts));
        let mut all: BTreeMap<String, DataSource> = points
            .chain(logs)
            .map(|(kind, name, counts)| {
                let is_recent = now.0 - counts.last_seen.0 < READING_SECS * 1_000_000_000;
                let source = DataSource {
                    name: name.to_string(),
                    kind: kind.into(),
                    status: if is_recent {
                        DataSourceStatus::Reading
                    } else {
                        DataSourceStatus::Waiting
                    },
                    detail: String::new(),
                    records: counts.records,
                    records_per_second: counts.rate(now),
                    last_record_at: Some(counts.last_seen),
                    issues: counts.issues(),
                    first_seen: Some(counts.first_seen),
                };
                (source.name.clone(), source)
            })
            .collect();
        self.add_files(&mut all);
        self.add_targets(&mut all);
        all
    }

    /// Targets are listed also when they brought nothing, above all when they are down.
    fn add_targets(&self, all: &mut BTreeMap<String, DataSource>) {
        for target in self.scrape.snapshot() {
            let name = target.source.to_string();
            let source = all
                .entry(name.clone())
                .or_insert_with(|| blank(name, "scrape"));
            if target.state == ScrapeState::Down {
                source.status = DataSourceStatus::Error;
                source.detail = format!("{}: {}", target.target, target.detail);
            }
        }
    }

    /// Files are listed also when they brought nothing, above all when they cannot be read.
    fn add_files(&self, all: &mut BTreeMap<String, DataSource>) {
        for file in self.files.snapshot() {
            let name = file.source.to_string();
            let source = all
                .entry(name.clone())
                .or_insert_with(|| blank(name, "file"));
            source.detail = file.detail;
            match file.state {
                FileState::Error => source.status = DataSourceStatus::Error,
                FileState::Reading => source.status = DataSourceStatus::Reading,
                FileState::Waiting => {}
            }
        }
    }
}

/// A source of which nothing is known but its name.
pub(crate) fn blank(name: String, kind: &str) -> DataSource {
    DataSource {
        name,
        kind: kind.into(),
        status: DataSourceStatus::Waiting,
        detail: String::new(),
        records: 0,
        records_per_second: 0.0,
        last_record_at: None,
        issues: Vec::new(),
        first_seen: None,
    }
}

/// Adds what another process sees of the sources: what came adds up, and trouble anywhere is trouble.
pub(crate) fn add(all: &mut BTreeMap<String, DataSource>, other: DataSource) {
    let Some(known) = all.get_mut(&other.name) else {
        all.insert(other.name.clone(), other);
        return;
    };
    let rank = |status: DataSourceStatus| match status {
        DataSourceStatus::Error => 2,
        DataSourceStatus::Reading => 1,
        DataSourceStatus::Waiting => 0,
    };
    if rank(other.status) > rank(known.status) {
        known.status = other.status;
        known.detail = other.detail;
    }
    known.records += other.records;
    known.records_per_second += other.records_per_second;
    known.last_record_at = known.last_record_at.max(other.last_record_at);
    let firsts = [known.first_seen, other.first_seen];
    known.first_seen = firsts.into_iter().flatten().min();
    for (issue, more) in other.issues {
        match known.issues.iter_mut().find(|(name, _)| *name == issue) {
            Some((_, count)) => *count += more,
            None => known.issues.push((issue, more)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_several_processes_saw_of_a_source_adds_up() {
        let seen = |records, status, first, issue: &str| DataSource {
            records,
            records_per_second: 1.5,
            status,
            first_seen: Some(Timestamp(first)),
            last_record_at: Some(Timestamp(first + 10)),
            issues: vec![(issue.to_owned(), records)],
            detail: format!("{records}"),
            ..blank("shop".into(), "http")
        };
        let mut all = BTreeMap::new();
        add(
            &mut all,
            seen(3, DataSourceStatus::Reading, 50, "truncated"),
        );
        add(&mut all, seen(4, DataSourceStatus::Error, 20, "truncated"));
        add(
            &mut all,
            seen(5, DataSourceStatus::Waiting, 70, "timestamp_missing"),
        );
        let shop = &all["shop"];
        assert_eq!(shop.records, 12);
        assert!((shop.records_per_second - 4.5).abs() < 1e-9);
        assert_eq!(shop.status, DataSourceStatus::Error);
        assert_eq!(shop.detail, "4");
        assert_eq!(shop.first_seen, Some(Timestamp(20)));
        assert_eq!(shop.last_record_at, Some(Timestamp(80)));
        let issues = [
            ("truncated".to_owned(), 7),
            ("timestamp_missing".to_owned(), 5),
        ];
        assert_eq!(shop.issues, issues);
    }
}
