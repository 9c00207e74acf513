//! The score of the Numenta Anomaly Benchmark, v1.1 (Lavin and Ahmad 2015, "Evaluating Real-Time
//! Anomaly Detection Algorithms"), equal to `nab_score.py`.
//!
//! A window hit earns more the earlier it is hit, once; a row at or above the threshold outside the windows
//! costs, less so soon after a window; a window missed costs one. The first 15 % of a series
//! do not count. 0 is the score of a detector that never speaks, 100 that of a perfect one.

use std::collections::BTreeMap;

use serde::Serialize;

use super::corpus::Series;

/// Worth of a hit, cost of a false positive, cost of a miss.
type Profile = (f64, f64, f64);
const STANDARD: Profile = (1.0, 0.11, 1.0);
const LOW_FP: Profile = (1.0, 0.22, 1.0);
const LOW_FN: Profile = (1.0, 0.11, 2.0);

/// Scores of the three profiles, at most 100.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Scores {
    /// The standard profile.
    pub(crate) standard: f64,
    /// The profile that punishes false positives twice as much.
    pub(crate) low_fp: f64,
    /// The profile that punishes misses twice as much.
    pub(crate) low_fn: f64,
    /// Scores at or above it count as alarms (of the standard profile).
    pub(crate) threshold: f64,
}

/// What one series adds at the shipped threshold.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct SeriesRow {
    /// Standard profile: what is gained over staying silent, at most twice the number of windows.
    pub(crate) gain: f64,
    /// Windows that count.
    pub(crate) windows: usize,
    /// Of them, hit.
    pub(crate) windows_hit: usize,
    /// Rows outside the windows at or above the threshold.
    pub(crate) false_rows: usize,
}

/// Scores of a corpus.
#[derive(Debug, Serialize)]
pub(crate) struct NabReport {
    /// With the threshold that is best for each profile, fitted on the labels: NAB's rule.
    #[serde(flatten)]
    pub(crate) best: Scores,
    /// With the threshold that Tocsin ships.
    pub(crate) fixed: Scores,
    /// By series, at the shipped threshold.
    pub(crate) series: BTreeMap<String, SeriesRow>,
}

/// A row that counts.
#[derive(Debug, Clone, Copy)]
struct Row {
    score: f64,
    window: Option<usize>,
    /// Relative to the worth of a hit in a window, or to the cost of a false positive.
    position: f64,
}

/// Scores the corpus, with one list of scores in `[0, 1]` a series.
pub(crate) fn score(corpus: &[Series], scores: &[Vec<f64>], shipped: f64) -> NabReport {
    let mut rows = Vec::new();
    let mut windows = 0;
    let mut series = BTreeMap::new();
    for (one, scores) in corpus.iter().zip(scores) {
        let own = counted_rows(one, scores, windows);
        windows += one.windows.len();
        series.insert(one.name.clone(), summary(&own, shipped));
        rows.extend(own);
    }
    rows.sort_by(|a, b| b.score.total_cmp(&a.score));
    let perfect = windows as f64;
    let run = |profile: Profile, threshold: Option<f64>| {
        let sweep = sweep(&rows, profile);
        let null = sweep.first().map_or(0.0, |s| s.1);
        let (at, raw) = match threshold {
            None => best(&sweep),
            Some(t) => (t, sweep.iter().rfind(|s| s.0 >= t).map_or(null, |s| s.1)),
        };
        (100.0 * (raw - null) / (perfect * profile.0 - null), at)
    };
    let all = |threshold| {
        let (standard, at) = run(STANDARD, threshold);
        Scores {
            standard,
            low_fp: run(LOW_FP, threshold).0,
            low_fn: run(LOW_FN, threshold).0,
            threshold: at,
        }
    };
    NabReport {
        best: all(None),
        fixed: all(Some(shipped)),
        series,
    }
}

/// NAB's scaled sigmoid: 1 well inside a window, 0 at its end, -1 far behind it.
fn sigmoid(x: f64) -> f64 {
    if x > 3.0 {
        -1.0
    } else {
        2.0 / (1.0 + (5.0 * x).exp()) - 1.0
    }
}

