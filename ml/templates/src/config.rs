//! The bounds of a miner. What flows in: numbers from the configuration. There is nothing here per
//! system: one configuration serves all logs.

/// Bounds of one [`Miner`](crate::Miner); every field is a bound with its unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MinerConfig {
    /// Live templates kept after [`Miner::take_new`](crate::Miner::take_new), in templates, `[16,
    /// 2^30]`. Between two calls there may be twice as many; lines beyond that get the catch-all
    /// template `<*>`.
    pub max_templates: usize,
    /// Entries of the shape cache, in shapes (about 40 bytes each), rounded up to a power of two,
    /// `[64, 2^24]`.
    pub max_shapes: usize,
    /// Leading part of a line that is searched for variables, in bytes; the rest becomes one
    /// variable.
    pub max_scanned_bytes: usize,
    /// Variables of one line, in variables; what comes after them becomes one variable.
    pub max_variables: usize,
}

impl Default for MinerConfig {
    /// 20,000 templates, 32,768 shapes, 32 KiB scanned, 256 variables: about 40 MB when full.
    fn default() -> Self {
        Self {
            max_templates: 20_000,
            max_shapes: 1 << 15,
            max_scanned_bytes: 32 << 10,
            max_variables: 256,
        }
    }
}
