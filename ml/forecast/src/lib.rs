#![doc = include_str!("../README.md")]
//!
//! This file: the modules and what is public of them.

mod clean;
mod combine;
mod conformal;
mod error;
mod ets;
mod forecast;
mod linear;
mod loess;
mod minimise;
mod models;
mod mstl_ets;
mod passage;
mod problem;
mod season;
mod spec;
mod stl;
mod theta;
mod trend;

pub use error::ForecastError;
pub use ets::{Ets, EtsError, EtsSeason, EtsSpec, EtsTrend};
pub use forecast::{Backtest, Candidate, Crossing, Forecast, Interval, forecast};
pub use loess::{LoessConfig, Smoother};
pub use mstl_ets::mstl_ets;
pub use season::detect_periods;
pub use spec::{ForecastSpec, HORIZON_MAX, Scale, Seasons};
pub use stl::{Decomposition, StlConfig, mstl, stl};
pub use theta::{DynamicTheta, theta};
pub use trend::{LastPiece, last_piece};
