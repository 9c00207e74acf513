//! The catalogue: which series there are, in the bucket of states, so that every process knows them.
//!
//! A series has a row when it is met and whenever something of it changes; the time is InfluxDB's own,
//! so a process that asks for what came since it last asked misses nothing whatever its clock says. A row
//! says the same whoever writes it, so two processes that hold a partition for a moment do no harm. The
//! times of first and last points stand at time 0, written anew with every flush.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hashbrown::HashMap;
use tocsin_domain::ports::StoreError;
use tocsin_domain::{Labels, MetricKind, SeriesId};

use super::super::bytes::{Reader, put_bytes};
use super::InfluxMetricStore;
use super::csv::Row;
use super::failure::InfluxError;
use super::flux::{self, NS_MAX};
use super::line::{ID_TAG, VALUE, put_tag, write_to};
use super::part::Part;

/// Characters of labels in one field; InfluxDB takes 64 KiB.
const PIECE_CHARS: usize = 60_000;
/// By how much is asked further back than rows were seen: requests overtake each other.
const OVERLAP_NS: i64 = 60_000_000_000;
/// By how much the times of points may lag behind each other for a series of elsewhere to be seen as alive.
const LAG_MS: i64 = 900_000;

/// So many times as long as reading the times of last points took they are not read again.
const RANGES_PAUSE: u32 = 20;

/// How far the catalogue was read.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    at: Option<Instant>,
    until_ns: i64,
    ranges_again_at: Option<Instant>,
}

/// What was read of a series.
#[derive(Debug, Default)]
struct Found {
    kind: Option<i64>,
    is_gone: Option<bool>,
    pieces: BTreeMap<usize, String>,
    first_ms: Option<i64>,
    last_ms: Option<i64>,
}

/// What was read of series, by partition and identity.
#[derive(Debug, Default)]
struct Rows {
    series: HashMap<(u16, u64), Found>,
    newest_ns: i64,
}

impl Rows {
    fn take(&mut self, row: &Row<'_>) -> Result<(), InfluxError> {
        let id: Result<SeriesId, _> = row.get("id").parse();
        let (Ok(id), Ok(partition)) = (id, row.get("partition").parse()) else {
            return Ok(());
        };
        self.newest_ns = self.newest_ns.max(row.time_ns()?);
        let found = self.series.entry((partition, id.0)).or_default();
        match row.get("_field") {
            "kind" => found.kind = Some(row.integer()?),
            "gone" => found.is_gone = Some(row.integer()? != 0),
            "first" => found.first_ms = Some(row.integer()?),
            "last" => found.last_ms = Some(row.integer()?),
            field => {
                let number = field.strip_prefix('b').and_then(|text| text.parse().ok());
                if let Some(number) = number {
                    found.pieces.insert(number, row.get("_value").to_owned());
                }
            }
        }
        Ok(())
    }
}

impl Found {
    /// Labels and source, if they are whole.
    fn series(&self, id: u64) -> Option<(Labels, Arc<str>)> {
        let text: String = self.pieces.values().map(String::as_str).collect();
        let bytes = STANDARD.decode(text).ok()?;
        let mut reader = Reader::new(&bytes);
        let source = std::str::from_utf8(reader.bytes().ok()?).ok()?;
        let labels = Labels::from_bytes(reader.rest()).ok()?;
        (labels.id().0 == id).then(|| (labels, source.into()))
    }

    /// Puts what was read into what is known of a partition.
    fn apply(&self, part: &Part, id: u64) {
        let mut state = part.state.write();
        let is_gone = self.is_gone.unwrap_or(false);
        let known = state.table.index(SeriesId(id));
        let index = match (known, is_gone) {
            (Some(index), true) => {
                // With points that came since, it is there again: its next row says so.
                if state.heads().all(|head| head.chain(index).is_none()) {
                    state.table.remove(index);
                } else {
                    part.set_note(index, |note| note.kind = None);
                    state.table.touch(index);
                }
                return;
            }
            (Some(index), false) => index,
            (None, true) if state.table.is_removed(SeriesId(id)) => return,
            (None, _) => {
                let Some((labels, source)) = self.series(id) else {
                    return;
                };
                let kind = self.kind();
                let index = state.table.insert(labels, kind, &source);
                part.set_note(index, |note| note.kind = Some(kind.code()));
                if is_gone {
                    state.table.remove(index);
                    return;
                }
                index
            }
        };
        if self.kind.is_some() {
            state.table.set_kind(index, self.kind());
            part.set_note(index, |note| note.kind = Some(self.kind().code()));
        }
        if let (Some(first), Some(last)) = (self.first_ms, self.last_ms) {
            state.table.widen(index, (first, last));
            part.set_note(index, |note| note.range_ms = (first, last));
        }
    }

