//! Times on the wire: RFC 3339 out; RFC 3339, epochs and `now-1h` in.

use tocsin_domain::Timestamp;
use tocsin_domain::time::civil_date;

use crate::errors::ApiError;

const NANOS_PER_SEC: i64 = 1_000_000_000;
const SECS_PER_DAY: i64 = 86_400;

/// RFC 3339 in UTC, with no more groups of fraction digits than the time needs.
pub(crate) fn format(at: Timestamp) -> String {
    let secs = at.nanos().div_euclid(NANOS_PER_SEC);
    let nanos = at.nanos().rem_euclid(NANOS_PER_SEC);
    let (year, month, day) = civil_date(secs.div_euclid(SECS_PER_DAY));
    let of_day = secs.rem_euclid(SECS_PER_DAY);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    let fraction = if nanos == 0 {
        String::new()
    } else if nanos % 1_000_000 == 0 {
        format!(".{:03}", nanos / 1_000_000)
    } else if nanos % 1000 == 0 {
        format!(".{:06}", nanos / 1000)
    } else {
        format!(".{nanos:09}")
    };
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
}

/// Reads the time parameter `field`; `now` is what `now` means.
pub(crate) fn parse(field: &str, text: &str, now: Timestamp) -> Result<Timestamp, ApiError> {
    let text = text.trim();
    let parsed = if let Some(offset) = text.strip_prefix("now") {
        relative(offset, now)
    } else if text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.')
    {
        epoch(text)
    } else {
        rfc3339(text)
    };
    parsed.ok_or_else(|| {
        let shown: String = text.chars().take(40).collect();
        ApiError::field(
            field,
            "an RFC 3339 time, an epoch in s, ms, µs or ns, `now`, or `now-1h` (s m h d w)",
            format!("`{shown}` is not a time"),
        )
    })
}

/// Reads a span of time such as `60s`, `5m` or `1h`, in nanoseconds and above zero.
pub(crate) fn parse_span(text: &str) -> Option<i64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let unit = match unit {
        "ms" => 1_000_000,
        "s" => NANOS_PER_SEC,
        "m" => 60 * NANOS_PER_SEC,
        "h" => 3600 * NANOS_PER_SEC,
        "d" => SECS_PER_DAY * NANOS_PER_SEC,
        "w" => 7 * SECS_PER_DAY * NANOS_PER_SEC,
        _ => return None,
    };
    number
        .parse::<i64>()
        .ok()?
        .checked_mul(unit)
        .filter(|span| *span > 0)
}

fn relative(offset: &str, now: Timestamp) -> Option<Timestamp> {
    // In a query string an unescaped `+` is a space.
    let shifted = match offset.bytes().next() {
        None => now.nanos(),
        Some(b'-') => now.nanos().saturating_sub(parse_span(&offset[1..])?),
        Some(b'+' | b' ') => now.nanos().saturating_add(parse_span(&offset[1..])?),
        Some(_) => return None,
    };
    Some(Timestamp(shifted))
}

/// The unit of an epoch is told from its size: seconds up to the year 5138, and so on.
fn epoch(text: &str) -> Option<Timestamp> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let number: i64 = whole.parse().ok()?;
    let unit = if number < 100_000_000_000 {
        NANOS_PER_SEC
    } else if number < 100_000_000_000_000 {
        1_000_000
    } else if number < 100_000_000_000_000_000 {
        1000
    } else {
        1
    };
    let mut nanos = number.checked_mul(unit)?;
    let mut scale = unit;
    for digit in fraction.bytes() {
        scale /= 10;
        nanos = nanos.checked_add(i64::from(digit.checked_sub(b'0')?) * scale)?;
    }
    Some(Timestamp(nanos))
}

