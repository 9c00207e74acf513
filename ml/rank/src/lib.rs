//! Which entity caused this? Departures of entities come in as [`Signal`]s, dependencies, changes and
//! past causes as [`Evidence`]; a [`Ranking`] with its reasons comes out.
//!
//! Two layers: [`series_signal`], [`template_signals`] and [`trace_signals`] turn raw material into [`Signal`]s
//! against a baseline; [`rank`] ranks. Knows no names, no clock, no files; the same input always gives the
//! same output.

mod config;
mod evidence;
mod graph;
mod rank;
mod ranking;
mod series;
mod signal;
mod tail;
mod templates;
mod topology;
mod traces;

pub use config::Config;
pub use evidence::{Alarm, Change, Edge, Evidence, PastCause};
pub use rank::rank;
pub use ranking::{Candidate, Factor, FactorKind, Ranking, Reason, RuledOut, Verdict, WhyRuledOut};
pub use series::{SeriesWindow, series_signal};
pub use signal::{Direction, Signal, SignalKind};
pub use templates::{TemplateCount, template_signals};
pub use topology::{edges_from_onsets, edges_from_spans};
pub use traces::{Span, SpanEvent, TraceWindow, trace_signals};