    fn kind(&self) -> MetricKind {
        let code = self.kind.and_then(|code| u8::try_from(code).ok());
        MetricKind::from_code(code.unwrap_or(0))
    }
}

impl InfluxMetricStore {
    async fn catalogue_rows(
        &self,
        from_ns: i64,
        partition: Option<u16>,
    ) -> Result<Rows, InfluxError> {
        let mut conditions = vec!["r._measurement == \"series\"".to_owned()];
        if let Some(partition) = partition {
            conditions.push(format!("r.partition == \"{partition}\""));
        }
        let steps = " |> last() |> keep(columns: [\"_time\", \"_field\", \"_value\", \"id\", \"partition\"])";
        let query = flux::rows(&self.buckets.state, (from_ns, NS_MAX), &conditions, steps);
        let mut rows = Rows::default();
        let mut take = |row: &Row<'_>| rows.take(row);
        self.wire.query(&query, &mut take).await?;
        Ok(rows)
    }

    /// Reads all series.
    pub(crate) async fn load_catalogue(&self) -> Result<(), InfluxError> {
        let mut seen = self.seen.lock().await;
        let rows = self.catalogue_rows(0, None).await?;
        for ((partition, id), found) in &rows.series {
            found.apply(&self.part(*partition), *id);
        }
        seen.at = Some(Instant::now());
        seen.until_ns = rows.newest_ns;
        Ok(())
    }

    /// Reads the series of one partition into a new one.
    pub(crate) async fn load_series(&self, part: &Part) -> Result<(), InfluxError> {
        let rows = self.catalogue_rows(0, Some(part.partition)).await?;
        for ((_, id), found) in &rows.series {
            found.apply(part, *id);
        }
        Ok(())
    }

    /// Reads which series other processes noted, unless that was done just now.
    pub(crate) async fn refresh_series(&self) -> Result<(), InfluxError> {
        let mut seen = self.seen.lock().await;
        let pause = Duration::from_millis(self.config.catalogue_ms_max);
        if seen.at.is_some_and(|at| at.elapsed() < pause) {
            return Ok(());
        }
        let from_ns = seen.until_ns.saturating_sub(OVERLAP_NS).max(1);
        let rows = self.catalogue_rows(from_ns, None).await?;
        for ((partition, id), found) in &rows.series {
            found.apply(&self.part(*partition), *id);
        }
        seen.until_ns = seen.until_ns.max(rows.newest_ns);
        seen.at = Some(Instant::now());
        Ok(())
    }

    /// Reads which series other processes noted and when these had their last points, unless that was done
    /// just now.
    pub(crate) async fn refresh(&self) -> Result<(), InfluxError> {
        self.refresh_series().await?;
        let mut seen = self.seen.lock().await;
        let begun = Instant::now();
        if seen.ranges_again_at.is_some_and(|at| begun < at) {
            return Ok(());
        }
        self.refresh_ranges().await?;
        let pause = Duration::from_millis(self.config.catalogue_ms_max);
        // With very many series it takes its time, and must not take all of InfluxDB's.
        let long = if pause.is_zero() { 0 } else { RANGES_PAUSE };
        seen.ranges_again_at = Some(Instant::now() + pause.max(begun.elapsed() * long));
        Ok(())
    }

    /// As [`Self::refresh`], for answers that memory can give by itself while InfluxDB is away.
    pub(crate) async fn refresh_if_there(&self) {
        if let Err(error) = self.refresh().await {
            tracing::debug!(%error, "the catalogue of series could not be read");
        }
    }

