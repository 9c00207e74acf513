//! What an operator may set, and the fixed numbers of the method. One configuration serves every series.

/// How often the detectors may be wrong, and from where on a point is an alarm.
#[derive(Debug, Clone, PartialEq)]
pub struct DetectorConfig {
    /// Points whose probability is at or above it are alarms, in `(0, 1)`. Default 0.5: the point where "an
    /// anomaly" becomes likelier than "the false alarm that the budget allows".
    pub alarm_probability: f32,
    /// False alarms a series may raise in 30.4 days, at least 0.001. Default 1: what people bear before they
    /// mute a series.
    pub false_alarms_per_month: f32,
    /// Numbers of the method.
    pub tuning: Tuning,
}

impl Default for DetectorConfig {
    fn default() -> Self {
        Self {
            alarm_probability: 0.5,
            false_alarms_per_month: 1.0,
            tuning: Tuning::default(),
        }
    }
}

/// Numbers of the method; lengths are in points of the series.
#[derive(Debug, Clone, PartialEq)]
pub struct Tuning {
    /// Weight of a point in the recent level that jumps are measured from, in `(0, 1)`.
    pub recent_weight: f32,
    /// Memory of the slow level, which stands for "normal".
    pub slow_points: f32,
    /// Memory of the scales of the residuals.
    pub scale_points: f32,
    /// Memory of the three averages that level shifts are read from.
    pub level_points: [f32; 3],
    /// Memory of the recent variability.
    pub variability_points: f32,
    /// Memory of the average surprise, which shows bursts of odd points.
    pub surprise_points: f32,
    /// Most surprise (nats) that one point adds to that average.
    pub surprise_cap: f32,
    /// Smallest scale, as a share of the range seen: smaller departures are never odd.
    pub floor_share: f32,
    /// Share of points behind each detector's initial threshold, in `(0, 0.1)`.
    pub tail_share: f32,
    /// Speed at which the initial threshold follows.
    pub tail_speed: f32,
    /// Largest number of excesses a tail remembers.
    pub tail_excesses: f32,
    /// Excesses are cut at this multiple of their mean before they are learnt from.
    pub tail_cut: f32,
    /// The same for the tail of the ensemble.
    pub ensemble_cut: f32,
    /// Weight at which points within an anomaly are learnt by the tails, in `[0, 1]`.
    pub anomaly_weight: f32,
    /// Quiet points after which an anomaly is over.
    pub calm_points: f32,
    /// An anomaly that lasts longer is the new normal.
    pub anomaly_points_max: f32,
    /// Surprise (nats) below which a point is quiet.
    pub calm_surprise: f32,
    /// Additional evidence (nats) an alarm needs right after another one.
    pub repeat_evidence: f32,
    /// Time after which a third of that is left, in days.
    pub repeat_days: f32,
    /// Additional evidence (nats) for each earlier alarm of the same direction and size.
    pub habit_evidence: f32,
    /// Weight of the surprise of the other detectors beside the loudest one's, in `[0, 1]`.
    pub chorus: f32,
    /// What is assumed of a new series' ensemble: share of points beyond the initial surprise, and
    /// their mean excess in nats.
    pub prior: (f32, f32),
    /// Nats by which each kind of score is preferred: jump, z-score, level, variability, burst, quartiles.
    pub preference: [f32; 6],
    /// How sure the detectors may be beyond nominal: the budget is multiplied by it, since tails are
    /// estimated cautiously (see the tests on noise).
    pub budget_factor: f32,
    /// Gain of a profile over none from which on it is used, in `(0, 1)`.
    pub season_gain: f32,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            recent_weight: 0.2,
            slow_points: 2400.0,
            scale_points: 3000.0,
            level_points: [3.7, 40.0, 92.0],
            variability_points: 16.0,
            surprise_points: 44.0,
            surprise_cap: 8.0,
            floor_share: 0.005,
            tail_share: 0.02,
            tail_speed: 0.42,
            tail_excesses: 200.0,
            tail_cut: 1.4,
            ensemble_cut: 1.0,
            anomaly_weight: 0.22,
            calm_points: 24.0,
            anomaly_points_max: 150.0,
            calm_surprise: 4.4,
            repeat_evidence: 5.5,
            repeat_days: 0.25,
            habit_evidence: 0.3,
            chorus: 0.2,
            prior: (0.022, 2.0),
            preference: [-0.5, 0.0, 0.0, 0.0, 0.0, -1.0],
            budget_factor: 4.0,
            season_gain: 0.07,
        }
    }
}
