//! The ways in which programs write the time, each a parser that knows no other.

use tocsin_domain::Timestamp;

use super::calendar::{Civil, SECOND};

/// A way of writing the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// `2015-10-18T18:01:47.978Z` and its kin: `-`, `/` or `.` in the date; `T`, space, `_` or `-`
    /// between; `:` or `.` in the time; a fraction after `.`, `,` or `:`; a zone or none.
    Iso,
    /// `20171223-22:15:29:606`, `20261121T115055Z`: a date of eight digits.
    Compact,
    /// `Nov 21 11:50:55`, also with a year before or a fraction behind the time.
    Syslog,
    /// `10/Oct/2000:13:55:36 -0700`, `21-Nov-2026 11:50:55.123`, `21 Nov 2026 11:50:55`.
    DayMonthYear,
    /// `Sun Dec 04 04:47:44 2005`, `Sun, 04 Dec 2005 04:47:44 GMT`.
    Weekday,
    /// `17/06/09 20:10:40`: a year of two digits.
    ShortYear,
    /// `081109 203615`.
    SixDigits,
    /// `10.30 16:49:06` and `03-17 16:13:38.811`: no year.
    MonthDay,
    /// `I0102 15:04:05.000000`: a letter for the severity.
    Glog,
    /// Seconds, milliseconds, microseconds or nanoseconds since 1970 by the number of digits.
    Epoch,
    /// `1117838570 2005.06.03 R02-M1 2005-06-03-15.42.50.675872`: BlueGene. The seconds are UTC,
    /// the fraction stands only in the local time behind them.
    BlueGene,
}

/// A time that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// An instant.
    Instant(Timestamp),
    /// Fields that need a zone, perhaps a year.
    Civil(Civil),
}

impl Format {
    /// Reads a time at the start of `text`; returns it and the number of bytes it takes.
    pub(super) fn parse(self, text: &[u8]) -> Option<(When, usize)> {
        let (civil, end) = match self {
            Self::Iso => iso(text)?,
            Self::Compact => compact(text)?,
            Self::Syslog => syslog(text)?,
            Self::DayMonthYear => day_month_year(text)?,
            Self::Weekday => weekday(text)?,
            Self::ShortYear => short_year(text)?,
            Self::SixDigits => six_digits(text)?,
            Self::MonthDay => month_day(text)?,
            Self::Glog => glog(text)?,
            Self::Epoch => {
                let (at, end) = epoch(text)?;
                return Some((When::Instant(at), end));
            }
            Self::BlueGene => {
                let (at, end) = blue_gene(text)?;
                return Some((When::Instant(at), end));
            }
        };
        Some((When::Civil(civil), end))
    }
}

/// Reads text piece by piece.
struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    const fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0 }
    }

    fn peek(&self, ahead: usize) -> u8 {
        self.text.get(self.at + ahead).copied().unwrap_or(0)
    }

    /// Takes one byte if it is among `allowed`.
    fn one_of(&mut self, allowed: &[u8]) -> Option<u8> {
        let byte = *self.text.get(self.at)?;
        if allowed.contains(&byte) {
            self.at += 1;
            Some(byte)
        } else {
            None
        }
    }

    fn two(&mut self) -> Option<u8> {
        let digits = self.text.get(self.at..self.at + 2)?;
        let (tens, ones) = (digits[0].wrapping_sub(b'0'), digits[1].wrapping_sub(b'0'));
        if tens > 9 || ones > 9 {
            return None;
        }
        self.at += 2;
        Some(tens * 10 + ones)
    }

    fn four(&mut self) -> Option<i32> {
        Some(i32::from(self.two()?) * 100 + i32::from(self.two()?))
    }

    /// One or two digits, perhaps with a space in place of the first.
    fn padded(&mut self) -> Option<u8> {
        if self.peek(0) == b' ' || !self.peek(1).is_ascii_digit() {
            self.at += usize::from(self.peek(0) == b' ');
            let digit = self.peek(0).wrapping_sub(b'0');
            if digit > 9 || self.peek(1).is_ascii_digit() {
                return None;
            }
            self.at += 1;
            return Some(digit);
        }
        self.two()
    }

    fn month(&mut self) -> Option<u8> {
        let month = month_of(self.text.get(self.at..self.at + 3)?)?;
        self.at += 3;
        Some(month)
    }

    /// `hh:mm:ss` with `:` or `.` between, and a fraction if there is one.
    fn time(&mut self, civil: &mut Civil) -> Option<()> {
        civil.hour = self.two()?;
        let separator = self.one_of(b":.")?;
        civil.minute = self.two()?;
        self.one_of(&[separator])?;
        civil.second = self.two()?;
        civil.nanos = self.fraction();
        Some(())
    }

    /// Digits after `.`, `,` or `:`; those beyond the ninth are passed over.
    fn fraction(&mut self) -> u32 {
        if !matches!(self.peek(0), b'.' | b',' | b':') || !self.peek(1).is_ascii_digit() {
            return 0;
        }
        if self.peek(0) == b':' && !(self.peek(2).is_ascii_digit() && self.peek(3).is_ascii_digit())
        {
            return 0;
        }
        self.at += 1;
        let mut nanos = 0;
        let mut scale = 100_000_000;
        while self.peek(0).is_ascii_digit() {
            nanos += u32::from(self.peek(0) - b'0') * scale;
            scale /= 10;
            self.at += 1;
        }
        nanos
    }

    /// `Z`, `+hh`, `+hhmm`, `+hh:mm`, the latter two also after a space, ` UTC`, ` GMT`.
    fn zone(&mut self) -> Option<i32> {
        if matches!(self.peek(0), b'Z' | b'z') && !self.peek(1).is_ascii_alphanumeric() {
            self.at += 1;
            return Some(0);
        }
        let spaced = self.peek(0) == b' ';
        let rest = self.text.get(self.at + usize::from(spaced)..)?;
        if rest.starts_with(b"UTC") || rest.starts_with(b"GMT") {
            self.at += 3 + usize::from(spaced);
            return Some(0);
        }
        let mut reader = Reader::new(rest);
        let sign = match reader.one_of(b"+-")? {
            b'-' => -1,
            _ => 1,
        };
        let hours = reader.two()?;
        let colon = reader.one_of(b":").is_some();
        let minutes = match reader.two() {
            Some(minutes) => minutes,
            None if spaced || colon => return None,
            None => 0,
        };
        if hours > 18 || minutes > 59 || reader.peek(0).is_ascii_digit() {
            return None;
        }
        self.at += reader.at + usize::from(spaced);
        Some(sign * (i32::from(hours) * 3600 + i32::from(minutes) * 60))
    }
}

