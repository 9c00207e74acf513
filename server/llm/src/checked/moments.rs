//! Dates and times of day inside texts. Only what is written is compared; no time zone is guessed.

use tocsin_domain::time::civil_date;

/// A time of day as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TimeOfDay {
    /// Seconds since midnight.
    pub(super) secs: u32,
    /// Whether seconds were written.
    pub(super) has_secs: bool,
}

impl TimeOfDay {
    /// Whether a text that says `self` says nothing beyond `known`: equal, or cut or rounded to the
    /// minute.
    pub(super) fn agrees_with(self, known: Self) -> bool {
        const DAY: u32 = 86_400;
        if self.has_secs {
            return known.has_secs && self.secs == known.secs;
        }
        let rounded = (known.secs + 30) / 60 * 60 % DAY;
        self.secs == known.secs / 60 * 60 || (known.has_secs && self.secs == rounded)
    }
}

/// A date as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Date {
    pub(super) year: Option<i64>,
    pub(super) month: u32,
    pub(super) day: u32,
}

impl Date {
    /// Whether a text that says `self` says nothing beyond `known`. A line of syslog has no year, so
    /// a year that is missing there is not denied.
    pub(super) fn agrees_with(self, known: Self) -> bool {
        let year_agrees = match (self.year, known.year) {
            (Some(said), Some(known)) => said == known,
            _ => true,
        };
        year_agrees && self.month == known.month && self.day == known.day
    }
}

/// `2024-05-01` or `2024/05/01`.
pub(super) fn date(text: &str) -> Option<Date> {
    let separator = if text.contains('/') { '/' } else { '-' };
    let mut parts = text.split(separator);
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 || month.len() != 2 || day.len() != 2 {
        return None;
    }
    let (year, month, day) = (number(year)?, number(month)?, number(day)?);
    let is_date = (1..=12).contains(&month) && (1..=31).contains(&day);
    is_date.then_some(Date {
        year: Some(i64::from(year)),
        month,
        day,
    })
}

/// `10:11`, `10:11:12`, `10:11:12.345`, each with `Z` or an offset, which are passed over.
pub(super) fn time_of_day(text: &str) -> Option<TimeOfDay> {
    let text = text.trim_end_matches(['Z', 'z']);
    let text = match text.rfind(['+', '-']) {
        Some(at) if at >= 5 => &text[..at],
        _ => text,
    };
    let mut parts = text.split(':');
    let (hours, minutes) = (parts.next()?, parts.next()?);
    let seconds = parts.next();
    if parts.next().is_some() || hours.is_empty() || hours.len() > 2 || minutes.len() != 2 {
        return None;
    }
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    let whole = seconds.map(|text| text.split(['.', ',']).next().unwrap_or_default());
    let secs = match whole {
        Some(text) if text.len() == 2 => number(text)?,
        Some(_) => return None,
        None => 0,
    };
    let is_time = hours < 24 && minutes < 60 && secs < 61;
    is_time.then_some(TimeOfDay {
        secs: hours * 3600 + minutes * 60 + secs,
        has_secs: whole.is_some(),
    })
}

/// `2024-05-01T10:11:12Z` and its like, with a `T`, `t` or `_` between.
pub(super) fn date_time(text: &str) -> Option<(Date, TimeOfDay)> {
    let (first, second) = (text.get(..10)?, text.get(11..)?);
    if !matches!(text.as_bytes().get(10), Some(b'T' | b't' | b'_' | b' ')) {
        return None;
    }
    Some((date(first)?, time_of_day(second)?))
}

/// The month of an English name or its first three letters.
pub(super) fn month(word: &str) -> Option<u32> {
    const NAMES: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let word = word.to_ascii_lowercase();
    let at = NAMES.iter().position(|name| {
        *name == word
            || name.get(..3) == Some(word.as_str())
            || word == "sept" && *name == "september"
    })?;
    u32::try_from(at + 1).ok()
}

/// The moment (UTC) of a number of 10 or 13 digits: seconds or milliseconds since the epoch.
pub(super) fn epoch(digits: &str) -> Option<(Date, TimeOfDay)> {
    let value: i64 = digits.parse().ok()?;
    let secs = match digits.len() {
        10 => value,
        13 => value / 1000,
        _ => return None,
    };
    let (days, rest) = (secs.div_euclid(86_400), secs.rem_euclid(86_400));
    let (year, month, day) = civil_date(days);
    let date = Date {
        year: Some(year),
        month: u32::try_from(month).ok()?,
        day: u32::try_from(day).ok()?,
    };
    let time = TimeOfDay {
        secs: u32::try_from(rest).ok()?,
        has_secs: true,
    };
    Some((date, time))
}

fn number(digits: &str) -> Option<u32> {
    let all_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    all_digits.then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_written() {
        let (day, time) = date_time("2024-05-01T10:11:12.5+02:00").unwrap();
        assert_eq!((day.year, day.month, day.day), (Some(2024), 5, 1));
        assert_eq!(time.secs, 10 * 3600 + 11 * 60 + 12);
        assert_eq!(epoch("1714558272"), date_time("2024-05-01T10:11:12Z"));
        assert_eq!(epoch("1709210096123"), date_time("2024-02-29T12:34:56Z"));
        assert_eq!(date("2024-13-01"), None);
        assert_eq!(time_of_day("25:00"), None);
        assert_eq!(time_of_day("10.0.0.1:80"), None);
        assert_eq!(month("Sept"), Some(9));
        assert_eq!(month("mayor"), None);
    }

    #[test]
    fn a_minute_may_be_cut_or_rounded_and_nothing_be_added() {
        let said = |text| time_of_day(text).unwrap();
        assert!(said("10:11").agrees_with(said("10:11:45")));
        assert!(said("10:12").agrees_with(said("10:11:45")));
        assert!(!said("10:12").agrees_with(said("10:11:12")));
        assert!(!said("10:11:00").agrees_with(said("10:11")));
        assert!(said("00:00").agrees_with(said("23:59:45")));
    }
}
