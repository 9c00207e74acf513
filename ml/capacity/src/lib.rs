//! When is a bounded series full? Time to threshold and the scorecard of past predictions.
//!
//! * [`predict`] takes the points of a series (disk bytes, inodes, memory, a pool, a quota, days
//!   until a certificate expires) and its [`Limit`], and answers with the probability that the
//!   limit is reached within the horizon, the interval of the time of crossing, the band for the
//!   chart and a sentence; or with [`Outcome::Silent`] and why.
//! * [`Alarm`] turns the probabilities of one series into "raised" and "cleared", with hysteresis.
//! * [`Scorecard`] holds what became of past predictions of one series, and says whether they may
//!   be trusted; [`Outcome::judged`] silences a series whose may not.
//!
//! Everything is pure: no clock, no I/O, no randomness but a seed in [`Config`].
//!
//! Not here: where points and limits come from, what is done about an alarm, how it is shown.

mod alarm;
mod answer;
mod bend;
mod cycle;
mod grid;
mod jumps;
mod noise;
mod predict;
mod random;
mod reason;
mod regime;
mod robust;
mod scorecard;
mod season;
mod simulate;

pub use alarm::{Alarm, AlarmConfig, Change};
pub use answer::{BandPoint, Crossing, Forecast, Outcome, Silence};
pub use predict::{Config, Direction, History, Limit, predict};
pub use random::Random;
pub use scorecard::{
    Calibration, DecodeError, Observed, Prediction, Scorecard, ScorecardConfig, Tally, Verdict,
    verdict,
};
