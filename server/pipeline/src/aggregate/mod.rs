//! From signals to alerts and incidents: each thing once, whatever the number of signals.
//!
//! [`book`] holds the alerts that last, [`correlate`] says which belong together, [`writer`] is the
//! one task that steps both, keeps what changed and tells those who listen.

pub mod book;
