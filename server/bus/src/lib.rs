//! The bus: a durable queue cut into partitions, which is also the write-ahead log of the stores.
//!
//! [`FjallBus`] is the embedded implementation of [`Bus`](tocsin_domain::ports::Bus), on the
//! storage engine `fjall`; [`RedisBus`] is on Redis and shared by several processes. [`contract`]
//! is the suite every implementation passes. [`RedisLive`] shows the records that pass in one
//! process to those who watch in another; on the [`RedisBoard`] each says how it is; [`LocalRates`]
//! and [`RedisRates`] count what clients ask. Not here: what is done with events.

mod backed;
pub mod codec;
mod config;
pub mod contract;
mod embedded;
mod placement;
mod rates;
mod redis;

pub use self::config::BusConfig;
pub use self::embedded::{BusRestoration, FjallBus};
pub use self::placement::partition;
pub use self::rates::LocalRates;
pub use self::redis::{
    EmbeddingCounts, NotDurable, RedisBoard, RedisBus, RedisBusConfig, RedisConfigError,
    RedisEmbeddings, RedisLive, RedisRates, RedisRestoration, RedisTrouble, RedisUrl,
};
