//! The row of stages between the bus and the stores.
//!
//! A batch of log records comes from the bus, [`parse`] finds each line's template, the log store
//! takes it, [`live`] shows it to those who watch, and [`enrich`] gives a new template its vectors.
//! [`runner`] owns channels, time and the order of all that. Nothing here knows HTTP or a store's
//! engine.

pub mod config;
pub mod enrich;
pub mod live;
pub mod parse;
pub mod runner;

pub use config::PipelineConfig;
pub use enrich::{EnrichQueue, Enricher};
pub use live::LiveHub;
pub use parse::ParseStage;
pub use runner::{Pipeline, PipelineParts, Progress};
