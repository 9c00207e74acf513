//! What the values of series say against their past. Pure.
//!
//! Values are brought into the form that `ml/rank` compares: counters as rates, failures as counts, the use of
//! resources in percent of their limit or, where none is known, of what is usual.

use std::collections::BTreeMap;

use tocsin_domain::ports::SeriesSamples;
use tocsin_domain::{Labels, MetricKind};
use tocsin_rank::{
    Direction, SeriesWindow, Signal, SignalKind, TemplateCount, series_signal, template_signals,
};

use super::departure::{apart, began_ms};
use super::values::{Grid, increases, levels, memory, quantile, rates, shares};
use super::{Proof, Seen, ValueProof, ValueSaid};
use crate::conventions::{Conventions, Measure, Reads};
use crate::root_cause::window::Window;

/// Values before the window that are needed to say what is usual.
const BEFORE_MIN: usize = 5;
/// The last values before the window: what had moved by then is not today's trouble.
const RECENT: usize = 10;
/// Two names of one thing: what is left of it, and all of it.
const LIMITS: [(&str, &str); 8] = [
    ("_avail_bytes", "_size_bytes"),
    ("_free_bytes", "_size_bytes"),
    ("_available_bytes", "_total_bytes"),
    ("_MemAvailable_bytes", "_MemTotal_bytes"),
    ("_MemFree_bytes", "_MemTotal_bytes"),
    ("_files_free", "_files"),
    ("_free", "_total"),
    ("_available", "_total"),
];
/// Two names of which the first grows with the use of the second.
const CAPACITIES: [(&str, &str); 6] = [
    ("_used_bytes", "_total_bytes"),
    ("_used_bytes", "_size_bytes"),
    ("_open_fds", "_max_fds"),
    ("_usage_bytes", "_limit_bytes"),
    ("_used", "_total"),
    ("_active", "_max"),
];

/// Judges all series of a window.
pub(super) struct Judge<'a> {
    conventions: &'a Conventions,
    readings: &'a [SeriesSamples],
    by_labels: BTreeMap<&'a Labels, &'a SeriesSamples>,
    window: Window,
    grid: Grid,
}

/// A series as it is compared.
struct Compared {
    kind: SignalKind,
    /// As they are compared.
    values: Vec<f64>,
    /// As they are shown.
    shown: Vec<f64>,
    query: String,
    name: String,
    unit: String,
}

impl<'a> Judge<'a> {
    pub(super) fn new(
        conventions: &'a Conventions,
        readings: &'a [SeriesSamples],
        window: Window,
    ) -> Self {
        Self {
            conventions,
            by_labels: readings
                .iter()
                .map(|one| (&one.series.labels, one))
                .collect(),
            readings,
            window,
            grid: Grid::of(&window),
        }
    }

    /// Whether any series has enough values before the window.
    pub(super) fn has_past(&self) -> bool {
        let from_ms = self.window.from_ms;
        self.readings.iter().any(|one| {
            let points = one.samples.iter().filter(|sample| sample.at_ms < from_ms);
            points.count() + one.buckets.len() >= BEFORE_MIN
        })
    }

    /// The departures, in the order of the series.
    pub(super) fn seen(&self) -> Vec<Seen> {
        self.readings
            .iter()
            .filter_map(|one| self.see(one))
            .collect()
    }

    fn see(&self, one: &SeriesSamples) -> Option<Seen> {
        let labels = &one.series.labels;
        let measure = self.conventions.measure(labels)?;
        let entity = self.conventions.of_series(labels)?.entity;
        let is_counter = one.series.kind.or_by_name(labels.name()) == MetricKind::Counter;
        if measure.kind == SignalKind::Errors && is_counter {
            return self.counted(one, entity);
        }
        let compared = self.compared(one, measure, is_counter)?;
        let (baseline, within) = compared.values.split_at_checked(self.grid.before)?;
        let points: Vec<(i64, f64)> = within
            .iter()
            .enumerate()
            .map(|(step, value)| (self.grid.at_ms(self.grid.before + step), *value))
            .collect();
        let what = one.series.id.to_string();
        let signal_of = |window: &[(i64, f64)]| {
            series_signal(&SeriesWindow {
                entity: &entity,
                what: &what,
                kind: compared.kind,
                baseline,
                recent: baseline
                    .get(baseline.len().saturating_sub(RECENT)..)
                    .unwrap_or_default(),
                window,
            })
        };
        let mut signal = signal_of(&apart(&points, memory(baseline)))?;
        signal.onset_ms = began_ms(baseline, &points, signal.direction).unwrap_or(signal.onset_ms);
        let said = self.said(&compared, &signal)?;
        Some(Seen {
            signal,
            proof: Proof::Values(ValueProof {
                query: compared.query,
                name: compared.name,
                unit: compared.unit,
                said,
            }),
        })
    }

