//! Which entity caused this? Departures of entities come in as [`Signal`]s, dependencies, changes and
//! past causes as [`Evidence`]; a [`Ranking`] with its reasons comes out.
//!
//! Two layers: `signals` turns series, log templates and spans into [`Signal`]s against a baseline;
//! `rank` ranks. Knows no names, no clock, no files; the same input always gives the same output.

mod evidence;
mod ranking;
mod signal;

pub use evidence::{Alarm, Change, Edge, Evidence, PastCause};
pub use ranking::{Candidate, Factor, FactorKind, Ranking, Reason, RuledOut, Verdict, WhyRuledOut};
pub use signal::{Direction, Signal, SignalKind};
