//! Where did a series change, and is it changing now?
//!
//! Slices of numbers go in; segments, change points and run lengths come out. [`segment`] cuts a
//! whole series into pieces of constant level or constant slope; [`Online`] follows a series point
//! by point. Nothing here knows seasons, limits or units: who has a seasonal series takes the
//! season off first.
#![doc = include_str!("../README.md")]

mod cost;
mod noise;
mod online;
mod pelt;
mod segment;
mod snapshot;
mod student;

pub use online::{Change, Observation, Online, OnlineSettings};
pub use segment::{Segment, Segmentation, Settings, Shape, segment, segment_at};
pub use snapshot::SnapshotError;
