//! Online log-template mining. Lines go in, each comes back as a template and the places of its
//! variables; nothing is read or written, no clock, no threads.

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
