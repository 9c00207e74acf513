//! One series followed for three weeks, asked every three hours, with the alarm's hysteresis.

use std::iter::Sum;

use serde::Serialize;
use tocsin_capacity::{Alarm, AlarmConfig, Change, Config};

use super::ask;
use super::score::HORIZON;
use super::shapes::{Case, HOUR, time_ms};

/// Points between two questions.
const STRIDE: usize = 3 * HOUR;

/// Alarms while series were followed.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct Replay {
    /// Days followed.
    pub days: f64,
    /// Alarms raised although it was not full within twice the horizon.
    pub false_alarms: usize,
    /// Series that became full.
    pub full: usize,
    /// Of these, those whose alarm was up an hour before.
    pub warned: usize,
}

impl<'a> Sum<&'a Self> for Replay {
    fn sum<I: Iterator<Item = &'a Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self {
            days: sum.days + one.days,
            false_alarms: sum.false_alarms + one.false_alarms,
            full: sum.full + one.full,
            warned: sum.warned + one.warned,
        })
    }
}

/// Follows a case from now until it is full or its future ends.
pub(crate) fn follow(case: &Case, config: &Config) -> Replay {
    let settings = AlarmConfig::default();
    let mut alarm = Alarm::default();
    let end = case.crossing.unwrap_or(case.values.len() - 1);
    let mut replay = Replay {
        full: usize::from(case.crossing.is_some()),
        ..Replay::default()
    };
    let mut at = case.now;
    let mut up_in_time = false;
    while at < end {
        let change = alarm.step(time_ms(at), &ask(case, at, config), &settings);
        if change == Change::Raised && case.crossing.is_none_or(|full| full > at + 2 * HORIZON) {
            // What happens after the simulated future is not known: it is not counted as false.
            let known = case.crossing.is_some() || at + HORIZON < case.values.len();
            replay.false_alarms += usize::from(known);
        }
        if at + HOUR <= end {
            up_in_time = alarm.raised_at_ms().is_some();
        }
        at += STRIDE;
    }
    replay.days = (end - case.now) as f64 / (24 * HOUR) as f64;
    replay.warned = usize::from(case.crossing.is_some() && up_in_time);
    replay
}
