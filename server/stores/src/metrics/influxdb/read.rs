//! Answering queries: which series are meant the catalogue in memory says, their points InfluxDB, and what
//! waits to be written memory again.

use std::sync::Arc;

use hashbrown::HashMap;
use tocsin_domain::metric::{MatchOp, Matcher, NAME_LABEL, Selection};
use tocsin_domain::ports::{SeriesInfo, SeriesSamples, StoreError};
use tocsin_domain::{Sample, SeriesId};

use super::super::block::Points;
use super::super::tiers::Tier;
use super::InfluxMetricStore;
use super::catalogue::now_ms;
use super::csv::Row;
use super::failure::InfluxError;
use super::flux::{self, NS_MAX, ns_of};
use super::intervals::IntervalRows;
use super::line::{self, BITS, ID_TAG, VALUE};
use super::position::Floors;

/// Series that one query names; more are asked for by metric, or in several queries.
const IDS_MAX: usize = 200;
/// How often an answer is begun again because points became intervals meanwhile.
const ATTEMPTS: usize = 4;
/// By how much a series' last point may be later than is known, where others write it.
const UNSEEN_MS: i64 = 3_600_000;
const DAY_MS: i64 = 86_400_000;

/// A series of a selection, while its points are gathered.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) info: SeriesInfo,
    /// Points of InfluxDB, then those in memory.
    pub(crate) points: Points,
    recent: Points,
    odd: Vec<(i64, i64)>,
    five_minutes: IntervalRows,
    hours: IntervalRows,
}

impl Wanted {
    pub(crate) fn new(info: SeriesInfo) -> Self {
        Self {
            info,
            points: Points::default(),
            recent: Points::default(),
            odd: Vec::new(),
            five_minutes: IntervalRows::default(),
            hours: IntervalRows::default(),
        }
    }

    fn rows(&mut self, tier: Tier) -> &mut IntervalRows {
        match tier {
            Tier::FiveMinutes => &mut self.five_minutes,
            Tier::Hour => &mut self.hours,
        }
    }

    /// The intervals of one tier.
    pub(crate) fn intervals(self, tier: Tier) -> Vec<tocsin_domain::ports::Bucket> {
        match tier {
            Tier::FiveMinutes => self.five_minutes.finish(),
            Tier::Hour => self.hours.finish(),
        }
    }

    /// Gives points that are no numbers their bits, and puts all in order of time.
    pub(crate) fn settle(&mut self) {
        self.odd.sort_unstable();
        for (at_ms, value) in self.points.times.iter().zip(&mut self.points.values) {
            let bits = self.odd.binary_search_by_key(at_ms, |(at_ms, _)| *at_ms);
            let bits = bits.ok().map(|at| self.odd[at].1);
            *value = line::value_of(*value, bits);
        }
        self.points.times.append(&mut self.recent.times);
        self.points.values.append(&mut self.recent.values);
        self.points.settle();
    }

    fn finish(mut self) -> Option<SeriesSamples> {
        self.settle();
        let mut buckets = self.hours.finish();
        buckets.extend(self.five_minutes.finish());
        let pairs = self.points.times.iter().zip(&self.points.values);
        let samples: Vec<Sample> = pairs
            .map(|(at_ms, value)| Sample {
                at_ms: *at_ms,
                value: *value,
            })
            .collect();
        (!samples.is_empty() || !buckets.is_empty()).then(|| SeriesSamples {
            series: Arc::new(self.info),
            buckets,
            samples,
        })
    }
}

/// The series of a selection.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    pub(crate) wanted: Vec<Wanted>,
    places: HashMap<u64, usize>,
    /// What a query says to mean them: each series in one of these. Empty text means all.
    pub(crate) conditions: Vec<String>,
}

impl Asked {
    /// Asks for series by their identities.
    pub(crate) fn of(wanted: Vec<Wanted>) -> Self {
        let ids: Vec<String> = wanted.iter().map(|one| one.info.id.to_string()).collect();
        let conditions = ids.chunks(IDS_MAX).map(|ids| flux::any_of(ID_TAG, ids));
        Self {
            conditions: conditions.collect(),
            ..Self::placed(wanted)
        }
    }

