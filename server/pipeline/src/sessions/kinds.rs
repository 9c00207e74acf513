//! Kinds of strangeness: sessions of a source that are strange in the same way are one anomaly that
//! lasts as long as they keep coming.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use tocsin_domain::Labels;
use tocsin_domain::metric::{Anomaly, Band, FindingId, NAME_LABEL};

/// The name under which strange sessions stand beside series.
pub(super) const NAME: &str = "log_sessions_strange";
/// The detector's name.
pub(super) const DETECTOR: &str = "sequence";
/// A kind of which no session came for this long is over, in ms.
const OVER_AFTER_MS: i64 = 600_000;
/// The most kinds that are remembered at a time, for each partition.
const KINDS_MAX: usize = 200;
/// A kind that is less sure than this is not told.
const SCORE_MIN: f64 = 0.95;
/// What is told again when that many more sessions were strange: each time twice as many.
const TELL_AGAIN: f64 = 2.0;

/// A strange session.
#[derive(Debug)]
pub(super) struct Strange {
    /// What is strange, as a number that is the same for sessions of its kind.
    pub(super) signature: u64,
    /// How many so strange a source would have in ten minutes, were all as they were.
    pub(super) expected: f64,
    /// A sentence.
    pub(super) explanation: String,
    /// When its first line came, in ms.
    pub(super) at_ms: i64,
}

#[derive(Debug)]
struct Kind {
    anomaly: Anomaly,
    seen_ms: i64,
    /// How many sessions there were when it was last told; 0 if it never was.
    told: f64,
}

impl Kind {
    /// Whether it is to be told, for the first time or again.
    fn is_news(&self) -> bool {
        match self.told > 0.0 {
            true => self.anomaly.observed >= self.told * TELL_AGAIN,
            false => self.anomaly.score >= SCORE_MIN,
        }
    }
}

/// The kinds that last, in one partition.
#[derive(Debug, Default)]
pub(super) struct Kinds(HashMap<(Arc<str>, u64), Kind>);

impl Kinds {
    /// Takes up an anomaly that lasted when the server stopped.
    pub(super) fn adopt(&mut self, source: Arc<str>, anomaly: Anomaly, now_ms: i64) {
        let kind = u64::from_str_radix(anomaly.labels.get("kind"), 16).unwrap_or(0);
        let kept = Kind {
            told: anomaly.observed,
            anomaly,
            seen_ms: now_ms,
        };
        self.0.insert((source, kind), kept);
    }

    /// Notes a strange session; gives the anomaly if it is to be told, or told again.
    pub(super) fn see(
        &mut self,
        source: &Arc<str>,
        strange: Strange,
        now_ms: i64,
    ) -> Option<Anomaly> {
        let key = (source.clone(), strange.signature);
        let expected = strange.expected;
        let kind = match self.0.entry(key) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                let anomaly = anomaly(source, strange)?;
                place.insert(Kind {
                    anomaly,
                    seen_ms: now_ms,
                    told: 0.0,
                })
            }
        };
        kind.seen_ms = now_ms;
        kind.anomaly.observed += 1.0;
        let score = fewer_than(kind.anomaly.observed, expected);
        kind.anomaly.score = kind.anomaly.score.max(score);
        let news = kind.is_news().then(|| {
            kind.told = kind.anomaly.observed;
            kind.anomaly.clone()
        });
        self.make_room();
        news
    }

    /// Forgets what was seen longest ago of that which was never told.
    fn make_room(&mut self) {
        while self.0.len() > KINDS_MAX {
            let untold = self.0.iter().filter(|(_, kind)| kind.told == 0.0);
            let oldest = untold.min_by_key(|(_, kind)| kind.seen_ms);
            let Some(key) = oldest.map(|(key, _)| key.clone()) else {
                return;
            };
            self.0.remove(&key);
        }
    }

    /// The kinds that are over.
    pub(super) fn over(&mut self, now_ms: i64) -> Vec<Anomaly> {
        let mut over = Vec::new();
        self.0.retain(|_, kind| {
            let is_over = now_ms - kind.seen_ms >= OVER_AFTER_MS;
            if is_over && kind.told > 0.0 {
                over.push(Anomaly {
                    ended_ms: Some(kind.seen_ms.max(kind.anomaly.started_ms)),
                    ..kind.anomaly.clone()
                });
            }
            !is_over
        });
        over
    }
}

