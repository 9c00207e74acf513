//! Snapshots of the store: its rows as they lie there, and how far each partition is written.
//!
//! A line is written before the position that covers it, and never changes. So the lines at or below
//! the positions of one moment are a view of that moment, however late they are read; what is above
//! waits on the bus. A piece is some offsets of a partition on one day; one that has as many lines as
//! in the last backup, and the same last offset, is not read again. Lines only ever go.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use async_trait::async_trait;
use tocsin_domain::ports::{
    Restoration, Snapshot, SnapshotEntries, SnapshotItem, Snapshots, StoreError,
};

use super::config::ClickHouseLogsConfig;
use super::inner::Inner;
use super::row_binary::Take;
use super::rows::{record_columns, structure};
use super::schema::{COLUMNS, DAY_NANOS};
use super::store::ClickHouseLogStore;
use super::translate::wide;

/// The form of the items.
const FORM: &str = "clickhouse-lines/1";
/// The item of the positions.
const POSITIONS: &str = "positions";
/// Offsets that are counted together.
const BUCKET_OFFSETS: u64 = 32;
/// A piece has about so many lines; the last one of a day fewer.
const PIECE_LINES: u64 = 10_000;
/// Lines and bytes of an item, about.
const ITEM_LINES_MAX: usize = 50_000;
const ITEM_BYTES_MAX: usize = 8 << 20;

/// Offsets by partition of the bus.
type Positions = BTreeMap<u16, u64>;

/// Lines of a day and a partition with offsets that follow each other.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    day: i64,
    partition: u16,
    /// The first and the last offset; the latter at or below the position.
    offsets: (u64, u64),
    lines: u64,
}

impl Piece {
    fn name(&self) -> String {
        let (day, partition, from) = (self.day, self.partition, self.offsets.0);
        format!("{day:06}/{partition:05}/{from:016x}")
    }

    fn stamp(&self) -> String {
        format!("{}-{}", self.lines, self.offsets.1)
    }
}

#[async_trait]
impl Snapshots for ClickHouseLogStore {
    fn form(&self) -> &'static str {
        FORM
    }

    async fn take(&self) -> Result<Box<dyn Snapshot>, StoreError> {
        let sql = "SELECT bus_partition, max(bus_offset) FROM positions GROUP BY bus_partition";
        let take = |row: &mut Take<'_>| Some((row.u16()?, row.u64()?));
        let positions = self.inner.connection.all(sql, take).await?;
        Ok(Box::new(LineSnapshot {
            inner: Arc::clone(&self.inner),
            positions: positions.into_iter().collect(),
            is_begun: false,
            pieces: VecDeque::new(),
            place: Place::default(),
        }))
    }
}

/// How far the first of the pieces was told.
#[derive(Debug, Default)]
struct Place {
    items: usize,
    /// Offset and id of the last line.
    after: Option<(u64, u128)>,
    /// Its items are those of the last backup.
    is_known: bool,
}

struct LineSnapshot {
    inner: Arc<Inner>,
    positions: Positions,
    is_begun: bool,
    pieces: VecDeque<Piece>,
    place: Place,
}

#[async_trait]
impl Snapshot for LineSnapshot {
    async fn next(
        &mut self,
        known: &BTreeMap<String, String>,
    ) -> Result<Option<SnapshotItem>, StoreError> {
        if !self.is_begun {
            self.is_begun = true;
            self.pieces = self.inner.pieces(&self.positions).await?.into();
            return Ok(Some(SnapshotItem {
                name: POSITIONS.into(),
                stamp: None,
                entries: Some(positions_written(&self.positions)),
                records: 0,
            }));
        }
        while let Some(piece) = self.pieces.front() {
            let name = format!("{}/{:04}", piece.name(), self.place.items);
            let stamp = Some(piece.stamp());
            let is_same = known.get(&name) == stamp.as_ref();
            if self.place.items == 0 {
                self.place.is_known = is_same;
            }
            self.place.items += 1;
            if self.place.is_known && is_same {
                return Ok(Some(SnapshotItem {
                    name,
                    stamp,
                    entries: None,
                    records: 0,
                }));
            }
            let lines = match self.place.is_known {
                true => Vec::new(),
                false => self.inner.lines(piece, &mut self.place.after).await?,
            };
            if lines.is_empty() {
                self.pieces.pop_front();
                self.place = Place::default();
                continue;
            }
            let records = lines.len() as u64;
            let entries = vec![
                (b"columns".to_vec(), structure().into_bytes()),
                (b"rows".to_vec(), lines.concat()),
            ];
            return Ok(Some(SnapshotItem {
                name,
                stamp,
                entries: Some(entries),
                records,
            }));
        }
        Ok(None)
    }
}

