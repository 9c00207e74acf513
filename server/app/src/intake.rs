//! The one door: whatever protocol brought a batch, it goes to its bus and is counted here.

use std::sync::Arc;

use async_trait::async_trait;
use tocsin_domain::metric::Feedback;
use tocsin_domain::ports::{Bus, BusError, Clock, Intake};
use tocsin_domain::{Event, LogBatch, MetricBatch, Payload};
use tracing::Instrument;
use tracing::field::Empty;

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
    /// What the buses are on: the `messaging.system` of traces.
    pub(crate) system: &'static str,
}

/// Puts batches on the buses and counts them per source.
pub(crate) struct BusIntake(IntakeParts);

impl BusIntake {
    /// An intake in front of the buses.
    pub(crate) fn new(parts: IntakeParts) -> Self {
        Self(parts)
    }

    /// Puts what came in on a bus, in a span of its own, which the events tell of.
    async fn publish(
        &self,
        bus: &dyn Bus,
        destination: &'static str,
        payloads: Vec<Payload>,
    ) -> Result<(), BusError> {
        let span = tracing::info_span!(
            target: tocsin_trace::TARGET,
            "publish",
            otel.name = format!("publish {destination}"),
            otel.kind = "producer",
            messaging.system = self.0.system,
            messaging.operation.r#type = "send",
            messaging.operation.name = "publish",
            messaging.destination.name = destination,
            messaging.destination.partition.id = Empty,
            messaging.batch.message_count = tocsin_trace::number(payloads.len()),
            tocsin.source = payloads.first().and_then(source),
        );
        let trace = tocsin_trace::context(&span);
        if trace.is_some() {
            let mut places: Vec<u16> = payloads
                .iter()
                .map(|payload| tocsin_bus::partition(payload, bus.partitions()).0)
                .collect();
            places.dedup();
            // One that several partitions share is in none of them.
            if let [place] = places[..] {
                span.record("messaging.destination.partition.id", place.to_string());
            }
        }
        let events = payloads.into_iter().map(|payload| Event { payload, trace });
        let done = bus.append(events.collect()).instrument(span.clone()).await;
        tocsin_trace::note(&span, &done);
        done
    }

    fn count(&self, sources: &Sources, arrivals: Vec<Arrival>) {
        let now = self.0.clock.now();
        for arrival in arrivals {
            sources.arrived(arrival, now);
        }
    }
}

/// Where something comes from.
fn source(payload: &Payload) -> Option<&str> {
    match payload {
        Payload::Logs(batch) => Some(&batch.source),
        Payload::Metrics(batch) => Some(&batch.source),
        _ => None,
    }
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
        let payloads = batches.into_iter().map(Payload::Logs).collect();
        let bus = self.0.logs.as_ref();
        self.publish(bus, "logs", payloads).await?;
        self.count(&self.0.log_sources, arrivals);
        Ok(())
    }

    async fn accept_metrics(&self, batches: Vec<MetricBatch>) -> Result<(), BusError> {
        if batches.is_empty() {
            return Ok(());
        }
        let arrivals = batches.iter().map(Arrival::of_points).collect();
        let payloads = batches.into_iter().map(Payload::Metrics).collect();
        let bus = self.0.metrics.as_ref();
        self.publish(bus, "metrics", payloads).await?;
        self.count(&self.0.metric_sources, arrivals);
        Ok(())
    }

    async fn accept_feedback(&self, feedback: Feedback) -> Result<(), BusError> {
        let payloads = vec![Payload::Feedback(feedback)];
        let bus = self.0.metrics.as_ref();
        self.publish(bus, "metrics", payloads).await
    }
}
