//! Questions over a small shop whose payment provider stopped to answer.

mod injections;
mod questions;
mod runs;
pub(crate) mod scene;
mod summaries;
mod table;
mod values;
