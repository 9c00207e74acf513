//! From signals to alerts and incidents: each thing once, whatever the number of signals.
//!
//! [`book`] holds the alerts that last, [`correlate`] says which belong together, [`incidents`] keeps
//! them so. [`writer`] is the one task that steps all three, keeps what changed and tells those who
//! listen; [`desk`] stands in front of it, and [`tell`] brings it what detectors and queries find.
//! [`similar`] says which incidents of the past are like one.

pub mod book;
pub mod correlate;
pub mod desk;
pub mod incidents;
pub mod similar;
pub mod tell;
pub mod writer;

pub use desk::{Desk, DeskParts};
pub use tell::Telling;
pub use writer::AlertWriter;
