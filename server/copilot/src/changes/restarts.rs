//! Processes that began anew, as their metric `process_start_time_seconds` says.

use tocsin_domain::alert::LabelSet;
use tocsin_domain::change::{Change, ChangeId, ChangeKind};
use tocsin_domain::metric::{MatchOp, Matcher, NAME_LABEL, Selection, is_stale};
use tocsin_domain::ports::{SeriesSamples, StoreError};

use super::{ChangeFinder, Wanted};

/// The metric, as Prometheus' clients have it.
const NAME: &str = "process_start_time_seconds";
/// Who told of such a change.
pub(crate) const SOURCE: &str = "metrics";
/// The most series that are looked at; with more, none is.
const SERIES_MAX: usize = 2_000;
/// The most points that are looked at.
const SAMPLES_MAX: usize = 2_000_000;
/// Starts that differ by less are one, whose time was rounded.
const SAME_SECS: f64 = 1.5;
/// The longest time that is looked at, in ms: two days.
const SPAN_MAX_MS: i64 = 2 * 86_400_000;

impl ChangeFinder {
    /// Restarts within `[from_ms, to_ms)`.
    pub(super) async fn restarts(
        &self,
        (from_ms, to_ms): (i64, i64),
        wanted: &Wanted<'_>,
    ) -> Result<Vec<Change>, StoreError> {
        let matcher = Matcher::new(MatchOp::Equal, NAME_LABEL, NAME);
        let selection = Selection {
            matchers: vec![matcher.map_err(|error| StoreError::Invalid(error.to_string()))?],
            from_ms: from_ms.max(to_ms - SPAN_MAX_MS),
            to_ms,
            series_max: SERIES_MAX,
            samples_max: SAMPLES_MAX,
        };
        let series = match self.parts.metrics.select(&selection).await {
            Ok(series) => series,
            // More than can be looked at: whoever has so many is not helped by a list of them.
            Err(StoreError::Invalid(_)) => Vec::new(),
            Err(error) => return Err(error),
        };
        let changes = series.iter().flat_map(|one| self.starts(one));
        Ok(changes.filter(|change| wanted.is_met(change)).collect())
    }

    fn starts(&self, one: &SeriesSamples) -> Vec<Change> {
        let Some(owner) = self.conventions.of_series(&one.series.labels) else {
            return Vec::new();
        };
        let values = one.samples.iter().map(|sample| sample.value);
        let values: Vec<f64> = values.filter(|v| v.is_finite() && !is_stale(*v)).collect();
        let pairs = values.windows(2);
        let steps = pairs.filter_map(|pair| match pair {
            [before, after] if *after > before + SAME_SECS => Some((after * 1000.0) as i64),
            _ => None,
        });
        steps
            .map(|at_ms| {
                let mut bytes = [0; 10];
                bytes[2..].copy_from_slice(&one.series.id.0.to_le_bytes());
                Change {
                    id: ChangeId::new(at_ms, bytes),
                    at_ms,
                    kind: ChangeKind::Restart,
                    entity: owner.entity.clone(),
                    title: format!("a process of {} began anew", owner.entity),
                    labels: LabelSet::new(
                        one.series.labels.iter().filter(|(n, _)| *n != NAME_LABEL),
                    ),
                    source: SOURCE.into(),
                    actor: None,
                    url: None,
                    record: None,
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tocsin_domain::ports::ChangeFilter;

    use super::*;
    use crate::changes::ChangeRules;
    use crate::fakes::{BEGIN_MS, MINUTE_MS, NewLine, World};

    fn finder(world: &Arc<World>) -> ChangeFinder {
        ChangeFinder::new(world.parts(), ChangeRules::built_in().unwrap())
    }

    fn deploy(world: &World, at_ms: i64, body: &str) {
        world.log(&NewLine {
            at_ms,
            source: "ci",
            host: "runner",
            body,
            ..NewLine::default()
        });
    }

    #[tokio::test]
    async fn lines_metrics_and_the_store_are_one_list_by_time_in_pages() {
        let world = World::new();
        let at = |minute: i64| BEGIN_MS + minute * MINUTE_MS;
        world.set_now(at(60));
        deploy(&world, at(10), "deployed pricing v2.41.0 in 12 s");
        deploy(&world, at(20), "order 17 is complete");
        deploy(&world, at(30), "received SIGTERM, shutting down");
        let start = |minute: i64| at(minute) as f64 / 1000.0;
        let points = [
            (at(39), start(0)),
            (at(41), start(40)),
            (at(42), start(40) + 0.4),
        ];
        world.measure(NAME, &[("service", "web")], &points);
        let told = Change {
            id: ChangeId(7),
            at_ms: at(50),
            kind: ChangeKind::Config,
            entity: "web".into(),
            title: "more workers".into(),
            labels: LabelSet::default(),
            source: "api".into(),
            actor: Some("ada".into()),
            url: None,
            record: None,
        };
        world.changes.lock().push(told);
        let finder = finder(&world);
        let all = finder
            .changes(&ChangeFilter::default(), None, 10)
            .await
            .unwrap();
        let seen: Vec<(i64, ChangeKind, &str)> = all
            .iter()
            .map(|one| {
                (
                    (one.at_ms - BEGIN_MS) / MINUTE_MS,
                    one.kind,
                    one.entity.as_str(),
                )
            })
            .collect();
        let expected = [
            (50, ChangeKind::Config, "web"),
            (40, ChangeKind::Restart, "web"),
            (30, ChangeKind::Restart, "runner"),
            (10, ChangeKind::Deploy, "pricing"),
        ];
        assert_eq!(seen, expected);
        assert_eq!(all[3].labels.get("version"), "v2.41.0");
        assert_eq!(all[3].record.map(|id| id.bits()), Some(all[3].id.0));

        let mut paged = Vec::new();
        let mut before = None;
        loop {
            let page = finder
                .changes(&ChangeFilter::default(), before, 1)
                .await
                .unwrap();
            let Some(last) = page.last() else { break };
            before = Some((last.at_ms, last.id));
            paged.extend(page);
        }
        assert_eq!(paged, all);
        let of_web = ChangeFilter {
            entity: Some("web".into()),
            text: Some("WORKERS".into()),
            ..ChangeFilter::default()
        };
        assert_eq!(finder.changes(&of_web, None, 10).await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn what_is_said_all_the_time_is_no_change() {
        let world = World::new();
        for second in 0..600 {
            deploy(
                &world,
                BEGIN_MS + second * 1000,
                "configuration reloaded from cache 7",
            );
        }
        world.set_now(BEGIN_MS + 600_000);
        let found = finder(&world)
            .changes(&ChangeFilter::default(), None, 10)
            .await
            .unwrap();
        assert_eq!(found, []);
    }
}
