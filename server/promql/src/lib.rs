//! The PromQL subset: from a query's text to samples, over the metric store's port.
//!
//! A query is parsed and checked into a plan (`plan`), its selectors are asked of the store
//! once for all steps (`load`), and the plan is evaluated column by column (`eval`). Meaning
//! is that of Prometheus 2.42; what is outside the subset is refused by name. Nothing here speaks
//! HTTP or knows how points are stored.
//!
//! It differs from Prometheus 2.42 where that contradicts its own manual or is undefined:
//! * A window at a fixed time (`@`) stays where it is also if other arguments change from step to
//!   step, and so does the parameter of an aggregation change over a vector at a fixed time.
//! * The calendar has no date for what is not finite, and gives NaN.
//! * `double_exponential_smoothing` has the name of Prometheus 3 (`holt_winters` before).
//! * A point that is older than the raw ones is that of a downsampled interval.

mod aggregate;
mod answer;
mod buckets;
mod calendar;
mod engine;
mod error;
mod eval;
mod frame;
mod functions;
mod histogram;
mod label_set;
mod load;
mod matching;
mod math;
mod moments;
mod operator;
mod over_time;
mod plan;
mod rank;
mod rate;
mod relabel;
mod select;
mod translate;
mod translate_call;
mod translate_operator;
mod window;

pub use answer::{QueryValue, RangeSeries, VectorSample};
pub use engine::{Engine, EngineConfig};
pub use error::{ErrorKind, QueryError};
pub use label_set::LabelSet;
pub use translate::parse_selector;
