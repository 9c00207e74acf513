//! The intake: the one door through which records enter, whichever protocol brought them.

use async_trait::async_trait;

use super::bus::BusError;
use crate::batch::LogBatch;
use crate::metric::{Feedback, MetricBatch};

/// The one door through which records enter.
#[async_trait]
pub trait Intake: Send + Sync {
    /// Takes batches and returns once all of them are durable: from then on nothing is lost,
    /// whatever is killed. All or none of them are accepted; no batch at all is accepted at once.
    ///
    /// # Errors
    /// [`BusError::Full`] and [`BusError::Unavailable`]: nothing of the call was accepted, the
    /// same call may succeed later. [`BusError::Closed`] once the server is shutting down.
    ///
    /// # Cancel safety
    /// A dropped call may or may not have been accepted; never partly.
    async fn accept(&self, batches: Vec<LogBatch>) -> Result<(), BusError>;

    /// Takes batches of metric points, on the same terms as [`Intake::accept`].
    ///
    /// # Errors
    /// As [`Intake::accept`].
    ///
    /// # Cancel safety
    /// As [`Intake::accept`].
    async fn accept_metrics(&self, batches: Vec<MetricBatch>) -> Result<(), BusError>;

    /// Takes what someone said of a judgement; the detector of the series hears it in order.
    ///
    /// # Errors
    /// As [`Intake::accept`].
    async fn accept_feedback(&self, feedback: Feedback) -> Result<(), BusError>;
}
