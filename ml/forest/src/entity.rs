//! Does a host behave unlike itself? All series of an entity judged as one: a window of rows trains
//! the detector, a row gets one calibrated probability and the series that made it odd.
//!
//! Each series is brought to normal deviations by its own distribution. The rows of deviations are
//! seen by two models: an isolation forest, and the inverse covariance, which also notices values
//! that are usual by themselves but not beside the others. The largest single deviation is a third
//! score. Each has the tail of its scores of rows that were not trained on, and the least probable
//! of them counts.
//!
//! Knows no time of day: who has a daily cycle trains on at least a day.

use crate::covariance::Precision;
use crate::isolation::{Forest, ForestSettings};
use crate::marginal::Marginal;
use crate::matrix::Matrix;
use crate::snapshot::{Reader, SnapshotError, Writer};
use crate::tail::Tail;
use crate::verdict::{Contribution, EntityVerdict, posterior};

/// Parts in which rows are held out in turn to calibrate.
const FOLDS: usize = 4;
/// Blocks of consecutive rows the folds are made of. Several a fold, so that each hour of a day has
/// hours near it that were trained on; not single rows, since neighbours are alike.
const BLOCKS: usize = 24;
/// Scores a row has: how its series go together, how few rows are near, how far one series is off.
const VIEWS: usize = 3;
/// Largest deviation that counts beside others. Ranks at the ends of a sample say little about how
/// far series go together there; how far a single one goes has a score of its own.
const BOUND: f32 = 2.5;
/// Correlation of deviations with time from which a series is not judged.
const TREND: f64 = 0.93;
/// Version of the snapshot.
const VERSION: u8 = 1;

/// How to train and what to expect.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EntityConfig {
    /// Size of the isolation forest.
    pub forest: ForestSettings,
    /// Rows below which nothing is judged, at least 48.
    pub rows_min: usize,
    /// Share of rows in `(0, 1]` in which a series must be present to be judged.
    pub presence_min: f32,
    /// Most series judged, the first ones that are present. Time per row is quadratic in it.
    pub columns_max: usize,
    /// Share of anomalous rows expected, in `(0, 1)`, from which
    /// [`EntityVerdict::probability`] starts.
    pub anomaly_share: f64,
}

impl Default for EntityConfig {
    fn default() -> Self {
        Self {
            forest: ForestSettings::default(),
            rows_min: 60,
            presence_min: 0.5,
            columns_max: 512,
            anomaly_share: 0.001,
        }
    }
}

/// Everything learned from one set of rows.
#[derive(Debug, Clone, PartialEq)]
struct Model {
    /// Columns judged, ascending, and their distributions.
    columns: Vec<u32>,
    marginals: Vec<Marginal>,
    precision: Precision,
    forest: Forest,
}

/// A row as a model sees it.
struct View {
    /// Deviations of single series; NaN where missing.
    single: Vec<f32>,
    /// Deviations brought within `±BOUND`; what was missing is filled with what is expected.
    deviations: Vec<f32>,
    /// Inverse covariance times deviations.
    pulls: Vec<f32>,
    /// Normal score of the squared Mahalanobis distance, score of the forest, and the largest
    /// deviation of a single series.
    scores: [f64; VIEWS],
}

impl Model {
    /// `None` where no column is present often enough.
    fn learn(rows: &Matrix, config: &EntityConfig, seed: u64) -> Option<Self> {
        let (mut columns, mut marginals) = (Vec::new(), Vec::new());
        for column in 0..rows.columns() {
            let marginal = Marginal::learn(rows.column(column), rows.rows());
            let known = marginal.is_known() && marginal.presence >= config.presence_min;
            let judged = known && !trends(&marginal, rows.column(column));
            if judged && columns.len() < config.columns_max {
                columns.push(column as u32);
                marginals.push(marginal);
            }
        }
        let deviations = |row: &[f32]| -> Vec<f32> {
            let pairs = columns.iter().zip(&marginals);
            pairs
                .map(|(c, m)| m.deviation(row[*c as usize]).clamp(-BOUND, BOUND))
                .collect()
        };
        // Missing deviations count as usual ones here, which lowers correlations a little.
        let plain = rows.iter().flat_map(&deviations);
        let plain = plain.map(|z| if z.is_nan() { 0.0 } else { z }).collect();
        let precision = Precision::learn(&Matrix::new(plain, columns.len())?);
        let mut filled = Vec::with_capacity(rows.rows() * columns.len());
        for row in rows.iter() {
            let mut z = deviations(row);
            precision.fill(&mut z);
            filled.extend(z);
        }
        let filled = Matrix::new(filled, columns.len())?;
        let forest = Forest::train(&filled, &config.forest, seed);
        Some(Self {
            columns,
            marginals,
            precision,
            forest,
        })
    }

