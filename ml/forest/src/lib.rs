//! Which hosts behave unlike themselves? An isolation forest, and a detector of one entity made of
//! it.
//!
//! Rows of numbers go in, scores in `[0, 1]` come out. Nothing here knows time, names or labels;
//! randomness comes from a seed, so the same rows give the same model on every machine.
#![doc = include_str!("../README.md")]

mod isolation;
mod matrix;
mod random;
mod snapshot;

pub use isolation::{Forest, ForestSettings, average_path_length};
pub use matrix::Matrix;
pub use snapshot::SnapshotError;
