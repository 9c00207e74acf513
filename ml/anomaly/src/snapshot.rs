//! The state of a detector as bytes, and back, bit by bit.
//!
//! Layout: a version byte, then every field in the order of `visit`, little-endian, floats by their bits. A
//! detector restored from a snapshot judges the same points the same.

use crate::availability::Availability;
use crate::detector::SeriesDetector;
use crate::ensemble::{Ensemble, Event};
use crate::levels::Levels;
use crate::presence::Presence;
use crate::rate::SeriesKind;
use crate::season::{Profiles, Season};
use crate::tail::Tail;

/// Version of the layout.
const VERSION: u8 = 3;
/// The version before, which knew no availability series; it is still read.
const VERSION_BEFORE: u8 = 2;

/// Why bytes are no snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// The first byte is of no layout that is known.
    #[error("the snapshot has the unknown version {0}")]
    Version(u8),
    /// There are too few or too many bytes.
    #[error("the snapshot has the wrong length: {0} bytes")]
    Length(usize),
    /// A byte stands for nothing.
    #[error("the snapshot holds the unknown kind of series {0}")]
    Kind(u8),
}

impl SeriesDetector {
    /// Appends the state to `out`: about 0.9 KiB.
    pub fn snapshot(&self, out: &mut Vec<u8>) {
        out.push(VERSION);
        out.push(self.kind as u8);
        let mut copy = self.clone();
        visit(&mut copy, &mut Write(out));
        visit_availability(&mut copy.availability, &mut Write(out));
    }

    /// The detector whose state was saved.
    ///
    /// # Errors
    /// When the bytes are not those of one snapshot.
    pub fn restore(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let [version, kind, rest @ ..] = bytes else {
            return Err(SnapshotError::Length(bytes.len()));
        };
        if ![VERSION, VERSION_BEFORE].contains(version) {
            return Err(SnapshotError::Version(*version));
        }
        let kind = SeriesKind::from_number(*kind).ok_or(SnapshotError::Kind(*kind))?;
        let mut detector = Self::new(kind);
        let mut read = Read {
            rest,
            is_short: false,
        };
        visit(&mut detector, &mut read);
        if *version == VERSION {
            visit_availability(&mut detector.availability, &mut read);
        }
        if read.is_short || !read.rest.is_empty() {
            return Err(SnapshotError::Length(bytes.len()));
        }
        Ok(detector)
    }
}

/// Takes each field in turn, to write it or to set it.
trait Visitor {
    fn bytes(&mut self, value: &mut [u8]);

    fn flag(&mut self, value: &mut bool) {
        let mut byte = [u8::from(*value)];
        self.bytes(&mut byte);
        *value = byte[0] != 0;
    }
    fn u8(&mut self, value: &mut u8) {
        self.bytes(std::slice::from_mut(value));
    }
    fn u16(&mut self, value: &mut u16) {
        let mut bytes = value.to_le_bytes();
        self.bytes(&mut bytes);
        *value = u16::from_le_bytes(bytes);
    }
    fn u32(&mut self, value: &mut u32) {
        let mut bytes = value.to_le_bytes();
        self.bytes(&mut bytes);
        *value = u32::from_le_bytes(bytes);
    }
    fn i64(&mut self, value: &mut i64) {
        let mut bytes = value.to_le_bytes();
        self.bytes(&mut bytes);
        *value = i64::from_le_bytes(bytes);
    }
    fn f32(&mut self, value: &mut f32) {
        let mut bits = value.to_bits();
        self.u32(&mut bits);
        *value = f32::from_bits(bits);
    }
    fn f64(&mut self, value: &mut f64) {
        let mut bytes = value.to_bits().to_le_bytes();
        self.bytes(&mut bytes);
        *value = f64::from_bits(u64::from_le_bytes(bytes));
    }
}

struct Write<'a>(&'a mut Vec<u8>);

impl Visitor for Write<'_> {
    fn bytes(&mut self, value: &mut [u8]) {
        self.0.extend_from_slice(value);
    }
}

struct Read<'a> {
    rest: &'a [u8],
    is_short: bool,
}

impl Visitor for Read<'_> {
    fn bytes(&mut self, value: &mut [u8]) {
        match self.rest.split_at_checked(value.len()) {
            Some((bytes, rest)) => {
                value.copy_from_slice(bytes);
                self.rest = rest;
            }
            None => self.is_short = true,
        }
    }
}

