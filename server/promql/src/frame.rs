//! Values of an expression at all steps: one column of floats per series.
//!
//! Absence has no bitmap: the stale marker is never a value, so it stands for "nothing here".
//! Whoever reads a column asks [`is_absent`] before it computes.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use tocsin_domain::metric::{STALE_BITS, is_stale};

use crate::error::QueryError;
use crate::label_set::LabelSet;
use crate::plan::{At, When};

/// No value at a step.
pub(crate) const ABSENT: f64 = f64::from_bits(STALE_BITS);

/// Two series of a result have the same labels at the same time.
pub(crate) const SAME_LABELSET: &str = "vector cannot contain metrics with the same labelset";

pub(crate) fn is_absent(value: f64) -> bool {
    is_stale(value)
}

/// The times an expression is evaluated at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grid {
    pub(crate) start_ms: i64,
    pub(crate) step_ms: i64,
    /// At least 1.
    pub(crate) steps: usize,
    /// What `start()` and `end()` mean: those of the whole query.
    pub(crate) query_ms: (i64, i64),
}

impl Grid {
    pub(crate) fn time_ms(&self, step: usize) -> i64 {
        self.start_ms
            .saturating_add(self.step_ms.saturating_mul(step as i64))
    }

    /// The first and the second half of at least 2 steps.
    pub(crate) fn halves(&self) -> (Self, Self) {
        let first = self.steps.div_ceil(2);
        let rest = Self {
            start_ms: self.time_ms(first),
            steps: self.steps - first,
            ..*self
        };
        (
            Self {
                steps: first,
                ..*self
            },
            rest,
        )
    }

    /// The moment a selector looks at, seen from a step.
    pub(crate) fn seen_ms(&self, when: When, step: usize) -> i64 {
        let at = match when.at {
            None => self.time_ms(step),
            Some(At::Start) => self.query_ms.0,
            Some(At::End) => self.query_ms.1,
            Some(At::Ms(at)) => at,
        };
        at.saturating_sub(when.offset_ms)
    }
}

/// A series of an expression.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) labels: LabelSet,
    /// `[steps]`
    pub(crate) values: Vec<f64>,
}

impl Row {
    pub(crate) fn is_empty(&self) -> bool {
        self.values.iter().all(|value| is_absent(*value))
    }
}

/// The result of an expression.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    /// `[steps]`
    Scalar(Vec<f64>),
    Vector(Vec<Row>),
    Text(String),
}

impl Value {
    pub(crate) fn scalar(self) -> Result<Vec<f64>, QueryError> {
        match self {
            Self::Scalar(values) => Ok(values),
            _ => Err(QueryError::execution("expected a scalar")),
        }
    }

    pub(crate) fn vector(self) -> Result<Vec<Row>, QueryError> {
        match self {
            Self::Vector(rows) => Ok(rows),
            _ => Err(QueryError::execution("expected an instant vector")),
        }
    }

    pub(crate) fn text(self) -> Result<String, QueryError> {
        match self {
            Self::Text(text) => Ok(text),
            _ => Err(QueryError::execution("expected a string")),
        }
    }
}

/// Rows with the same labels become one, as long as they are never there at the same step.
pub(crate) fn merge(rows: Vec<Row>, conflict: &str) -> Result<Vec<Row>, QueryError> {
    let mut merged: Vec<Row> = Vec::with_capacity(rows.len());
    let mut places: HashMap<LabelSet, usize> = HashMap::with_capacity(rows.len());
    for row in rows.into_iter().filter(|row| !row.is_empty()) {
        match places.entry(row.labels.clone()) {
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(merged.len());
                merged.push(row);
            }
            std::collections::hash_map::Entry::Occupied(place) => {
                let kept = &mut merged[*place.get()].values;
                for (slot, value) in kept.iter_mut().zip(row.values) {
                    if is_absent(*slot) {
                        *slot = value;
                    } else if !is_absent(value) {
                        return Err(QueryError::execution(conflict));
                    }
                }
            }
        }
    }
    Ok(merged)
}

/// As [`merge`], but two series with the same labels are a conflict at whatever step.
pub(crate) fn distinct(rows: Vec<Row>) -> Result<Vec<Row>, QueryError> {
    let mut seen = std::collections::HashSet::with_capacity(rows.len());
    let rows: Vec<Row> = rows.into_iter().filter(|row| !row.is_empty()).collect();
    if rows.iter().all(|row| seen.insert(&row.labels)) {
        Ok(rows)
    } else {
        Err(QueryError::execution(SAME_LABELSET))
    }
}

/// What an evaluation may use, and whether anyone still waits for it.
#[derive(Debug)]
pub(crate) struct Budget {
    pub(crate) samples_max: usize,
    pub(crate) deadline: Option<Instant>,
    pub(crate) canceled: std::sync::Arc<AtomicBool>,
}

impl Budget {
    /// Asked before every column that costs: ends an evaluation that took too long.
    pub(crate) fn check(&self) -> Result<(), QueryError> {
        if self.canceled.load(Ordering::Relaxed) {
            return Err(QueryError::Canceled);
        }
        if self
            .deadline
            .is_some_and(|deadline| Instant::now() > deadline)
        {
            return Err(QueryError::Timeout);
        }
        Ok(())
    }

    /// Asked before a result is laid out: it may not have more cells than samples are allowed.
    pub(crate) fn afford(&self, rows: usize, steps: usize) -> Result<(), QueryError> {
        self.check()?;
        if rows.saturating_mul(steps) > self.samples_max {
            return Err(QueryError::too_many_samples());
        }
        Ok(())
    }
}
