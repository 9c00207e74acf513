//! Reads what a text says in numbers, beginning at one of its words.

use super::mentions::{Hedge, Mention, Quantity, Reading, duration, whole};
use super::moments::{self, Date, TimeOfDay};
use super::numerals::{self, Numeral};
use super::units::{self, Dimension, Unit};
use super::words::Word;

/// Reads what begins at one word.
pub(super) struct Reader<'w> {
    words: &'w [Word],
    at: usize,
}

impl<'w> Reader<'w> {
    pub(super) const fn at(words: &'w [Word], at: usize) -> Self {
        Self { words, at }
    }

    fn word(&self, offset: usize) -> Option<&Word> {
        self.words.get(self.at + offset)
    }

    /// The word `offset` further on, if no punctuation comes before it.
    fn following(&self, offset: usize) -> Option<&Word> {
        let parted = (0..offset).any(|o| self.word(o).is_none_or(|word| word.is_parted));
        self.word(offset).filter(|_| !parted)
    }

    /// What is said here, and the word after it.
    pub(super) fn read(&self) -> (Vec<Mention>, usize) {
        let Some(word) = self.word(0) else {
            return (Vec::new(), self.at + 1);
        };
        if let Some((date, next)) = self.named_date(word) {
            return (vec![self.mention(Reading::Date(date), next)], next);
        }
        if !word.text.contains(|c: char| c.is_numeric()) {
            return self.spoken(word);
        }
        if word
            .text
            .contains(|c: char| c.is_numeric() && !c.is_ascii())
        {
            return (vec![self.name(&word.lower)], self.at + 1);
        }
        self.digits(word)
    }

    fn mention(&self, reading: Reading, next: usize) -> Mention {
        let last = next.saturating_sub(1).max(self.at);
        let raw = self.words.get(self.at..=last).unwrap_or_default();
        Mention {
            raw: raw
                .iter()
                .map(|word| word.text.as_str())
                .collect::<Vec<_>>()
                .join(" "),
            readings: vec![reading],
            place: (self.at, last),
        }
    }

    fn name(&self, lower: &str) -> Mention {
        self.mention(Reading::Name(lower.to_owned()), self.at + 1)
    }

    /// `May 1`, `1 May`, with a year or without.
    fn named_date(&self, word: &Word) -> Option<(Date, usize)> {
        let month_of = |word: &Word| {
            let is_capital = word.text.chars().next().is_some_and(char::is_uppercase);
            moments::month(&word.text).filter(|_| is_capital)
        };
        let day_of = |word: &Word| {
            let digits = word.text.trim_end_matches(['s', 't', 'n', 'd', 'r', 'h']);
            let day: u32 = digits.parse().ok()?;
            (digits.len() <= 2 && (1..=31).contains(&day)).then_some(day)
        };
        let second = self.following(1)?;
        let (month, day) = match month_of(word) {
            Some(month) => (month, day_of(second)?),
            None => (month_of(second)?, day_of(word)?),
        };
        let year = self.word(2).and_then(|word| {
            let year: i64 = word.text.parse().ok()?;
            (word.text.len() == 4 && (1970..2200).contains(&year)).then_some(year)
        });
        let next = self.at + if year.is_some() { 3 } else { 2 };
        Some((Date { year, month, day }, next))
    }

