//! A question as words, and the words that times are made of.

use std::ops::Range;

use super::asker::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, WEEK_MS};

/// A word in lower case, and where it stands in the question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) text: String,
    pub(crate) bytes: Range<usize>,
}

/// Splits a question at white space, without the punctuation around words. `14:00-15:30` and
/// `14:00–15:30` are three words.
pub(crate) fn words(question: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut start = None;
    let ends = question
        .char_indices()
        .chain(std::iter::once((question.len(), ' ')));
    for (at, c) in ends {
        let is_dash = matches!(c, '–' | '—');
        if !c.is_whitespace() && !is_dash {
            start.get_or_insert(at);
            continue;
        }
        if let Some(from) = start.take() {
            push(&mut words, question, from..at);
        }
        if is_dash {
            words.push(Word {
                text: "-".into(),
                bytes: at..at + c.len_utf8(),
            });
        }
    }
    words
}

fn push(words: &mut Vec<Word>, question: &str, bytes: Range<usize>) {
    let Some(raw) = question.get(bytes.clone()) else {
        return;
    };
    let is_around = |c: char| {
        matches!(
            c,
            ',' | ';' | '?' | '!' | '(' | ')' | '[' | ']' | '"' | '\'' | '`' | '“' | '”' | '„'
        )
    };
    let from = bytes.start + (raw.len() - raw.trim_start_matches(is_around).len());
    let raw = raw.trim_matches(is_around).trim_end_matches(['.', ':']);
    let raw = raw.trim_end_matches(is_around);
    if raw.is_empty() {
        return;
    }
    let text = raw.to_lowercase();
    if let Some((one, two)) = text.split_once('-')
        && clock(one).is_some()
        && clock(two).is_some()
    {
        let dash = from + one.len();
        for (text, bytes) in [
            (one, from..dash),
            ("-", dash..dash + 1),
            (two, dash + 1..from + raw.len()),
        ] {
            words.push(Word {
                text: text.into(),
                bytes,
            });
        }
        return;
    }
    words.push(Word {
        text,
        bytes: from..from + raw.len(),
    });
}

/// Units of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

impl Unit {
    pub(super) fn of(word: &str) -> Option<Self> {
        Some(match word {
            "s" | "sec" | "secs" | "second" | "seconds" => Self::Second,
            "m" | "min" | "mins" | "minute" | "minutes" => Self::Minute,
            "h" | "hr" | "hrs" | "hour" | "hours" => Self::Hour,
            "d" | "day" | "days" => Self::Day,
            "w" | "week" | "weeks" => Self::Week,
            "month" | "months" => Self::Month,
            "year" | "years" => Self::Year,
            _ => return None,
        })
    }

    /// Its length in ms; months have 30 days, years 365.
    pub(super) const fn ms(self) -> i64 {
        match self {
            Self::Second => SECOND_MS,
            Self::Minute => MINUTE_MS,
            Self::Hour => HOUR_MS,
            Self::Day => DAY_MS,
            Self::Week => WEEK_MS,
            Self::Month => 30 * DAY_MS,
            Self::Year => 365 * DAY_MS,
        }
    }
}

/// A count in digits or in a word; at most 99,999.
pub(super) fn count(word: &str) -> Option<f64> {
    const NAMES: [&str; 12] = [
        "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
        "twelve",
    ];
    let named = NAMES
        .iter()
        .zip(1_u32..)
        .find(|(name, _)| **name == word)
        .map(|(_, count)| f64::from(count));
    let special = match word {
        "a" | "an" => Some(1.0),
        "couple" => Some(2.0),
        "few" | "several" => Some(3.0),
        "half" => Some(0.5),
        _ => None,
    };
    named.or(special).or_else(|| {
        let is_number = word.len() <= 5 && word.starts_with(|c: char| c.is_ascii_digit());
        is_number.then(|| word.parse().ok()).flatten()
    })
}

/// `30m`, `24h`, `7d`: a count and its unit in one word.
pub(super) fn short_span(word: &str) -> Option<(f64, Unit)> {
    let at = word.find(|c: char| c.is_ascii_alphabetic())?;
    let (digits, unit) = word.split_at_checked(at)?;
    Some((count(digits)?, Unit::of(unit)?))
}

