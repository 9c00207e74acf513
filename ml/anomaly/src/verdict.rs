//! What the detectors say of a point, and how it is said in words.

use std::fmt;

/// Which detector spoke loudest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Detector {
    /// A jump away from the recent level: robust z-score of the one-step residual.
    Jump = 0,
    /// A value outside what is normal for the series: robust z-score of the residual from the slow level.
    ZScore = 1,
    /// A value outside the fences of the quartiles.
    Iqr = 2,
    /// A value outside what is normal for this hour.
    Seasonal = 3,
    /// The level has moved.
    LevelShift = 4,
    /// The series moves more or less than it used to.
    Variability = 5,
    /// Many odd points, or many events, in a short time.
    Burst = 6,
    /// The series does not move at all.
    FlatLine = 7,
    /// No data.
    Missing = 8,
    /// An availability series is at 0: what it watches is down.
    Down = 9,
}

impl Detector {
    /// All detectors, by number.
    pub const ALL: [Self; 10] = [
        Self::Jump,
        Self::ZScore,
        Self::Iqr,
        Self::Seasonal,
        Self::LevelShift,
        Self::Variability,
        Self::Burst,
        Self::FlatLine,
        Self::Missing,
        Self::Down,
    ];

    /// Its name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jump => "jump",
            Self::ZScore => "z_score",
            Self::Iqr => "iqr",
            Self::Seasonal => "seasonal",
            Self::LevelShift => "level_shift",
            Self::Variability => "variability",
            Self::Burst => "burst",
            Self::FlatLine => "flat_line",
            Self::Missing => "missing",
            Self::Down => "down",
        }
    }
}

/// Where in an anomaly a point is. One departure is one anomaly: it starts once and ends once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// No anomaly.
    Quiet,
    /// This point begins one: raise the alarm.
    Started,
    /// It goes on.
    Ongoing,
    /// This point is normal again, or the new level has become normal.
    Ended,
}

/// The expected value and the interval that a normal point stays in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Band {
    /// Expected value.
    pub yhat: f64,
    /// Lower end.
    pub yhat_lower: f64,
    /// Upper end.
    pub yhat_upper: f64,
}

/// What the detectors say of one point. Counters are judged by their rate per second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Verdict {
    /// What was expected.
    pub band: Band,
    /// What was observed.
    pub observed: f64,
    /// How odd the point is, in nats: `-ln` of the chance of one as odd in a normal series.
    pub score: f32,
    /// Probability of an anomaly in `[0, 1]`, whether or not one is already known: 0.5 where a false alarm as
    /// odd as this is as frequent as the budget allows.
    pub probability: f32,
    /// The same for the beginning of an anomaly: lower soon after another one, 0 within one. It is at or
    /// above the configured threshold exactly where `phase` is `Started`.
    pub onset_probability: f32,
    /// Whether an anomaly starts, goes on or ends here.
    pub phase: Phase,
    /// Who spoke.
    pub detector: Detector,
    /// The expectation is that of this hour, not that of the whole series.
    pub is_seasonal: bool,
}

impl Verdict {
    /// Whether this point raises the alarm.
    #[must_use]
    pub const fn is_alarm(&self) -> bool {
        matches!(self.phase, Phase::Started)
    }

    /// A sentence for people about the series `name`; nothing is rendered until it is displayed.
    #[must_use]
    pub const fn explain<'a>(&'a self, name: &'a str) -> Explanation<'a> {
        Explanation {
            verdict: self,
            name,
        }
    }
}

/// The sentence of a verdict, by `Display`.
#[derive(Debug, Clone, Copy)]
pub struct Explanation<'a> {
    verdict: &'a Verdict,
    name: &'a str,
}

impl fmt::Display for Explanation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Verdict {
            band,
            observed,
            detector,
            is_seasonal,
            ..
        } = self.verdict;
        let name = self.name;
        let (lower, upper) = (Short(band.yhat_lower), Short(band.yhat_upper));
        if *detector == Detector::Missing {
            return write!(f, "{name} sent no data; it usually does more often");
        }
        if *detector == Detector::Down {
            let state = if *observed > 0.5 { "up again" } else { "down" };
            return write!(
                f,
                "{name} was {}, 1 is well: it is {state}",
                Short(*observed)
            );
        }
        let hour = if *is_seasonal { " for this hour" } else { "" };
        // A jump or a change of habit may lie within the band of the level; then it is not the reason.
        if (band.yhat_lower..=band.yhat_upper).contains(observed) {
            write!(f, "{name} was {}; ", Short(*observed))?;
        } else {
            write!(
                f,
                "{name} was {}, expected {lower} to {upper}{hour}; ",
                Short(*observed)
            )?;
        }
        let up = *observed > band.yhat;
        f.write_str(match (detector, up) {
            (Detector::Jump, true) => "it jumped up at once",
            (Detector::Jump, false) => "it dropped at once",
            (Detector::ZScore | Detector::Seasonal, true) => "the value is unusually high",
            (Detector::ZScore | Detector::Seasonal, false) => "the value is unusually low",
            (Detector::Iqr, true) => "the value is far above its upper quartile",
            (Detector::Iqr, false) => "the value is far below its lower quartile",
            (Detector::LevelShift, true) => "its level has risen",
            (Detector::LevelShift, false) => "its level has fallen",
            (Detector::Variability, _) => "it varies unlike before",
            (Detector::Burst, _) => "there are unusually many odd values in a short time",
            (Detector::FlatLine, _) => "it has not moved for unusually long",
            (Detector::Missing, _) => "it sent no data",
            (Detector::Down, _) => "it is down",
        })
    }
}

/// A number with about three significant digits.
struct Short(f64);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.0.abs();
        match size {
            0.0 => f.write_str("0"),
            1e6.. => write!(f, "{:.2e}", self.0),
            100.0.. => write!(f, "{:.0}", self.0),
            10.0.. => write!(f, "{:.1}", self.0),
            0.01.. => write!(f, "{:.2}", self.0),
            _ => write!(f, "{:.1e}", self.0),
        }
    }
}
