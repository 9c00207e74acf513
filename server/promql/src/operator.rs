//! Arithmetic and comparisons of single values, and of scalars with everything.

use crate::error::QueryError;
use crate::frame::{ABSENT, Row, SAME_LABELSET, Value, distinct, is_absent, merge};
use crate::plan::{Arithmetic, BinaryOp, Comparison};

fn arithmetic(op: Arithmetic, left: f64, right: f64) -> f64 {
    match op {
        Arithmetic::Add => left + right,
        Arithmetic::Subtract => left - right,
        Arithmetic::Multiply => left * right,
        Arithmetic::Divide => left / right,
        Arithmetic::Modulo => left % right,
        Arithmetic::Power => left.powf(right),
        Arithmetic::Atan2 => left.atan2(right),
    }
}

fn holds(op: Comparison, left: f64, right: f64) -> bool {
    match op {
        Comparison::Equal => left == right,
        Comparison::NotEqual => left != right,
        Comparison::Greater => left > right,
        Comparison::Less => left < right,
        Comparison::GreaterEqual => left >= right,
        Comparison::LessEqual => left <= right,
    }
}

/// The result for two values that are there; a comparison that filters keeps `kept`.
pub(crate) fn apply(op: BinaryOp, left: f64, right: f64, kept: f64) -> f64 {
    match op {
        BinaryOp::Arithmetic(op) => arithmetic(op, left, right),
        BinaryOp::Comparison { op, as_bool: true } => f64::from(u8::from(holds(op, left, right))),
        BinaryOp::Comparison { op, as_bool: false } => {
            if holds(op, left, right) {
                kept
            } else {
                ABSENT
            }
        }
        // Set operators look at labels, never at values.
        BinaryOp::Set(_) => ABSENT,
    }
}

/// Whether the result no longer is what the name says.
pub(crate) fn drops_name(op: BinaryOp) -> bool {
    match op {
        BinaryOp::Arithmetic(op) => op != Arithmetic::Atan2,
        BinaryOp::Comparison { as_bool, .. } => as_bool,
        BinaryOp::Set(_) => false,
    }
}

/// Two scalars.
pub(crate) fn scalars(op: BinaryOp, mut left: Vec<f64>, right: &[f64]) -> Value {
    for (left, right) in left.iter_mut().zip(right) {
        *left = apply(op, *left, *right, *left);
    }
    Value::Scalar(left)
}

/// A vector and a scalar; `is_left` says on which side the scalar stands.
pub(crate) fn with_scalar(
    op: BinaryOp,
    mut rows: Vec<Row>,
    scalar: &[f64],
    is_left: bool,
) -> Result<Value, QueryError> {
    for row in &mut rows {
        for (value, scalar) in row.values.iter_mut().zip(scalar) {
            if !is_absent(*value) {
                let (left, right) = if is_left {
                    (*scalar, *value)
                } else {
                    (*value, *scalar)
                };
                *value = apply(op, left, right, *value);
            }
        }
        if drops_name(op) {
            row.labels = row.labels.without_name();
        }
    }
    Ok(Value::Vector(merge(rows, SAME_LABELSET)?))
}

/// The unary minus.
pub(crate) fn negate(value: Value) -> Result<Value, QueryError> {
    match value {
        Value::Scalar(mut values) => {
            values.iter_mut().for_each(|value| *value = -*value);
            Ok(Value::Scalar(values))
        }
        Value::Vector(mut rows) => {
            for row in &mut rows {
                for value in row.values.iter_mut().filter(|value| !is_absent(**value)) {
                    *value = -*value;
                }
                row.labels = row.labels.without_name();
            }
            Ok(Value::Vector(distinct(rows)?))
        }
        Value::Text(_) => Err(QueryError::execution("a string has no negative")),
    }
}
