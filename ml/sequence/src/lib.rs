//! Is this session of events like those seen before?
//!
//! Template ids come in, either as whole sessions ([`Model::learn`], [`Model::judge`]) or one by one
//! with a session key and a time ([`Tracker::observe`]). Verdicts go out: a score where `1` is the
//! threshold, the probability that a normal session looks so strange, and what differs from the
//! nearest known session. Needs no labels. Knows no text, no severity, no clock, and reads and
//! writes no file; [`Tracker::snapshot`] turns the state into bytes.
#![doc = include_str!("../README.md")]

mod calibration;
mod config;
mod counts;
mod loo;
mod model;
mod order;
mod outcome;
mod recurrence;
mod snapshot;
mod tracker;
mod verdict;

pub use config::Config;
pub use model::Model;
pub use outcome::{Ending, Outcome};
pub use snapshot::SnapshotError;
pub use tracker::Tracker;
pub use verdict::{Difference, Step, Verdict};
