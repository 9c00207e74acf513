//! The bus: a durable queue cut into partitions, which is also the write-ahead log of the stores.
//!
//! [`FjallBus`] is the embedded implementation of [`Bus`](tocsin_domain::ports::Bus), on the
//! storage engine `fjall`. [`contract`] is the suite every implementation passes. Not here: what
//! is done with events, and who holds which partition.

pub mod codec;
mod config;
pub mod contract;
mod embedded;

pub use config::BusConfig;
pub use embedded::FjallBus;