    /// Reads when series of partitions that others work on had their last point.
    async fn refresh_ranges(&self) -> Result<(), InfluxError> {
        let parts: Vec<Arc<Part>> = self
            .parts()
            .into_iter()
            .filter(|part| !part.is_at_work())
            .collect();
        let newest = |part: &Arc<Part>| {
            let state = part.state.read();
            state.table.iter().map(|(_, series)| series.last_ms).max()
        };
        let Some(newest_ms) = parts.iter().filter_map(newest).max() else {
            return Ok(());
        };
        // A point of the future must not hide those that come before it.
        let since_ms = newest_ms.min(now_ms()).saturating_sub(LAG_MS);
        let conditions = [format!("r._field == \"{VALUE}\"")];
        let steps = format!(" |> last() |> keep(columns: [\"_time\", \"{ID_TAG}\"])");
        let range = (flux::ns_of(since_ms), NS_MAX);
        let query = flux::rows(&self.buckets.raw, range, &conditions, &steps);
        let mut take = |row: &Row<'_>| {
            let at_ms = row.time_ns()?.div_euclid(1_000_000);
            let Ok(id) = row.get(ID_TAG).parse::<SeriesId>() else {
                return Ok(());
            };
            for part in &parts {
                let mut state = part.state.write();
                if let Some(index) = state.table.index(id) {
                    state.table.widen(index, (at_ms, at_ms));
                }
            }
            Ok(())
        };
        self.wire.query(&query, &mut take).await
    }

    /// Writes rows of the series that are new or of another kind.
    pub(crate) async fn note_series(&self, part: &Part) -> Result<(), StoreError> {
        let mut lines = Vec::new();
        let mut noted = Vec::new();
        let pages = {
            let mut state = part.state.write();
            let pages = std::mem::take(&mut state.table.dirty.labels);
            for (index, series) in pages.iter().flat_map(|page| state.table.page(*page)) {
                let kind = Some(series.kind.code());
                if part.note(index).kind != kind {
                    put_series(&mut lines, part.partition, series);
                    noted.push((index, kind));
                }
            }
            pages
        };
        if let Err(error) = self.write_state(&lines, "ns").await {
            part.state.write().table.dirty.labels.extend(pages);
            return Err(error.into());
        }
        for (index, kind) in noted {
            part.set_note(index, |note| note.kind = kind);
        }
        Ok(())
    }

    /// Writes when the series have points, where that changed.
    pub(crate) async fn note_ranges(&self, part: &Part) -> Result<(), StoreError> {
        let mut lines = Vec::new();
        let mut noted = Vec::new();
        let pages = {
            let mut state = part.state.write();
            let pages = std::mem::take(&mut state.table.dirty.ranges);
            for (index, series) in pages.iter().flat_map(|page| state.table.page(*page)) {
                let range_ms = (series.first_ms, series.last_ms);
                if range_ms.0 <= range_ms.1 && part.note(index).range_ms != range_ms {
                    put_who(&mut lines, part.partition, series.labels.id());
                    let (first, last) = range_ms;
                    write_to(&mut lines, format_args!(" first={first}i,last={last}i 0\n"));
                    noted.push((index, range_ms));
                }
            }
            pages
        };
        if let Err(error) = self.write_state(&lines, "ns").await {
            part.state.write().table.dirty.ranges.extend(pages);
            return Err(error.into());
        }
        for (index, range_ms) in noted {
            part.set_note(index, |note| note.range_ms = range_ms);
        }
        Ok(())
    }
}

/// Writes measurement and tags of a series' rows.
pub(crate) fn put_who(out: &mut Vec<u8>, partition: u16, id: SeriesId) {
    out.extend_from_slice(b"series");
    put_tag(out, "partition", &partition.to_string());
    put_tag(out, "id", &id.to_string());
}

fn put_series(out: &mut Vec<u8>, partition: u16, series: &super::super::table::Series) {
    let mut bytes = Vec::new();
    put_bytes(&mut bytes, series.source.as_bytes());
    bytes.extend_from_slice(series.labels.as_bytes());
    let text = STANDARD.encode(bytes);
    put_who(out, partition, series.labels.id());
    let kind = series.kind.code();
    write_to(out, format_args!(" kind={kind}i,gone=0i"));
    for number in 0..text.len().div_ceil(PIECE_CHARS) {
        let end = text.len().min((number + 1) * PIECE_CHARS);
        let piece = text.get(number * PIECE_CHARS..end).unwrap_or_default();
        write_to(out, format_args!(",b{number}=\"{piece}\""));
    }
    out.push(b'\n');
}

/// What time it is here, in ms.
pub(crate) fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    })
}
