//! `histogram_quantile` of classic histograms: series with an upper bound in the label `le`.
//!
//! The estimate is Prometheus 2's (`bucketQuantile` in promql/quantile.go): linear within the
//! bucket the rank falls into, counts made monotonic first.

use std::collections::HashMap;

use tocsin_domain::metric::NAME_LABEL;

use crate::error::QueryError;
use crate::frame::{ABSENT, Budget, Row, SAME_LABELSET, is_absent, merge};
use crate::label_set::LabelSet;

const BOUND_LABEL: &str = "le";

/// A bucket of a histogram: how many observations are at most `bound`.
#[derive(Debug, Clone, Copy)]
struct Bound {
    bound: f64,
    count: f64,
}

/// The quantiles at all steps, one row a histogram. `q` is `[steps]`.
pub(crate) fn quantile(q: &[f64], rows: Vec<Row>, budget: &Budget) -> Result<Vec<Row>, QueryError> {
    let mut places: HashMap<LabelSet, usize> = HashMap::new();
    let mut groups: Vec<(LabelSet, Vec<(f64, Row)>)> = Vec::new();
    for row in rows {
        let Ok(bound) = row.labels.get(BOUND_LABEL).parse::<f64>() else {
            continue;
        };
        let labels = row
            .labels
            .filter(|name| name != BOUND_LABEL && name != NAME_LABEL);
        let place = *places.entry(labels.clone()).or_insert_with(|| {
            groups.push((labels, Vec::new()));
            groups.len() - 1
        });
        groups[place].1.push((bound, row));
    }
    budget.afford(groups.len(), q.len())?;
    let mut out = Vec::with_capacity(groups.len());
    let mut bounds = Vec::new();
    for (labels, mut members) in groups {
        members.sort_by(|left, right| left.0.total_cmp(&right.0));
        let values = (0..q.len()).map(|step| {
            bounds.clear();
            let there = members
                .iter()
                .map(|(bound, row)| (*bound, row.values[step]));
            let there = there.filter(|(_, count)| !is_absent(*count));
            bounds.extend(there.map(|(bound, count)| Bound { bound, count }));
            if bounds.is_empty() {
                ABSENT
            } else {
                estimate(q[step], &mut bounds)
            }
        });
        let values = values.collect();
        out.push(Row { labels, values });
    }
    merge(out, SAME_LABELSET)
}

/// The quantile of one histogram, bounds in order.
fn estimate(q: f64, bounds: &mut Vec<Bound>) -> f64 {
    if q.is_nan() {
        return f64::NAN;
    }
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if q > 1.0 {
        return f64::INFINITY;
    }
    // Without the bucket of everything the total is unknown.
    if bounds.last().is_none_or(|last| last.bound != f64::INFINITY) {
        return f64::NAN;
    }
    bounds.dedup_by(|later, kept| {
        let same = later.bound == kept.bound;
        kept.count += if same { later.count } else { 0.0 };
        same
    });
    let mut most = bounds[0].count;
    for bound in bounds.iter_mut().skip(1) {
        if bound.count > most {
            most = bound.count;
        } else if bound.count < most {
            bound.count = most;
        }
    }
    let last = bounds.len() - 1;
    let total = bounds[last].count;
    if bounds.len() < 2 || total == 0.0 {
        return f64::NAN;
    }
    let rank = q * total;
    let found = bounds[..last]
        .iter()
        .position(|bound| bound.count >= rank)
        .unwrap_or(last);
    if found == last {
        return bounds[last - 1].bound;
    }
    let Bound { bound: end, count } = bounds[found];
    if found == 0 {
        return if end <= 0.0 {
            end
        } else {
            end * (rank / count)
        };
    }
    let below = bounds[found - 1];
    below.bound + (end - below.bound) * ((rank - below.count) / (count - below.count))
}
