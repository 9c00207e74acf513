//! One anomaly per stretch: when what is watched in the background becomes a finding, when that
//! ends, and how findings that were open survive a restart. Probabilities and times go in, what is
//! to be kept comes out; who judges is somebody else's.

use std::sync::Arc;

use tocsin_domain::metric::Anomaly;
use tocsin_domain::ports::{AnomalyFilter, AnomalyStore, Clock, MetricStore, StoreError};

/// From this probability on, for [`ROWS_TO_BEGIN`] rows, an anomaly begins.
const BEGIN_AT: f64 = 0.9;
const ROWS_TO_BEGIN: u32 = 3;
/// Below this probability, for [`ROWS_TO_END`] rows, it ends.
const END_BELOW: f64 = 0.5;
const ROWS_TO_END: u32 = 5;
/// Anomalies that are taken up again at the start at most.
const ADOPTED_MAX: usize = 10_000;

/// What a watch in the background works with.
#[derive(Clone)]
#[expect(
    missing_debug_implementations,
    reason = "a bundle of ports, which have no Debug"
)]
pub struct WatchParts {
    /// Where points are.
    pub metrics: Arc<dyn MetricStore>,
    /// Where findings go.
    pub anomalies: Arc<dyn AnomalyStore>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

/// The state of the anomaly of one host or series.
#[derive(Debug, Default)]
pub struct Episode {
    /// Rows in turn that call for the other state.
    turning: u32,
    open: Option<Anomaly>,
}

impl Episode {
    /// One whose anomaly lasts since before the start.
    #[must_use]
    pub fn adopted(anomaly: Anomaly) -> Self {
        Self {
            turning: 0,
            open: Some(anomaly),
        }
    }

    /// Whether an anomaly lasts.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Takes the judgement of a row that ended at `at_ms`; gives what is to be kept: an anomaly that
    /// begins, made by `begin`, or one that ended.
    pub fn step(
        &mut self,
        probability: f64,
        at_ms: i64,
        begin: impl FnOnce() -> Option<Anomaly>,
    ) -> Option<Anomaly> {
        let turns = match &self.open {
            None => probability >= BEGIN_AT,
            Some(_) => probability < END_BELOW,
        };
        self.turning = if turns { self.turning + 1 } else { 0 };
        if self.is_open() {
            return (self.turning >= ROWS_TO_END)
                .then(|| self.end(at_ms))
                .flatten();
        }
        if self.turning < ROWS_TO_BEGIN {
            return None;
        }
        self.turning = 0;
        self.open = begin();
        self.open.clone()
    }

    /// Ends the anomaly that lasts, if there is one, and gives it to be kept.
    pub fn end(&mut self, at_ms: i64) -> Option<Anomaly> {
        self.turning = 0;
        let mut anomaly = self.open.take()?;
        anomaly.ended_ms = Some(at_ms.max(anomaly.started_ms));
        Some(anomaly)
    }

    /// Drops the anomaly that just began: somebody else told it.
    pub fn withdraw(&mut self) {
        *self = Self::default();
    }
}

/// The anomalies of a detector that last, by the store: the state of a watch begins with them, or
/// they would last for ever.
///
/// # Errors
/// [`StoreError`].
pub async fn left_open(
    anomalies: &Arc<dyn AnomalyStore>,
    detector: &str,
) -> Result<Vec<Anomaly>, StoreError> {
    let filter = AnomalyFilter {
        detector: Some(detector.into()),
        is_open: true,
        ..AnomalyFilter::default()
    };
    anomalies.anomalies(&filter, None, ADOPTED_MAX).await
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tocsin_domain::metric::{Band, FindingId, NAME_LABEL};
    use tocsin_domain::{Labels, SeriesId};

    use super::*;

    fn anomaly(at_ms: i64) -> Anomaly {
        let labels = Labels::new([(NAME_LABEL, "load")]).unwrap();
        Anomaly {
            id: FindingId::new(SeriesId(1), at_ms),
            series: SeriesId(1),
            labels,
            detector: "shape".into(),
            score: 0.95,
            observed: 1.0,
            expected: Band {
                yhat: 0.0,
                yhat_lower: 0.0,
                yhat_upper: 0.0,
            },
            started_ms: at_ms,
            ended_ms: None,
            explanation: String::new(),
            feedback: None,
        }
    }

    fn told(probabilities: &[f64]) -> Vec<(i64, Option<i64>)> {
        let mut episode = Episode::default();
        let rows = (1..).zip(probabilities);
        let told = rows.filter_map(|(at, p)| episode.step(*p, at, || Some(anomaly(at))));
        told.map(|a| (a.started_ms, a.ended_ms)).collect()
    }

    #[test]
    fn what_is_odd_for_three_rows_is_told_and_let_go_after_five_usual_ones() {
        let rows = [
            0.95, 0.95, 0.1, 0.95, 0.95, 0.95, 0.95, 0.2, 0.2, 0.95, 0.2, 0.2, 0.2, 0.2, 0.2,
        ];
        assert_eq!(told(&rows), [(6, None), (6, Some(15))]);
    }

    #[test]
    fn what_was_open_before_the_start_ends_as_any_other() {
        let mut episode = Episode::adopted(anomaly(1));
        let ended = (2..9).find_map(|at| episode.step(0.0, at, || None));
        assert_eq!(ended.map(|a| a.ended_ms), Some(Some(6)));
    }

    proptest! {
        #[test]
        fn each_beginning_has_at_most_one_end_and_the_next_comes_after_it(
            rows in prop::collection::vec(0.0f64..1.0, 0..300),
        ) {
            let mut open = None;
            for (started, ended) in told(&rows) {
                match ended {
                    None => prop_assert!(open.replace(started).is_none()),
                    Some(at) => prop_assert!(open.take() == Some(started) && at >= started),
                }
            }
        }
    }
}