    /// What people are told of a departure: what was usual, and the value furthest from it.
    fn said(&self, compared: &Compared, signal: &Signal) -> Option<ValueSaid> {
        let (before, within) = compared.shown.split_at_checked(self.grid.before)?;
        let usual = quantile(before, 0.5)?;
        if signal.direction == Direction::Vanished {
            return Some(ValueSaid::Stopped { usual });
        }
        let begin_ms = signal.onset_ms;
        let since = within.iter().enumerate().filter(|(step, value)| {
            value.is_finite() && self.grid.at_ms(self.grid.before + step) >= begin_ms
        });
        let furthest = since.max_by(|a, b| {
            let (a, b) = ((a.1 - usual).abs(), (b.1 - usual).abs());
            a.total_cmp(&b)
        });
        let worst = furthest.map(|(_, value)| *value)?;
        Some(ValueSaid::Moved { usual, worst })
    }

    fn compared(
        &self,
        one: &SeriesSamples,
        measure: Measure,
        is_counter: bool,
    ) -> Option<Compared> {
        let labels = &one.series.labels;
        let name = labels.name();
        let selector = labels.to_string();
        let raw = if is_counter {
            rates(one, &self.grid)
        } else {
            levels(one, &self.grid)
        };
        let plain = |kind: SignalKind, values: Vec<f64>| Compared {
            kind,
            values,
            shown: raw.clone(),
            query: if is_counter {
                format!("rate({selector}[2m])")
            } else {
                selector.clone()
            },
            name: shown_name(self.conventions, labels),
            unit: unit(name, is_counter),
        };
        match measure.kind {
            SignalKind::Latency if name.ends_with("_sum") => self.mean_latency(one),
            SignalKind::Latency if name.ends_with("_count") => {
                Some(plain(SignalKind::Traffic, raw.clone()))
            }
            SignalKind::Latency if is_counter => Some(plain(SignalKind::Other, raw.clone())),
            SignalKind::Resource => {
                let values = self.in_percent(one, measure.reads, &raw, is_counter)?;
                Some(plain(SignalKind::Resource, values))
            }
            kind => Some(plain(kind, raw.clone())),
        }
    }

    /// The mean of a histogram or summary: its sum by its count.
    fn mean_latency(&self, one: &SeriesSamples) -> Option<Compared> {
        let labels = &one.series.labels;
        let base = labels.name().strip_suffix("_sum")?;
        let count = self.sibling(labels, &format!("{base}_count"))?;
        let values = shares(&rates(one, &self.grid), &rates(count, &self.grid));
        let named = renamed(labels, base)?;
        Some(Compared {
            kind: SignalKind::Latency,
            shown: values.clone(),
            values,
            query: format!("rate({labels}[2m]) / rate({}[2m])", count.series.labels),
            name: format!("the mean of {}", shown_name(self.conventions, &named)),
            unit: unit(base, false),
        })
    }

    /// The use of a resource in percent: of its limit, or else of what is usual. None if that cannot be said.
    fn in_percent(
        &self,
        one: &SeriesSamples,
        reads: Reads,
        raw: &[f64],
        is_counter: bool,
    ) -> Option<Vec<f64>> {
        let labels = &one.series.labels;
        let most = quantile(raw, 1.0)?;
        let scaled = |by: f64| raw.iter().map(|value| value * by).collect::<Vec<f64>>();
        match reads {
            Reads::Share if is_counter || most <= 1.5 => Some(scaled(100.0)),
            Reads::Share => Some(raw.to_vec()),
            Reads::Used => {
                if let Some(limit) = self.limit(labels, &CAPACITIES) {
                    return Some(scaled(100.0 / limit));
                }
                let before = raw.get(..self.grid.before)?;
                // What is next to nothing is not doubled by next to nothing.
                let usual = quantile(before, 0.5).filter(|usual| *usual > 0.0);
                let usual = usual.or_else(|| quantile(before, 0.99)).unwrap_or(1.0);
                Some(scaled(
                    100.0 / usual.max(if most > 1.5 { 1.0 } else { 1e-9 }),
                ))
            }
            Reads::Free => {
                let known = self.limit(labels, &LIMITS).or(is_counter.then_some(1.0));
                let limit = known.unwrap_or(most);
                let used = |value: &f64| 100.0 * (1.0 - value / limit);
                (limit > 0.0).then(|| raw.iter().map(used).collect())
            }
        }
    }

