//! Evaluates a plan at all steps of a grid, from points already loaded.
//!
//! Pure and synchronous; every node makes columns from the columns of its parts.

use crate::aggregate;
use crate::buckets;
use crate::error::QueryError;
use crate::frame::{ABSENT, Budget, Grid, Row, SAME_LABELSET, Value, distinct, is_absent, merge};
use crate::functions;
use crate::label_set::LabelSet;
use crate::load::{Loaded, inner_grid};
use crate::matching::{self, Pairing};
use crate::operator;
use crate::over_time;
use crate::plan::{
    Aggregate, AggregateOp, Binary, BinaryOp, OverTime, Plan, RangeFunc, Source, Subquery,
};
use crate::rank::{self, First};
use crate::relabel;
use crate::select;
use crate::window::Span;

/// What an evaluation reads and may use.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Eval<'a> {
    pub(crate) loaded: &'a Loaded,
    pub(crate) budget: &'a Budget,
}

impl Eval<'_> {
    pub(crate) fn value(&self, plan: &Plan, grid: &Grid) -> Result<Value, QueryError> {
        match plan {
            Plan::Number(value) => {
                self.budget.afford(1, grid.steps)?;
                Ok(Value::Scalar(vec![*value; grid.steps]))
            }
            Plan::Text(text) => Ok(Value::Text(text.clone())),
            Plan::Instant(selector) => {
                let series = self.loaded.series(selector, grid);
                select::values(series, selector.when, grid, self.budget).map(Value::Vector)
            }
            Plan::Window(_) => Err(QueryError::execution(
                "a range vector has to be the argument of a function",
            )),
            Plan::Negate(inner) => operator::negate(self.value(inner, grid)?),
            Plan::Binary(binary) => self.binary(binary, grid),
            Plan::Aggregate(aggregate) => self.aggregate(aggregate, grid).map(Value::Vector),
            Plan::OverTime(over) => self.over_time(over, grid).map(Value::Vector),
            Plan::Call(call) => functions::call(self, call, grid),
        }
    }

    fn binary(&self, binary: &Binary, grid: &Grid) -> Result<Value, QueryError> {
        let left = self.value(&binary.left, grid)?;
        let right = self.value(&binary.right, grid)?;
        match (left, right) {
            (Value::Scalar(left), Value::Scalar(right)) => {
                Ok(operator::scalars(binary.op, left, &right))
            }
            (Value::Scalar(scalar), Value::Vector(rows)) => {
                operator::with_scalar(binary.op, rows, &scalar, true)
            }
            (Value::Vector(rows), Value::Scalar(scalar)) => {
                operator::with_scalar(binary.op, rows, &scalar, false)
            }
            (left, right) => {
                let (left, right) = (left.vector()?, right.vector()?);
                let rows = match binary.op {
                    BinaryOp::Set(op) => matching::set(op, left, right, &binary.matching)?,
                    op => {
                        let pairing = Pairing {
                            op,
                            matching: &binary.matching,
                            cardinality: &binary.cardinality,
                        };
                        matching::pair(&pairing, left, right, self.budget)?
                    }
                };
                Ok(Value::Vector(rows))
            }
        }
    }

    fn aggregate(&self, plan: &Aggregate, grid: &Grid) -> Result<Vec<Row>, QueryError> {
        let param = plan
            .param
            .as_ref()
            .map(|param| self.value(param, grid))
            .transpose()?;
        let rows = self.value(&plan.inner, grid)?.vector()?;
        let grouping = &plan.grouping;
        let Some(param) = param else {
            return aggregate::simple(plan.op, rows, grouping, self.budget);
        };
        match plan.op {
            AggregateOp::CountValues => {
                aggregate::count_values(&param.text()?, rows, grouping, self.budget)
            }
            AggregateOp::Quantile => {
                aggregate::quantile(&param.scalar()?, rows, grouping, self.budget)
            }
            op => {
                let first = if op == AggregateOp::BottomK {
                    First::Least
                } else {
                    First::Greatest
                };
                rank::select(first, &param.scalar()?, (rows, grouping), self.budget)
            }
        }
    }

    fn over_time(&self, plan: &OverTime, grid: &Grid) -> Result<Vec<Row>, QueryError> {
        let mut args = Vec::new();
        for arg in &plan.args {
            args.push(self.value(arg, grid)?.scalar()?);
        }
        let func = plan.func;
        let rows = match &plan.source {
            Source::Selector(selector) => {
                let series = self.loaded.series(selector, grid);
                if !series.is_empty() {
                    over_time::check_args(func, &args)?;
                }
                let range_ms = selector.range_ms.unwrap_or(select::LOOKBACK_MS);
                let span = Span {
                    grid,
                    when: selector.when,
                    range_ms,
                    budget: self.budget,
                };
                self.budget.afford(series.len(), grid.steps)?;
                let mut rows = Vec::with_capacity(series.len());
                for one in series {
                    self.budget.check()?;
                    let values = buckets::column(func, one, &span, &args);
                    rows.push(Row {
                        labels: result_labels(func, &one.labels),
                        values,
                    });
                }
                rows
            }
            Source::Subquery(subquery) => {
                let span = Span {
                    grid,
                    when: subquery.when,
                    range_ms: subquery.range_ms,
                    budget: self.budget,
                };
                let series = self.subquery(subquery, grid)?;
                if !series.is_empty() {
                    over_time::check_args(func, &args)?;
                }
                self.budget.afford(series.len(), grid.steps)?;
                let mut rows = Vec::with_capacity(series.len());
                for (labels, points) in series {
                    self.budget.check()?;
                    let values = over_time::column(func, &points, &span, &args);
                    rows.push(Row {
                        labels: result_labels(func, &labels),
                        values,
                    });
                }
                rows
            }
        };
        self.budget.check()?;
        if func == RangeFunc::Absent {
            let labels = match &plan.source {
                Source::Selector(selector) => relabel::absent_labels(&selector.matchers),
                Source::Subquery(_) => LabelSet::default(),
            };
            return Ok(vec![absence(labels, &rows, grid)]);
        }
        distinct(rows)
    }

    /// The results of an inner query, as points.
    pub(crate) fn subquery(
        &self,
        subquery: &Subquery,
        grid: &Grid,
    ) -> Result<Vec<(LabelSet, Vec<tocsin_domain::metric::Sample>)>, QueryError> {
        let Some(inner) = inner_grid(subquery, grid) else {
            return Ok(Vec::new());
        };
        self.budget.afford(1, inner.steps)?;
        let rows = merge(self.value(&subquery.plan, &inner)?.vector()?, SAME_LABELSET)?;
        Ok(rows
            .into_iter()
            .map(|row| (row.labels, points(&row.values, &inner)))
            .collect())
    }
}

/// The values of a column that are there, with their times.
pub(crate) fn points(values: &[f64], grid: &Grid) -> Vec<tocsin_domain::metric::Sample> {
    let there = values
        .iter()
        .enumerate()
        .filter(|(_, value)| !is_absent(**value));
    there
        .map(|(step, value)| tocsin_domain::metric::Sample {
            at_ms: grid.time_ms(step),
            value: *value,
        })
        .collect()
}

fn result_labels(func: RangeFunc, labels: &LabelSet) -> LabelSet {
    if over_time::keeps_name(func) {
        labels.clone()
    } else {
        labels.without_name()
    }
}

/// 1 at the steps at which no row is there.
pub(crate) fn absence(labels: LabelSet, rows: &[Row], grid: &Grid) -> Row {
    let mut values = vec![1.0; grid.steps];
    for row in rows {
        for (slot, value) in values.iter_mut().zip(&row.values) {
            if !is_absent(*value) {
                *slot = ABSENT;
            }
        }
    }
    Row { labels, values }
}
