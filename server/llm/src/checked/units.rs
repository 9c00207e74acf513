//! Units of measure: which words name one, and how many of the base unit it holds.

/// What a number measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dimension {
    /// Nothing is said.
    None,
    /// Things are counted: a word follows that is no unit.
    Things,
    /// So many times: as often, or as much.
    Times,
    /// So many times as much.
    Multiple,
    Percent,
    /// In seconds.
    Time,
    /// In months; they have no fixed length in seconds.
    Months,
    Bytes,
    Bits,
    Celsius,
    Hertz,
    Watts,
    Volts,
    Money,
}

/// A unit: its dimension, and how much of the base unit it may hold. There are two where writers
/// differ: a GB is 10^9 to some and 2^30 to others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Unit {
    pub(super) dimension: Dimension,
    pub(super) scales: [f64; 2],
    /// Seconds that a rate is over; none if it is no rate.
    pub(super) per_secs: Option<f64>,
}

impl Unit {
    pub(super) const NONE: Self = Self::plain(Dimension::None);
    pub(super) const THINGS: Self = Self::plain(Dimension::Things);

    const fn plain(dimension: Dimension) -> Self {
        Self::of(dimension, 1.0)
    }

    const fn of(dimension: Dimension, scale: f64) -> Self {
        Self {
            dimension,
            scales: [scale, scale],
            per_secs: None,
        }
    }

    /// The same unit over a time.
    pub(super) const fn per(self, secs: f64) -> Self {
        Self {
            per_secs: Some(secs),
            ..self
        }
    }

    /// The unit that a word or a symbol names, as written. `Mbit/s` and `req/min` are rates.
    pub(super) fn named(word: &str) -> Option<Self> {
        if let Some((unit, time)) = word.split_once('/') {
            let secs = Self::named(time).filter(|over| over.dimension == Dimension::Time)?;
            let counted = if unit.is_empty() {
                Self::NONE
            } else {
                Self::named(unit).unwrap_or(Self::THINGS)
            };
            return Some(counted.per(secs.scales[0]));
        }
        by_symbol(word).or_else(|| by_word(&word.to_ascii_lowercase()))
    }
}

/// Symbols, where the case counts.
fn by_symbol(symbol: &str) -> Option<Unit> {
    use Dimension::{Bits, Bytes, Celsius, Hertz, Money, Multiple, Percent, Time, Volts, Watts};
    if let Some(bytes) = byte_symbol(symbol) {
        return Some(bytes);
    }
    Some(match symbol {
        "%" => Unit::plain(Percent),
        "ns" => Unit::of(Time, 1e-9),
        "us" | "µs" | "μs" => Unit::of(Time, 1e-6),
        "ms" => Unit::of(Time, 1e-3),
        "s" => Unit::plain(Time),
        "m" => Unit::of(Time, 60.0),
        "h" => Unit::of(Time, 3600.0),
        "d" => Unit::of(Time, 86_400.0),
        "B" => Unit::plain(Bytes),
        "x" | "X" | "×" => Unit::plain(Multiple),
        "bit" => Unit::plain(Bits),
        "kbit" | "Kbit" => Unit::of(Bits, 1e3),
        "Mbit" => Unit::of(Bits, 1e6),
        "Gbit" => Unit::of(Bits, 1e9),
        "bps" => Unit::plain(Bits).per(1.0),
        "kbps" | "Kbps" => Unit::of(Bits, 1e3).per(1.0),
        "Mbps" => Unit::of(Bits, 1e6).per(1.0),
        "Gbps" => Unit::of(Bits, 1e9).per(1.0),
        "°C" | "℃" => Unit::plain(Celsius),
        "Hz" => Unit::plain(Hertz),
        "kHz" => Unit::of(Hertz, 1e3),
        "MHz" => Unit::of(Hertz, 1e6),
        "GHz" => Unit::of(Hertz, 1e9),
        "W" => Unit::plain(Watts),
        "kW" => Unit::of(Watts, 1e3),
        "V" => Unit::plain(Volts),
        "mV" => Unit::of(Volts, 1e-3),
        "$" | "€" | "£" => Unit::plain(Money),
        _ => return None,
    })
}

/// `kB`, `MiB`, `Gi` and so on.
fn byte_symbol(symbol: &str) -> Option<Unit> {
    let mut chars = symbol.chars();
    let power = match chars.next()? {
        'k' | 'K' => 1,
        'M' => 2,
        'G' => 3,
        'T' => 4,
        'P' => 5,
        _ => return None,
    };
    let binary = 1024_f64.powi(power);
    let scales = match chars.as_str() {
        "B" => [1000_f64.powi(power), binary],
        "iB" | "i" => [binary, binary],
        _ => return None,
    };
    Some(Unit {
        dimension: Dimension::Bytes,
        scales,
        per_secs: None,
    })
}