    fn placed(wanted: Vec<Wanted>) -> Self {
        let ids = wanted.iter().enumerate();
        let places = ids.map(|(at, one)| (one.info.id.0, at)).collect();
        Self {
            wanted,
            places,
            conditions: Vec::new(),
        }
    }

    /// The series that a row is of.
    fn of_row(&mut self, row: &Row<'_>) -> Option<&mut Wanted> {
        let id: SeriesId = row.get(ID_TAG).parse().ok()?;
        let place = *self.places.get(&id.0)?;
        self.wanted.get_mut(place)
    }
}

fn overlaps(one: (i64, i64), two: (i64, i64)) -> bool {
    one.0 <= two.1 && two.0 <= one.1
}

impl InfluxMetricStore {
    pub(crate) async fn selected(
        &self,
        selection: &Selection,
    ) -> Result<Vec<SeriesSamples>, StoreError> {
        self.refresh().await?;
        let mut floors = *self.floors.read();
        for _ in 0..ATTEMPTS {
            let is_old = self.reaches_floors(selection.from_ms, &floors);
            if is_old {
                floors = self.load_floors().await?;
            }
            let found = self.answer(selection, &floors).await?;
            // Where points began to become intervals meanwhile, some may have been seen in neither.
            if !is_old || self.load_floors().await?.places() == floors.places() {
                return Ok(found);
            }
        }
        let message = "points kept becoming intervals while they were read";
        Err(InfluxError::Query(message.into()).into())
    }

    /// True if a range goes back to where points may have become intervals.
    fn reaches_floors(&self, from_ms: i64, floors: &Floors) -> bool {
        let days = i64::from(self.keep.raw_days) - 2;
        let young_ms = now_ms().saturating_sub(days * DAY_MS);
        from_ms < young_ms || from_ms < floors.raw.ms().saturating_add(2 * DAY_MS)
    }

    async fn answer(
        &self,
        selection: &Selection,
        floors: &Floors,
    ) -> Result<Vec<SeriesSamples>, StoreError> {
        let (from_ms, to_ms) = (selection.from_ms, selection.to_ms);
        let raw_from_ms = from_ms.max(floors.raw.ms());
        let mut asked = self.asked(selection, raw_from_ms);
        if asked.wanted.len() > selection.series_max {
            let max = selection.series_max;
            return Err(StoreError::Invalid(format!(
                "the selection has over {max} series"
            )));
        }
        // Some points are read twice: in their order they are there, and in memory.
        let max = (
            selection.samples_max,
            selection.samples_max.saturating_mul(2),
        );
        self.read_points(&mut asked, (raw_from_ms, to_ms), max.1)
            .await?;
        let five_ms = floors.five_minutes.ms();
        if from_ms < raw_from_ms {
            let (tier, last_ms) = (Tier::FiveMinutes, to_ms.min(raw_from_ms - 1));
            let first_ms = from_ms.saturating_sub(tier.length_ms() - 1).max(five_ms);
            self.read_intervals(&mut asked, tier, (first_ms, last_ms))
                .await?;
        }
        if from_ms < five_ms {
            let (tier, last_ms) = (Tier::Hour, to_ms.min(five_ms - 1));
            let first_ms = from_ms.saturating_sub(tier.length_ms() - 1);
            self.read_intervals(&mut asked, tier, (first_ms, last_ms))
                .await?;
        }
        let mut found: Vec<SeriesSamples> = asked
            .wanted
            .into_iter()
            .filter_map(Wanted::finish)
            .collect();
        let size = |one: &SeriesSamples| one.samples.len() + one.buckets.len();
        if found.iter().map(size).sum::<usize>() > max.0 {
            return Err(InfluxError::TooMany(max.0).into());
        }
        found.sort_by(|one, two| one.series.labels.cmp(&two.series.labels));
        Ok(found)
    }