    /// Numbers in words: `twenty-five hosts`, `thousands`, `doubled`, `half of`.
    fn spoken(&self, word: &Word) -> (Vec<Mention>, usize) {
        let next = self.at + 1;
        if let Some(times) = units::multiplier_word(&word.lower) {
            let unit = Unit::named("x").unwrap_or(Unit::NONE);
            let reading = Reading::Quantity(whole(times, unit, Hedge::Exact));
            return (vec![self.mention(reading, next)], next);
        }
        if let Some((low, high, words)) = self.magnitude(word) {
            let next = self.at + words;
            return (
                vec![self.mention(Reading::Magnitude(low, high), next)],
                next,
            );
        }
        if word.lower == "half" && self.following(1).is_some_and(|word| word.lower == "of") {
            let unit = Unit::named("%").unwrap_or(Unit::NONE);
            let reading = Reading::Quantity(whole(50.0, unit, Hedge::About));
            return (vec![self.mention(reading, next)], next);
        }
        let value = match word.lower.split_once('-') {
            Some((tens, ones)) => units::number_word(tens)
                .filter(|tens| *tens >= 20.0 && *tens < 100.0)
                .zip(
                    units::number_word(ones)
                        .filter(|ones| *ones < 10.0)
                        .or((ones == "one").then_some(1.0)),
                )
                .map(|(tens, ones)| tens + ones),
            None => units::number_word(&word.lower),
        };
        let Some(value) = value else {
            return (Vec::new(), next);
        };
        let numeral = Numeral {
            value,
            half_step: 0.5,
            coarse_step: 1.0,
            has_decimals: false,
            rest: "",
        };
        let (quantity, next) = self.with_unit(numeral, Unit::NONE, 1);
        (vec![self.mention(Reading::Quantity(quantity), next)], next)
    }

    /// `dozens`, `thousands`, `hundreds of thousands`; with how many words that is.
    fn magnitude(&self, word: &Word) -> Option<(f64, f64, usize)> {
        let range = |word: &str| {
            Some(match word {
                "tens" => (10.0, 100.0),
                "dozens" => (24.0, 120.0),
                "hundreds" => (100.0, 1000.0),
                "thousands" => (1e3, 1e6),
                "millions" => (1e6, 1e9),
                "billions" => (1e9, 1e12),
                _ => return None,
            })
        };
        let (low, high) = range(&word.lower)?;
        let is_of = self.following(1).is_some_and(|word| word.lower == "of");
        let larger = self
            .following(2)
            .filter(|_| is_of)
            .and_then(|w| range(&w.lower));
        Some(match larger {
            Some((scale, _)) => (low * scale, high * scale, 3),
            None => (low, high, 1),
        })
    }

    /// A word that has digits in it.
    fn digits(&self, word: &Word) -> (Vec<Mention>, usize) {
        let text = word.text.as_str();
        let next = self.at + 1;
        let moment = moments::date_time(text)
            .map(|(date, time)| (Some(date), Some(time)))
            .or_else(|| moments::date(text).map(|date| (Some(date), None)))
            .or_else(|| moments::time_of_day(text).map(|time| (None, Some(self.half_day(time)))));
        if let Some((date, time)) = moment {
            let dates = date.map(|date| self.mention(Reading::Date(date), next));
            let times = time.map(|time| self.mention(Reading::Time(time), next));
            return (dates.into_iter().chain(times).collect(), next);
        }
        if let Some(pair) = self.pair(text) {
            return (pair, next);
        }
        let multiplied = text.strip_prefix(['x', '×']).and_then(numerals::read);
        if let Some(numeral) = multiplied.filter(|numeral| numeral.rest.is_empty()) {
            let unit = Unit::named("times").unwrap_or(Unit::NONE);
            let reading = Reading::Quantity(self.quantity(numeral, unit, 1.0));
            return (vec![self.mention(reading, next)], next);
        }
        match numerals::read(text) {
            Some(numeral) => self.numeral(word, numeral),
            None => (vec![self.name(&word.lower)], next),
        }
    }

    /// `3:15 pm` is a time of the second half of the day.
    fn half_day(&self, time: TimeOfDay) -> TimeOfDay {
        let half = self.following(1).map(|word| word.lower.replace('.', ""));
        let secs = match half.as_deref() {
            Some("pm") if time.secs < 12 * 3600 => time.secs + 12 * 3600,
            Some("am") if time.secs >= 12 * 3600 => time.secs - 12 * 3600,
            _ => time.secs,
        };
        TimeOfDay { secs, ..time }
    }

