//! Alert rules: what lines, points, anomalies and predictions come to alerts.
//!
//! [`file`] reads rules as people write them, [`set`] holds them ready, [`condition`] decides. Log
//! lines are looked at where they pass ([`log`]); [`rounds`] asks for metrics at an even pace; both,
//! and the findings of detectors, meet in [`evaluate`], which remembers what needs time: counts in a
//! window, how long a condition holds. What comes out are [`signal`]s for the book of alerts. [`service`] is what people
//! see of it; [`replay`] tries a rule on the past.

mod condition;
pub mod evaluate;
pub mod file;
pub mod findings;
mod gist;
pub mod log;
pub mod replay;
pub mod rounds;
pub mod service;
pub mod set;
pub mod signal;

pub use log::LogRules;
pub use set::{CompiledRule, RuleSet};
pub use signal::{Signal, What};