/// The number `1..=12` of an English month's first three letters.
fn month_of(name: &[u8]) -> Option<u8> {
    let lower = [
        name.first()? | 0x20,
        name.get(1)? | 0x20,
        name.get(2)? | 0x20,
    ];
    Some(match &lower {
        b"jan" => 1,
        b"feb" => 2,
        b"mar" => 3,
        b"apr" => 4,
        b"may" => 5,
        b"jun" => 6,
        b"jul" => 7,
        b"aug" => 8,
        b"sep" => 9,
        b"oct" => 10,
        b"nov" => 11,
        b"dec" => 12,
        _ => return None,
    })
}

fn iso(text: &[u8]) -> Option<(Civil, usize)> {
    let mut reader = Reader::new(text);
    let mut civil = Civil {
        year: Some(reader.four()?),
        ..Civil::default()
    };
    let separator = reader.one_of(b"-/.")?;
    civil.month = reader.two()?;
    reader.one_of(&[separator])?;
    civil.day = reader.two()?;
    reader.one_of(b"T t_-")?;
    reader.time(&mut civil)?;
    civil.offset_secs = reader.zone();
    Some((civil, reader.at))
}

fn compact(text: &[u8]) -> Option<(Civil, usize)> {
    let mut reader = Reader::new(text);
    let mut civil = Civil {
        year: Some(reader.four()?),
        month: reader.two()?,
        day: reader.two()?,
        ..Civil::default()
    };
    reader.one_of(b"T -_")?;
    civil.hour = reader.padded()?;
    let colon = reader.one_of(b":").is_some();
    let part = |reader: &mut Reader<'_>| if colon { reader.padded() } else { reader.two() };
    civil.minute = part(&mut reader)?;
    if colon {
        reader.one_of(b":")?;
    }
    civil.second = part(&mut reader)?;
    if colon && reader.peek(0) == b':' && reader.peek(1).is_ascii_digit() {
        civil.nanos = milliseconds(&mut reader);
    } else {
        civil.nanos = reader.fraction();
    }
    civil.offset_secs = reader.zone();
    Some((civil, reader.at))
}

/// `:606`; a shorter number is not padded, so `:6` is six milliseconds.
fn milliseconds(reader: &mut Reader<'_>) -> u32 {
    reader.at += 1;
    let mut millis = 0;
    while reader.peek(0).is_ascii_digit() && millis < 100 {
        millis = millis * 10 + u32::from(reader.peek(0) - b'0');
        reader.at += 1;
    }
    millis * 1_000_000
}

fn syslog(text: &[u8]) -> Option<(Civil, usize)> {
    let mut reader = Reader::new(text);
    let mut civil = Civil {
        month: reader.month()?,
        ..Civil::default()
    };
    reader.one_of(b" ")?;
    civil.day = reader.padded()?;
    reader.one_of(b" ,")?;
    if reader.peek(0) == b' ' {
        reader.at += 1;
    }
    if reader.peek(2).is_ascii_digit() && reader.peek(4) == b' ' {
        civil.year = Some(reader.four()?);
        reader.at += 1;
    }
    reader.time(&mut civil)?;
    civil.offset_secs = reader.zone();
    Some((civil, reader.at))
}

