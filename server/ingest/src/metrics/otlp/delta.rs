//! Deltas become running totals, as Prometheus users expect of counters.
//!
//! A total is kept for each series, as the collector's `deltatocumulative` processor does. It lives
//! in memory only: after a restart a total begins again at 0, and a point of 0 at the begin of
//! the first interval says so, which `rate` and `increase` read as the restart of a counter; no
//! increase is lost by it. (A delta of an up-down counter has no such cure: after a restart its level
//! is relative to the restart. SDKs send those cumulative.)
//!
//! A point that comes again because an answer got lost does not count twice: it has the same time
//! as the last one, and gives the same total. What is older than the last one is refused.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::exponential::Exponential;
use super::point::{Histogram, Point, Value};

/// A series from which no delta came for so long may be forgotten when room is needed.
const IDLE_MS: i64 = 3_600_000;
/// The longest interval whose begin is marked with a point of 0.
const FIRST_INTERVAL_MS_MAX: i64 = 3_600_000;
/// About how many buckets of histograms one series may weigh; all share one bound.
const WEIGHT_UNIT: usize = 16;

/// The running totals of all series that send deltas. Share one among all requests.
#[derive(Debug)]
pub struct DeltaTotals {
    weight_max: usize,
    totals: Mutex<Totals>,
}

#[derive(Debug, Default)]
struct Totals {
    by_series: HashMap<u64, Total>,
    /// The sum of the weights.
    weight: usize,
    /// When idle series were last looked for.
    swept_ms: i64,
}

#[derive(Debug)]
struct Total {
    start_nanos: u64,
    time_nanos: u64,
    seen_ms: i64,
    value: Value,
}

/// A total after a delta was added.
#[derive(Debug, PartialEq)]
pub(super) struct Running {
    pub(super) value: Value,
    /// When the total was 0, if nobody has said so yet.
    pub(super) zero_at_ms: Option<i64>,
}

impl DeltaTotals {
    /// Keeps totals of at most `series_max` numbers; a histogram counts as one for each sixteen
    /// buckets.
    #[must_use]
    pub fn new(series_max: usize) -> Self {
        Self {
            weight_max: series_max,
            totals: Mutex::default(),
        }
    }

    /// Adds a delta to the total of the series `key`.
    ///
    /// # Errors
    /// What was expected and what was there, if it is too old or one series too many.
    pub(super) fn add(
        &self,
        key: u64,
        point: &Point,
        now_ms: i64,
    ) -> Result<Running, (String, String)> {
        let mut totals = self.totals.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(total) = totals.by_series.get_mut(&key) {
            total.seen_ms = now_ms;
            let is_same =
                (total.start_nanos, total.time_nanos) == (point.start_nanos, point.time_nanos);
            if !is_same && point.time_nanos <= total.time_nanos {
                let expected = "deltas in the order of their times".into();
                let late = (total.time_nanos - point.time_nanos) / 1_000_000;
                let detail = format!("it ends {late} ms before the last one of its series");
                return Err((expected, detail));
            }
            if !is_same {
                total.start_nanos = point.start_nanos;
                total.time_nanos = point.time_nanos;
                total.value = sum(&total.value, &point.value);
            }
            return Ok(Running {
                value: total.value.clone(),
                zero_at_ms: None,
            });
        }
        let weight = weight(&point.value);
        if totals.weight + weight > self.weight_max {
            totals.sweep(now_ms);
        }
        if totals.weight + weight > self.weight_max {
            let expected = format!(
                "at most {} series of deltas; the SDK can send cumulative totals instead",
                self.weight_max
            );
            return Err((expected, "a new series".into()));
        }
        totals.weight += weight;
        let total = Total {
            start_nanos: point.start_nanos,
            time_nanos: point.time_nanos,
            seen_ms: now_ms,
            value: point.value.clone(),
        };
        let value = total.value.clone();
        totals.by_series.insert(key, total);
        Ok(Running {
            value,
            zero_at_ms: zero_at(point),
        })
    }

    /// How many series have a total.
    #[must_use]
    pub fn len(&self) -> usize {
        let totals = self.totals.lock().unwrap_or_else(PoisonError::into_inner);
        totals.by_series.len()
    }

