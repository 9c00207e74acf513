//! The composition root: configuration, wiring, command line, telemetry and shutdown.
//!
//! Only this crate knows which part stands behind which port, and only it reads the environment.

mod backup;
mod cli;
mod clock;
mod commands;
pub mod config;
mod data_dir;
mod data_sources;
mod embedder;
mod housekeeping;
mod intake;
mod memory;
mod metrics;
mod own_log;
mod page;
mod processes;
pub mod server;
mod sources;
mod status;
mod telemetry;

pub use cli::main;
