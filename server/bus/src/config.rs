//! How the bus is set up.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::RedisBusConfig;

/// The settings of a bus: `partitions`, `bytes_max` and `in_flight_bytes_max` of any, the rest of
/// the embedded one ([`FjallBus`](crate::FjallBus)).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BusConfig {
    /// How many queues the bus is cut into, `1..=1024`; default 4. One worker holds one partition,
    /// so there should be as many as cores or a few more; each costs its worker a head in memory.
    /// A change takes effect at the first start that finds the bus empty.
    pub partitions: u16,
    /// Bytes of events that may wait, in bytes; default 2 GiB. At 120 bytes a line this holds some
    /// 15 million lines, half an hour at 10,000 lines a second, while the stores are away. The
    /// folder may be about 200 MB larger, for journals not yet dropped.
    pub bytes_max: u64,
    /// Bytes of events written in one group, in bytes; default 4 MiB. Callers that come while a
    /// group is being synced wait for the next, so larger groups mean fewer syncs under load and
    /// more memory; nothing waits for a group to fill.
    pub group_bytes_max: usize,
    /// Bytes of events that are on their way to the disk and not yet accepted, in bytes; default
    /// 8 MiB, two groups: one being synced, one gathering. Callers beyond it wait.
    pub in_flight_bytes_max: usize,
    /// Bytes of events kept in memory before they move from the journal to files of their own, in
    /// bytes, at least 1 MiB; default 16 MiB. What is acknowledged before never moves, which
    /// halves the cost of a line; up to three times this much can be in memory while files are
    /// written.
    pub memory_bytes_max: u64,
    /// The bus on Redis, which several processes share; the embedded one if no address is set.
    pub redis: RedisBusConfig,
}

impl BusConfig {
    /// What the bus is on, as traces have it.
    #[must_use]
    pub const fn system(&self) -> &'static str {
        match self.redis.is_set() {
            true => "redis",
            false => "fjall",
        }
    }
}

impl Default for BusConfig {
    fn default() -> Self {
        Self {
            partitions: 4,
            bytes_max: 2 << 30,
            group_bytes_max: 4 << 20,
            in_flight_bytes_max: 8 << 20,
            memory_bytes_max: 16 << 20,
            redis: RedisBusConfig::default(),
        }
    }
}
