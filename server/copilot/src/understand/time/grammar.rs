//! The grammar of times: a preposition, then a stretch.
//!
//! Each function takes the place of a word and gives what it read with the place after it, or nothing.

use super::asker::{Asker, DAY_MS, HOUR_MS, MINUTE_MS};
use super::words::{Unit, Word, count, short_span};

/// How far a moment reaches to either side when it is said to the minute.
pub(super) const AT_MS: i64 = 15 * MINUTE_MS;
/// How far it reaches when it is said to be about then.
const AROUND_MS: i64 = 30 * MINUTE_MS;
/// How far back "now" reaches.
const NOW_MS: i64 = 15 * MINUTE_MS;

/// What was read: first and last moment, in ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) from_ms: i64,
    pub(super) to_ms: i64,
    pub(super) at_ms: Option<i64>,
    pub(super) is_future: bool,
}

impl Stretch {
    pub(super) const fn of((from_ms, to_ms): (i64, i64)) -> Self {
        Self {
            from_ms,
            to_ms,
            at_ms: None,
            is_future: false,
        }
    }

    pub(super) const fn around(at_ms: i64, reach_ms: i64) -> Self {
        Self {
            at_ms: Some(at_ms),
            ..Self::of((at_ms - reach_ms, at_ms + reach_ms))
        }
    }

    const fn ahead(range_ms: (i64, i64)) -> Self {
        Self {
            is_future: true,
            ..Self::of(range_ms)
        }
    }

    /// Where it begins, as the end of another: the moment itself, if one was named.
    fn begin(self) -> i64 {
        self.at_ms.unwrap_or(self.from_ms)
    }

    fn end(self) -> i64 {
        self.at_ms.unwrap_or(self.to_ms)
    }
}

/// What a function read, and the place after it.
pub(super) type Read<T> = Option<(T, usize)>;

/// The words of a question, and who asks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grammar<'a> {
    pub(super) words: &'a [Word],
    pub(super) asker: Asker,
}

