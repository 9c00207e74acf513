//! The test kit: the real binary on a free port, and what a test asks of it.
//!
//! Everything a test starts ends with it: servers and counterparties are killed when they are
//! dropped, folders go with them. Waiting is for a condition, never for a time.

pub mod actions;
pub mod asking;
pub mod automation;
pub mod backups;
pub mod cluster;
pub mod collector;
pub mod controllers;
mod counterparty;
mod postgres_server;
pub mod processes;
pub mod questions;
pub mod sending;
mod server;
pub mod slack;
pub mod storm;
pub mod trackers;
mod wait;
pub mod web;
pub mod webhook;

pub use counterparty::{Counterparty, controller_clients, find_program, python};
pub use postgres_server::PostgresServer;
pub use server::{TestServer, binary, free_port};
pub use wait::{WAIT_MAX, wait_for};