/// The probability that a Poisson variable with a mean is below `count`, a whole number from 1 on.
fn fewer_than(count: f64, mean: f64) -> f64 {
    let (mut term, mut sum, mut k) = ((-mean).exp(), 0.0, 0.0);
    while k < count.min(1000.0) {
        sum += term;
        k += 1.0;
        term *= mean / k;
    }
    sum.clamp(0.0, 1.0)
}

fn anomaly(source: &Arc<str>, strange: Strange) -> Option<Anomaly> {
    let kind = format!("{:016x}", strange.signature);
    let labels = Labels::new([
        (NAME_LABEL, NAME),
        ("source", &**source),
        ("kind", kind.as_str()),
    ]);
    let labels = labels.ok()?;
    Some(Anomaly {
        id: FindingId::new(labels.id(), strange.at_ms),
        series: labels.id(),
        detector: DETECTOR.into(),
        score: 0.0,
        observed: 0.0,
        expected: Band {
            yhat: 0.0,
            yhat_lower: 0.0,
            yhat_upper: 0.0,
        },
        started_ms: strange.at_ms,
        ended_ms: None,
        explanation: strange.explanation,
        labels,
        feedback: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strange(signature: u64, at_ms: i64) -> Strange {
        Strange {
            signature,
            expected: 0.03,
            explanation: "it lacks an end".into(),
            at_ms,
        }
    }

    #[test]
    fn sessions_strange_in_the_same_way_are_one_anomaly_until_they_stay_away() {
        let (mut kinds, source) = (Kinds::default(), Arc::from("api"));
        let mut told = Vec::new();
        for second in 0..100 {
            told.extend(kinds.see(&source, strange(7, second * 1000), second * 1000));
        }
        let counts: Vec<f64> = told.iter().map(|one| one.observed).collect();
        assert_eq!(counts, [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0]);
        assert!(told.iter().all(|one| one.id == told[0].id));
        let other = kinds.see(&source, strange(8, 99_000), 99_000).unwrap();
        assert_ne!(other.id, told[0].id);
        assert!(kinds.over(600_000).is_empty());
        let over = kinds.over(700_000);
        assert_eq!(over.len(), 2);
        assert!(
            over.iter()
                .any(|one| one.observed == 100.0 && one.ended_ms == Some(99_000))
        );
        assert!(kinds.over(10_000_000).is_empty());
    }

    #[test]
    fn what_may_come_by_chance_is_told_once_it_comes_too_often() {
        let (mut kinds, source) = (Kinds::default(), Arc::from("api"));
        let mut see = |at_ms| {
            let one = Strange {
                expected: 0.5,
                ..strange(7, at_ms)
            };
            kinds.see(&source, one, at_ms)
        };
        assert_eq!((see(0), see(1)), (None, None), "two may come by chance");
        let told = see(2).unwrap();
        assert!((told.score - 0.9856).abs() < 1e-3, "{}", told.score);
        assert_eq!(told.started_ms, 0);
    }

    #[test]
    fn what_lasted_before_a_restart_goes_on() {
        let (mut kinds, source): (_, Arc<str>) = (Kinds::default(), Arc::from("api"));
        let first = kinds.see(&source, strange(7, 0), 0).unwrap();
        let mut again = Kinds::default();
        again.adopt(source.clone(), first.clone(), 5000);
        let next = again.see(&source, strange(7, 6000), 6000).unwrap();
        assert_eq!((next.id, next.observed), (first.id, 2.0));
    }
}
