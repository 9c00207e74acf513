//! Finds the time in a line and learns where each source puts it.
//!
//! A time found is believed if it lies between 1990 and one day after the time of receipt (clocks
//! run ahead and zones are mistaken; beyond that it would hide everything newer). A line years in
//! the past is kept as it says. A time that is not believed is marked
//! [`Issues::TIMESTAMP_INVALID`](tocsin_domain::Issues) and the time of receipt stands in.
//!
//! Not read, because a guess would be wrong half the time: `03/04/2026` (which is the month?) and
//! abbreviations of zones other than UTC and GMT.

mod calendar;
mod format;
mod learner;
#[cfg(test)]
mod tests;

use tocsin_domain::Timestamp;

use calendar::{DAY, SECOND};
use format::{Format, When};
pub use learner::{Found, Learner};

/// 1990-01-01T00:00:00Z: earlier times are counters and defaults, not times.
const EARLIEST: Timestamp = Timestamp::from_secs(631_152_000);
/// How many bytes from the start of a line a time may begin.
const WINDOW: usize = 80;

/// A time of the text, or why there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// There is a time and it is believed.
    At(Timestamp),
    /// There is none.
    Missing,
    /// There is something that cannot be read or not be believed.
    Invalid,
}

/// True if a record received at `now` may be of the time `at`.
#[must_use]
pub const fn is_plausible(at: Timestamp, now: Timestamp) -> bool {
    at.0 >= EARLIEST.0 && at.0 <= now.0.saturating_add(DAY)
}

const fn believed(at: Timestamp, now: Timestamp) -> Reading {
    if is_plausible(at, now) {
        Reading::At(at)
    } else {
        Reading::Invalid
    }
}

/// Reads a field that holds a time as text: any of the formats that lines have, or a number as
/// [`read_number`]. A time without a zone is `zone_secs` east of UTC.
#[must_use]
pub fn read_text(text: &[u8], now: Timestamp, zone_secs: i32) -> Reading {
    let text = text.trim_ascii();
    if text.is_empty() {
        return Reading::Missing;
    }
    if let Some((when, end, _)) = at_start(text)
        && end == text.len()
    {
        return resolve(when, now, zone_secs);
    }
    std::str::from_utf8(text).map_or(Reading::Invalid, |digits| read_number(digits, now))
}

/// Reads a number of seconds, milliseconds, microseconds or nanoseconds since 1970; which of them
/// is told by its size (below 10^11, 10^14, 10^17). Seconds may have a fraction.
#[must_use]
pub fn read_number(digits: &str, now: Timestamp) -> Reading {
    let digits = digits.trim();
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = !whole.is_empty()
        && whole.len() <= 19
        && whole.bytes().all(|byte| byte.is_ascii_digit())
        && fraction.bytes().all(|byte| byte.is_ascii_digit());
    if !plain {
        return match digits.parse::<f64>() {
            Ok(seconds) if seconds.is_finite() && digits.contains(['e', 'E']) => {
                believed(Timestamp((seconds * SECOND as f64) as i64), now)
            }
            _ => Reading::Invalid,
        };
    }
    let Ok(number) = whole.parse::<i64>() else {
        return Reading::Invalid;
    };
    let unit = if number < 100_000_000_000 {
        SECOND
    } else if number < 100_000_000_000_000 {
        1_000_000
    } else if number < 100_000_000_000_000_000 {
        1_000
    } else {
        1
    };
    let mut nanos = 0;
    let mut scale = unit / 10;
    for digit in fraction.bytes() {
        nanos += i64::from(digit - b'0') * scale;
        scale /= 10;
    }
    match number.checked_mul(unit) {
        Some(at) => believed(Timestamp(at.saturating_add(nanos)), now),
        None => Reading::Invalid,
    }
}

/// Reads a time at the start of `text`, and how many bytes it takes; none if it begins otherwise.
pub(crate) fn read_start(text: &[u8], now: Timestamp, zone_secs: i32) -> Option<(Reading, usize)> {
    let (when, end, _) = at_start(text)?;
    Some((resolve(when, now, zone_secs), end))
}

fn resolve(when: When, now: Timestamp, zone_secs: i32) -> Reading {
    match when {
        When::Instant(at) => believed(at, now),
        When::Civil(civil) => match civil.instant(now, zone_secs) {
            Some(at) => believed(at, now),
            None => Reading::Invalid,
        },
    }
}

/// Reads a time at the start of `text` in whichever format fits.
fn at_start(text: &[u8]) -> Option<(When, usize, Format)> {
    let first = *text.first()?;
    let parse = |format: Format| {
        let (when, end) = format.parse(text)?;
        Some((when, end, format))
    };
    match first {
        b'0'..=b'9' => {
            let digits = text
                .iter()
                .take(20)
                .position(|byte| !byte.is_ascii_digit())
                .unwrap_or(text.len().min(20));
            match (digits, text.get(digits).copied().unwrap_or(0)) {
                (4, b'-' | b'/' | b'.') => parse(Format::Iso),
                (2, b'/') => parse(Format::ShortYear).or_else(|| parse(Format::DayMonthYear)),
                (2, b'.') => parse(Format::MonthDay),
                (2, b'-') => parse(Format::MonthDay).or_else(|| parse(Format::DayMonthYear)),
                (1 | 2, b' ' | b'/' | b'-') => parse(Format::DayMonthYear),
                (8, b'-' | b'T' | b' ' | b'_') => parse(Format::Compact),
                (10, b' ') => parse(Format::BlueGene).or_else(|| parse(Format::Epoch)),
                (10 | 13 | 16 | 19, _) => parse(Format::Epoch),
                (6, b' ') => parse(Format::SixDigits),
                _ => None,
            }
        }
        b'A'..=b'Z' => parse(Format::Syslog)
            .or_else(|| parse(Format::Weekday))
            .or_else(|| parse(Format::Glog)),
        _ => None,
    }
}
