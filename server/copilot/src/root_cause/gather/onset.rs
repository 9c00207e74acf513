//! When lines began to come more often than usual.

use tocsin_domain::ports::StoreError;
use tocsin_domain::ports::log_store::LogQuery;

use crate::root_cause::RootCauseFinder;
use crate::root_cause::window::Window;

/// How many times as many as usual are more than usual.
const MORE: f64 = 3.0;
/// And by how many lines at least.
const LINES_MIN: f64 = 3.0;

impl RootCauseFinder {
    /// The begin of the first step in which there are more lines than usual, in ms; none if no step has many more.
    pub(super) async fn onset_ms(
        &self,
        query: &LogQuery,
        window: Window,
        usual_a_window: f64,
    ) -> Result<Option<i64>, StoreError> {
        let step_ms = window.step_ms();
        let found = self
            .parts
            .logs
            .histogram(query, step_ms * 1_000_000)
            .await?;
        let share = step_ms as f64 / window.length_ms().max(1) as f64;
        let many = (usual_a_window * share * MORE).max(LINES_MIN);
        let first = found
            .buckets
            .iter()
            .find(|(_, counts)| counts.iter().sum::<u64>() as f64 >= many);
        Ok(first.map(|(start, _)| start.millis().max(window.from_ms)))
    }
}