    fn view(&self, row: &[f32]) -> View {
        let value = |c: &u32| row.get(*c as usize).copied().unwrap_or(f32::NAN);
        let pairs = self.columns.iter().zip(&self.marginals);
        let single: Vec<f32> = pairs.map(|(c, m)| m.deviation(value(c))).collect();
        let mut deviations: Vec<f32> = single.iter().map(|z| z.clamp(-BOUND, BOUND)).collect();
        self.precision.fill(&mut deviations);
        let pulls = self.precision.apply(&deviations);
        let products = deviations.iter().zip(&pulls);
        let square: f64 = products.map(|(z, p)| f64::from(z * p)).sum();
        // The cube root of a chi-squared variable is nearly normal (Wilson, Hilferty 1931).
        let degrees = single.iter().filter(|z| !z.is_nan()).count().max(1) as f64;
        let variance = 2.0 / (9.0 * degrees);
        let distance = ((square.max(0.0) / degrees).cbrt() - 1.0 + variance) / variance.sqrt();
        let forest = f64::from(self.forest.score(&deviations));
        let largest = single.iter().fold(0.0, |most: f32, z| most.max(z.abs()));
        View {
            single,
            deviations,
            pulls,
            scores: [distance, forest, f64::from(largest)],
        }
    }
}

/// A detector of one entity. Trained in the background, replaced as a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct EntityDetector {
    /// `None` where there was too little to learn from.
    model: Option<Model>,
    /// How the scores of normal rows are distributed.
    tails: [Tail; VIEWS],
    anomaly_share: f64,
}

impl EntityDetector {
    /// Learns what is usual from rows that are mostly so. The same rows, seed and configuration
    /// give the same detector. With fewer rows than `rows_min`, or no series that is present
    /// often enough, the detector judges nothing.
    #[must_use]
    pub fn train(rows: &Matrix, seed: u64, config: &EntityConfig) -> Self {
        let mut detector = Self {
            model: None,
            tails: [const { Tail::UNKNOWN }; VIEWS],
            anomaly_share: config.anomaly_share.clamp(1e-9, 0.5),
        };
        if rows.rows() < config.rows_min.max(2 * BLOCKS) {
            return detector;
        }
        let held_out = held_out(rows, config, seed);
        for (i, tail) in detector.tails.iter_mut().enumerate() {
            let scores: Vec<f64> = held_out.iter().map(|s| s[i]).collect();
            *tail = Tail::fit(&scores);
        }
        detector.model = Model::learn(rows, config, seed);
        detector
    }

    /// Whether there was enough to learn from.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.model.is_some()
    }

    /// Columns that are judged, ascending.
    #[must_use]
    pub fn columns(&self) -> &[u32] {
        self.model.as_ref().map_or(&[], |m| &m.columns)
    }

    /// Judges a row. Columns are those of training; NaN and columns beyond the end are missing,
    /// columns that training did not know are not judged.
    #[must_use]
    pub fn score(&self, row: &[f32]) -> EntityVerdict {
        let Some(model) = &self.model else {
            return EntityVerdict::unknown(present(row, |_| false));
        };
        let view = model.view(row);
        let unjudged = present(row, |c| model.columns.binary_search(&c).is_ok());
        let absent = |k: &usize| view.single[*k].is_nan() && model.marginals[*k].presence > 0.9;
        let missing = (0..view.single.len())
            .filter(absent)
            .map(|k| model.columns[k])
            .collect();
        if view.single.iter().all(|z| z.is_nan()) {
            return EntityVerdict {
                missing,
                ..EntityVerdict::unknown(unjudged)
            };
        }
        // The least probable of several, times their number (Bonferroni), holds however they depend.
        let pairs = self.tails.iter().zip(&view.scores);
        let least = pairs.map(|(t, s)| t.probability(*s)).fold(1.0, f64::min);
        let tail_probability = (VIEWS as f64 * least).min(1.0);
        EntityVerdict {
            score: -tail_probability.log10(),
            tail_probability,
            probability: posterior(tail_probability, self.anomaly_share),
            forest_score: view.scores[1] as f32,
            distance: view.scores[0],
            contributions: contributions(model, &view, row),
            missing,
            unjudged,
        }
    }

    /// The detector as bytes, of which [`EntityDetector::restore`] makes one that answers alike.
    #[must_use]
    pub fn snapshot(&self) -> Vec<u8> {
        let mut out = Writer::new(VERSION);
        out.f64(self.anomaly_share);
        self.tails.iter().for_each(|t| t.write(&mut out));
        let Some(model) = &self.model else {
            out.u32(0);
            return out.0;
        };
        out.u32(model.columns.len() as u32);
        for (column, marginal) in model.columns.iter().zip(&model.marginals) {
            out.u32(*column);
            marginal.write(&mut out);
        }
        model.precision.write(&mut out);
        out.0.extend(model.forest.snapshot());
        out.0
    }

    /// Reads what [`EntityDetector::snapshot`] wrote.
    ///
    /// # Errors
    /// When the version is unknown, bytes are missing or left over, or a number is out of range.
    pub fn restore(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut r = Reader::new(bytes, VERSION)?;
        let anomaly_share = r.f64()?;
        let tails = [
            Tail::read(&mut r)?,
            Tail::read(&mut r)?,
            Tail::read(&mut r)?,
        ];
        let count = r.u32()? as usize;
        let model = if count == 0 {
            r.end()?;
            None
        } else {
            Some(read_model(&mut r, count)?)
        };
        if !(0.0..=0.5).contains(&anomaly_share) {
            return Err(SnapshotError::Range);
        }
        Ok(Self {
            model,
            tails,
            anomaly_share,
        })
    }
}

