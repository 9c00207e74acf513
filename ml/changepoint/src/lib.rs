//! Where did a series change?
//!
//! Slices of numbers go in; segments and change points come out. [`segment`] cuts a whole series
//! into pieces of constant level or constant slope. Nothing here knows seasons, limits or units: who
//! has a seasonal series takes the season off first.
#![doc = include_str!("../README.md")]

mod cost;
mod noise;
mod pelt;
mod segment;

pub use segment::{Segment, Segmentation, Settings, Shape, segment};
