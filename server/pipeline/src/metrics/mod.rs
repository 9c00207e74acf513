//! Metrics on their way from the bus to the store and past the detectors.
//!
//! [`runner`] owns the loop of a partition; [`detect`] judges each point; [`log_series`] and
//! [`novelty`] make series and findings of log lines, which [`log_watch`] hands on; in the background
//! [`entities`] judges all series of a host as one and [`shapes`] the stretches of single series,
//! both with [`rows`] of the store, from where their [`regime`] begins, as [`episode`]s;
//! [`insight`] looks back and ahead for people.

pub mod detect;
pub mod entities;
pub mod episode;
pub mod insight;
pub mod log_series;
pub mod log_watch;
pub mod novelty;
pub mod regime;
pub mod rows;
pub mod runner;
mod shape_training;
pub mod shapes;
#[cfg(test)]
mod watch_tests;

pub use detect::{DetectConfig, DetectStage};
pub use log_series::{LogSeries, LogSeriesConfig};
pub use log_watch::LogWatch;
pub use novelty::Novelty;
pub use runner::{MetricPipeline, MetricPipelineParts, MetricProgress};
