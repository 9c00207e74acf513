//! Sessions of log lines: what one request, block or job said, judged as a whole.
//!
//! [`key`] finds the session of a line, [`watch`] follows the sessions of each source and judges
//! them by `tocsin_sequence`, [`kinds`] gathers sessions that are strange in the same way into one
//! anomaly, so that a broken step is told once and not once for every request.

pub mod key;
mod kinds;
mod source;
mod text;
pub mod watch;
#[cfg(test)]
mod watch_tests;

pub use key::{SessionKeys, SessionsConfig};
pub use watch::{SessionParts, SessionWatch};
