//! What the header code may know of a variable beyond its kind. It is part of the shape of a line:
//! lines of one shape are laid out alike.

use super::class::all_digits;
use crate::template::VariableKind;

/// Look of a variable at the start of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Look {
    /// Nothing that matters.
    Other = 0,
    /// Date and time, or a clock with seconds.
    Time = 1,
    /// Month, day and clock without year.
    SyslogTime = 2,
    /// Seconds or milliseconds since 1970, between 2001 and 2039.
    Epoch = 3,
    /// Six digits that may be year, month, day.
    PackedDate = 4,
    /// Six digits that may be hour, minute, second.
    PackedClock = 5,
    /// Six digits that may be either.
    PackedEither = 6,
    /// Digits.
    Integer = 7,
}

impl Look {
    /// Whether the variable is digits only.
    pub(crate) fn is_integer(self) -> bool {
        !matches!(self, Self::Other | Self::Time | Self::SyslogTime)
    }
}

/// Variables whose look counts, in variables from the start of the line.
const FIRST: usize = 10;
/// How far from the start of the line looks count, in bytes of the line.
const NEAR: u32 = 120;

/// Look of variable number `i` of the line.
#[inline]
pub(crate) fn look(line: &[u8], i: usize, (start, end): (u32, u32), kind: VariableKind) -> Look {
    if i >= FIRST || start > NEAR {
        return Look::Other;
    }
    match kind {
        VariableKind::Number => number(&line[start as usize..end as usize]),
        VariableKind::Time => time(&line[start as usize..end as usize]),
        _ => Look::Other,
    }
}

#[inline]
fn number(text: &[u8]) -> Look {
    if !all_digits(text) {
        return Look::Other;
    }
    match text.len() {
        10 | 13 if matches!(text[0], b'1') || &text[..2] == b"20" || &text[..2] == b"21" => {
            Look::Epoch
        }
        6 => packed(text),
        _ => Look::Integer,
    }
}

fn packed(text: &[u8]) -> Look {
    let within = |at: usize, low: &[u8], high: &[u8]| (low..=high).contains(&&text[at..at + 2]);
    let date = within(2, b"01", b"12") && within(4, b"01", b"31");
    let clock = within(0, b"00", b"23") && within(2, b"00", b"59") && within(4, b"00", b"60");
    match (date, clock) {
        (true, true) => Look::PackedEither,
        (true, false) => Look::PackedDate,
        (false, true) => Look::PackedClock,
        (false, false) => Look::Integer,
    }
}

#[inline]
fn time(text: &[u8]) -> Look {
    let letters = text.first().is_some_and(u8::is_ascii_alphabetic);
    if text.iter().filter(|b| b.is_ascii_digit()).count() < 6 {
        Look::Other
    } else if letters && text.len() <= 15 {
        Look::SyslogTime
    } else {
        Look::Time
    }
}
