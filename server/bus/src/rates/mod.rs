//! How many requests each client may make: counted in this process, or by all processes in Redis.
//!
//! A bucket is one number, the moment at which it will be full again (the generic cell rate algorithm):
//! a request moves that by a minute's share, and may be unless the moment were more than a minute away.

mod local;

use std::time::Duration;

use tocsin_domain::ports::Allowance;

pub use local::LocalRates;

/// A minute in µs.
const MINUTE_US: u64 = 60_000_000;

/// The share of a request, and the room of a bucket, in µs.
pub(crate) fn shares(per_minute: u32) -> (u64, u64) {
    let per_minute = u64::from(per_minute.max(1));
    let share = MINUTE_US / per_minute;
    (share, share * per_minute)
}

/// What it means that a bucket is full again after so long, once the request was counted or refused.
pub(crate) fn allowance(per_minute: u32, whole_us: u64, is_taken: bool) -> Allowance {
    let (share, room) = shares(per_minute);
    let left = room.saturating_sub(whole_us) / share;
    let short = (whole_us + share).saturating_sub(room);
    Allowance {
        remaining: u32::try_from(left).unwrap_or(u32::MAX),
        whole_after: Duration::from_micros(whole_us),
        refused_for: (!is_taken).then(|| Duration::from_micros(short.max(1))),
    }
}