    /// The selected series that may have points in the range, with what is in memory of them. What is in
    /// memory is read first: what is written meanwhile is then found twice, not never.
    fn asked(&self, selection: &Selection, raw_from_ms: i64) -> Asked {
        let mut wanted = Vec::new();
        let mut known = 0;
        let range_ms = (selection.from_ms.saturating_sub(UNSEEN_MS), selection.to_ms);
        for part in self.parts() {
            let state = part.state.read();
            known += state.table.len();
            for index in state.table.matching(&selection.matchers) {
                let range = state
                    .range(index)
                    .filter(|range| overlaps(*range, range_ms));
                let Some((range, series)) = range.zip(state.table.get(index)) else {
                    continue;
                };
                let mut one = Wanted::new(series.info(range));
                state.read_heads(index, (raw_from_ms, selection.to_ms), &mut one.recent);
                wanted.push(one);
            }
        }
        if wanted.len() <= IDS_MAX {
            return Asked::of(wanted);
        }
        let conditions = if wanted.len() == known {
            vec![String::new()]
        } else {
            self.conditions(&wanted)
        };
        Asked {
            conditions,
            ..Asked::placed(wanted)
        }
    }

    /// Means many series: a metric by its name if half of its series are wanted, else each by itself.
    fn conditions(&self, wanted: &[Wanted]) -> Vec<String> {
        let mut names: HashMap<&str, Vec<&Wanted>> = HashMap::new();
        for one in wanted {
            names.entry(one.info.labels.name()).or_default().push(one);
        }
        let (mut measurements, mut ids) = (Vec::new(), Vec::new());
        for (name, of_name) in names {
            if of_name.len() * 2 >= self.count_of(name) {
                measurements.push(line::measurement(&of_name[0].info.labels));
                // Series with very long labels are elsewhere.
                let elsewhere = of_name.iter().filter(|one| {
                    let labels = &one.info.labels;
                    !line::series_key(labels).starts_with(&measurement_bytes(name))
                });
                ids.extend(elsewhere.map(|one| one.info.id.to_string()));
            } else {
                ids.extend(of_name.iter().map(|one| one.info.id.to_string()));
            }
        }
        let names = measurements
            .chunks(IDS_MAX)
            .map(|names| flux::any_of("_measurement", names));
        let ids = ids.chunks(IDS_MAX).map(|ids| flux::any_of(ID_TAG, ids));
        names.chain(ids).collect()
    }

    /// How many series a metric has.
    pub(crate) fn count_of(&self, name: &str) -> usize {
        let Ok(matcher) = Matcher::new(MatchOp::Equal, NAME_LABEL, name) else {
            return usize::MAX;
        };
        let of_part = |part: &Arc<super::part::Part>| {
            let state = part.state.read();
            state.table.matching(std::slice::from_ref(&matcher)).len()
        };
        self.parts().iter().map(of_part).sum()
    }