fn day_month_year(text: &[u8]) -> Option<(Civil, usize)> {
    let mut reader = Reader::new(text);
    let mut civil = Civil {
        day: reader.padded()?,
        ..Civil::default()
    };
    let separator = reader.one_of(b"/- ")?;
    civil.month = reader.month()?;
    reader.one_of(&[separator])?;
    civil.year = Some(reader.four()?);
    reader.one_of(b": T")?;
    reader.time(&mut civil)?;
    civil.offset_secs = reader.zone();
    Some((civil, reader.at))
}

fn weekday(text: &[u8]) -> Option<(Civil, usize)> {
    let days: [&[u8]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];
    if !days.iter().any(|day| text.starts_with(day)) {
        return None;
    }
    if text.get(3) == Some(&b',') {
        let (civil, end) = day_month_year(text.get(5..)?)?;
        return Some((civil, end + 5));
    }
    let mut reader = Reader::new(text.get(4..)?);
    let mut civil = Civil {
        month: reader.month()?,
        ..Civil::default()
    };
    reader.one_of(b" ")?;
    civil.day = reader.padded()?;
    reader.one_of(b" ")?;
    reader.time(&mut civil)?;
    civil.offset_secs = reader.zone();
    reader.one_of(b" ")?;
    civil.year = Some(reader.four()?);
    Some((civil, reader.at + 4))
}

fn short_year(text: &[u8]) -> Option<(Civil, usize)> {
    let mut reader = Reader::new(text);
    let year = century(reader.two()?);
    reader.one_of(b"/")?;
    let month = reader.two()?;
    reader.one_of(b"/")?;
    let mut civil = Civil {
        year,
        month,
        day: reader.two()?,
        ..Civil::default()
    };
    reader.one_of(b" ")?;
    reader.time(&mut civil)?;
    Some((civil, reader.at))
}

fn six_digits(text: &[u8]) -> Option<(Civil, usize)> {
    let mut reader = Reader::new(text);
    let mut civil = Civil {
        year: century(reader.two()?),
        month: reader.two()?,
        day: reader.two()?,
        ..Civil::default()
    };
    reader.one_of(b" ")?;
    civil.hour = reader.two()?;
    civil.minute = reader.two()?;
    civil.second = reader.two()?;
    (!reader.peek(0).is_ascii_alphanumeric()).then_some((civil, reader.at))
}

/// Two digits of a year: 69 and later are of the last century, as POSIX lays down.
fn century(year: u8) -> Option<i32> {
    let year = i32::from(year);
    Some(if year >= 69 { 1900 + year } else { 2000 + year })
}

fn month_day(text: &[u8]) -> Option<(Civil, usize)> {
    let mut reader = Reader::new(text);
    let month = reader.two()?;
    reader.one_of(b".-")?;
    let mut civil = Civil {
        month,
        day: reader.two()?,
        ..Civil::default()
    };
    reader.one_of(b" ")?;
    reader.time(&mut civil)?;
    Some((civil, reader.at))
}

fn glog(text: &[u8]) -> Option<(Civil, usize)> {
    let mut reader = Reader::new(text);
    reader.one_of(b"IWEFD")?;
    let mut civil = Civil {
        month: reader.two()?,
        day: reader.two()?,
        ..Civil::default()
    };
    reader.one_of(b" ")?;
    reader.time(&mut civil)?;
    Some((civil, reader.at))
}

fn epoch(text: &[u8]) -> Option<(Timestamp, usize)> {
    let mut number = 0i64;
    let mut end = 0;
    while let Some(digit) = text.get(end).map(|byte| byte.wrapping_sub(b'0'))
        && digit <= 9
    {
        number = number.checked_mul(10)?.checked_add(i64::from(digit))?;
        end += 1;
    }
    let unit = match end {
        10 => SECOND,
        13 => 1_000_000,
        16 => 1_000,
        19 => 1,
        _ => return None,
    };
    let mut reader = Reader { text, at: end };
    let nanos = match end {
        10 if reader.peek(0) == b'.' => i64::from(reader.fraction()),
        _ => 0,
    };
    if reader.peek(0).is_ascii_alphanumeric() {
        return None;
    }
    let at = number.checked_mul(unit)?.checked_add(nanos)?;
    Some((Timestamp(at), reader.at))
}

fn blue_gene(text: &[u8]) -> Option<(Timestamp, usize)> {
    let (at, end) = epoch(text)?;
    if text.get(end + 5) != Some(&b'.') || text.get(end + 11) != Some(&b' ') {
        return None;
    }
    let local = end + 12 + memchr::memchr(b' ', text.get(end + 12..)?.get(..64)?)? + 1;
    let (civil, length) = iso(text.get(local..)?)?;
    let second_of_hour = at.0.div_euclid(SECOND).rem_euclid(3600);
    if i64::from(civil.minute) * 60 + i64::from(civil.second) != second_of_hour {
        return Some((at, local + length));
    }
    Some((Timestamp(at.0 + i64::from(civil.nanos)), local + length))
}
