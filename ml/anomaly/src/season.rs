//! What is usual at this time: profiles of the day (48 slots) and of the week (168 slots), in UTC.
//!
//! A slot keeps one number in 16 bits. What happens within a slot is gathered beside the hot state and
//! committed once, when the slot is over, so a point does not touch the profiles. The profile is used
//! only as far as it has predicted better than the plain level would have: `weight` grows from 0 to 1
//! with the error it saves. The weekly profile refines the daily one in the same way.

use crate::config::Tuning;

const DAY_SLOTS: usize = 48;
const WEEK_SLOTS: usize = 168;
const DAY_SECS: i64 = 86_400;
const WEEK_SECS: i64 = 7 * DAY_SECS;
/// Slot of no time.
const NONE: u8 = u8::MAX;
/// Marks a slot that was never visited (a NaN in 16 bits).
pub(crate) const UNKNOWN: u16 = 0x7fc0;
/// Smallest weight of a new visit in a slot's value.
const DAY_WEIGHT: f32 = 0.25;
const WEEK_WEIGHT: f32 = 0.33;
/// Errors are cut at this multiple of their mean before they are learnt.
const CUT: f32 = 6.0;

/// Sum and count of what was seen in the slot at hand.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Gathered {
    pub(crate) sum: f32,
    pub(crate) count: f32,
}

/// The part of the seasonal model that every point touches.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Season {
    /// Long level, the profiles' zero.
    pub(crate) base: f32,
    /// Mean absolute error of the base, of the day's and of the week's profile, on the same points.
    pub(crate) errors: [f32; 3],
    /// Points those errors stand for.
    pub(crate) judged: f32,
    pub(crate) day: Gathered,
    pub(crate) week: Gathered,
    /// Value of the profiles' slots at hand; NaN when not known.
    pub(crate) day_value: f32,
    pub(crate) week_value: f32,
    pub(crate) day_slot: u8,
    pub(crate) week_slot: u8,
    /// Time at which the day's slot is over.
    pub(crate) until_ms: i64,
    /// What the season says within the slots at hand.
    pub(crate) seasonal: Seasonal,
}

/// The profiles, in the upper halves of `f32`s.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Profiles {
    pub(crate) day: [u16; DAY_SLOTS],
    pub(crate) week: [u16; WEEK_SLOTS],
}

impl Profiles {
    pub(crate) const fn new() -> Self {
        Self {
            day: [UNKNOWN; DAY_SLOTS],
            week: [UNKNOWN; WEEK_SLOTS],
        }
    }
}

/// What the season says of the points in a slot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Seasonal {
    /// Part of the value that the season explains, to be taken from it.
    pub(crate) offset: f32,
    /// How much the profiles are trusted, in `[0, 1]`.
    pub(crate) weight: f32,
}

impl Season {
    pub(crate) const fn new() -> Self {
        Self {
            base: 0.0,
            errors: [0.0; 3],
            judged: 0.0,
            day: Gathered {
                sum: 0.0,
                count: 0.0,
            },
            week: Gathered {
                sum: 0.0,
                count: 0.0,
            },
            day_value: f32::NAN,
            week_value: f32::NAN,
            day_slot: NONE,
            week_slot: NONE,
            until_ms: i64::MIN,
            seasonal: Seasonal {
                offset: 0.0,
                weight: 0.0,
            },
        }
    }

    /// Moves to the slots of `at_ms`, committing those that are over.
    pub(crate) fn turn(&mut self, at_ms: i64, days: f32, profiles: &mut Profiles) {
        let secs = at_ms.div_euclid(1000);
        let slot_ms = DAY_SECS * 1000 / DAY_SLOTS as i64;
        self.until_ms = at_ms
            .saturating_sub(at_ms.rem_euclid(slot_ms))
            .saturating_add(slot_ms);
        let day_slot = slot(secs, DAY_SECS, DAY_SLOTS);
        if day_slot == self.day_slot {
            return;
        }
        // What the day's profile does not explain is the week's to learn; both are committed with the
        // day's value as it was.
        commit(
            &mut profiles.day,
            self.day_slot,
            self.day,
            DAY_WEIGHT.max(1.0 / (days + 1.0)),
        );
        self.day = Gathered::default();
        self.day_slot = day_slot;
        self.day_value = read(&profiles.day, day_slot);
        let week_slot = slot(secs, WEEK_SECS, WEEK_SLOTS);
        if week_slot == self.week_slot {
            return;
        }
        commit(
            &mut profiles.week,
            self.week_slot,
            self.week,
            WEEK_WEIGHT.max(1.0 / (days / 7.0 + 1.0)),
        );
        self.week = Gathered::default();
        self.week_slot = week_slot;
        self.week_value = read(&profiles.week, week_slot);
    }

