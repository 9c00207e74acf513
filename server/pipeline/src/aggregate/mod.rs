//! From signals to alerts and incidents: each thing once, whatever the number of signals.
//!
//! [`book`] holds the alerts that last, [`correlate`] says which belong together, [`incidents`] keeps
//! them so. [`writer`] is the one task that steps all three, keeps what changed and tells those who
//! listen (with the spans of [`opening`]); [`desk`] stands in front of it, and [`tell`] brings it what detectors and queries find. Where several
//! processes work, [`inbox`] keeps what each of them found, and [`told`] brings it to the one that leads.
//! [`quiet`] says when silence ends an alert. [`similar`] says which incidents of the past are like one.

pub mod book;
pub mod correlate;
pub mod desk;
pub mod inbox;
pub mod incidents;
mod opening;
mod quiet;
pub mod similar;
pub mod tell;
pub mod told;
pub mod writer;

pub use desk::{Desk, DeskParts};
pub use inbox::{AlertInbox, SharedInbox};
pub use quiet::{Ask, Hearing};
pub use tell::Telling;
pub use writer::AlertWriter;
