//! A block: some 64 thousand records of a partition as columns, never changed once written.
//!
//! Records become a block by way of `gather` (one pass that sorts variables by template and slot)
//! and `seal` (columns to bytes). A block says what it holds in its `meta`; `rows` keeps the order
//! of arrival, `column` the variables, and `filter` the words among the variables.

pub(crate) mod codec;
pub(crate) mod column;
pub(crate) mod columns;
pub(crate) mod filter;
mod gather;
pub(crate) mod meta;
mod numbers;
pub(crate) mod rows;
mod seal;
mod times;

pub(crate) use columns::ColumnWriter;
pub(crate) use gather::Slice;
pub(crate) use seal::{Address, SECTION_FOLDED, SECTION_PLAIN, Sealed, seal};