/// Words, in lower case.
fn by_word(word: &str) -> Option<Unit> {
    use Dimension::{
        Bits, Bytes, Celsius, Hertz, Money, Months, Multiple, Percent, Time, Times, Watts,
    };
    let bytes = |power: i32| Unit {
        dimension: Bytes,
        scales: [1000_f64.powi(power), 1024_f64.powi(power)],
        per_secs: None,
    };
    Some(match word {
        "percent" | "pct" | "percentage" | "percents" => Unit::plain(Percent),
        "nanosecond" | "nanoseconds" => Unit::of(Time, 1e-9),
        "microsecond" | "microseconds" => Unit::of(Time, 1e-6),
        "millisecond" | "milliseconds" | "msec" | "millis" => Unit::of(Time, 1e-3),
        "second" | "seconds" | "sec" | "secs" => Unit::plain(Time),
        "minute" | "minutes" | "min" | "mins" => Unit::of(Time, 60.0),
        "hour" | "hours" | "hr" | "hrs" => Unit::of(Time, 3600.0),
        "day" | "days" => Unit::of(Time, 86_400.0),
        "week" | "weeks" => Unit::of(Time, 604_800.0),
        "month" | "months" => Unit::plain(Months),
        "year" | "years" => Unit::of(Months, 12.0),
        "byte" | "bytes" => bytes(0),
        "kilobyte" | "kilobytes" | "kb" => bytes(1),
        "megabyte" | "megabytes" | "mb" => bytes(2),
        "gigabyte" | "gigabytes" | "gb" => bytes(3),
        "terabyte" | "terabytes" | "tb" => bytes(4),
        "petabyte" | "petabytes" | "pb" => bytes(5),
        "kib" | "kibibytes" => Unit::of(Bytes, 1024.0),
        "mib" | "mebibytes" => Unit::of(Bytes, 1024_f64.powi(2)),
        "gib" | "gibibytes" => Unit::of(Bytes, 1024_f64.powi(3)),
        "tib" | "tebibytes" => Unit::of(Bytes, 1024_f64.powi(4)),
        "bits" => Unit::plain(Bits),
        "times" => Unit::plain(Times),
        "fold" => Unit::plain(Multiple),
        "celsius" | "degrees" | "c" => Unit::plain(Celsius),
        "hertz" | "hz" => Unit::plain(Hertz),
        "watts" | "watt" => Unit::plain(Watts),
        "usd" | "dollars" | "eur" | "euros" => Unit::plain(Money),
        "rps" | "qps" | "iops" | "tps" | "ops" => Unit::THINGS.per(1.0),
        _ => return None,
    })
}

/// The unit at the end of a field's name: `latency_ms`, `size_bytes`, `usage_percent`.
pub(super) fn of_field(name: &str) -> Unit {
    let name = name.to_ascii_lowercase();
    let last = name.rsplit(['_', '.', '-']).next().unwrap_or_default();
    if last == name {
        return Unit::NONE;
    }
    by_word(last)
        .or_else(|| by_symbol(last).filter(|_| matches!(last, "ms" | "us" | "ns" | "s")))
        .unwrap_or(Unit::NONE)
}

/// What a word like `million` multiplies by.
pub(super) fn scale_word(word: &str) -> Option<f64> {
    Some(match word {
        "hundred" => 1e2,
        "thousand" => 1e3,
        "million" => 1e6,
        "billion" => 1e9,
        _ => return None,
    })
}

/// What a letter after digits multiplies by: `12k`, `3M`.
pub(super) fn scale_letter(letter: &str) -> Option<f64> {
    Some(match letter {
        "k" | "K" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        _ => return None,
    })
}

/// Numbers that are written as words. `one` is left out: mostly it counts nothing.
pub(super) fn number_word(word: &str) -> Option<f64> {
    const WORDS: [(&str, f64); 29] = [
        ("zero", 0.0),
        ("two", 2.0),
        ("three", 3.0),
        ("four", 4.0),
        ("five", 5.0),
        ("six", 6.0),
        ("seven", 7.0),
        ("eight", 8.0),
        ("nine", 9.0),
        ("ten", 10.0),
        ("eleven", 11.0),
        ("twelve", 12.0),
        ("dozen", 12.0),
        ("thirteen", 13.0),
        ("fourteen", 14.0),
        ("fifteen", 15.0),
        ("sixteen", 16.0),
        ("seventeen", 17.0),
        ("eighteen", 18.0),
        ("nineteen", 19.0),
        ("twenty", 20.0),
        ("thirty", 30.0),
        ("forty", 40.0),
        ("fifty", 50.0),
        ("sixty", 60.0),
        ("seventy", 70.0),
        ("eighty", 80.0),
        ("ninety", 90.0),
        ("hundred", 100.0),
    ];
    WORDS
        .iter()
        .find(|(name, _)| *name == word)
        .map(|(_, value)| *value)
}

/// Words that say how many times as much: `doubled`, `tenfold`.
pub(super) fn multiplier_word(word: &str) -> Option<f64> {
    Some(match word {
        "twice" | "double" | "doubled" | "doubling" | "twofold" => 2.0,
        "thrice" | "triple" | "tripled" | "tripling" | "threefold" => 3.0,
        "quadruple" | "quadrupled" | "fourfold" => 4.0,
        "fivefold" => 5.0,
        "tenfold" => 10.0,
        "hundredfold" => 100.0,
        _ => return None,
    })
}
