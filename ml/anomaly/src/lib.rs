//! Is this point normal for its series? Online detectors, their ensemble and the tail model.
//!
//! In: the points of one series, in order, one at a time. Out: a [`Verdict`] each, with the expected band, a
//! calibrated probability, and whether an anomaly starts, goes on or ends. Everything is constant in
//! time and space per point and series, and looks only back. There is no clock, no randomness and no
//! I/O here; a state is saved to bytes and restored from them bit by bit.
//!
//! ```
//! use tocsin_anomaly::{DetectorConfig, SeriesDetector, SeriesKind};
//!
//! let config = DetectorConfig::default();
//! let mut detector = SeriesDetector::new(SeriesKind::Gauge);
//! for minute in 0..300 {
//!     let quiet = 20.0 + f64::from(minute % 7);
//!     detector.observe(i64::from(minute) * 60_000, quiet, &config);
//! }
//! let verdict = detector.observe(300 * 60_000, 97.2, &config).unwrap();
//! assert!(verdict.is_alarm());
//! println!("{}", verdict.explain("cpu_usage"));
//! ```

mod availability;
mod config;
mod detector;
mod ensemble;
mod judge;
mod levels;
mod novelty;
mod presence;
mod rate;
mod season;
mod snapshot;
mod tail;
mod verdict;

pub use config::{DetectorConfig, Tuning};
pub use detector::{Feedback, SeriesDetector};
pub use rate::SeriesKind;
pub use snapshot::SnapshotError;
pub use verdict::{Band, Detector, Explanation, Phase, Verdict};
