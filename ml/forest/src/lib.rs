//! Which hosts behave unlike themselves? An isolation forest, and a detector of one entity made of
//! it.
//!
//! Rows of numbers go in, scores in `[0, 1]` come out. Nothing here knows time, names or labels;
//! randomness comes from a seed, so the same rows give the same model on every machine.
#![doc = include_str!("../README.md")]

mod covariance;
mod discord;
mod entity;
mod isolation;
mod judge;
mod marginal;
mod matrix;
mod normal;
mod random;
mod recent;
mod shape;
mod snapshot;
mod tail;
mod verdict;

pub use entity::{EntityConfig, EntityDetector};
pub use isolation::{Forest, ForestSettings, average_path_length};
pub use judge::{ShapeJudge, ShapeVerdict};
pub use matrix::Matrix;
pub use shape::{Closest, ShapeDetector, ShapeScore, ShapeSettings};
pub use snapshot::SnapshotError;
pub use verdict::{Contribution, EntityVerdict};
