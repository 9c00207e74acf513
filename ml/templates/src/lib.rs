//! Online log-template mining: lines go in, each comes back as a template and the places of its
//! variables. Reads and writes nothing, knows no clock and starts no threads.
#![doc = include_str!("../README.md")]

mod arena;
mod body;
mod config;
mod header;
mod layout;
mod mine;
mod miner;
mod pattern;
mod scan;
mod shape;
mod siblings;
mod snapshot;
mod soft;
mod template;
mod tokens;

pub use arena::TemplateIndex;
pub use config::MinerConfig;
pub use miner::Miner;
pub use snapshot::SnapshotError;
pub use template::{Place, Slot, Template, VariableKind};