fn read_model(r: &mut Reader<'_>, count: usize) -> Result<Model, SnapshotError> {
    let (mut columns, mut marginals) = (Vec::new(), Vec::new());
    for _ in 0..count {
        columns.push(r.u32()?);
        let marginal = Marginal::read(r)?;
        if !marginal.is_known() {
            return Err(SnapshotError::Range);
        }
        marginals.push(marginal);
    }
    let precision = Precision::read(r)?;
    let forest = Forest::restore(r.0)?;
    let ascending = columns.windows(2).all(|w| w[0] < w[1]);
    if !ascending || precision.columns() != count || forest.columns() != count {
        return Err(SnapshotError::Range);
    }
    Ok(Model {
        columns,
        marginals,
        precision,
        forest,
    })
}

/// Whether a series mostly goes one way, as a disk that fills. Its next value is beyond all that
/// were seen, which is not odd; others judge it by itself. Of a straight line the correlation of
/// deviations with time is 0.977, of a day's sine 0.78.
fn trends(marginal: &Marginal, values: impl Iterator<Item = f32>) -> bool {
    let points = values
        .enumerate()
        .map(|(t, v)| (t as f64, f64::from(marginal.deviation(v))));
    let mut sums = [0.0f64; 6];
    for (t, z) in points.filter(|(_, z)| !z.is_nan()) {
        for (sum, term) in sums.iter_mut().zip([1.0, t, z, t * t, z * z, t * z]) {
            *sum += term;
        }
    }
    let [n, t, z, tt, zz, tz] = sums;
    let (across, time, own) = (tz - t * z / n, tt - t * t / n, zz - z * z / n);
    across * across > TREND * TREND * time * own && own > 0.0
}

/// Scores of each row by a model that was not trained on its block.
fn held_out(rows: &Matrix, config: &EntityConfig, seed: u64) -> Vec<[f64; VIEWS]> {
    let block = rows.rows().div_ceil(BLOCKS).max(1);
    let fold = |i: usize| i / block % FOLDS;
    let mut scores = Vec::with_capacity(rows.rows());
    for f in 0..FOLDS {
        let others = rows.iter().enumerate().filter(|(i, _)| fold(*i) != f);
        let others = others.flat_map(|(_, row)| row.iter().copied()).collect();
        let model = Matrix::new(others, rows.columns())
            .and_then(|others| Model::learn(&others, config, seed.wrapping_add(f as u64 + 1)));
        let Some(model) = model else { continue };
        for (_, row) in rows.iter().enumerate().filter(|(i, _)| fold(*i) == f) {
            let view = model.view(row);
            if view.single.iter().any(|z| !z.is_nan()) {
                scores.push(view.scores);
            }
        }
    }
    scores
}

/// Columns that are present in a row and not `known`.
fn present(row: &[f32], known: impl Fn(u32) -> bool) -> Vec<u32> {
    let there = row.iter().enumerate().filter(|(_, v)| v.is_finite());
    there
        .map(|(c, _)| c as u32)
        .filter(|c| !known(*c))
        .collect()
}

/// The terms `z (P z)` of the squared distance, largest first, and what single series go beyond the
/// bound. The term of a series is large if it deviates and the others do not explain it.
fn contributions(model: &Model, view: &View, row: &[f32]) -> Vec<Contribution> {
    let beyond = |z: f32| (z.abs() - BOUND).max(0.0).powi(2);
    let terms: Vec<f32> = (0..view.single.len())
        .map(|k| view.deviations[k] * view.pulls[k] + beyond(view.single[k]))
        .collect();
    let total: f32 = terms.iter().map(|t| t.max(0.0)).sum();
    let mut order: Vec<usize> = (0..terms.len())
        .filter(|k| !view.single[*k].is_nan())
        .collect();
    order.sort_unstable_by(|a, b| terms[*b].total_cmp(&terms[*a]).then(a.cmp(b)));
    let one = |k: usize| {
        let (column, diagonal) = (model.columns[k], model.precision.diagonal(k));
        let expected = view.deviations[k] - view.pulls[k] / diagonal;
        Contribution {
            column,
            share: if total > 0.0 {
                terms[k].max(0.0) / total
            } else {
                0.0
            },
            observed: row[column as usize],
            expected: model.marginals[k].value(expected),
            deviation: view.pulls[k] / diagonal.sqrt() + view.single[k] - view.deviations[k],
        }
    };
    order
        .into_iter()
        .map(one)
        .filter(|c| c.share > 0.0)
        .take(Contribution::MAX)
        .collect()
}

#[cfg(test)]
#[path = "entity_tests.rs"]
mod tests;
