//! What a text says in numbers: quantities with their units, dates, times of day, and names that
//! hold digits. The same reading is used for what a model says and for its evidence.

use super::moments::{Date, TimeOfDay};
use super::numerals;
use super::reader::Reader;
use super::units::{Dimension, Unit};
use super::words::{Word, split};

/// Whether a number is meant as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hedge {
    Exact,
    /// "about", "nearly".
    About,
    /// "more than", "at least".
    AtLeast,
    /// "less than", "up to".
    AtMost,
}

/// A number with its unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Quantity {
    pub(super) value: f64,
    pub(super) half_step: f64,
    pub(super) coarse_step: f64,
    pub(super) has_decimals: bool,
    pub(super) unit: Unit,
    pub(super) hedge: Hedge,
}

/// One way to understand what is written.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Reading {
    Quantity(Quantity),
    /// `3rd`, `99th`.
    Ordinal(f64),
    /// `thousands`: a count in `[low, high)`.
    Magnitude(f64, f64),
    Date(Date),
    Time(TimeOfDay),
    /// A name with digits, such as `web-1`, in lower case: it stands for itself alone.
    Name(String),
}

/// Something that is said in numbers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mention {
    /// As written.
    pub(super) raw: String,
    /// Any of them may be meant.
    pub(super) readings: Vec<Reading>,
    /// The first and last word of it.
    pub(super) place: (usize, usize),
}

/// All that a text says in numbers.
pub(super) fn read(text: &str) -> Vec<Mention> {
    let words = split(text);
    let mut mentions = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let (found, next) = Reader::at(&words, at).read();
        mentions.extend(found);
        at = next.max(at + 1);
    }
    join_durations(&words, mentions)
}

/// A whole number that stands for itself.
pub(super) const fn whole(value: f64, unit: Unit, hedge: Hedge) -> Quantity {
    Quantity {
        value,
        half_step: 0.5,
        coarse_step: 10.0,
        has_decimals: false,
        unit,
        hedge,
    }
}

/// `1h30m`, `1m30.5s`: a length of time in more than one unit.
pub(super) fn duration(word: &str) -> Option<Quantity> {
    let mut rest = word;
    let mut parts = Vec::new();
    while !rest.is_empty() {
        let numeral = numerals::read(rest)?;
        let symbols = numeral.rest;
        let end = symbols
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(symbols.len());
        let unit = Unit::named(&symbols[..end]).filter(|u| u.dimension == Dimension::Time)?;
        parts.push((numeral, unit));
        rest = &symbols[end..];
    }
    let is_descending = parts
        .windows(2)
        .all(|pair| pair[0].1.scales[0] > pair[1].1.scales[0]);
    if parts.len() < 2 || !is_descending {
        return None;
    }
    let (last, unit) = parts.last()?;
    let secs: f64 = parts.iter().map(|(n, unit)| n.value * unit.scales[0]).sum();
    Some(Quantity {
        half_step: last.half_step * unit.scales[0],
        ..whole(secs, Unit::named("s")?, Hedge::Exact)
    })
}

/// Joins `2 hours and 15 minutes` to one length of time.
fn join_durations(words: &[Word], mentions: Vec<Mention>) -> Vec<Mention> {
    let mut joined: Vec<Mention> = Vec::with_capacity(mentions.len());
    for mention in mentions {
        let sum = joined
            .last()
            .and_then(|last| joined_with(words, last, &mention));
        match (sum, joined.last_mut()) {
            (Some(sum), Some(last)) => {
                last.raw = format!("{} {}", last.raw, mention.raw);
                last.readings = vec![Reading::Quantity(sum)];
                last.place.1 = mention.place.1;
            }
            _ => joined.push(mention),
        }
    }
    joined
}

fn joined_with(words: &[Word], first: &Mention, second: &Mention) -> Option<Quantity> {
    let ([Reading::Quantity(a)], [Reading::Quantity(b)]) =
        (first.readings.as_slice(), second.readings.as_slice())
    else {
        return None;
    };
    let between = words.get(first.place.1 + 1..second.place.0)?;
    let is_near = match between {
        [] => true,
        [word] => word.lower == "and",
        _ => false,
    };
    let is_time = |q: &Quantity| q.unit.dimension == Dimension::Time && q.unit.per_secs.is_none();
    let is_parted = words.get(first.place.1).is_none_or(|word| word.is_parted);
    let descends = a.unit.scales[0] > b.unit.scales[0];
    if !(is_near && is_time(a) && is_time(b) && descends) || is_parted {
        return None;
    }
    let secs = a.value * a.unit.scales[0] + b.value * b.unit.scales[0];
    Some(Quantity {
        half_step: b.half_step * b.unit.scales[0],
        coarse_step: b.coarse_step * b.unit.scales[0],
        unit: Unit::named("s")?,
        value: secs,
        ..*a
    })
}