impl Grammar<'_> {
    /// A word; empty beyond the end.
    pub(super) fn word(&self, at: usize) -> &str {
        self.words.get(at).map_or("", |word| word.text.as_str())
    }

    /// The place after a word if it is there.
    pub(super) fn skip(&self, at: usize, word: &str) -> usize {
        at + usize::from(self.word(at) == word)
    }

    /// A whole expression.
    pub(super) fn expression(&self, at: usize) -> Read<Stretch> {
        let now = self.asker.now_ms;
        let next = at + 1;
        match self.word(at) {
            "between" => self.between(next, None),
            "from" => self
                .between(next, None)
                .or_else(|| self.onwards(next))
                .or_else(|| self.stretch(next, false)),
            "since" => self
                .stretch(next, false)
                .map(|(stretch, next)| (Stretch::of((stretch.begin(), now)), next)),
            "until" | "till" | "before" => self.before(next),
            "after" => self.after(next),
            "around" | "about" | "near" | "circa" | "approximately" => self.around(next),
            "in" | "within" => self
                .ahead(next)
                .or_else(|| self.stretch(self.skip(next, "the"), true)),
            "during" | "for" | "over" | "throughout" => self
                .page(next)
                .or_else(|| self.stretch(self.skip(next, "the"), true)),
            "at" | "on" | "by" => self.stretch(self.skip(next, "the"), false),
            _ => self.span_of_clocks(at).or_else(|| self.stretch(at, false)),
        }
    }

    /// `A and B [day]`; A alone may lack what B says of the day or the half of it. `day`: already known.
    pub(super) fn between(&self, at: usize, day: Option<i64>) -> Read<Stretch> {
        if let Some(read) = self.clocks(at, day) {
            return Some(read);
        }
        let (first, next) = self.stretch(at, false)?;
        let next = self.joint(next)?;
        let (last, next) = self.stretch(next, false)?;
        let (from_ms, to_ms) = (first.begin(), last.end());
        (from_ms <= to_ms).then_some((Stretch::of((from_ms, to_ms)), next))
    }

    /// The word between two ends.
    pub(super) fn joint(&self, at: usize) -> Option<usize> {
        matches!(
            self.word(at),
            "and" | "to" | "until" | "till" | "-" | "through"
        )
        .then_some(at + 1)
    }

    /// `14:00 on`, `Monday onwards`.
    fn onwards(&self, at: usize) -> Read<Stretch> {
        let (stretch, next) = self.stretch(at, false)?;
        matches!(self.word(next), "on" | "onward" | "onwards").then_some(())?;
        Some((Stretch::of((stretch.begin(), self.asker.now_ms)), next + 1))
    }

    fn before(&self, at: usize) -> Read<Stretch> {
        let (stretch, next) = self.stretch(at, false)?;
        let end = stretch.begin();
        Some((Stretch::of((end - DAY_MS, end)), next))
    }

    /// From a moment on: to the end of its day if the day was said, else to now.
    fn after(&self, at: usize) -> Read<Stretch> {
        let (stretch, next) = self.stretch(at, false)?;
        let now = self.asker.now_ms;
        let begin = stretch.end();
        let day_end = self
            .asker
            .day((begin + self.asker.offset_ms).div_euclid(DAY_MS))
            .1;
        let end = if stretch.at_ms.is_some() && next > at + 1 {
            day_end.min(now)
        } else {
            now
        };
        (begin <= end).then_some((Stretch::of((begin, end)), next))
    }

    fn around(&self, at: usize) -> Read<Stretch> {
        let (stretch, next) = self.stretch(at, false)?;
        let at_ms = stretch.at_ms?;
        Some((Stretch::around(at_ms, AROUND_MS), next))
    }

    /// `3 days`, `the next 3 days` after `in` or `within`.
    fn ahead(&self, at: usize) -> Read<Stretch> {
        let (ms, next) = self.length(at)?;
        let now = self.asker.now_ms;
        Some((Stretch::ahead((now, now + ms)), next))
    }

    /// `the incident`: what the page shows.
    fn page(&self, at: usize) -> Read<Stretch> {
        let at = match self.word(at) {
            "the" | "this" | "that" => at + 1,
            _ => at,
        };
        let range = self.asker.page_ms?;
        let is_page = matches!(
            self.word(at),
            "incident" | "outage" | "alert" | "alarm" | "window" | "time" | "period" | "episode"
        );
        is_page.then_some((Stretch::of(range), at + 1))
    }

    /// A stretch without a preposition. `is_rolling`: "in the last week" is seven days, "last week" is
    /// the week before this one.
    pub(super) fn stretch(&self, at: usize, is_rolling: bool) -> Read<Stretch> {
        self.moment(at)
            .or_else(|| self.ago(at))
            .or_else(|| self.last(at, is_rolling))
            .or_else(|| self.next(at))
            .or_else(|| self.on_day(at))
            .or_else(|| self.named(at))
            .or_else(|| self.at_clock(at))
    }

    /// A moment as machines write it.
    fn moment(&self, at: usize) -> Read<Stretch> {
        let word = self.word(at);
        let bytes = word.as_bytes();
        let is_moment = bytes.len() >= 16 && bytes.get(4) == Some(&b'-') && word.contains('t');
        is_moment.then_some(())?;
        let text = word.to_uppercase();
        let instant = text.parse::<jiff::Timestamp>().ok();
        let at_ms = match instant {
            Some(instant) => instant.as_millisecond(),
            // Without a zone it is the asker's.
            None => {
                let civil = text.parse::<jiff::civil::DateTime>().ok()?;
                let utc = jiff::tz::Offset::UTC.to_timestamp(civil).ok()?;
                utc.as_millisecond() - self.asker.offset_ms
            }
        };
        Some((Stretch::around(at_ms, AT_MS), at + 1))
    }

    /// A length of time in ms: `2 hours`, `an hour`, `half an hour`, `couple of days`, `24h`.
    fn length(&self, at: usize) -> Read<i64> {
        if let Some((count, unit)) = short_span(self.word(at)) {
            return Some((scaled(count, unit), at + 1));
        }
        let mut next =
            at + usize::from(self.word(at) == "a" && matches!(self.word(at + 1), "few" | "couple"));
        let count = count(self.word(next))?;
        next += 1;
        next = self.skip(next, "of");
        if self.word(next - 1) == "half" {
            next += usize::from(matches!(self.word(next), "a" | "an"));
        }
        let unit = Unit::of(self.word(next)).filter(|_| self.word(next).len() > 1)?;
        Some((scaled(count, unit), next + 1))
    }

    /// `3 hours ago`, `a week ago`: as exact as its unit.
    fn ago(&self, at: usize) -> Read<Stretch> {
        let (ms, next) = self.length(at)?;
        matches!(self.word(next), "ago" | "earlier" | "back").then_some(())?;
        let at_ms = self.asker.now_ms - ms;
        let asker = self.asker;
        let stretch = if ms >= DAY_MS && ms % DAY_MS == 0 {
            Stretch::of(asker.day((at_ms + asker.offset_ms).div_euclid(DAY_MS)))
        } else {
            Stretch::around(at_ms, (ms / 6).clamp(5 * MINUTE_MS, AROUND_MS))
        };
        Some((stretch, next + 1))
    }

    /// `last 2 hours`, `past day`, `last week`, `this month`.
    fn last(&self, at: usize, is_rolling: bool) -> Read<Stretch> {
        let is_the = self.word(at) == "the";
        let at = self.skip(at, "the");
        let which = self.word(at);
        let now = self.asker.now_ms;
        if !matches!(
            which,
            "last" | "past" | "previous" | "this" | "current" | "latest"
        ) {
            return None;
        }
        if matches!(which, "last" | "past" | "previous")
            && let Some((ms, next)) = self.length(at + 1)
        {
            return Some((Stretch::of((now - ms, now)), next));
        }
        let unit = Unit::of(self.word(at + 1)).filter(|_| self.word(at + 1).len() > 1)?;
        let this = matches!(which, "this" | "current");
        let is_rolling = (is_rolling && !this) || which == "past" || is_the;
        let stretch = match unit {
            Unit::Week | Unit::Month | Unit::Year if is_rolling => (now - unit.ms(), now),
            Unit::Week | Unit::Month | Unit::Year => {
                self.calendar(unit, if this { 0 } else { -1 })?
            }
            Unit::Day if this => self.asker.day(self.asker.today()),
            _ => (now - unit.ms(), now),
        };
        Some((Stretch::of(stretch), at + 2))
    }

    /// `next 3 days`, `coming week`: ahead of now.
    fn next(&self, at: usize) -> Read<Stretch> {
        let at = self.skip(at, "the");
        matches!(self.word(at), "next" | "coming" | "following").then_some(())?;
        let now = self.asker.now_ms;
        if let Some((ms, next)) = self.length(at + 1) {
            return Some((Stretch::ahead((now, now + ms)), next));
        }
        let unit = Unit::of(self.word(at + 1)).filter(|_| self.word(at + 1).len() > 1)?;
        Some((Stretch::ahead((now, now + unit.ms())), at + 2))
    }

    /// `now`, `recently`, `last night`, `tonight`, `overnight`, `this morning`.
    fn named(&self, at: usize) -> Read<Stretch> {
        let asker = self.asker;
        let (now, today) = (asker.now_ms, asker.today());
        let night = |day| (asker.at(day, 20 * HOUR_MS), asker.at(day, 30 * HOUR_MS));
        let (range, next) = match (self.word(at), self.word(at + 1)) {
            ("right" | "just", "now") => ((now - NOW_MS, now), at + 2),
            ("now" | "currently", _) => ((now - NOW_MS, now), at + 1),
            ("recently" | "lately", _) => ((now - DAY_MS, now), at + 1),
            ("last", "night") | ("overnight", _) => (
                night(today - 1),
                at + 1 + usize::from(self.word(at) == "last"),
            ),
            ("tonight", _) => {
                // After midnight the night is that of the day before.
                let is_early = now < asker.at(today, 6 * HOUR_MS);
                (night(today - i64::from(is_early)), at + 1)
            }
            ("this" | "the", part) => {
                let (from, to) = super::words::part_of_day(part).filter(|_| part != "night")?;
                let range = (asker.at(today, from), asker.at(today, to));
                let is_ahead = range.0 > now;
                (
                    if is_ahead {
                        (asker.at(today, 0), now)
                    } else {
                        range
                    },
                    at + 2,
                )
            }
            _ => return None,
        };
        Some((Stretch::of(range), next))
    }
}

fn scaled(count: f64, unit: Unit) -> i64 {
    (count * unit.ms() as f64) as i64
}