impl Inner {
    /// What there is at or below the positions, in pieces.
    async fn pieces(&self, positions: &Positions) -> Result<Vec<Piece>, StoreError> {
        let below = positions.iter().map(|(partition, offset)| {
            format!("(bus_partition = {partition} AND bus_offset <= {offset})")
        });
        let below: Vec<String> = below.collect();
        if below.is_empty() {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT intDiv(observed, {DAY_NANOS}) AS day, bus_partition, \
             toUInt64(intDiv(bus_offset, {BUCKET_OFFSETS})) AS bucket, toUInt64(count()), \
             max(bus_offset) FROM logs WHERE {} GROUP BY day, bus_partition, bucket \
             ORDER BY day, bus_partition, bucket",
            below.join(" OR ")
        );
        let take = |row: &mut Take<'_>| {
            let (day, partition, bucket) = (row.i64()?, row.u16()?, row.u64()?);
            let (lines, last) = (row.u64()?, row.u64()?);
            Some(Piece {
                day,
                partition,
                offsets: (bucket * BUCKET_OFFSETS, last),
                lines,
            })
        };
        Ok(joined(self.connection.all(&sql, take).await?))
    }

    /// The next lines of a piece, as they are sent to the server.
    async fn lines(
        &self,
        piece: &Piece,
        after: &mut Option<(u64, u128)>,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        let (from, to) = piece.offsets;
        let rest = after.map(|(offset, id)| {
            let id = wide(id);
            format!(" AND (bus_offset > {offset} OR (bus_offset = {offset} AND id > {id}))")
        });
        let from = after.map_or(from, |(offset, _)| offset);
        let sql = format!(
            "SELECT {} FROM logs WHERE observed >= {} AND observed < {} AND bus_partition = {} \
             AND bus_offset BETWEEN {from} AND {to}{} ORDER BY bus_offset, id LIMIT {ITEM_LINES_MAX}",
            record_columns(),
            piece.day * DAY_NANOS,
            (piece.day + 1) * DAY_NANOS,
            piece.partition,
            rest.unwrap_or_default(),
        );
        let mut rows = self.connection.ask(&sql)?;
        let (mut lines, mut bytes) = (Vec::new(), 0);
        while bytes < ITEM_BYTES_MAX
            && let Some((place, line)) = rows.next(line).await?
        {
            *after = Some(place);
            bytes += line.len();
            lines.push(line);
        }
        Ok(lines)
    }
}

/// Joins counts until each piece is of a good size. What comes later never changes the pieces before.
fn joined(counts: Vec<Piece>) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for count in counts {
        match pieces.last_mut() {
            Some(last)
                if (last.day, last.partition) == (count.day, count.partition)
                    && last.lines < PIECE_LINES =>
            {
                last.lines += count.lines;
                last.offsets.1 = count.offsets.1;
            }
            _ => pieces.push(count),
        }
    }
    pieces
}

/// A row as it came, with its offset and id.
fn line(row: &mut Take<'_>) -> Option<((u64, u128), Vec<u8>)> {
    let begin = row.rest();
    let (mut offset, mut id) = (0, 0);
    for (name, kind) in COLUMNS {
        match name {
            "id" => id = row.u128()?,
            "bus_offset" => offset = row.u64()?,
            _ => pass(row, kind)?,
        }
    }
    let length = begin.len() - row.left();
    Some(((offset, id), begin[..length].to_vec()))
}

/// Passes over a value.
fn pass(row: &mut Take<'_>, kind: &str) -> Option<()> {
    let inner = |kind: &str, outer: &str| {
        let rest = kind.strip_prefix(outer)?.strip_suffix(')')?;
        Some(rest.to_owned())
    };
    if let Some(kind) = inner(kind, "LowCardinality(") {
        return pass(row, &kind);
    }
    if let Some(kind) = inner(kind, "Array(") {
        return row.list(|row| pass(row, &kind)).map(drop);
    }
    match kind {
        "UInt8" => row.u8().map(drop),
        "UInt16" => row.u16().map(drop),
        "UInt32" => row.u32().map(drop),
        "UInt64" | "Int64" => row.u64().map(drop),
        "UInt128" => row.u128().map(drop),
        "String" => row.text().map(drop),
        _ => None,
    }
}

fn positions_written(positions: &Positions) -> SnapshotEntries {
    let entry = |(partition, offset): (&u16, &u64)| {
        (partition.to_le_bytes().into(), offset.to_le_bytes().into())
    };
    positions.iter().map(entry).collect()
}