/// Reads `2026-11-21`, `2026-11-21T15:10[:00[.123]]` with `Z`, `±hh:mm` or nothing (UTC).
fn rfc3339(text: &str) -> Option<Timestamp> {
    let (year, rest) = number(text, 4)?;
    let (month, rest) = number(rest.strip_prefix('-')?, 2)?;
    let (day, rest) = number(rest.strip_prefix('-')?, 2)?;
    if !(1..=12).contains(&month) || day < 1 || day > days_of_month(year, month) {
        return None;
    }
    let midnight = days(year, month, day) * SECS_PER_DAY;
    if rest.is_empty() {
        return Some(Timestamp::from_secs(midnight));
    }
    let (hour, rest) = number(rest.strip_prefix(['T', 't', ' '])?, 2)?;
    let (minute, mut rest) = number(rest.strip_prefix(':')?, 2)?;
    let (mut second, mut nanos) = (0, 0);
    if let Some(after) = rest.strip_prefix(':') {
        (second, rest) = number(after, 2)?;
    }
    if let Some(after) = rest.strip_prefix(['.', ',']) {
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        let mut scale = NANOS_PER_SEC;
        for digit in after.bytes().take(digits) {
            scale /= 10;
            nanos += i64::from(digit - b'0') * scale;
        }
        rest = &after[digits..];
    }
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let secs = midnight + hour * 3600 + minute * 60 + second - zone(rest)?;
    Some(Timestamp(
        secs.checked_mul(NANOS_PER_SEC)?.checked_add(nanos)?,
    ))
}

/// Seconds east of UTC.
fn zone(text: &str) -> Option<i64> {
    if matches!(text, "" | "Z" | "z") {
        return Some(0);
    }
    // In a query string an unescaped `+` is a space.
    let sign = match text.bytes().next()? {
        b'+' | b' ' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, rest) = number(&text[1..], 2)?;
    let (minutes, rest) = number(rest.strip_prefix(':').unwrap_or(rest), 2)?;
    (rest.is_empty() && hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

fn number(text: &str, digits: usize) -> Option<(i64, &str)> {
    let head = text.get(..digits)?;
    let is_number = head.bytes().all(|byte| byte.is_ascii_digit());
    is_number
        .then(|| head.parse().ok())
        .flatten()
        .map(|value| (value, &text[digits..]))
}

fn days_of_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 of a date of the Gregorian calendar: eras of 400 years, years from March.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_795_273_859);

    fn read(text: &str) -> Option<i64> {
        parse("from", text, NOW).ok().map(Timestamp::nanos)
    }

    #[test]
    fn times_come_back_as_they_were_written() {
        for nanos in [
            0,
            -1,
            1,
            1_795_273_859_123_456_789,
            -5_000_000_000,
            i64::MIN,
            i64::MAX,
        ] {
            let text = format(Timestamp(nanos));
            // The first second of the range begins before it and cannot be summed up.
            if nanos != i64::MIN {
                assert_eq!(read(&text), Some(nanos), "{text}");
            }
        }
        assert_eq!(format(Timestamp::from_secs(0)), "1970-01-01T00:00:00Z");
        assert_eq!(
            format(Timestamp::from_millis(-1)),
            "1969-12-31T23:59:59.999Z"
        );
        assert_eq!(
            format(Timestamp::from_secs(951_782_400)),
            "2000-02-29T00:00:00Z"
        );
    }

    #[test]
    fn every_form_is_read() {
        let at = 1_795_273_859 * NANOS_PER_SEC;
        for text in [
            "2026-11-21T15:10:59Z",
            "2026-11-21 15:10:59",
            "2026-11-21T16:10:59+01:00",
            "2026-11-21T16:10:59 01:00",
            "2026-11-21T10:40:59.000-0430",
            "1795273859",
            "1795273859.000",
            "1795273859000",
            "1795273859000000",
            "1795273859000000000",
            "now",
        ] {
            assert_eq!(read(text), Some(at), "{text}");
        }
        assert_eq!(read("now-1h"), Some(at - 3600 * NANOS_PER_SEC));
        assert_eq!(read("now-2w"), Some(at - 14 * SECS_PER_DAY * NANOS_PER_SEC));
        assert_eq!(read("2026-11-21"), read("2026-11-21T00:00:00Z"));
        assert_eq!(read("1.5"), Some(1_500_000_000));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            ".",
            "yesterday",
            "now-",
            "now-1",
            "now-0s",
            "nowhere",
            "2026-02-30",
            "2026-13-01",
            "2026-11-21T25:00Z",
            "2026-11-21T10:00:00+1",
            "9999-01-01T00:00:00Z",
            "1.2.3",
            "١٢٣",
            "99999999999999999999",
            "now-9999999999999w",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
