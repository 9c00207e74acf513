//! Nezha: faults injected into two systems of services, with metrics each minute, and for one also traces and logs.
//!
//! The alarm is the injection's time. Looked at are the minute before it (an alarm may be late) and what the
//! case's three minutes of files hold; metrics up to three minutes after the alarm. The baseline is the fault-free
//! minutes for traces and logs, and the half hour before for metrics.

mod files;
mod lines;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, ensure};
use tempfile::TempDir;
use tocsin_rank::{
    Alarm, Config, Edge, Evidence, SeriesWindow, Signal, SignalKind, Span, SpanEvent,
    TemplateCount, TraceWindow, edges_from_spans, rank, series_signal, template_signals,
    trace_signals,
};

use self::files::{Case, Material, Metric};
use super::cases::Judged;

/// How long before the alarm the fault may have begun, and how long after it metrics are read.
const BEFORE_S: i64 = 60;
const AFTER_S: i64 = 180;
/// Values before the window that show where a series was recently.
const RECENT: usize = 2;

/// The folder of all cases, their truth, and the fault-free minutes.
pub(super) struct Corpus {
    folder: PathBuf,
    /// Where the archive was unpacked, if it was; removed at the end.
    _unpacked: Option<TempDir>,
    truth: BTreeMap<String, String>,
    normal: Material,
}

impl Corpus {
    pub(super) fn read(data: &Path) -> anyhow::Result<Self> {
        let truth = data.join("truth.json");
        let truth = fs::read(&truth).with_context(|| truth.display().to_string())?;
        let truth: BTreeMap<String, String> = serde_json::from_slice(&truth)?;
        let first = truth.keys().next().context("`truth.json` names no case")?;
        let unpacked = if data.join(first).is_dir() {
            None
        } else {
            Some(unpack(&data.join("cases.tar.xz"))?)
        };
        let folder = unpacked.as_ref().map_or(data, TempDir::path).to_owned();
        let normal = Material::read(&folder.join("normal"))?;
        Ok(Self {
            folder,
            _unpacked: unpacked,
            truth,
            normal,
        })
    }

    pub(super) fn judge(&self, late_s: i64, config: &Config) -> anyhow::Result<Vec<Judged>> {
        let judged = self.truth.iter().map(|(name, truth)| {
            let begun = Instant::now();
            let case = Case::read(&self.folder.join(name))?;
            let alarm = Alarm {
                entity: None,
                kind: None,
                at_ms: (case.inject_s + late_s) * 1000,
            };
            let (signals, edges) = self.signals(&case, &alarm);
            let evidence = Evidence {
                alarm: &alarm,
                signals: &signals,
                edges: &edges,
                changes: &[],
                past: &[],
            };
            let ranking = rank(&evidence, config);
            Ok(Judged {
                name: name.clone(),
                part: case.system,
                truth: truth.clone(),
                ranking,
                signals,
                seconds: begun.elapsed().as_secs_f64(),
            })
        });
        judged.collect()
    }

    fn signals(&self, case: &Case, alarm: &Alarm) -> (Vec<Signal>, Vec<Edge>) {
        let from_ms = alarm.at_ms - BEFORE_S * 1000;
        let mut signals = metric_signals(&case.metrics, alarm.at_ms / 1000);
        let normal = Traces::of(&self.normal, i64::MIN);
        let seen = Traces::of(&case.material, from_ms);
        let mut edges = edges_from_spans(&seen.spans);
        if !seen.spans.is_empty() {
            signals.extend(trace_signals(&normal.window(), &seen.window()));
            edges.extend(edges_from_spans(&normal.spans));
            edges.sort_by(|a, b| (&a.caller, &a.callee).cmp(&(&b.caller, &b.callee)));
            edges.dedup();
            let roots = |spans: &[Span<'_>]| {
                spans.iter().filter(|s| s.parent.is_none()).count().max(1) as f64
            };
            let exposure = roots(&seen.spans) / roots(&normal.spans);
            let counts = counts(&self.normal, &case.material, from_ms);
            signals.extend(template_signals(&counts, exposure));
        }
        (signals, edges)
    }
}

