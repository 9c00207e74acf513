//! PetShop: metrics of a call graph's nodes every five minutes, 26 issues and two normal days.
//!
//! A value's time is the begin of its five minutes. Looked at are the interval in which the alarm is raised
//! and the one that follows, so a report is complete ten minutes after the alarm; what is before them in
//! the issue's file shows where the series were recently. (The published baselines take the whole file of
//! the issue, up to fifteen minutes after the alarm, as abnormal.) The baseline is `noissue`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, ensure};
use serde::Deserialize;
use tocsin_rank::{
    Alarm, Config, Edge, Evidence, Ranking, SeriesWindow, Signal, SignalKind, Verdict, rank,
    series_signal,
};

use super::cases::Judged;

const INTERVAL_S: i64 = 300;
/// Rows from one window of normal times to the next, and rows of a window.
const NORMAL_STEP: usize = 4;
const WINDOW_ROWS: usize = 2;

/// Node, metric and statistic of a column.
type Column = (String, String, String);

/// A table of values by time.
struct Table {
    columns: BTreeMap<Column, Vec<f64>>,
    times: Vec<i64>,
}

#[derive(Deserialize)]
struct Target {
    target: TargetMetric,
    root_cause: RootCause,
}

#[derive(Deserialize, Clone)]
struct TargetMetric {
    node: String,
    metric: String,
    timestamp: i64,
}

#[derive(Deserialize)]
struct RootCause {
    node: String,
}

struct Issue {
    name: String,
    target: Target,
    table: Table,
}

/// One scenario: its graph, its normal times and its issues.
pub(super) struct Scenario {
    edges: Vec<Edge>,
    normal: Table,
    issues: Vec<Issue>,
}

impl Scenario {
    pub(super) fn read(folder: &Path, graph: bool) -> anyhow::Result<Self> {
        let edges = if graph {
            edges(&folder.join("graph.csv"))?
        } else {
            Vec::new()
        };
        let normal = Table::read(&folder.join("noissue/metrics.csv"))?;
        let mut issues = Vec::new();
        for split in ["test", "train"] {
            let split_folder = folder.join(split);
            if !split_folder.is_dir() {
                continue;
            }
            for entry in fs::read_dir(&split_folder)? {
                let path = entry?.path();
                if !path.join("target.json").is_file() {
                    continue;
                }
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                issues.push(Issue {
                    name: format!("{split}/{name}"),
                    target: serde_json::from_slice(&fs::read(path.join("target.json"))?)?,
                    table: Table::read(&path.join("metrics.csv"))?,
                });
            }
        }
        ensure!(
            !issues.is_empty(),
            "there is no issue in `{}`",
            folder.display()
        );
        issues.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Self {
            edges,
            normal,
            issues,
        })
    }

    pub(super) fn judge(&self, late_s: i64, config: &Config) -> Vec<Judged> {
        let judged = self.issues.iter().map(|issue| {
            let begun = Instant::now();
            let at_s = issue.target.target.timestamp + late_s;
            let from = issue
                .table
                .times
                .partition_point(|t| *t <= at_s - INTERVAL_S);
            let until = issue
                .table
                .times
                .partition_point(|t| *t < at_s + INTERVAL_S);
            let signals = signals(
                &self.normal,
                self.normal.times.len(),
                &issue.table,
                from..until,
            );
            Judged {
                name: issue.name.clone(),
                part: String::new(),
                truth: issue.target.root_cause.node.clone(),
                ranking: self.rank(&issue.target.target, at_s, &signals, config),
                signals,
                seconds: begun.elapsed().as_secs_f64(),
            }
        });
        judged.collect()
    }

    /// Share of windows of the second half of the normal times in which no cause is named, when
    /// each of the issues' targets is alarmed; the baseline is what came before.
    pub(super) fn specificity(&self, config: &Config) -> f64 {
        let mut targets: BTreeMap<(&str, &str), &TargetMetric> = BTreeMap::new();
        for issue in &self.issues {
            let target = &issue.target.target;
            targets.insert((&target.node, &target.metric), target);
        }
        let rows = self.normal.times.len();
        let (mut silent, mut all) = (0_u32, 0_u32);
        for at in (rows / 2..rows.saturating_sub(WINDOW_ROWS)).step_by(NORMAL_STEP) {
            let signals = signals(
                &self.normal,
                at - WINDOW_ROWS,
                &self.normal,
                at..at + WINDOW_ROWS,
            );
            for target in targets.values() {
                let ranking = self.rank(target, self.normal.times[at], &signals, config);
                silent += u32::from(ranking.verdict != Verdict::Found);
                all += 1;
            }
        }
        f64::from(silent) / f64::from(all.max(1))
    }

    fn rank(
        &self,
        target: &TargetMetric,
        at_s: i64,
        signals: &[Signal],
        config: &Config,
    ) -> Ranking {
        let alarm = Alarm {
            entity: Some(target.node.clone()),
            kind: Some(kind(&target.metric)),
            at_ms: at_s * 1000,
        };
        let evidence = Evidence {
            alarm: &alarm,
            signals,
            edges: &self.edges,
            changes: &[],
            past: &[],
        };
        rank(&evidence, config)
    }
}

