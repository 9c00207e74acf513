//! The grammar of days: `yesterday`, `last Tuesday`, `on Nov 3`, and what may follow them.

use super::asker::{HOUR_MS, day_of, weekday as weekday_of};
use super::grammar::{AT_MS, Grammar, Read, Stretch};
use super::words::{Unit, day_of_month, month, part_of_day, weekday};

impl Grammar<'_> {
    /// A day, and what of it.
    pub(super) fn on_day(&self, at: usize) -> Read<Stretch> {
        if let Some(read) = self.weekend(at).or_else(|| self.part_of(at)) {
            return Some(read);
        }
        let (day, next) = self.day(at, at > 0 && is_leading(self.word(at - 1)))?;
        let asker = self.asker;
        if let Some((from, to)) = part_of_day(self.word(next)) {
            let range = (asker.at(day, from), asker.at(day, to));
            return Some((Stretch::of(range), next + 1));
        }
        let after = self.skip(next, "at");
        if let Some(((time, is_utc), next)) = self.clock(after) {
            let at_ms = self.zone(is_utc).at(day, time);
            return Some((Stretch::around(at_ms, AT_MS), next));
        }
        match self.word(next) {
            "between" | "from" => {
                if let Some(read) = self.between(next + 1, Some(day)) {
                    return Some(read);
                }
            }
            "around" | "about" => {
                if let Some(((time, is_utc), next)) = self.clock(next + 1) {
                    let at_ms = self.zone(is_utc).at(day, time);
                    return Some((Stretch::around(at_ms, 2 * AT_MS), next));
                }
            }
            "after" => {
                if let Some(((time, is_utc), next)) = self.clock(next + 1) {
                    let from_ms = self.zone(is_utc).at(day, time);
                    return Some((Stretch::of((from_ms, asker.day(day).1)), next));
                }
            }
            "before" => {
                if let Some(((time, is_utc), next)) = self.clock(next + 1) {
                    let to_ms = self.zone(is_utc).at(day, time);
                    return Some((Stretch::of((asker.day(day).0, to_ms)), next));
                }
            }
            _ => {}
        }
        Some((Stretch::of(asker.day(day)), next))
    }

    /// `morning of Nov 3`, `night of last Tuesday`.
    fn part_of(&self, at: usize) -> Read<Stretch> {
        let at = self.skip(at, "the");
        let (from, to) = part_of_day(self.word(at))?;
        matches!(self.word(at + 1), "of" | "on").then_some(())?;
        let (day, next) = self.day(self.skip(at + 2, "the"), true)?;
        let range = (self.asker.at(day, from), self.asker.at(day, to));
        Some((Stretch::of(range), next))
    }

    /// `this weekend`, `last weekend`, `the weekend`: Saturday and Sunday.
    fn weekend(&self, at: usize) -> Read<Stretch> {
        let weeks = match (self.word(at), self.word(at + 1)) {
            ("last" | "past" | "the" | "over", "weekend") => 1,
            ("this", "weekend") => 0,
            _ => return None,
        };
        let today = self.asker.today();
        let monday = today - weekday_of(today);
        // On a weekend "the weekend" is the one that lasts.
        let is_on = weekday_of(today) >= 5 && self.word(at) != "last";
        let saturday = monday + 5 - if is_on { 0 } else { 7 * weeks };
        let range = (self.asker.day(saturday).0, self.asker.day(saturday + 1).1);
        Some((Stretch::of(range), at + 2))
    }

    /// A day, as days since 1970-01-01. `is_lead`: a word before it says that a time follows, so that
    /// short names of days are taken.
    pub(super) fn day(&self, at: usize, is_lead: bool) -> Read<i64> {
        let today = self.asker.today();
        match self.word(at) {
            "today" => return Some((today, at + 1)),
            "yesterday" => return Some((today - 1, at + 1)),
            "tomorrow" => return Some((today + 1, at + 1)),
            "the" if self.word(at + 1) == "day" => return self.day(at + 1, is_lead),
            "day" if self.word(at + 1) == "before" && self.word(at + 2) == "yesterday" => {
                return Some((today - 2, at + 3));
            }
            _ => {}
        }
        self.weekday(at, is_lead).or_else(|| self.date(at))
    }

    /// `Tuesday`, `last Tuesday`, `this Friday`; a date after it says it all.
    fn weekday(&self, at: usize, is_lead: bool) -> Read<i64> {
        let today = self.asker.today();
        let which = self.word(at);
        let is_which = matches!(which, "last" | "past" | "previous" | "this" | "next" | "on");
        let name_at = at + usize::from(is_which);
        let wanted = weekday(self.word(name_at), is_lead || is_which)?;
        let next = name_at + 1;
        if let Some(read) = self.date(next) {
            return Some(read);
        }
        let back = (weekday_of(today) - wanted).rem_euclid(7);
        let day = match which {
            "last" | "past" | "previous" if back == 0 => today - 7,
            "this" => today - weekday_of(today) + wanted,
            "next" => today + (7 - back),
            _ => today - back,
        };
        Some((day, next))
    }

    /// `2026-11-03`, `2026/11/03`, `Nov 3`, `November 3rd, 2026`, `3 Nov`, `the 3rd of November`, `3rd`.
    fn date(&self, at: usize) -> Read<i64> {
        let at = self.skip(at, "the");
        let word = self.word(at);
        if let Some(day) = numeric_date(word) {
            return Some((day, at + 1));
        }
        let year = |at: usize| {
            let word = self.word(at);
            let is_year = word.len() == 4 && (word.starts_with("19") || word.starts_with("20"));
            is_year.then(|| word.parse::<i64>().ok()).flatten()
        };
        let asker = self.asker;
        let (month, day, next) = if let Some(month) = month(word) {
            (month, day_of_month(self.word(at + 1))?, at + 2)
        } else {
            let day = day_of_month(word)?;
            let name_at = self.skip(at + 1, "of");
            match month(self.word(name_at)) {
                Some(month) => (month, day, name_at + 1),
                // `on the 3rd`
                None => return self.day_of_this_month(at, day),
            }
        };
        let (given, next) = match year(next) {
            Some(year) => (Some(year), next + 1),
            None => (None, next),
        };
        Some((asker.date(given, month, day)?, next))
    }

    fn day_of_this_month(&self, at: usize, day: i64) -> Read<i64> {
        let is_ordinal = self.word(at).ends_with(|c: char| c.is_ascii_alphabetic());
        let is_said = at > 0 && matches!(self.word(at - 1), "the" | "on" | "since");
        if !is_ordinal || !is_said {
            return None;
        }
        let today = self.asker.today();
        let of_month = |months| {
            let (from_ms, to_ms) = self.asker.month(today, months)?;
            let date = (from_ms + self.asker.offset_ms).div_euclid(24 * HOUR_MS) + day - 1;
            (self.asker.day(date).0 <= to_ms && date <= today).then_some(date)
        };
        Some((of_month(0).or_else(|| of_month(-1))?, at + 1))
    }

    /// The week, month or year that is `count` after this one.
    pub(super) fn calendar(&self, unit: Unit, count: i64) -> Option<(i64, i64)> {
        let today = self.asker.today();
        match unit {
            Unit::Week => {
                let monday = today - weekday_of(today) + 7 * count;
                Some((self.asker.day(monday).0, self.asker.day(monday + 6).1))
            }
            Unit::Month => self.asker.month(today, count),
            Unit::Year => {
                let (year, ..) = tocsin_domain::time::civil_date(today);
                let (first, last) = (day_of(year + count, 1, 1)?, day_of(year + count, 12, 31)?);
                Some((self.asker.day(first).0, self.asker.day(last).1))
            }
            _ => None,
        }
    }
}

/// Words after which a short name of a day is one.
fn is_leading(word: &str) -> bool {
    matches!(
        word,
        "on" | "since" | "last" | "this" | "until" | "till" | "before" | "after" | "from" | "by"
    )
}

fn numeric_date(word: &str) -> Option<i64> {
    let separator = if word.contains('/') { '/' } else { '-' };
    let mut parts = word.split(separator);
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || (year.len(), month.len(), day.len()) != (4, 2, 2) {
        return None;
    }
    day_of(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
}