    /// `10-12ms` and `3/5`: two numbers; the first has the unit of the second.
    fn pair(&self, text: &str) -> Option<Vec<Mention>> {
        let (first, second) = ["–", "..", "-", "/"].iter().find_map(|separator| {
            let (first, second) = text.split_once(separator)?;
            let is_pair = !first.is_empty() && second.starts_with(|c: char| c.is_ascii_digit());
            is_pair.then_some((first, second))
        })?;
        let first = numerals::read(first)?;
        let second = numerals::read(second)?;
        let unit = match second.rest {
            "" => self
                .following(1)
                .and_then(|word| Unit::named(&word.text))
                .unwrap_or(Unit::NONE),
            rest => Unit::named(rest)?,
        };
        let own = match first.rest {
            "" => unit,
            rest => Unit::named(rest)?,
        };
        let next = self.at + 1;
        let of = |numeral, unit| {
            self.mention(Reading::Quantity(self.quantity(numeral, unit, 1.0)), next)
        };
        Some(vec![of(first, own), of(second, unit)])
    }

    /// A number at the start of a word.
    fn numeral(&self, word: &Word, numeral: Numeral<'_>) -> (Vec<Mention>, usize) {
        let next = self.at + 1;
        let rest = numeral.rest;
        let field_unit = word.field.as_deref().map_or(Unit::NONE, units::of_field);
        if rest.is_empty() {
            let (quantity, next) = self.with_unit(numeral, field_unit, 1);
            let mut mention = self.mention(Reading::Quantity(quantity), next);
            if let Some((date, time)) = moments::epoch(&word.text) {
                mention
                    .readings
                    .extend([Reading::Date(date), Reading::Time(time)]);
            }
            return (vec![mention], next);
        }
        let lower = rest.to_ascii_lowercase();
        if matches!(lower.as_str(), "st" | "nd" | "rd" | "th") {
            return (
                vec![self.mention(Reading::Ordinal(numeral.value), next)],
                next,
            );
        }
        if lower == "+" {
            let (mut quantity, next) = self.with_unit(numeral, field_unit, 1);
            quantity.hedge = Hedge::AtLeast;
            return (vec![self.mention(Reading::Quantity(quantity), next)], next);
        }
        if let Some(quantity) = duration(&word.text) {
            return (vec![self.mention(Reading::Quantity(quantity), next)], next);
        }
        let hyphened = rest
            .strip_prefix('-')
            .filter(|word| word.chars().all(|c| c.is_alphabetic() || c == '-') && !word.is_empty());
        let mut readings = Vec::new();
        if let Some(scale) = units::scale_letter(rest) {
            let scaled = scaled(numeral, scale);
            let (quantity, _) = self.with_unit(scaled, field_unit, 1);
            readings.push(Reading::Quantity(quantity));
        }
        // `12G` as tools of disks write it.
        let unit = Unit::named(rest).or_else(|| Unit::named(&format!("{rest}B")));
        if let Some(unit) = unit {
            readings.push(Reading::Quantity(self.quantity(numeral, unit, 1.0)));
        } else if let Some(noun) = hyphened {
            let unit = Unit::named(noun).unwrap_or(Unit::THINGS);
            readings.push(Reading::Quantity(self.quantity(numeral, unit, 1.0)));
        }
        if readings.is_empty() {
            return (vec![self.name(&word.lower)], next);
        }
        let mut mention = self.mention(readings[0].clone(), next);
        mention.readings = readings;
        (vec![mention], next)
    }

