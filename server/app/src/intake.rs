//! The one door: whatever protocol brought a batch, it goes to the bus and is counted here.

use std::sync::Arc;

use async_trait::async_trait;
use tocsin_domain::ports::{Bus, BusError, Clock, Intake};
use tocsin_domain::{Event, LogBatch, Payload};

use crate::sources::{Arrival, Sources};

/// Puts batches on the bus and counts them per source.
pub(crate) struct BusIntake {
    bus: Arc<dyn Bus>,
    sources: Arc<Sources>,
    clock: Arc<dyn Clock>,
}

impl BusIntake {
    /// An intake in front of `bus`.
    pub(crate) fn new(bus: Arc<dyn Bus>, sources: Arc<Sources>, clock: Arc<dyn Clock>) -> Self {
        Self {
            bus,
            sources,
            clock,
        }
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
        let arrivals: Vec<Arrival> = batches.iter().map(Arrival::of).collect();
        let events = batches
            .into_iter()
            .map(|batch| Event {
                payload: Payload::Logs(batch),
            })
            .collect();
        self.bus.append(events).await?;
        let now = self.clock.now();
        for arrival in arrivals {
            self.sources.arrived(arrival, now);
        }
        Ok(())
    }
}