/// The departures of rows `window` of `table` from the first rows of `normal`.
fn signals(
    normal: &Table,
    normal_rows: usize,
    table: &Table,
    window: std::ops::Range<usize>,
) -> Vec<Signal> {
    let columns = table.columns.iter().filter_map(|(column, values)| {
        let baseline = normal.columns.get(column)?.get(..normal_rows)?;
        let recent_from = window.start.saturating_sub(WINDOW_ROWS);
        let seen: Vec<(i64, f64)> = window
            .clone()
            .map(|row| (table.times[row] * 1000, values[row]))
            .collect();
        series_signal(&SeriesWindow {
            entity: &column.0,
            what: &format!("{} {}", column.1, column.2),
            kind: kind(&column.1),
            baseline,
            recent: &values[recent_from..window.start],
            window: &seen,
        })
    });
    columns.collect()
}

fn kind(metric: &str) -> SignalKind {
    match metric {
        "latency" => SignalKind::Latency,
        "availability" => SignalKind::Availability,
        "requests" => SignalKind::Traffic,
        _ => SignalKind::Other,
    }
}

impl Table {
    fn read(path: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let mut lines = text.lines();
        let mut head = || lines.next().unwrap_or_default().split(',').skip(1);
        let (nodes, metrics, statistics) = (head(), head(), head());
        let names: Vec<Column> = nodes
            .zip(metrics)
            .zip(statistics)
            .map(|((node, metric), statistic)| {
                (node.to_owned(), metric.to_owned(), statistic.to_owned())
            })
            .collect();
        let mut table = Self {
            columns: BTreeMap::new(),
            times: Vec::new(),
        };
        let mut values = vec![Vec::new(); names.len()];
        for line in lines {
            let mut cells = line.split(',');
            // The line with the index's name has no time.
            let Some(at) = cells.next().and_then(|cell| cell.parse::<f64>().ok()) else {
                continue;
            };
            table.times.push(at as i64);
            for column in &mut values {
                let cell = cells.next().and_then(|cell| cell.parse().ok());
                column.push(cell.unwrap_or(f64::NAN));
            }
        }
        table.columns = names.into_iter().zip(values).collect();
        Ok(table)
    }
}

fn edges(path: &Path) -> anyhow::Result<Vec<Edge>> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let mut lines = text.lines();
    let callees: Vec<&str> = lines
        .next()
        .unwrap_or_default()
        .split(',')
        .skip(1)
        .collect();
    let mut out = Vec::new();
    for line in lines {
        let mut cells = line.split(',');
        let caller = cells.next().unwrap_or_default();
        for (callee, cell) in callees.iter().zip(cells) {
            if cell.parse::<f64>().is_ok_and(|weight| weight > 0.0) {
                out.push(Edge {
                    caller: caller.to_owned(),
                    callee: (*callee).to_owned(),
                    weight: 1.0,
                });
            }
        }
    }
    Ok(out)
}
