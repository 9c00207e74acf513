//! Functions of the values at one time.

use crate::error::QueryError;
use crate::eval::{Eval, absence};
use crate::frame::{Grid, Row, SAME_LABELSET, Value, is_absent, merge};
use crate::histogram;
use crate::label_set::LabelSet;
use crate::math;
use crate::plan::{Call, Func, Plan};
use crate::rank::{self, First};
use crate::relabel;
use crate::select;

pub(crate) fn call(eval: &Eval<'_>, call: &Call, grid: &Grid) -> Result<Value, QueryError> {
    let rows = |at: usize| eval.value(&call.args[at], grid)?.vector();
    let scalar = |at: usize| eval.value(&call.args[at], grid)?.scalar();
    match call.func {
        Func::Time => {
            eval.budget.afford(1, grid.steps)?;
            Ok(Value::Scalar(
                (0..grid.steps).map(|step| secs(grid, step)).collect(),
            ))
        }
        Func::Pi => eval.value(&Plan::Number(std::f64::consts::PI), grid),
        Func::Vector => {
            let row = Row {
                labels: LabelSet::default(),
                values: scalar(0)?,
            };
            Ok(Value::Vector(vec![row]))
        }
        Func::Scalar => Ok(Value::Scalar(only(&rows(0)?, grid))),
        Func::Map(map) => mapped(rows(0)?, |_, value| map(value)),
        Func::Round => {
            let nearest = if call.args.len() > 1 {
                Some(scalar(1)?)
            } else {
                None
            };
            let nearest = |step: usize| nearest.as_ref().map_or(1.0, |values| values[step]);
            mapped(rows(0)?, |step, value| math::round(value, nearest(step)))
        }
        Func::Clamp => clamped(rows(0)?, &scalar(1)?, &scalar(2)?),
        Func::ClampMin => {
            let least = scalar(1)?;
            mapped(rows(0)?, |step, value| math::max(least[step], value))
        }
        Func::ClampMax => {
            let most = scalar(1)?;
            mapped(rows(0)?, |step, value| math::min(most[step], value))
        }
        Func::Sort => Ok(Value::Vector(rank::sort(rows(0)?, First::Least))),
        Func::SortDesc => Ok(Value::Vector(rank::sort(rows(0)?, First::Greatest))),
        Func::Timestamp => timestamp(eval, &call.args[0], grid),
        Func::Absent => {
            let labels = match &call.args[0] {
                Plan::Instant(selector) => relabel::absent_labels(&selector.matchers),
                _ => LabelSet::default(),
            };
            Ok(Value::Vector(vec![absence(labels, &rows(0)?, grid)]))
        }
        Func::LabelReplace => relabel::replace(rows(0)?, &texts(call)?).map(Value::Vector),
        Func::LabelJoin => relabel::join(rows(0)?, &texts(call)?).map(Value::Vector),
        Func::HistogramQuantile => {
            histogram::quantile(&scalar(0)?, rows(1)?, eval.budget).map(Value::Vector)
        }
    }
}

fn secs(grid: &Grid, step: usize) -> f64 {
    grid.time_ms(step) as f64 / 1e3
}

/// Value by value, with the step; the name goes.
fn mapped(mut rows: Vec<Row>, map: impl Fn(usize, f64) -> f64) -> Result<Value, QueryError> {
    for row in &mut rows {
        for (step, value) in row.values.iter_mut().enumerate() {
            if !is_absent(*value) {
                *value = map(step, *value);
            }
        }
        row.labels = row.labels.without_name();
    }
    Ok(Value::Vector(merge(rows, SAME_LABELSET)?))
}

/// Nothing where the bounds cross.
fn clamped(rows: Vec<Row>, least: &[f64], most: &[f64]) -> Result<Value, QueryError> {
    mapped(rows, |step, value| {
        if most[step] < least[step] {
            crate::frame::ABSENT
        } else {
            math::max(least[step], math::min(most[step], value))
        }
    })
}

/// The value of the only series, not a number if there are more or none.
fn only(rows: &[Row], grid: &Grid) -> Vec<f64> {
    let at = |step: usize| {
        let mut there = rows
            .iter()
            .map(|row| row.values[step])
            .filter(|value| !is_absent(*value));
        match (there.next(), there.next()) {
            (Some(value), None) => value,
            _ => f64::NAN,
        }
    };
    (0..grid.steps).map(at).collect()
}

/// When the values were taken; for all but selectors that is the time of the step.
fn timestamp(eval: &Eval<'_>, arg: &Plan, grid: &Grid) -> Result<Value, QueryError> {
    let Plan::Instant(selector) = arg else {
        let rows = eval.value(arg, grid)?.vector()?;
        return mapped(rows, |step, _| secs(grid, step));
    };
    let series = eval.loaded.series(selector, grid);
    let rows = select::times(series, selector.when, grid, eval.budget)?;
    mapped(rows, |_, time| time)
}

/// The strings after the first argument.
fn texts(call: &Call) -> Result<Vec<String>, QueryError> {
    let text = |arg: &Plan| match arg {
        Plan::Text(text) => Ok(text.clone()),
        _ => Err(QueryError::execution("expected a string")),
    };
    call.args[1..].iter().map(text).collect()
}