    /// Reads points within `[from_ms, to_ms]`, at most `max` rows.
    pub(crate) async fn read_points(
        &self,
        asked: &mut Asked,
        (from_ms, to_ms): (i64, i64),
        max: usize,
    ) -> Result<(), InfluxError> {
        if from_ms > to_ms || asked.wanted.is_empty() {
            return Ok(());
        }
        let range = (ns_of(from_ms), end_ns(to_ms));
        let steps = keep(&["_time", "_field", "_value", ID_TAG]);
        let mut rows = 0;
        for condition in std::mem::take(&mut asked.conditions) {
            let query = self.query_of(
                &self.buckets.raw,
                range,
                (&[VALUE, BITS], &condition),
                &steps,
            );
            let mut take = |row: &Row<'_>| {
                let Some(wanted) = asked.of_row(row) else {
                    return Ok(());
                };
                rows += 1;
                if rows > max {
                    return Err(InfluxError::TooMany(max / 2));
                }
                let at_ms = row.time_ns()?.div_euclid(1_000_000);
                if row.get("_field") == BITS {
                    wanted.odd.push((at_ms, row.integer()?));
                } else {
                    wanted.points.push(at_ms, row.float()?);
                }
                Ok(())
            };
            self.wire.query(&query, &mut take).await?;
            asked.conditions.push(condition);
        }
        Ok(())
    }

    /// Reads intervals that begin within `[first_ms, last_ms]`.
    pub(crate) async fn read_intervals(
        &self,
        asked: &mut Asked,
        tier: Tier,
        (first_ms, last_ms): (i64, i64),
    ) -> Result<(), InfluxError> {
        if first_ms > last_ms || asked.wanted.is_empty() {
            return Ok(());
        }
        let bucket = self.buckets.of_tier(tier);
        let range = (ns_of(first_ms), end_ns(last_ms));
        let steps = keep(&["_time", "_field", "_value", ID_TAG]);
        for fields in [&["exact", "count"][..], &["min", "max", "sum", "last"]] {
            // Only where no exact interval is there what a task made in advance is asked for.
            let mut wanted = asked.wanted.iter_mut();
            if fields[0] != "exact" && !wanted.any(|one| one.rows(tier).is_partly_in_advance()) {
                break;
            }
            for condition in asked.conditions.clone() {
                let query = self.query_of(bucket, range, (fields, &condition), &steps);
                let mut take = |row: &Row<'_>| match asked.of_row(row) {
                    Some(wanted) => wanted.rows(tier).take(tier, row),
                    None => Ok(()),
                };
                self.wire.query(&query, &mut take).await?;
            }
        }
        Ok(())
    }

    /// Some fields of some series.
    pub(crate) fn query_of(
        &self,
        bucket: &str,
        range_ns: (i64, i64),
        (fields, series): (&[&str], &str),
        steps: &str,
    ) -> String {
        let mut conditions = vec![flux::any_of("_field", fields)];
        if !series.is_empty() {
            conditions.push(series.to_owned());
        }
        flux::rows(bucket, range_ns, &conditions, steps)
    }

    /// The series that satisfy all matchers and have a point within the range.
    pub(crate) fn matching(
        &self,
        matchers: &[Matcher],
        range_ms: (i64, i64),
        limit: usize,
    ) -> Vec<Arc<SeriesInfo>> {
        let mut found = Vec::new();
        for part in self.parts() {
            let state = part.state.read();
            for index in state.table.matching(matchers) {
                let range = state
                    .range(index)
                    .filter(|range| overlaps(*range, range_ms));
                if let Some((range, series)) = range.zip(state.table.get(index)) {
                    found.push(series.info(range));
                }
            }
        }
        found.sort_by(|one, two| one.labels.cmp(&two.labels));
        found.truncate(limit);
        found.into_iter().map(Arc::new).collect()
    }

    /// What is known of series.
    pub(crate) fn known(&self, ids: &[SeriesId]) -> Vec<Option<Arc<SeriesInfo>>> {
        let mut found = vec![None; ids.len()];
        for part in self.parts() {
            let state = part.state.read();
            for (id, out) in ids.iter().zip(&mut found) {
                let Some(index) = state.table.index(*id) else {
                    continue;
                };
                // A series may be known a moment before its first point.
                let range = state.range(index).unwrap_or((i64::MAX, i64::MIN));
                let series = state.table.get(index);
                *out = series.map(|series| Arc::new(series.info(range)));
            }
        }
        found
    }
}

fn measurement_bytes(name: &str) -> Vec<u8> {
    let mut out = Vec::new();
    line::put_name(&mut out, name);
    out.push(b',');
    out
}

/// The end, which it is not in, of a range whose last millisecond this is.
fn end_ns(last_ms: i64) -> i64 {
    match last_ms.checked_add(1) {
        Some(end_ms) => ns_of(end_ms),
        None => NS_MAX,
    }
}

/// The step that leaves only these columns.
pub(crate) fn keep(columns: &[&str]) -> String {
    let columns: Vec<String> = columns.iter().map(|one| flux::quoted(one)).collect();
    format!(" |> keep(columns: [{}])", columns.join(", "))
}
