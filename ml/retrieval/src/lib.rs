#![doc = include_str!("../README.md")]
//!
//! This file: the exports. Everything is a plain value; nothing here reads files or clocks.

mod bm25;
mod describe;
mod index;
mod lexicon;
mod question;
pub mod tuning;
mod words;

pub use describe::{Description, VIEWS_MAX};
pub use index::{Hit, Index, PrototypeDocument, view_weight};
pub use lexicon::Lexicon;
pub use words::identifiers;
