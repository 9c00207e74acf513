//! A block: up to some 260 thousand records of a partition as columns, never changed once written.
//!
//! Records become a block by way of `gather` (one pass that sorts lines by template), `template`
//! (one template's columns and tokens after the other) and `seal` (the bytes of it all). A block
//! says what it holds in its `meta`; `rows` keeps the order of arrival, `column` the variables, and
//! `filter` the words among the variables.

pub(crate) mod codec;
pub(crate) mod column;
pub(crate) mod columns;
mod distinct;
pub(crate) mod filter;
mod gather;
pub(crate) mod meta;
mod numbers;
pub(crate) mod rows;
mod seal;
mod sections;
pub(crate) mod stamp;
mod template;
mod times;
mod tokens;
mod written;

pub(crate) use columns::ColumnWriter;
pub(crate) use gather::Slice;
pub(crate) use seal::{Address, Sealed, seal};
pub(crate) use sections::{SECTION_FOLDED, SECTION_PLAIN};