    /// The latest value of the series that says how much there is at all.
    fn limit(&self, labels: &Labels, names: &[(&str, &str)]) -> Option<f64> {
        let name = labels.name();
        let limits = names.iter().filter_map(|(part, whole)| {
            let base = name.strip_suffix(part)?;
            let limit = self.sibling(labels, &format!("{base}{whole}"))?;
            limit
                .samples
                .iter()
                .rev()
                .map(|s| s.value)
                .find(|v| v.is_finite() && *v > 0.0)
        });
        limits.into_iter().next()
    }

    /// The series with the same labels under another name.
    fn sibling(&self, labels: &Labels, name: &str) -> Option<&'a SeriesSamples> {
        self.by_labels.get(&renamed(labels, name)?).copied()
    }

    /// Failures are counted, as lines are.
    fn counted(&self, one: &SeriesSamples, entity: String) -> Option<Seen> {
        let grown = increases(one, &self.grid);
        let (before, within) = grown.split_at_checked(self.grid.before)?;
        let stretches = before.chunks(self.grid.within.max(1));
        let fullest = stretches
            .map(|stretch| stretch.iter().sum::<f64>())
            .fold(0.0, f64::max);
        let stretches = before.len() as f64 / self.grid.within.max(1) as f64;
        let usual = fullest * stretches;
        let (sum_before, sum_now) = (before.iter().sum::<f64>(), within.iter().sum::<f64>());
        let many = (3.0 * usual / (stretches * within.len() as f64).max(1.0)).max(0.5);
        let first = within.iter().position(|grown| *grown >= many);
        let first = first.or_else(|| within.iter().position(|grown| *grown > 0.0))?;
        let what = one.series.id.to_string();
        let count = TemplateCount {
            entity: &entity,
            what: &what,
            severe: true,
            baseline: usual.round() as u64,
            window: sum_now.round() as u64,
            first_ms: self.grid.at_ms(self.grid.before + first),
        };
        let signal = template_signals(&[count], 1.0 / stretches.max(1.0))
            .into_iter()
            .next()?;
        let labels = &one.series.labels;
        Some(Seen {
            signal,
            proof: Proof::Values(ValueProof {
                query: format!("increase({labels}[2m])"),
                name: shown_name(self.conventions, labels),
                unit: String::new(),
                said: ValueSaid::Counted {
                    before: sum_before.round(),
                    now: sum_now.round(),
                },
            }),
        })
    }
}

/// The same labels under another name.
fn renamed(labels: &Labels, name: &str) -> Option<Labels> {
    let others = labels.iter().filter(|(label, _)| *label != "__name__");
    Labels::new(others.chain([("__name__", name)])).ok()
}

/// A series for people: its name, and the labels that do not say whose it is.
fn shown_name(conventions: &Conventions, labels: &Labels) -> String {
    let is_owner = |label: &str| {
        conventions
            .entity_labels()
            .iter()
            .any(|known| known == label)
    };
    let others = labels
        .iter()
        .filter(|(label, _)| *label != "__name__" && !is_owner(label));
    let others: Vec<String> = others
        .map(|(label, value)| format!("{label}={value:?}"))
        .collect();
    if others.is_empty() {
        labels.name().to_owned()
    } else {
        format!("{}{{{}}}", labels.name(), others.join(","))
    }
}

/// The unit of a series by its name, as Prometheus advises.
fn unit(name: &str, is_counter: bool) -> String {
    let name = name.strip_suffix("_total").unwrap_or(name);
    let last = name.rsplit('_').next().unwrap_or_default();
    let unit = match last {
        "seconds" | "secs" => " s",
        "milliseconds" | "millis" | "ms" => " ms",
        "bytes" => " bytes",
        "percent" | "percentage" | "pct" => " %",
        _ => "",
    };
    if is_counter && unit != " s" {
        format!("{unit} per second")
    } else {
        unit.to_owned()
    }
}
