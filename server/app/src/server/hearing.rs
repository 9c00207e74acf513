//! Whether what comes in is read, which takes several engines: they are asked as long as the process
//! lives, so that one who begins to lead knows what was away before.

use std::sync::Arc;

use tocsin_domain::ports::{Bus, TemplateStore};
use tocsin_pipeline::aggregate::{Ask, Hearing};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::engines::Engines;

/// Of lines, and of points.
#[derive(Debug, Clone)]
pub(super) struct Heard {
    pub(super) lines: Hearing,
    pub(super) points: Hearing,
}

impl Heard {
    /// All is read until one of these engines is found to be away.
    pub(super) fn of(engines: &Engines) -> Self {
        let (logs, metrics) = (engines.logs.clone(), engines.metrics.clone());
        let logs: Ask = Box::new(move || {
            let logs = logs.clone();
            Box::pin(async move { logs.check().await.is_ok() })
        });
        let metrics: Ask = Box::new(move || {
            let metrics = metrics.clone();
            Box::pin(async move { metrics.check().await.is_ok() })
        });
        let lines = vec![bus(&engines.bus), rows(engines), logs];
        let points = vec![bus(&engines.metric_bus), rows(engines), metrics];
        Self {
            lines: Hearing::new("lines", lines),
            points: Hearing::new("points", points),
        }
    }

    /// Asks until cancelled.
    pub(super) fn start(&self, tasks: &TaskTracker, cancel: &CancellationToken) {
        for hearing in [&self.lines, &self.points] {
            tasks.spawn(hearing.clone().run(cancel.clone()));
        }
    }
}

fn bus(bus: &Arc<dyn Bus>) -> Ask {
    let bus = bus.clone();
    Box::new(move || {
        let bus = bus.clone();
        Box::pin(async move { bus.check().await.is_ok() })
    })
}

/// Where templates are registered, and what is found is kept.
fn rows(engines: &Engines) -> Ask {
    let relational = engines.relational.clone();
    Box::new(move || {
        let relational = relational.clone();
        Box::pin(async move { TemplateStore::count(&*relational).await.is_ok() })
    })
}