fn position_read((partition, offset): &(Vec<u8>, Vec<u8>)) -> Option<(u16, u64)> {
    let partition = partition.as_slice().try_into().ok()?;
    let offset = offset.as_slice().try_into().ok()?;
    Some((u16::from_le_bytes(partition), u64::from_le_bytes(offset)))
}

/// Puts lines and positions into a ClickHouse where none are.
#[derive(Debug)]
pub struct ClickHouseRestoration {
    inner: Inner,
    positions: Positions,
}

impl ClickHouseRestoration {
    /// Begins with a server; the tables are made.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] if lines or positions are there, [`StoreError::Unavailable`] if the
    /// server is away or refuses.
    pub async fn open(config: ClickHouseLogsConfig) -> Result<Self, StoreError> {
        let inner = Inner::open(config).await?;
        for table in ["logs", "positions"] {
            let sql = format!("SELECT count() FROM `{table}`");
            let rows = inner.connection.one(&sql, |row| row.u64()).await?;
            if rows > 0 {
                let database = &inner.database;
                return Err(StoreError::Invalid(format!(
                    "ClickHouse is not empty: `{database}.{table}` has {rows} rows"
                )));
            }
        }
        let positions = Positions::new();
        Ok(Self { inner, positions })
    }
}

fn odd(name: &str) -> StoreError {
    StoreError::Invalid(format!("`{name}` holds what are no lines of ClickHouse"))
}

#[async_trait]
impl Restoration for ClickHouseRestoration {
    fn reads(&self, form: &str) -> bool {
        form == FORM
    }

    async fn put(&mut self, item: SnapshotItem) -> Result<(), StoreError> {
        let entries = item.entries.ok_or_else(|| odd(&item.name))?;
        if item.name == POSITIONS {
            let positions: Option<Positions> = entries.iter().map(position_read).collect();
            self.positions = positions.ok_or_else(|| odd(POSITIONS))?;
            return Ok(());
        }
        let [(_, columns), (_, rows)] = entries.as_slice() else {
            return Err(odd(&item.name));
        };
        if *columns != structure().into_bytes() {
            return Err(StoreError::Invalid(format!(
                "`{}` has other columns than this version of Tocsin knows",
                item.name
            )));
        }
        let sql = format!(
            "INSERT INTO logs ({columns}) SELECT {columns} FROM input('{}') FORMAT RowBinary",
            structure(),
            columns = record_columns(),
        );
        let token = item.name.replace('/', "-");
        let name = ("tocsin-restore-", token.as_str());
        self.inner.connection.insert(sql, rows, name).await
    }

    async fn finish(&mut self) -> Result<(), StoreError> {
        // Last: a position says that everything through it is there.
        for (partition, offset) in &self.positions {
            let sql = format!(
                "INSERT INTO positions (bus_partition, writer, bus_offset) \
                 SELECT {partition}, 0, {offset}"
            );
            self.inner.connection.note(&sql).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(day: i64, bucket: u64, lines: u64) -> Piece {
        let from = bucket * BUCKET_OFFSETS;
        Piece {
            day,
            partition: 1,
            offsets: (from, from + BUCKET_OFFSETS - 1),
            lines,
        }
    }

    #[test]
    fn what_comes_later_leaves_the_pieces_before_as_they_are() {
        let counts = |last: u64| -> Vec<Piece> {
            let of_a_day = (0..last).map(|bucket| piece(7, bucket, PIECE_LINES / 3));
            of_a_day.chain([piece(8, last, 1)]).collect()
        };
        let (before, after) = (joined(counts(10)), joined(counts(12)));
        let names = |pieces: &[Piece]| -> Vec<String> { pieces.iter().map(Piece::name).collect() };
        assert_eq!(names(&before).len(), 4);
        assert_eq!(before[..2], after[..2]);
        assert_eq!(before.last().unwrap().day, 8);
        let lines = |pieces: &[Piece]| pieces.iter().map(|piece| piece.lines).sum::<u64>();
        assert_eq!(lines(&after), lines(&joined(counts(12))));
        assert_ne!(before[2].stamp(), after[2].stamp());
        assert_eq!(before[2].name(), after[2].name());
    }

    #[test]
    fn a_position_comes_back() {
        let positions = Positions::from([(3, 1 << 40), (0, 7)]);
        let written = positions_written(&positions);
        let read: Option<Positions> = written.iter().map(position_read).collect();
        assert_eq!(read, Some(positions));
        assert_eq!(position_read(&(vec![1], vec![2])), None);
    }
}