    /// A number with what the words after it say it counts; and the word after that.
    fn with_unit(&self, numeral: Numeral<'_>, field: Unit, first: usize) -> (Quantity, usize) {
        // In `ratio=0.87 rate=3` the next word is the next field.
        let is_free = self.word(0).is_none_or(|word| word.field.is_none());
        let mut offset = first;
        let mut scale = 1.0;
        if let Some(by) = self
            .following(offset)
            .and_then(|word| units::scale_word(&word.lower))
        {
            scale = by;
            offset += 1;
        }
        let mut unit = field;
        if field.dimension == Dimension::None
            && let Some(word) = self.following(offset)
        {
            if let Some(named) = Unit::named(&word.text) {
                unit = named;
                offset += 1;
            } else if is_free && counts(&word.lower) {
                unit = Unit::THINGS;
            }
        }
        let over = if unit.dimension == Dimension::Things {
            1
        } else {
            0
        };
        if let Some((secs, words)) = self.rate(offset + over) {
            unit = unit.per(secs);
            offset += over + words;
        }
        (self.quantity(numeral, unit, scale), self.at + offset)
    }

    /// `per second`, `a minute`: seconds, and how many words that is.
    fn rate(&self, offset: usize) -> Option<(f64, usize)> {
        let is_per =
            |word: &&Word| matches!(word.lower.as_str(), "per" | "a" | "each" | "every" | "an");
        self.following(offset).filter(is_per)?;
        let unit = Unit::named(&self.following(offset + 1)?.text)?;
        (unit.dimension == Dimension::Time).then_some((unit.scales[0], 2))
    }

    fn quantity(&self, numeral: Numeral<'_>, unit: Unit, scale: f64) -> Quantity {
        Quantity {
            value: numeral.value * scale,
            half_step: numeral.half_step * scale,
            coarse_step: numeral.coarse_step * scale,
            has_decimals: numeral.has_decimals,
            unit,
            hedge: self.hedge(),
        }
    }

    /// What the up to three words before say about how exact the number is.
    fn hedge(&self) -> Hedge {
        let sign = self.word(0).map_or("", |word| word.text.as_str());
        match sign.chars().next() {
            Some('~' | '≈') => return Hedge::About,
            Some('>' | '≥') => return Hedge::AtLeast,
            Some('<' | '≤') => return Hedge::AtMost,
            _ => {}
        }
        let before = self.words.get(..self.at).unwrap_or_default();
        let near = before
            .iter()
            .rev()
            .take(3)
            .take_while(|word| !word.is_parted);
        let mut after = "";
        for word in near {
            match (word.lower.as_str(), after) {
                (
                    "about" | "around" | "approximately" | "roughly" | "nearly" | "almost" | "some"
                    | "circa" | "~" | "≈",
                    _,
                )
                | ("close", "to") => return Hedge::About,
                (
                    "over" | "above" | "exceeding" | "exceeded" | "exceeds" | "beyond" | ">" | "≥"
                    | ">=",
                    _,
                )
                | ("more", "than")
                | ("at", "least") => return Hedge::AtLeast,
                ("under" | "below" | "within" | "<" | "≤" | "<=", _)
                | ("less" | "fewer", "than")
                | ("at", "most")
                | ("up", "to") => return Hedge::AtMost,
                (lower, _) => after = lower,
            }
        }
        Hedge::Exact
    }
}

fn scaled(numeral: Numeral<'_>, scale: f64) -> Numeral<'_> {
    Numeral {
        value: numeral.value * scale,
        half_step: numeral.half_step * scale,
        coarse_step: numeral.coarse_step * scale,
        ..numeral
    }
}

/// Whether a word that follows a number is what is counted, not the sentence going on.
fn counts(word: &str) -> bool {
    const GOES_ON: [&str; 32] = [
        "and", "or", "to", "at", "in", "on", "of", "for", "from", "by", "is", "was", "were", "are",
        "with", "after", "before", "since", "until", "while", "as", "than", "then", "but", "which",
        "that", "during", "over", "when", "am", "pm", "utc",
    ];
    word.chars().all(|c| c.is_alphabetic() || c == '-') && !GOES_ON.contains(&word)
}
