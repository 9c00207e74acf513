//! Remembers, per source, where lines of one look have their time and how it is written.
//!
//! The look of a line is its first 16 bytes with digits and letters made equal, so that a source
//! that mixes formats (several programs behind one forwarder) is learned format by format. The
//! common case is one parse at a known place; whatever fails is looked for anew.

use tocsin_domain::Timestamp;

use super::format::{Format, When};
use super::{Reading, WINDOW, at_start, resolve};
use crate::severity;

/// How many looks a source may have at a time; a power of two.
const LOOKS: usize = 128;
/// How many bytes make the look of a line.
const LOOK_BYTES: usize = 16;

/// Where the time stands: `delta` bytes after the `spaces`-th space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    format: Format,
    spaces: u8,
    delta: u8,
}

/// What was found in a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// The time.
    pub time: Reading,
    /// The first byte after the time; 0 if there is none.
    pub end: usize,
    /// The severity, where the way of writing the time carries it (glog, Android).
    pub severity: Option<tocsin_domain::Severity>,
}

impl Found {
    const NOTHING: Self = Self {
        time: Reading::Missing,
        end: 0,
        severity: None,
    };
}

/// What is known of one source. About 2 KiB.
#[derive(Debug, Clone)]
pub struct Learner {
    /// By the hash of the look: the whole hash and the place.
    looks: Vec<Option<(u32, Place)>>,
    zone_secs: i32,
}

impl Learner {
    /// Knows nothing yet. Times without a zone are `zone_secs` east of UTC.
    #[must_use]
    pub fn new(zone_secs: i32) -> Self {
        Self {
            looks: Vec::new(),
            zone_secs,
        }
    }

    /// Where times without a zone are from, in seconds east of UTC.
    pub(crate) const fn zone_secs(&self) -> i32 {
        self.zone_secs
    }

    /// Finds the time of a line that was received at `now`.
    #[inline]
    pub fn find(&mut self, line: &[u8], now: Timestamp) -> Found {
        if self.looks.is_empty() {
            self.looks = vec![None; LOOKS];
        }
        let look = look(line);
        let slot = look as usize % LOOKS;
        if let Some((known, place)) = self.looks[slot]
            && known == look
            && let Some(start) = start_of(line, place)
            && let Some((when, length)) = place.format.parse(&line[start..])
        {
            return self.found(line, now, (when, start + length, place.format));
        }
        match detect(line) {
            Some((start, when, end, format)) => {
                self.looks[slot] = place_of(line, start, format).map(|place| (look, place));
                self.found(line, now, (when, end, format))
            }
            None => Found::NOTHING,
        }
    }

    fn found(
        &self,
        line: &[u8],
        now: Timestamp,
        (when, end, format): (When, usize, Format),
    ) -> Found {
        let severity = match format {
            Format::Glog => line.first().and_then(|letter| severity::of_letter(*letter)),
            Format::MonthDay => severity::android(&line[end..]),
            _ => None,
        };
        Found {
            time: resolve(when, now, self.zone_secs),
            end,
            severity,
        }
    }
}

/// Hashes the first bytes of a line with digits and letters made equal.
#[inline]
fn look(line: &[u8]) -> u32 {
    let mut hash = 0x811c_9dc5u32;
    for byte in line.iter().take(LOOK_BYTES) {
        let class = match byte {
            b'0'..=b'9' => b'0',
            b'a'..=b'z' | b'A'..=b'Z' => b'a',
            other => *other,
        };
        hash = (hash ^ u32::from(class)).wrapping_mul(0x0100_0193);
    }
    hash ^ (hash >> 15)
}

#[inline]
fn start_of(line: &[u8], place: Place) -> Option<usize> {
    let mut start = 0;
    for _ in 0..place.spaces {
        start += line[start..].iter().position(|byte| *byte == b' ')? + 1;
    }
    start += place.delta as usize;
    (start < line.len()).then_some(start)
}

fn place_of(line: &[u8], start: usize, format: Format) -> Option<Place> {
    let before = &line[..start];
    let spaces = before.iter().filter(|byte| **byte == b' ').count();
    let last = before
        .iter()
        .rposition(|byte| *byte == b' ')
        .map_or(0, |space| space + 1);
    Some(Place {
        format,
        spaces: u8::try_from(spaces).ok()?,
        delta: u8::try_from(start - last).ok()?,
    })
}

/// Looks for the first time in a line: its start, the time, its end and format.
fn detect(line: &[u8]) -> Option<(usize, When, usize, Format)> {
    let mut previous = b' ';
    for (start, byte) in line.iter().enumerate().take(WINDOW) {
        let begins = !previous.is_ascii_alphanumeric() && byte.is_ascii_alphanumeric();
        if begins
            && !matches!(previous, b'.' | b'-' | b'_' | b'/' | b'%' | b'+')
            && let Some((when, length, format)) = at_start(&line[start..])
            && fits(format, line, start)
        {
            return Some((start, when, start + length, format));
        }
        previous = *byte;
    }
    None
}

/// True if a time of this format may stand at this place: bare numbers only at the head of a line.
fn fits(format: Format, line: &[u8], start: usize) -> bool {
    let before = &line[..start];
    match format {
        Format::Glog | Format::SixDigits => start == 0,
        Format::Epoch | Format::BlueGene => {
            matches!(before, b"" | b"[" | b"(" | b"- " | b"audit(")
                || [b"ts=".as_slice(), b"time=", b"timestamp=", b"t="]
                    .iter()
                    .any(|key| before.ends_with(key))
                || before.ends_with(b"audit(")
        }
        _ => true,
    }
}