    /// Sets what the season says within the slots at hand, by what the profiles have saved so far.
    pub(crate) fn weigh(&mut self, per_day: f32, t: &Tuning) {
        self.seasonal = Seasonal {
            offset: 0.0,
            weight: 0.0,
        };
        if self.day_value.is_nan() || self.judged < 0.5 * per_day {
            return;
        }
        let [flat, day, week] = self.errors;
        let gain = 1.0 - day / flat.max(1e-20);
        let weight = ((gain - t.season_gain) / (2.0 * t.season_gain)).clamp(0.0, 1.0);
        let mut value = self.day_value;
        if self.week_value.is_finite() {
            let gain = 1.0 - week / day.max(1e-20);
            value += self.week_value * ((gain - 0.02) / t.season_gain).clamp(0.0, 1.0);
        }
        self.seasonal = Seasonal {
            offset: weight * value,
            weight,
        };
    }

    /// Learns a value; `floor` is the smallest scale of the series.
    pub(crate) fn learn(&mut self, x: f32, count: f32, per_day: f32, floor: f32) {
        if count <= 1.0 {
            self.base = x;
        }
        let from_base = x - self.base;
        let limit = CUT * self.errors[0].max(20.0 * floor);
        let kept = from_base.clamp(-limit, limit);
        if !self.day_value.is_nan() {
            self.judge(from_base, per_day);
        }
        self.base += kept / count.min((2.0 * per_day).max(300.0));
        self.day.sum += kept;
        self.day.count += 1.0;
        if !self.day_value.is_nan() {
            self.week.sum += kept - self.day_value;
            self.week.count += 1.0;
        }
    }

    fn judge(&mut self, from_base: f32, per_day: f32) {
        self.judged = (self.judged + 1.0).min(2.0 * per_day);
        let weight = 1.0 / self.judged;
        let by_day = from_base - self.day_value;
        let by_week = if self.week_value.is_nan() {
            by_day
        } else {
            by_day - self.week_value
        };
        let day_cut = CUT * self.errors[1];
        for (error, value) in self.errors.iter_mut().zip([from_base, by_day, by_week]) {
            let cut = if *error > 0.0 { CUT * *error } else { f32::MAX };
            let cut = if day_cut > 0.0 { cut.max(day_cut) } else { cut };
            *error += (value.abs().min(cut) - *error) * weight;
        }
    }
}

fn slot(secs: i64, period: i64, slots: usize) -> u8 {
    (secs.rem_euclid(period) * slots as i64 / period) as u8
}

fn read(profile: &[u16], slot: u8) -> f32 {
    let bits = profile.get(usize::from(slot)).copied().unwrap_or(UNKNOWN);
    f32::from_bits(u32::from(bits) << 16)
}

fn commit(profile: &mut [u16], slot: u8, seen: Gathered, weight: f32) {
    if seen.count <= 0.0 {
        return;
    }
    let Some(bits) = profile.get_mut(usize::from(slot)) else {
        return;
    };
    let mean = seen.sum / seen.count;
    let old = f32::from_bits(u32::from(*bits) << 16);
    let new = if old.is_nan() {
        mean
    } else {
        old + weight * (mean - old)
    };
    if new.is_finite() {
        // Rounded to the nearest 16 bits.
        *bits = ((new.to_bits().saturating_add(0x8000)) >> 16) as u16;
    }
}
