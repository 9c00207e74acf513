//! Where things are kept: each store is one port of the domain with an embedded default.

pub mod logs;
pub mod metrics;
mod pulse;
pub mod relational;
#[cfg(any(feature = "vectors", feature = "qdrant"))]
pub mod vectors;