fn visit(d: &mut SeriesDetector, v: &mut impl Visitor) {
    v.i64(&mut d.last_ms);
    v.i64(&mut d.first_ms);
    v.f64(&mut d.origin);
    v.f64(&mut d.reading);
    v.u32(&mut d.count);
    v.flag(&mut d.has_reading);
    v.f32(&mut d.bias);
    v.f32(&mut d.reach);
    visit_presence(&mut d.presence, v);
    visit_event(&mut d.event, v);
    visit_ensemble(&mut d.ensemble, v);
    visit_levels(&mut d.levels, v);
    for tail in &mut d.tails {
        visit_tail(tail, v);
    }
    visit_season(&mut d.season, v);
    visit_profiles(&mut d.profiles, v);
}

fn visit_presence(presence: &mut Presence, v: &mut impl Visitor) {
    let Presence {
        interval_ms,
        longest_ms,
        intervals,
        run,
        longest_run,
        moves,
        equal_share,
        is_missing,
        late_share,
    } = presence;
    for value in [
        interval_ms,
        longest_ms,
        intervals,
        run,
        longest_run,
        moves,
        equal_share,
        late_share,
    ] {
        v.f32(value);
    }
    v.flag(is_missing);
}

fn visit_event(event: &mut Event, v: &mut impl Visitor) {
    let Event {
        is_open,
        length,
        calm,
        toll,
        known,
        next,
        idle,
    } = event;
    v.flag(is_open);
    v.u8(next);
    for value in known {
        v.f32(value);
    }
    for value in [length, calm, toll, idle] {
        v.f32(value);
    }
}

fn visit_ensemble(ensemble: &mut Ensemble, v: &mut impl Visitor) {
    let Ensemble {
        share,
        mean,
        points,
        excesses,
        run,
    } = ensemble;
    for value in [share, mean, points, excesses, run] {
        v.f32(value);
    }
}

fn visit_levels(levels: &mut Levels, v: &mut impl Visitor) {
    let Levels {
        recent,
        slow,
        slow_count,
        averages,
        average_scales,
        jump_scale,
        scale,
        steps,
        steps_slow,
        quartiles,
        surprise,
        low,
        high,
        previous,
        quantum,
        largest_step,
        density,
        density_peak,
        largest_density,
    } = levels;
    for value in [
        recent, slow, slow_count, jump_scale, scale, steps, steps_slow,
    ] {
        v.f32(value);
    }
    for value in averages.iter_mut().chain(average_scales).chain(quartiles) {
        v.f32(value);
    }
    for value in [surprise, low, high, previous, quantum] {
        v.f32(value);
    }
    for value in [largest_step, density, density_peak, largest_density] {
        v.f32(value);
    }
}

fn visit_availability(availability: &mut Availability, v: &mut impl Visitor) {
    let Availability {
        sum,
        run,
        share,
        hold,
        since,
        was_well,
    } = availability;
    for value in [sum, run, share, hold, since] {
        v.f32(value);
    }
    v.flag(was_well);
}

fn visit_tail(tail: &mut Tail, v: &mut impl Visitor) {
    let Tail {
        threshold,
        shape,
        excesses,
        seen,
    } = tail;
    for value in [threshold, shape, excesses, seen] {
        v.f32(value);
    }
}

fn visit_season(season: &mut Season, v: &mut impl Visitor) {
    let Season {
        base,
        errors,
        judged,
        day,
        week,
        day_value,
        week_value,
        day_slot,
        week_slot,
        until_ms,
        seasonal,
    } = season;
    v.i64(until_ms);
    v.f32(&mut seasonal.offset);
    v.f32(&mut seasonal.weight);
    for value in [base, judged, day_value, week_value] {
        v.f32(value);
    }
    for value in errors {
        v.f32(value);
    }
    for gathered in [day, week] {
        v.f32(&mut gathered.sum);
        v.f32(&mut gathered.count);
    }
    v.u8(day_slot);
    v.u8(week_slot);
}

fn visit_profiles(profiles: &mut Profiles, v: &mut impl Visitor) {
    for slot in profiles.day.iter_mut().chain(&mut profiles.week) {
        v.u16(slot);
    }
}
