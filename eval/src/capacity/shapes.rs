//! Simulated disks and memories with their future known. Parameters are drawn within the ranges
//! written here, in percent of a capacity of about 100; one point every five minutes. A shape
//! flows in with a generator, a case flows out. Nothing here knows how predictions are made.

mod draw;

use serde::Serialize;
use tocsin_capacity::Random;

use draw::Path;

/// Minutes between points.
const INTERVAL_MIN: usize = 5;
/// Points per hour.
pub(crate) const HOUR: usize = 60 / INTERVAL_MIN;
/// Points per day.
pub(crate) const DAY: usize = 24 * HOUR;
/// Days that are simulated after now.
pub(crate) const FUTURE_DAYS: usize = 21;

/// What a series does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Shape {
    /// Fills at a rate that varies from hour to hour.
    SteadyFill,
    /// Fills, with a burst at about the same time of each day.
    BurstsFill,
    /// Fills on weekdays, hardly on weekends.
    WeeklyFill,
    /// Logs grow and are rotated every one to four days; a part stays.
    RotationFill,
    /// Fills; the capacity was enlarged some days ago.
    ResizeFill,
    /// Memory leaks after each boot.
    Leak,
    /// Fills faster and faster.
    Accelerating,
    /// Fills steadily, with some big copies and deletions in the past.
    StepsFill,
    /// Grows by sporadic installs.
    InstallsFill,
    /// Grew slowly until something ran away some hours ago.
    Runaway,
    /// A level and noise.
    Noise,
    /// Nearly full, and flat.
    NearlyFull,
    /// Fills, but not before 12 to 60 days.
    SlowFill,
    /// One big copy, then flat.
    StepFlat,
    /// Grows and is cleaned up each time it reaches some level.
    Cleaned,
    /// Logs grow and are rotated; nothing stays.
    RotationFlat,
    /// Bursts every day, no growth.
    BurstsFlat,
    /// Sporadic bursts that go back.
    BurstsSporadic,
    /// Memory that warms up after each boot, then is flat.
    Reboots,
    /// Grew for days, then stopped.
    Stopped,
}

/// All shapes.
pub(crate) const SHAPES: [Shape; 20] = [
    Shape::SteadyFill,
    Shape::BurstsFill,
    Shape::WeeklyFill,
    Shape::RotationFill,
    Shape::ResizeFill,
    Shape::Leak,
    Shape::Accelerating,
    Shape::StepsFill,
    Shape::InstallsFill,
    Shape::Runaway,
    Shape::Noise,
    Shape::NearlyFull,
    Shape::SlowFill,
    Shape::StepFlat,
    Shape::Cleaned,
    Shape::RotationFlat,
    Shape::BurstsFlat,
    Shape::BurstsSporadic,
    Shape::Reboots,
    Shape::Stopped,
];

impl Shape {
    /// Whether it reaches its limit at some time, by its nature.
    pub(crate) fn fills(self) -> bool {
        self < Self::Noise
    }
}

/// A series with its past, its future and its limit.
#[derive(Debug)]
pub(crate) struct Case {
    /// All points.
    pub values: Vec<f64>,
    /// Index of the newest point that is known.
    pub now: usize,
    /// The value that must not be reached.
    pub limit: f64,
    /// Indexes at which the series is known to have begun anew.
    pub resets: Vec<usize>,
    /// Index of the first point after `now` at or above the limit.
    pub crossing: Option<usize>,
}

/// Unix milliseconds of a point; the first is on a Thursday.
pub(crate) fn time_ms(index: usize) -> i64 {
    1_767_225_600_000 + (index * INTERVAL_MIN) as i64 * 60_000
}

/// Draws a case; again until the limit was not reached before now.
pub(crate) fn draw(shape: Shape, random: &mut Random) -> Case {
    loop {
        let days = match shape {
            Shape::WeeklyFill => random.between(14.0, 21.0),
            Shape::RotationFill | Shape::RotationFlat | Shape::Cleaned | Shape::Reboots => {
                random.between(10.0, 21.0)
            }
            _ => random.between(4.0, 14.0),
        };
        let now = (days * DAY as f64) as usize;
        let path = Path::draw(shape, now, random);
        let scale = 10f64.powf(random.between(-1.0, 3.0));
        let Some(limit) = limit(shape, &path.values, now, random) else {
            continue;
        };
        let crossing = (now + 1..path.values.len()).find(|&at| path.values[at] >= limit);
        if shape.fills() == crossing.is_none() {
            continue;
        }
        let values = path.values.iter().map(|value| value * scale).collect();
        return Case {
            values,
            now,
            limit: limit * scale,
            resets: path.resets,
            crossing,
        };
    }
}

/// The limit: anywhere between the present and what the series reaches in two weeks, or what it
/// never reaches. A limit that is drawn as the value at some time would lie at the very top of a
/// burst or of a step more often than limits do.
fn limit(shape: Shape, values: &[f64], now: usize, random: &mut Random) -> Option<f64> {
    let most = |range: &[f64]| range.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let past = most(&values[..=now]);
    let days = match shape {
        Shape::Runaway => 4,
        Shape::NearlyFull => return Some(most(values) / random.between(0.96, 0.995)),
        Shape::SlowFill => {
            // The rate of the path is one unit a day.
            let limit = values[now] + random.between(12.0, 60.0);
            return (limit > most(&values[..now + 10 * DAY])).then_some(limit);
        }
        shape if !shape.fills() => return Some(most(values) / random.between(0.6, 0.97)),
        _ => 14,
    };
    let reached = most(&values[..=now + days * DAY]);
    let limit = past + (reached - past) * random.between(0.03, 1.0);
    (limit > past).then_some(limit)
}
