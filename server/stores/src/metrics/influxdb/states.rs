//! The states of stages, compressed, as text in pieces that InfluxDB takes.
//!
//! A state's rows have its offset for their time, the row that says how many pieces there are comes last.
//! So the newest state is the one of the greatest offset, and a process that lost its partition cannot put an older one
//! in its place.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tocsin_domain::Offset;
use tocsin_domain::ports::StoreError;
use xxhash_rust::xxh3::xxh3_64;

use super::InfluxMetricStore;
use super::csv::Row;
use super::failure::InfluxError;
use super::flux::{self, NS_MAX, quoted};
use super::line::{put_tag, write_to};
use super::position::ns_of_offset;

/// Bytes of a piece: 60,000 characters, of the 65,536 that InfluxDB takes.
const PIECE_BYTES: usize = 45_000;
/// Pieces of one request to write.
const PIECES_TOGETHER: usize = 64;
/// The most bytes of a state; more is damage.
const STATE_BYTES_MAX: usize = 1 << 31;
/// How often a state is read that is replaced meanwhile.
const ATTEMPTS: u32 = 5;
/// zstd's level: states are written every ten minutes.
const ZSTD_LEVEL: i32 = 3;

/// What the last row of a state says.
#[derive(Debug, Default, Clone, Copy)]
struct Header {
    at_ns: Option<i64>,
    length: i64,
    pieces: i64,
    sum: i64,
}

impl InfluxMetricStore {
    pub(crate) async fn keep_state(
        &self,
        (partition, name): (u16, &str),
        offset: Offset,
        state: Vec<u8>,
    ) -> Result<(), StoreError> {
        let at_ns = ns_of_offset(offset)?;
        let (length, sum) = (state.len(), xxh3_64(&state).cast_signed());
        let work = move || zstd::bulk::compress(&state, ZSTD_LEVEL);
        let folded = tokio::task::spawn_blocking(work).await;
        let folded = folded.map_err(super::super::engine::unavailable)?;
        let folded = folded.map_err(super::super::engine::unavailable)?;
        let pieces: Vec<&[u8]> = folded.chunks(PIECE_BYTES).collect();
        for (group, together) in pieces.chunks(PIECES_TOGETHER).enumerate() {
            let mut lines = Vec::new();
            for (at, piece) in together.iter().enumerate() {
                let number = group * PIECES_TOGETHER + at;
                put_who(&mut lines, "state", (partition, name));
                put_tag(&mut lines, "piece", &number.to_string());
                let text = STANDARD.encode(piece);
                write_to(&mut lines, format_args!(" data=\"{text}\" {at_ns}\n"));
            }
            self.write_state(&lines, "ns").await?;
        }
        let mut line = Vec::new();
        put_who(&mut line, "state_head", (partition, name));
        let count = pieces.len();
        write_to(
            &mut line,
            format_args!(" length={length}i,pieces={count}i,sum={sum}i {at_ns}\n"),
        );
        self.write_state(&line, "ns").await?;
        for measurement in ["state", "state_head"] {
            let predicate = format!(
                "_measurement=\"{measurement}\" AND partition=\"{partition}\" AND name={}",
                quoted(name)
            );
            let older = (0, at_ns);
            // What stays of older states is read by nobody and goes with the next one.
            let deleted = self
                .delete_rows(&self.buckets.state, older, Some(&predicate))
                .await;
            if let Err(error) = deleted {
                tracing::warn!(%error, "an older state of detectors stays in InfluxDB for now");
            }
        }
        Ok(())
    }

    /// The newest state. Whoever works on the partition may put a newer one in its place while it is
    /// read, here or elsewhere; that one is read then.
    pub(crate) async fn kept_state(
        &self,
        partition: u16,
        name: &str,
    ) -> Result<Option<(Offset, Vec<u8>)>, StoreError> {
        for _ in 0..ATTEMPTS {
            let header = self.state_header(partition, name).await?;
            let Some(at_ns) = header.at_ns else {
                return Ok(None);
            };
            let state = self.state_of(header, at_ns, (partition, name)).await;
            match state {
                Err(StoreError::Corrupt(why)) => {
                    let newest = self.state_header(partition, name).await?;
                    if newest.at_ns == header.at_ns {
                        return Err(StoreError::Corrupt(why));
                    }
                }
                other => return other.map(|state| Some((Offset(at_ns.cast_unsigned()), state))),
            }
        }
        let message = format!("the state `{name}` was replaced faster than it could be read");
        Err(StoreError::Unavailable(message.into()))
    }

    async fn state_of(
        &self,
        header: Header,
        at_ns: i64,
        (partition, name): (u16, &str),
    ) -> Result<Vec<u8>, StoreError> {
        let conditions = conditions("state", partition, name);
        let steps = " |> keep(columns: [\"_time\", \"_value\", \"piece\"])";
        let bucket = &self.buckets.state;
        let query = flux::rows(bucket, (at_ns, at_ns + 1), &conditions, steps);
        let mut pieces = BTreeMap::new();
        let mut take = |row: &Row<'_>| {
            if let Ok(number) = row.get("piece").parse::<i64>() {
                pieces.insert(number, row.get("_value").to_owned());
            }
            Ok(())
        };
        self.wire.query(&query, &mut take).await?;
        let corrupt = || StoreError::Corrupt(format!("the state `{name}`"));
        let mut folded = Vec::new();
        for number in 0..header.pieces {
            let text = pieces.get(&number).ok_or_else(corrupt)?;
            STANDARD
                .decode_vec(text, &mut folded)
                .map_err(|_| corrupt())?;
        }
        let length = usize::try_from(header.length).ok();
        let length = length
            .filter(|length| *length <= STATE_BYTES_MAX)
            .ok_or_else(corrupt)?;
        let work = move || zstd::bulk::decompress(&folded, length);
        let state = tokio::task::spawn_blocking(work).await;
        let state = state.map_err(super::super::engine::unavailable)?;
        let state = state.map_err(|_| corrupt())?;
        if state.len() != length || xxh3_64(&state).cast_signed() != header.sum {
            return Err(corrupt());
        }
        Ok(state)
    }

    async fn state_header(&self, partition: u16, name: &str) -> Result<Header, InfluxError> {
        let conditions = conditions("state_head", partition, name);
        let steps = " |> last() |> keep(columns: [\"_time\", \"_field\", \"_value\"])";
        let query = flux::rows(&self.buckets.state, (0, NS_MAX), &conditions, steps);
        let mut header = Header::default();
        let mut take = |row: &Row<'_>| {
            header.at_ns = Some(row.time_ns()?);
            match row.get("_field") {
                "length" => header.length = row.integer()?,
                "pieces" => header.pieces = row.integer()?,
                "sum" => header.sum = row.integer()?,
                _ => {}
            }
            Ok(())
        };
        self.wire.query(&query, &mut take).await?;
        Ok(header)
    }
}

fn conditions(measurement: &str, partition: u16, name: &str) -> [String; 3] {
    [
        format!("r._measurement == \"{measurement}\""),
        format!("r.partition == \"{partition}\""),
        format!("r.name == {}", quoted(name)),
    ]
}

fn put_who(out: &mut Vec<u8>, measurement: &str, (partition, name): (u16, &str)) {
    out.extend_from_slice(measurement.as_bytes());
    put_tag(out, "partition", &partition.to_string());
    put_tag(out, "name", name);
}
