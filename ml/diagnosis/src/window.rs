//! The time that a question speaks of: dates as they stand, and lengths back from "now".

use crate::log::LogLine;
use crate::moment::{days_of, month, weekday};

const HOUR_S: i64 = 3_600;
const DAY_S: i64 = 24 * HOUR_S;

/// A time as it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Window {
    /// The first second, since the epoch.
    from: Option<i64>,
    /// The second after the last.
    to: Option<i64>,
    /// How far back from "now", in seconds.
    back: Option<Back>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Back {
    Secs(i64),
    /// From the start of the day that many days ago, for that many days.
    Days(i64, i64),
    /// From the start of the last such day of the week.
    Weekday(i64),
}

impl Window {
    pub(crate) fn is_any(self) -> bool {
        self == Self::default()
    }

    /// The first second and the second after the last, if `now` is the newest known time.
    pub(crate) fn bounds(self, now: i64) -> (i64, i64) {
        let day = now - now.rem_euclid(DAY_S);
        let (from, to) = match self.back {
            None => (None, None),
            Some(Back::Secs(secs)) => (Some(now - secs), None),
            Some(Back::Days(ago, days)) => {
                (Some(day - ago * DAY_S), Some(day - (ago - days) * DAY_S))
            }
            Some(Back::Weekday(wanted)) => {
                let ago = (weekday(now) - wanted).rem_euclid(7);
                (Some(day - ago * DAY_S), None)
            }
        };
        (
            self.from.or(from).unwrap_or(i64::MIN),
            self.to.or(to).unwrap_or(i64::MAX),
        )
    }

    /// The lines within the window; a line without a time is of the time of the one before it.
    pub(crate) fn lines<'l>(self, lines: &'l [LogLine]) -> Vec<&'l LogLine> {
        let times = lines
            .iter()
            .filter_map(|line| line.at.as_ref())
            .filter(|at| at.has_year);
        let Some(now) = times.map(|at| at.secs).max().filter(|_| !self.is_any()) else {
            return lines.iter().collect();
        };
        let (from, to) = self.bounds(now);
        let mut current = None;
        let is_in = |line: &&'l LogLine| {
            if let Some(at) = line.at.as_ref().filter(|at| at.has_year) {
                current = Some(at.secs);
            }
            current.is_none_or(|secs| (from..to).contains(&secs))
        };
        lines.iter().filter(is_in).collect()
    }
}

/// The window of a question in lower case.
pub(crate) fn window(lower: &str) -> Window {
    let words: Vec<&str> = lower
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | '?' | '(' | ')' | '"' | '\''))
        .filter(|word| !word.is_empty())
        .collect();
    let mut window = Window::default();
    for (at, word) in words.iter().enumerate() {
        let before = at
            .checked_sub(1)
            .and_then(|at| words.get(at))
            .copied()
            .unwrap_or_default();
        let after = words.get(at + 1).copied().unwrap_or_default();
        if let Some(day) = date(word).or_else(|| named_date(&words, at)) {
            match before {
                "until" | "till" | "before" | "to" | "and" => window.to = Some(day + DAY_S),
                "since" | "from" | "after" | "between" | "starting" => window.from = Some(day),
                _ if window.from.is_none() => {
                    window.from = Some(day);
                    window.to = Some(day + DAY_S);
                }
                _ => window.to = Some(day + DAY_S),
            }
            continue;
        }
        let back = match *word {
            "yesterday" if before == "since" => Some(Back::Days(1, 2)),
            "yesterday" => Some(Back::Days(1, 1)),
            "today" => Some(Back::Days(0, 1)),
            "week" if matches!(before, "last" | "past" | "this") => Some(Back::Secs(7 * DAY_S)),
            "month" if matches!(before, "last" | "past" | "this") => Some(Back::Secs(30 * DAY_S)),
            "day" if matches!(before, "last" | "past") => Some(Back::Secs(DAY_S)),
            "hour" if matches!(before, "last" | "past") => Some(Back::Secs(HOUR_S)),
            word if matches!(before, "last" | "past" | "previous") => length(word, after),
            word if matches!(before, "since" | "on" | "last") => {
                day_of_week(word).map(Back::Weekday)
            }
            word if after_is_ago(&words, at) => length(word, after),
            _ => None,
        };
        window.back = window.back.or(back).or_else(|| {
            matches!(before, "since" | "last" | "on")
                .then(|| day_of_week(word).map(Back::Weekday))
                .flatten()
        });
    }
    window
}