    /// True if no series has a total.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Totals {
    /// Forgets idle series, at most once a minute, since it looks at all of them.
    fn sweep(&mut self, now_ms: i64) {
        if now_ms.saturating_sub(self.swept_ms) < 60_000 {
            return;
        }
        self.swept_ms = now_ms;
        self.by_series
            .retain(|_, total| now_ms.saturating_sub(total.seen_ms) < IDLE_MS);
        self.weight = self
            .by_series
            .values()
            .map(|total| weight(&total.value))
            .sum();
    }
}

/// A millisecond after the interval began: the begin itself may be the time of the last total
/// before a restart.
fn zero_at(point: &Point) -> Option<i64> {
    let ms = |nanos: u64| i64::try_from(nanos / 1_000_000).unwrap_or(i64::MAX);
    let (start, end) = (ms(point.start_nanos), ms(point.time_nanos));
    let interval = end.saturating_sub(start);
    (start > 0 && interval > 1 && interval <= FIRST_INTERVAL_MS_MAX).then_some(start + 1)
}

fn weight(value: &Value) -> usize {
    match value {
        Value::Histogram(histogram) => 1 + histogram.counts.len() / WEIGHT_UNIT,
        // It may grow to its bound later.
        Value::Exponential(_) => 1 + 80 / WEIGHT_UNIT,
        _ => 1,
    }
}

/// A total and a delta; where they do not fit together, the delta begins anew.
fn sum(total: &Value, delta: &Value) -> Value {
    match (total, delta) {
        (Value::Number(total), Value::Number(delta)) => Value::Number(total + delta),
        (Value::Histogram(total), Value::Histogram(delta)) if total.bounds == delta.bounds => {
            let counts = total.counts.iter().zip(&delta.counts);
            Value::Histogram(Histogram {
                count: total.count.saturating_add(delta.count),
                sum: total.sum.zip(delta.sum).map(|(one, two)| one + two),
                bounds: total.bounds.clone(),
                counts: counts.map(|(one, two)| one.saturating_add(*two)).collect(),
            })
        }
        (Value::Exponential(total), Value::Exponential(delta)) => {
            let mut total: Exponential = total.clone();
            total.add(delta);
            Value::Exponential(total)
        }
        (_, delta) => delta.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn delta(start_secs: u64, value: f64) -> Point {
        Point {
            start_nanos: start_secs * SECOND,
            time_nanos: (start_secs + 10) * SECOND,
            ..Point::new(Value::Number(value))
        }
    }

    fn number(running: Result<Running, (String, String)>) -> f64 {
        match running.unwrap().value {
            Value::Number(number) => number,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn deltas_add_up_and_the_first_says_when_the_total_was_nothing() {
        let totals = DeltaTotals::new(10);
        let first = totals.add(1, &delta(100, 3.0), 0).unwrap();
        assert_eq!(
            (first.value, first.zero_at_ms),
            (Value::Number(3.0), Some(100_001))
        );
        assert_eq!(number(totals.add(1, &delta(110, 4.0), 0)), 7.0);
        assert_eq!(number(totals.add(2, &delta(110, 4.0), 0)), 4.0);
    }

    #[test]
    fn a_delta_that_comes_again_counts_once_and_an_older_one_is_refused() {
        let totals = DeltaTotals::new(10);
        for _ in 0..2 {
            assert_eq!(number(totals.add(1, &delta(100, 3.0), 0)), 3.0);
        }
        for _ in 0..2 {
            assert_eq!(number(totals.add(1, &delta(110, 1.0), 0)), 4.0);
        }
        let (expected, detail) = totals.add(1, &delta(100, 3.0), 0).unwrap_err();
        assert!(
            expected.contains("order") && detail.contains("10000 ms"),
            "{detail}"
        );
    }

    #[test]
    fn series_are_bounded_and_idle_ones_make_room() {
        let totals = DeltaTotals::new(2);
        for key in 0..2 {
            totals.add(key, &delta(100, 1.0), 100_000).unwrap();
        }
        assert!(totals.add(2, &delta(100, 1.0), 100_000).is_err());
        totals.add(0, &delta(110, 1.0), 100_000 + IDLE_MS).unwrap();
        totals.add(2, &delta(110, 1.0), 100_001 + IDLE_MS).unwrap();
        assert_eq!(totals.len(), 2);
        assert_eq!(
            number(totals.add(0, &delta(120, 1.0), 100_002 + IDLE_MS)),
            3.0
        );
    }
}
