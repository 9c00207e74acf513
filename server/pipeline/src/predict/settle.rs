//! What became of predictions: compared with what happened, counted in the series' scorecard.

use tocsin_capacity::{
    Alarm, BandPoint, Calibration, Crossing, Direction, Limit, Observed, Scorecard,
    ScorecardConfig, Verdict,
};
use tocsin_domain::metric::{
    self, FindingId, Prediction, PredictionOutcome, SeriesScorecard, is_stale,
};
use tocsin_domain::{Sample, SeriesId};

use super::Watched;

/// The version of the state of a scorecard.
const VERSION: u8 = 1;

/// How much proof a scorecard asks for.
pub(super) fn config() -> ScorecardConfig {
    ScorecardConfig::default()
}

/// Scores a prediction by the values that came: its band's point if its time came within
/// `(span.0, span.1]`, and the whole once its outcome is known.
pub(super) fn score(
    watched: &mut Watched,
    prediction: &Prediction,
    samples: &[Sample],
    span: (i64, i64),
) -> Option<(FindingId, PredictionOutcome, Option<i64>)> {
    let came = || samples.iter().filter(|sample| !is_stale(sample.value));
    if let Some(point) = prediction.point
        && span.0 < point.at_ms
        && point.at_ms <= span.1
        && let Some(sample) = came().rfind(|sample| sample.at_ms <= point.at_ms)
    {
        let point = BandPoint {
            time_ms: point.at_ms,
            median: point.yhat,
            lower_80: point.interval_80.0,
            upper_80: point.interval_80.1,
            lower_95: point.interval_95.0,
            upper_95: point.interval_95.1,
        };
        let card = &mut watched.scorecard;
        card.record_point(prediction.made_ms, &point, sample.value, &config());
        watched.is_changed = true;
    }
    let reached = |sample: &&Sample| match prediction.direction {
        metric::Direction::Rising => sample.value >= prediction.threshold,
        metric::Direction::Falling => sample.value <= prediction.threshold,
    };
    let crossed = came()
        .filter(|sample| sample.at_ms > prediction.made_ms)
        .find(reached);
    let observed = Observed {
        crossed_at_ms: crossed.map(|sample| sample.at_ms),
        seen_until_ms: span.1,
        was_reset: false,
    };
    let said = tocsin_capacity::Prediction {
        made_at_ms: prediction.made_ms,
        until_ms: prediction.made_ms + prediction.horizon_ms,
        limit: limit(prediction),
        probability: prediction.probability,
        crossing: Crossing {
            t10_ms: prediction.crossing_ms.map(|(early, _, _)| early),
            t50_ms: prediction.crossing_ms.map(|(_, median, _)| median),
            t90_ms: prediction.crossing_ms.map(|(_, _, late)| late),
        },
    };
    let verdict = watched.scorecard.record(&said, &observed, &config());
    // Early and late are the prediction's in `tocsin-capacity` and the event's here.
    let outcome = match verdict {
        Verdict::Open => return None,
        Verdict::Hit => PredictionOutcome::Hit,
        Verdict::Early => PredictionOutcome::Late,
        Verdict::Late => PredictionOutcome::Early,
        Verdict::Miss => PredictionOutcome::Miss,
        Verdict::FalseAlarm => PredictionOutcome::FalseAlarm,
        Verdict::CorrectSilence | Verdict::Void => PredictionOutcome::Quiet,
    };
    watched.is_changed = true;
    Some((prediction.id, outcome, observed.crossed_at_ms))
}

fn limit(prediction: &Prediction) -> Limit {
    Limit {
        value: prediction.threshold,
        direction: match prediction.direction {
            metric::Direction::Rising => Direction::Rising,
            metric::Direction::Falling => Direction::Falling,
        },
    }
}

/// A scorecard as it is stored and shown.
pub(super) fn scorecard(series: SeriesId, rule: &str, watched: &Watched) -> SeriesScorecard {
    let tally = watched.scorecard.tally();
    let calibration = watched.scorecard.calibration(&config());
    let mut outcomes = [0; 7];
    let counts = [
        (PredictionOutcome::Hit, tally.hits),
        (PredictionOutcome::Early, tally.late),
        (PredictionOutcome::Late, tally.early),
        (PredictionOutcome::FalseAlarm, tally.false_alarms),
        (PredictionOutcome::Miss, tally.misses),
        (PredictionOutcome::Quiet, tally.correct_silences),
    ];
    for (outcome, count) in counts {
        let place = PredictionOutcome::ALL
            .iter()
            .position(|one| *one == outcome);
        outcomes[place.unwrap_or(0)] = count;
    }
    SeriesScorecard {
        series,
        labels: watched.labels.clone(),
        rule: rule.to_owned(),
        outcomes,
        points: tally.points,
        inside_80: tally.points_within_80,
        inside_95: tally.points_within_95,
        brier: tally.brier().unwrap_or(0.0),
        is_calibrated: calibration.is_trusted(),
        reason: reason(&calibration),
        state: snapshot(watched),
    }
}

fn reason(calibration: &Calibration) -> String {
    calibration.to_string()
}

fn snapshot(watched: &Watched) -> Vec<u8> {
    let alarm = watched.alarm.to_bytes();
    let mut state = vec![VERSION, alarm.len() as u8];
    state.extend_from_slice(&alarm);
    state.extend_from_slice(&watched.scorecard.to_bytes());
    state
}

/// Scorecard and alarm from a stored state; none if it is of another version.
pub(super) fn restore(state: &[u8]) -> Option<(Scorecard, Alarm)> {
    let (&[version, length], rest) = state.split_first_chunk()?;
    let (alarm, card) = rest.split_at_checked(usize::from(length))?;
    if version != VERSION {
        return None;
    }
    let card = Scorecard::from_bytes(card).ok()?;
    Some((card, Alarm::from_bytes(alarm).ok()?))
}
