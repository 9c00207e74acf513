//! Which type of failure a text speaks of, judged by its embedding.
//!
//! Embeddings with known classes flow in and a [`Model`] comes out; an embedding flows in and a
//! calibrated probability of each class comes out. [`combine`] joins that with what a rule says and
//! how often the line was seen. Nothing here knows what the classes are called, reads a rule or
//! makes an embedding; the same samples in the same order give the same model.

mod calibration;
mod combine;
mod model;

pub use combine::{Frequency, Opinion, combine};
pub use model::{Held, Model, Sample, TrainConfig, TrainError};
