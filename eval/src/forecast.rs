//! The suite `forecast`: point forecasts, intervals and crossings of a threshold on M4's hourly and
//! weekly series, scored as `score_forecast.py` and `score_crossing.py` do. Of each series only the
//! history and the sampling interval are told; one configuration for every series.

mod data;
mod output;
mod score;

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Serialize;
use tocsin_forecast::{Forecast, ForecastSpec, forecast};

use data::{Case, Group};
use score::{Accuracy, Crossing};

pub(crate) use output::table;

/// What the suite prints.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Report {
    /// Hourly series, 48 steps ahead.
    pub hourly: Accuracy,
    /// Weekly series, 13 steps ahead.
    pub weekly: Accuracy,
    /// Cases of a threshold.
    pub crossing: Crossings,
}

/// Crossings of a threshold by group.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Crossings {
    /// Hourly series.
    pub hourly: Crossing,
    /// Weekly series.
    pub weekly: Crossing,
}

/// A group of M4 and what is published about it.
#[derive(Debug, Clone, Copy)]
struct Set {
    name: &'static str,
    interval_secs: u64,
    horizon: usize,
    /// Season of the scaled error, as in M4.
    scaling_lag: usize,
    /// sMAPE and MASE of Naive2 over the whole group, for OWA.
    naive2: (f64, f64),
}

const HOURLY: Set = Set {
    name: "Hourly",
    interval_secs: 3600,
    horizon: 48,
    scaling_lag: 24,
    naive2: (18.383, 2.395),
};
const WEEKLY: Set = Set {
    name: "Weekly",
    interval_secs: 7 * 86_400,
    horizon: 13,
    scaling_lag: 1,
    naive2: (9.161, 2.777),
};

/// Scores both groups below `data`. With `predictions`, also writes what was predicted to that
/// folder, in the form the scorers read.
///
/// # Errors
/// When a file of a group is missing or cannot be read, or a series cannot be forecast.
pub(crate) fn run(data: &Path, predictions: Option<&Path>) -> Result<Report> {
    let (hourly, hourly_crossing) = measure(HOURLY, data, predictions)?;
    let (weekly, weekly_crossing) = measure(WEEKLY, data, predictions)?;
    Ok(Report {
        hourly,
        weekly,
        crossing: Crossings {
            hourly: hourly_crossing,
            weekly: weekly_crossing,
        },
    })
}

fn measure(set: Set, data: &Path, predictions: Option<&Path>) -> Result<(Accuracy, Crossing)> {
    let group = data::read(data, set.name).with_context(|| format!("group {}", set.name))?;
    ensure!(!group.series.is_empty(), "group {} is empty", set.name);
    let spec = ForecastSpec::new(set.horizon).with_interval_secs(set.interval_secs);
    let start = cpu_seconds();
    let forecasts = group
        .series
        .iter()
        .map(|s| forecast(&s.history, &spec).with_context(|| s.id.clone()))
        .collect::<Result<Vec<Forecast>>>()?;
    let spent = cpu_seconds() - start;
    let mut accuracy = score::accuracy(set, &group, &forecasts);
    accuracy.series_per_cpu_second = group.series.len() as f64 / spent.max(0.01);
    let steps = crossing_steps(&group, &forecasts);
    if let Some(folder) = predictions {
        output::write(folder, set.name, &group, (&forecasts, &steps))?;
    }
    Ok((accuracy, score::crossing(&group.cases, &steps)))
}

/// For every case the step at which its capacity is expected to be reached, if at all: the middle
/// one when it is more likely than not.
fn crossing_steps(group: &Group, forecasts: &[Forecast]) -> Vec<Option<usize>> {
    let expected = |case: &Case| {
        let index = group.series.iter().position(|s| s.id == case.id)?;
        let crossing = forecasts.get(index)?.crossing(case.capacity, false);
        (crossing.probability >= 0.5)
            .then_some(crossing.median_step)
            .flatten()
    };
    group.cases.iter().map(expected).collect()
}

/// CPU time of this process so far, in seconds (ticks of 10 ms); 0 where `/proc` is missing.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks: u64 = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|f| f.parse::<u64>().ok())
        .sum();
    ticks as f64 / 100.0
}