/// The rows behind the probationary period; windows are numbered from `first_window`.
fn counted_rows(series: &Series, scores: &[f64], first_window: usize) -> Vec<Row> {
    let probation = (0.15 * scores.len() as f64).floor().min(750.0) as usize;
    let best = sigmoid(-1.0);
    let mut rows = Vec::new();
    let mut next = 0;
    let mut behind: Option<(usize, usize)> = None;
    let mut inside: Option<(usize, usize, usize)> = None;
    for (at, score) in scores.iter().enumerate() {
        if inside.is_none()
            && let Some((first, last)) = series.windows.get(next)
            && at == *first
        {
            inside = Some((first_window + next, *last, last - first + 1));
            next += 1;
        }
        let (window, position) = match (inside, behind) {
            (Some((window, last, len)), _) => {
                let x = -((last as f64 - at as f64 + 1.0) / len as f64);
                (Some(window), sigmoid(x) / best)
            }
            (None, Some((last, len))) => (None, sigmoid((at - last) as f64 / (len as f64 - 1.0))),
            (None, None) => (None, -1.0),
        };
        if at >= probation {
            rows.push(Row {
                score: *score,
                window,
                position,
            });
        }
        if let Some((_, last, len)) = inside
            && at == last
        {
            behind = Some((at, len));
            inside = None;
        }
    }
    rows
}

/// Threshold and raw score, from the highest threshold to the lowest; `rows` are sorted by score,
/// highest first.
fn sweep(rows: &[Row], profile: Profile) -> Vec<(f64, f64)> {
    let (hit, false_positive, miss) = profile;
    let mut earned: BTreeMap<usize, f64> = rows
        .iter()
        .filter_map(|r| r.window.map(|w| (w, -miss)))
        .collect();
    let mut total = -miss * earned.len() as f64;
    let mut sweep = vec![(1.1, total)];
    for group in rows.chunk_by(|a, b| a.score == b.score) {
        for row in group {
            let Some(window) = row.window else {
                total += row.position * false_positive;
                continue;
            };
            let worth = row.position * hit;
            if let Some(had) = earned.get_mut(&window)
                && worth > *had
            {
                total += worth - *had;
                *had = worth;
            }
        }
        sweep.push((group[0].score, total));
    }
    sweep
}

fn best(sweep: &[(f64, f64)]) -> (f64, f64) {
    let mut best = (1.1, f64::NEG_INFINITY);
    for at in sweep {
        if at.1 > best.1 {
            best = *at;
        }
    }
    best
}

fn summary(rows: &[Row], shipped: f64) -> SeriesRow {
    let mut sorted = rows.to_vec();
    sorted.sort_by(|a, b| b.score.total_cmp(&a.score));
    let sweep = sweep(&sorted, STANDARD);
    let null = sweep.first().map_or(0.0, |s| s.1);
    let raw = sweep.iter().rfind(|s| s.0 >= shipped).map_or(null, |s| s.1);
    let windows = |only_hit: bool| {
        let mut found: Vec<usize> = rows
            .iter()
            .filter(|r| !only_hit || r.score >= shipped)
            .filter_map(|r| r.window)
            .collect();
        found.dedup();
        found.len()
    };
    SeriesRow {
        gain: raw - null,
        windows: windows(false),
        windows_hit: windows(true),
        false_rows: rows
            .iter()
            .filter(|r| r.window.is_none() && r.score >= shipped)
            .count(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series() -> Series {
        Series {
            name: "a/b.csv".to_owned(),
            times_ms: (0..1000).collect(),
            values: vec![0.0; 1000],
            windows: vec![(400, 499), (800, 899)],
            labels: Vec::new(),
        }
    }

    #[test]
    fn silence_scores_zero_and_the_first_row_of_each_window_almost_hundred() {
        let silent = score(&[series()], &[vec![0.0; 1000]], 0.5);
        assert!(silent.fixed.standard.abs() < 1e-9);
        let mut scores = vec![0.0; 1000];
        scores[400] = 0.9;
        scores[800] = 0.8;
        let perfect = score(&[series()], &[scores], 0.5);
        assert!((perfect.fixed.standard - 100.0).abs() < 1e-9);
        assert!((perfect.best.threshold - 0.8).abs() < 1e-9);
    }

    #[test]
    fn a_false_alarm_costs_less_soon_after_a_window() {
        let alarm = |at: usize| {
            let mut scores = vec![0.0; 1000];
            scores[at] = 1.0;
            score(&[series()], &[scores], 0.5).fixed.standard
        };
        assert!((alarm(300) + 100.0 * 0.11 / 4.0).abs() < 1e-9);
        assert!(alarm(505) > alarm(560));
        assert!(alarm(20).abs() < 1e-9, "the probationary period is free");
    }
}
