//! Where things are kept: each store is one port of the domain with an embedded default.

pub mod logs;
pub mod metrics;
pub mod relational;
#[cfg(feature = "vectors")]
pub mod vectors;
