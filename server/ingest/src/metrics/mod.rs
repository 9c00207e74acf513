//! Metrics: a file per protocol, bytes in, batches of points out.
//!
//! As with logs, decoders are pure: a [`MetricContext`] in, a [`MetricDecoded`] out. A
//! [`SeriesRegistry`] shared by all of them knows which series' labels need not travel again and
//! bounds the series of each source. The caller hands the batches to the intake and then confirms
//! the claims; if the intake refuses them, it does not.

mod collector;
mod door;
pub mod exposition;
pub mod host;
pub mod influx;
#[cfg(test)]
mod kept;
mod labels;
mod limits;
pub mod otlp;
mod raw;
mod registry;
pub mod remote_write;
pub mod scrape;
mod slots;
mod staleness;
pub mod telegraf;

pub use collector::{MetricCollector, MetricContext, MetricDecoded, SeriesHandle};
pub use door::MetricDoor;
pub use labels::LabelScratch;
pub use limits::MetricLimits;
pub use registry::{Claims, SeriesRegistry};

#[cfg(test)]
mod tests;
