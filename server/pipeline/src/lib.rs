//! The row of stages between the bus and the stores.
//!
//! A batch of log records comes from the bus, [`parse`] finds each line's template, the log store
//! takes it, [`live`] shows it to those who watch, and [`enrich`] gives a new template its vectors;
//! [`classify`] says which failure it speaks of, and [`sessions`] whether what one request said is
//! unlike all before.
//! [`runner`] owns channels, time and the order of all that. Metric points take their own way
//! through [`metrics`], and [`predict`] looks ahead. Nothing here knows HTTP or a store's
//! engine.

pub mod aggregate;
pub mod alert_rules;
pub mod classify;
pub mod config;
pub mod enrich;
pub mod live;
pub mod metrics;
pub mod parse;
pub mod predict;
pub mod runner;
pub mod sessions;
mod spans;

pub use classify::{Catalogue, ClassifyParts, RuleClassifier};
pub use config::{MetricsConfig, PipelineConfig};
pub use enrich::{EnrichQueue, Enricher};
pub use live::LiveHub;
pub use metrics::{DetectStage, MetricPipeline, MetricPipelineParts, MetricProgress};
pub use parse::ParseStage;
pub use predict::Predictor;
pub use runner::{Pipeline, PipelineParts, Progress};
pub use sessions::{SessionKeys, SessionParts, SessionsConfig};