fn unpack(archive: &Path) -> anyhow::Result<TempDir> {
    let folder = tempfile::tempdir()?;
    let status = Command::new("tar")
        .arg("-xJf")
        .arg(archive)
        .arg("-C")
        .arg(folder.path())
        .status()
        .context("`tar` cannot be run")?;
    ensure!(
        status.success(),
        "`tar` cannot unpack `{}`",
        archive.display()
    );
    Ok(folder)
}

/// Spans and events as the ranker reads them.
struct Traces<'a> {
    spans: Vec<Span<'a>>,
    events: Vec<SpanEvent<'a>>,
}

impl<'a> Traces<'a> {
    fn of(material: &'a Material, from_ms: i64) -> Self {
        let spans = material
            .spans
            .iter()
            .filter(|s| s.start_us / 1000 >= from_ms);
        let lines = material.lines.iter().filter(|line| line.at_ms >= from_ms);
        Self {
            spans: spans
                .map(|span| Span {
                    id: span.id,
                    parent: span.parent,
                    entity: &span.entity,
                    operation: &span.operation,
                    start_us: span.start_us,
                    end_us: span.end_us,
                    failed: false,
                })
                .collect(),
            events: lines
                .map(|line| SpanEvent {
                    span: line.span,
                    what: &line.template,
                })
                .collect(),
        }
    }

    fn window(&self) -> TraceWindow<'_> {
        TraceWindow {
            spans: &self.spans,
            events: &self.events,
        }
    }
}

fn counts<'a>(normal: &'a Material, seen: &'a Material, from_ms: i64) -> Vec<TemplateCount<'a>> {
    let mut counts: BTreeMap<(&str, &str), TemplateCount<'a>> = BTreeMap::new();
    let before = normal.lines.iter().map(|line| (line, 0));
    let now = seen
        .lines
        .iter()
        .filter(|line| line.at_ms >= from_ms)
        .map(|line| (line, 1));
    for (line, window) in before.chain(now) {
        let count = counts
            .entry((&line.entity, &line.template))
            .or_insert(TemplateCount {
                entity: &line.entity,
                what: &line.template,
                severe: line.severe,
                baseline: 0,
                window: 0,
                first_ms: from_ms,
            });
        if window == 1 && (count.window == 0 || line.at_ms < count.first_ms) {
            count.first_ms = line.at_ms;
        }
        count.window += window;
        count.baseline += 1 - window;
    }
    counts.into_values().collect()
}

fn metric_signals(metrics: &[Metric], alarm_s: i64) -> Vec<Signal> {
    let (from, until) = (alarm_s - BEFORE_S, alarm_s + AFTER_S);
    let signals = metrics.iter().filter_map(|metric| {
        let kind = kind(&metric.name)?;
        let before: Vec<f64> = metric
            .values
            .iter()
            .filter(|v| v.0 < from)
            .map(|v| v.1)
            .collect();
        let window: Vec<(i64, f64)> = metric
            .values
            .iter()
            .filter(|v| v.0 >= from && v.0 <= until)
            .map(|v| (v.0 * 1000, v.1))
            .collect();
        series_signal(&SeriesWindow {
            entity: &metric.entity,
            what: &metric.name,
            kind,
            baseline: &before,
            recent: &before[before.len().saturating_sub(RECENT)..],
            window: &window,
        })
    });
    signals.collect()
}

/// What a column measures; none for the machine's, which many entities share.
fn kind(column: &str) -> Option<SignalKind> {
    match column {
        "Time" | "TimeStamp" | "PodName" => None,
        c if c.starts_with("Node") => None,
        "CpuUsageRate(%)" | "MemoryUsageRate(%)" => Some(SignalKind::Resource),
        c if c.contains("Latency") => Some(SignalKind::Latency),
        c if c.contains("SuccessRate") => Some(SignalKind::Availability),
        c if c.starts_with("Network") || c.contains("Workload") => Some(SignalKind::Traffic),
        _ => Some(SignalKind::Other),
    }
}