/// A time of day in ms since midnight: `14:00`, `14:00:05`, `3pm`, `3:30pm`, `noon`.
pub(super) fn clock(word: &str) -> Option<i64> {
    match word {
        "noon" | "midday" => return Some(12 * HOUR_MS),
        "midnight" => return Some(0),
        _ => {}
    }
    let (digits, half) = match word.strip_suffix("am") {
        Some(digits) => (digits, Some(0)),
        None => match word.strip_suffix("pm") {
            Some(digits) => (digits, Some(12)),
            None => (word.strip_suffix('z').unwrap_or(word), None),
        },
    };
    let mut parts = digits.split(':');
    let number = |part: &str, digits: std::ops::RangeInclusive<usize>| {
        let is_number =
            digits.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| part.parse::<i64>().ok()).flatten()
    };
    let hours = number(parts.next()?, 1..=2)?;
    let minutes = parts.next().map(|part| number(part, 2..=2));
    let seconds = parts.next().map(|part| number(part, 2..=2));
    // `3` alone is a count.
    if parts.next().is_some() || (minutes.is_none() && half.is_none()) {
        return None;
    }
    let (minutes, seconds) = (minutes.unwrap_or(Some(0))?, seconds.unwrap_or(Some(0))?);
    let hours = match half {
        Some(half) if (1..=12).contains(&hours) => hours % 12 + half,
        Some(_) => return None,
        None => hours,
    };
    let is_time = hours < 24 && minutes < 60 && seconds < 60;
    is_time.then_some(hours * HOUR_MS + minutes * MINUTE_MS + seconds * SECOND_MS)
}

/// A part of a day: from and to, in ms since its midnight.
pub(super) fn part_of_day(word: &str) -> Option<(i64, i64)> {
    let hours = match word {
        "morning" => (4, 12),
        "afternoon" => (12, 18),
        "evening" => (17, 24),
        "night" => (20, 30),
        _ => return None,
    };
    Some((hours.0 * HOUR_MS, hours.1 * HOUR_MS))
}

/// Monday is 0. Short names are taken only where `is_short_ok`: `sun` and `sat` are words as well.
pub(super) fn weekday(word: &str, is_short_ok: bool) -> Option<i64> {
    const NAMES: [(&str, &[&str]); 7] = [
        ("monday", &["mon"]),
        ("tuesday", &["tue", "tues"]),
        ("wednesday", &["wed"]),
        ("thursday", &["thu", "thur", "thurs"]),
        ("friday", &["fri"]),
        ("saturday", &["sat"]),
        ("sunday", &["sun"]),
    ];
    let word = word.strip_suffix("'s").unwrap_or(word);
    NAMES
        .iter()
        .zip(0..)
        .find(|((name, short), _)| *name == word || (is_short_ok && short.contains(&word)))
        .map(|(_, day)| day)
}

/// `[1, 12]` of a month's name or its first three letters.
pub(super) fn month(word: &str) -> Option<i64> {
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
    NAMES
        .iter()
        .zip(1..)
        .find(|(name, _)| {
            **name == word
                || name.get(..3) == Some(word)
                || (word == "sept" && **name == "september")
        })
        .map(|(_, month)| month)
}

/// A day of a month: `3`, `3rd`, `21st`.
pub(super) fn day_of_month(word: &str) -> Option<i64> {
    let digits = ["st", "nd", "rd", "th"]
        .iter()
        .find_map(|end| word.strip_suffix(end))
        .unwrap_or(word);
    let is_number = (1..=2).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    let day = is_number.then(|| digits.parse().ok()).flatten()?;
    (1..=31).contains(&day).then_some(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_know_where_they_stand() {
        let text = "Why (at 14:00-15:30) is “db-1” slow?";
        let words = words(text);
        let said: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
        assert_eq!(
            said,
            ["why", "at", "14:00", "-", "15:30", "is", "db-1", "slow"]
        );
        for word in &words {
            assert_eq!(text[word.bytes.clone()].to_lowercase(), word.text);
        }
    }

    #[test]
    fn times_of_day_are_read_and_counts_are_not() {
        assert_eq!(clock("3pm"), Some(15 * HOUR_MS));
        assert_eq!(clock("12am"), Some(0));
        assert_eq!(
            clock("14:30:05"),
            Some(14 * HOUR_MS + 30 * MINUTE_MS + 5_000)
        );
        for wrong in ["3", "25:00", "13pm", "10.0.0.1:80", "1:2", "14:60", "am"] {
            assert_eq!(clock(wrong), None, "{wrong}");
        }
        assert_eq!(short_span("30m"), Some((30.0, Unit::Minute)));
        assert_eq!(short_span("24hosts"), None);
        assert_eq!((count("couple"), count("123456")), (Some(2.0), None));
    }
}