fn after_is_ago(words: &[&str], at: usize) -> bool {
    words.get(at + 2) == Some(&"ago") || words.get(at + 1) == Some(&"ago")
}

/// `6 hours`, `30m`, `2h`.
fn length(word: &str, after: &str) -> Option<Back> {
    let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: i64 = digits
        .parse()
        .ok()
        .filter(|number| (1..=100_000).contains(number))?;
    let unit = if digits.len() < word.len() {
        &word[digits.len()..]
    } else {
        after
    };
    let secs = match unit {
        "s" | "sec" | "secs" | "second" | "seconds" => 1,
        "m" | "min" | "mins" | "minute" | "minutes" => 60,
        "h" | "hr" | "hrs" | "hour" | "hours" => HOUR_S,
        "d" | "day" | "days" => DAY_S,
        "w" | "week" | "weeks" => 7 * DAY_S,
        "month" | "months" => 30 * DAY_S,
        _ => return None,
    };
    Some(Back::Secs(number * secs))
}

fn day_of_week(word: &str) -> Option<i64> {
    const DAYS: [&str; 7] = [
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
    ];
    let at = DAYS
        .iter()
        .position(|day| *day == word.trim_end_matches('.'))?;
    i64::try_from(at).ok()
}

/// The first second of `2025-06-12`, with a time of day or without.
fn date(word: &str) -> Option<i64> {
    let day = word.get(..10)?;
    let mut parts = day.split(['-', '/']).map(str::parse::<i64>);
    let (Some(Ok(year)), Some(Ok(month)), Some(Ok(day)), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    days_of(year, month, day).map(|days| days * DAY_S)
}

/// `june 12 2025`, `12 june 2025`.
fn named_date(words: &[&str], at: usize) -> Option<i64> {
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
    let is_month = |word: &&str| {
        NAMES
            .iter()
            .any(|name| name == word || (word.len() >= 3 && name.get(..3) == Some(word)))
    };
    let number = |at: usize| {
        let digits = words
            .get(at)?
            .trim_end_matches(['s', 't', 'n', 'd', 'r', 'h']);
        digits.parse::<i64>().ok()
    };
    let word = words.get(at).filter(|word| is_month(word))?;
    let year = number(at + 2).filter(|year| (1970..2200).contains(year))?;
    let day = number(at + 1).filter(|day| (1..=31).contains(day))?;
    days_of(year, month(word)?, day).map(|days| days * DAY_S)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_750_320_765; // Thursday, 2025-06-19 08:12:45

    #[test]
    fn times_of_questions_are_understood() {
        let day = |date: &str| super::date(date).unwrap();
        for (text, from, to) in [
            ("logs of the last 6 hours", NOW - 6 * HOUR_S, i64::MAX),
            ("logs since last week", NOW - 7 * DAY_S, i64::MAX),
            ("errors in the past 30m", NOW - 1_800, i64::MAX),
            ("since 2025-06-12", day("2025-06-12"), i64::MAX),
            ("on 2025-06-12?", day("2025-06-12"), day("2025-06-13")),
            (
                "between 2025-06-12 and 2025-06-14",
                day("2025-06-12"),
                day("2025-06-15"),
            ),
            ("since june 12 2025", day("2025-06-12"), i64::MAX),
            ("yesterday", day("2025-06-18"), day("2025-06-19")),
            ("since tuesday", day("2025-06-17"), i64::MAX),
            ("what happened 2 hours ago", NOW - 2 * HOUR_S, i64::MAX),
            ("the last 10 errors", i64::MIN, i64::MAX),
            ("nothing of time", i64::MIN, i64::MAX),
        ] {
            assert_eq!(window(text).bounds(NOW), (from, to), "{text}");
        }
    }
}
