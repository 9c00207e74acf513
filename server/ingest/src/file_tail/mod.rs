//! Follows files as they grow, through every kind of rotation.
//!
//! Files are polled, since that works on network file systems too; where the kernel tells of a change the
//! reader is woken at once. A position
//! is saved only after the records before it were accepted, so a crash may read some records again
//! (their ids have the same random part then) but loses none.

mod config;
mod discover;
mod driver;
#[cfg(test)]
mod driver_tests;
mod file;
mod glob;
mod identity;
mod status;
mod tail;
#[cfg(test)]
mod tests;
mod wake;

pub use config::{FileTailConfig, StartAt};
pub use driver::FileTail;
pub use status::{FileState, FileStatus, StatusBoard};
