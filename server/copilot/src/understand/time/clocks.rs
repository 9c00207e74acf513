//! The grammar of times of day: `3pm`, `14:00 UTC on Tuesday`, `14:00 - 15:30`.

use super::asker::Asker;
use super::grammar::{AT_MS, Grammar, Read, Stretch};
use super::words::clock;

impl Grammar<'_> {
    /// `14:00 - 15:30`, without a preposition.
    pub(super) fn span_of_clocks(&self, at: usize) -> Read<Stretch> {
        clock(self.word(at))?;
        (self.word(at + 1) == "-").then(|| self.clocks(at, None))?
    }

    /// Two times of day and, after them, perhaps the day.
    pub(super) fn clocks(&self, at: usize, day: Option<i64>) -> Read<Stretch> {
        let (first_at, next) = match self.clock(at) {
            Some(((time, is_utc), next)) => ((Some(time), is_utc), next),
            None => ((None, false), at + 1),
        };
        let joint = self.joint(next)?;
        let ((last, last_utc), next) = self.clock(joint)?;
        let first = match first_at.0 {
            Some(first) => first,
            // `between 2 and 3pm`
            None => clock(&format!(
                "{}{}",
                self.word(at),
                half(self.word(joint), self.word(joint + 1))?
            ))?,
        };
        let asker = self.zone(first_at.1 || last_utc);
        let (day, next) = match day {
            Some(day) => (Some(day), next),
            None => match self.day(self.skip(next, "on"), true) {
                Some((day, next)) => (Some(day), next),
                None => (None, next),
            },
        };
        let day = day.unwrap_or_else(|| {
            asker.today() - i64::from(asker.at(asker.today(), first) > asker.now_ms)
        });
        let to_day = day + i64::from(last < first);
        Some((
            Stretch::of((asker.at(day, first), asker.at(to_day, last))),
            next,
        ))
    }

    /// `3pm`, `14:00 UTC`, `3 pm`, `noon`, and the day that may follow.
    pub(super) fn at_clock(&self, at: usize) -> Read<Stretch> {
        let ((time, is_utc), next) = self.clock(at)?;
        let asker = self.zone(is_utc);
        let day = self.day(self.skip(next, "on"), true);
        let (at_ms, next) = match day {
            Some((day, next)) => (asker.at(day, time), next),
            None => {
                let today = asker.today();
                let is_ahead = asker.at(today, time) > asker.now_ms;
                (asker.at(today - i64::from(is_ahead), time), next)
            }
        };
        Some((Stretch::around(at_ms, AT_MS), next))
    }

    /// A time of day in one or two words, and whether it was said to be of UTC.
    pub(super) fn clock(&self, at: usize) -> Read<(i64, bool)> {
        let joined = format!("{}{}", self.word(at), self.word(at + 1));
        let is_half = matches!(self.word(at + 1), "am" | "pm" | "a.m" | "p.m");
        let (time, next) = match clock(self.word(at)) {
            Some(time) => (time, at + 1),
            None if is_half => (clock(&joined.replace('.', ""))?, at + 2),
            None if self.word(at + 1) == "o'clock" => {
                (clock(&format!("{}:00", self.word(at)))?, at + 2)
            }
            None => return None,
        };
        let is_utc = matches!(self.word(next), "utc" | "gmt") || self.word(at).ends_with('z');
        Some((
            (time, is_utc),
            next + usize::from(matches!(self.word(next), "utc" | "gmt")),
        ))
    }

    /// The asker's calendar, or that of UTC.
    pub(super) fn zone(&self, is_utc: bool) -> Asker {
        Asker {
            offset_ms: if is_utc { 0 } else { self.asker.offset_ms },
            ..self.asker
        }
    }
}

/// The half of the day that the later of two times says.
fn half(word: &str, next: &str) -> Option<&'static str> {
    ["am", "pm"]
        .into_iter()
        .find(|half| word.ends_with(half) || next == *half)
}
