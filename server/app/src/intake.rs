//! The one door: whatever protocol brought a batch, it goes to its bus and is counted here.

use std::sync::Arc;

use async_trait::async_trait;
use tocsin_domain::metric::Feedback;
use tocsin_domain::ports::{Bus, BusError, Clock, Intake};
use tocsin_domain::{Event, LogBatch, MetricBatch, Payload};

use crate::sources::{Arrival, Sources};

/// What stands behind the door.
pub(crate) struct IntakeParts {
    /// The bus of logs.
    pub(crate) logs: Arc<dyn Bus>,
    /// The bus of metrics, a partition for each shard.
    pub(crate) metrics: Arc<dyn Bus>,
    /// Where records are counted.
    pub(crate) log_sources: Arc<Sources>,
    /// Where points are counted.
    pub(crate) metric_sources: Arc<Sources>,
    /// What time it is.
    pub(crate) clock: Arc<dyn Clock>,
}

/// Puts batches on the buses and counts them per source.
pub(crate) struct BusIntake(IntakeParts);

impl BusIntake {
    /// An intake in front of the buses.
    pub(crate) fn new(parts: IntakeParts) -> Self {
        Self(parts)
    }

    fn count(&self, sources: &Sources, arrivals: Vec<Arrival>) {
        let now = self.0.clock.now();
        for arrival in arrivals {
            sources.arrived(arrival, now);
        }
    }
}

fn event(payload: Payload) -> Event {
    Event { payload }
}

#[async_trait]
impl Intake for BusIntake {
    async fn accept(&self, batches: Vec<LogBatch>) -> Result<(), BusError> {
        let batches: Vec<_> = batches
            .into_iter()
            .filter(|b| !b.records.is_empty())
            .collect();
        if batches.is_empty() {
            return Ok(());
        }
        let arrivals = batches.iter().map(Arrival::of).collect();
        let events = batches.into_iter().map(Payload::Logs).map(event);
        self.0.logs.append(events.collect()).await?;
        self.count(&self.0.log_sources, arrivals);
        Ok(())
    }

    async fn accept_metrics(&self, batches: Vec<MetricBatch>) -> Result<(), BusError> {
        if batches.is_empty() {
            return Ok(());
        }
        let arrivals = batches.iter().map(Arrival::of_points).collect();
        let events = batches.into_iter().map(Payload::Metrics).map(event);
        self.0.metrics.append(events.collect()).await?;
        self.count(&self.0.metric_sources, arrivals);
        Ok(())
    }

    async fn accept_feedback(&self, feedback: Feedback) -> Result<(), BusError> {
        let event = event(Payload::Feedback(feedback));
        self.0.metrics.append(vec![event]).await
    }
}
