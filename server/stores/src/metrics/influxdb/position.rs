//! How far a partition is written, and from when on points and intervals are kept.
//!
//! Both only ever grow, so the time of a row is the number itself and the last row holds: a process that
//! lost its partition and does not know it yet cannot set anything back.

use tocsin_domain::ports::StoreError;
use tocsin_domain::{Offset, Partition};

use super::InfluxMetricStore;
use super::csv::Row;
use super::failure::InfluxError;
use super::flux::{self, NS_MAX, NS_MIN, ns_of};
use super::line::{put_tag, write_to};
use super::part::Part;

/// From when on a tier keeps what it has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Floor {
    /// Nothing before is kept, in ms; none before retention ran.
    pub(crate) at_ms: Option<i64>,
    /// True while what lies before is being deleted.
    pub(crate) is_deleting: bool,
    /// How often something became coarser; late points become intervals of their own with this number.
    pub(crate) round: i64,
    /// Points that went, since the beginning.
    pub(crate) removed: i64,
}

impl Floor {
    /// As a time that everything compares with.
    pub(crate) fn ms(self) -> i64 {
        self.at_ms.unwrap_or(i64::MIN)
    }
}

/// The floors of points and of intervals of 5 minutes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Floors {
    pub(crate) raw: Floor,
    pub(crate) five_minutes: Floor,
}

impl Floors {
    /// Where both are.
    pub(crate) fn places(&self) -> (i64, i64) {
        (self.raw.ms(), self.five_minutes.ms())
    }
}

/// What the row of a partition says.
#[derive(Debug, Default)]
struct Written {
    offset: Option<i64>,
    samples: i64,
}

impl InfluxMetricStore {
    /// Reads the positions of all partitions.
    pub(crate) async fn load_positions(&self) -> Result<(), InfluxError> {
        for (partition, written) in self.positions(None).await? {
            written.apply(&self.part(partition));
        }
        Ok(())
    }

    /// Reads the position of a partition into it.
    pub(crate) async fn load_position(&self, part: &Part) -> Result<(), InfluxError> {
        for (_, written) in self.positions(Some(part.partition)).await? {
            written.apply(part);
        }
        Ok(())
    }

    /// Reads how many points partitions have that others work on.
    pub(crate) async fn refresh_samples(&self) {
        for (partition, written) in self.positions(None).await.unwrap_or_default() {
            let part = self.part(partition);
            if !part.is_at_work() {
                let samples = u64::try_from(written.samples).unwrap_or(0);
                part.state.write().position.samples = samples;
            }
        }
    }

    /// How far each partition is written, whoever wrote it.
    pub(crate) async fn written_positions(&self) -> Result<Vec<(Partition, Offset)>, StoreError> {
        let found = self.positions(None).await?.into_iter();
        let position = |(partition, written): (u16, Written)| {
            let offset = u64::try_from(written.offset?).ok()?;
            Some((Partition(partition), Offset(offset)))
        };
        Ok(found.filter_map(position).collect())
    }

    async fn positions(&self, partition: Option<u16>) -> Result<Vec<(u16, Written)>, InfluxError> {
        let mut conditions = vec!["r._measurement == \"position\"".to_owned()];
        if let Some(partition) = partition {
            conditions.push(format!("r.partition == \"{partition}\""));
        }
        let steps =
            " |> last() |> keep(columns: [\"_time\", \"_field\", \"_value\", \"partition\"])";
        let query = flux::rows(&self.buckets.state, (0, NS_MAX), &conditions, steps);
        let mut found: Vec<(u16, Written)> = Vec::new();
        let mut take = |row: &Row<'_>| {
            let Ok(partition) = row.get("partition").parse() else {
                return Ok(());
            };
            let at = found.iter().position(|(one, _)| *one == partition);
            let at = at.unwrap_or_else(|| {
                found.push((partition, Written::default()));
                found.len() - 1
            });
            match row.get("_field") {
                "offset" => found[at].1.offset = Some(row.integer()?),
                "samples" => found[at].1.samples = row.integer()?,
                _ => {}
            }
            Ok(())
        };
        self.wire.query(&query, &mut take).await?;
        Ok(found)
    }

    /// Writes how far a partition is written, and how many points that are.
    pub(crate) async fn write_position(
        &self,
        partition: u16,
        offset: Offset,
        samples: u64,
    ) -> Result<(), StoreError> {
        let at_ns = ns_of_offset(offset)?;
        let mut line = b"position".to_vec();
        put_tag(&mut line, "partition", &partition.to_string());
        write_to(
            &mut line,
            format_args!(" offset={at_ns}i,samples={samples}i {at_ns}\n"),
        );
        Ok(self.write_state(&line, "ns").await?)
    }

    /// Reads the floors, and keeps them.
    pub(crate) async fn load_floors(&self) -> Result<Floors, InfluxError> {
        let conditions = ["r._measurement == \"tier\"".to_owned()];
        let steps = " |> last() |> keep(columns: [\"_time\", \"_field\", \"_value\", \"tier\"])";
        let query = flux::rows(&self.buckets.state, (NS_MIN, NS_MAX), &conditions, steps);
        let mut floors = Floors::default();
        let mut take = |row: &Row<'_>| {
            let floor = match row.get("tier") {
                "raw" => &mut floors.raw,
                _ => &mut floors.five_minutes,
            };
            floor.at_ms = Some(row.time_ns()?.div_euclid(1_000_000));
            match row.get("_field") {
                "deleting" => floor.is_deleting = row.integer()? != 0,
                "round" => floor.round = row.integer()?,
                "removed" => floor.removed = row.integer()?,
                _ => {}
            }
            Ok(())
        };
        self.wire.query(&query, &mut take).await?;
        *self.floors.write() = floors;
        Ok(floors)
    }

    /// Writes a floor, and keeps it.
    pub(crate) async fn write_floor(&self, tier: &str, floor: Floor) -> Result<(), StoreError> {
        let mut line = b"tier".to_vec();
        put_tag(&mut line, "tier", tier);
        let (deleting, at_ns) = (u8::from(floor.is_deleting), ns_of(floor.ms()));
        let (round, removed) = (floor.round, floor.removed);
        write_to(
            &mut line,
            format_args!(" deleting={deleting}i,round={round}i,removed={removed}i {at_ns}\n"),
        );
        self.write_state(&line, "ns").await?;
        let mut floors = self.floors.write();
        match tier {
            "raw" => floors.raw = floor,
            _ => floors.five_minutes = floor,
        }
        Ok(())
    }
}

impl Written {
    fn apply(&self, part: &Part) {
        let Some(offset) = self.offset.and_then(|offset| u64::try_from(offset).ok()) else {
            return;
        };
        let mut state = part.state.write();
        state.position.durable = Offset(offset);
        state.position.samples = u64::try_from(self.samples).unwrap_or(0);
        state.taken = Offset(offset);
    }
}

/// An offset as the time of its row.
pub(crate) fn ns_of_offset(offset: Offset) -> Result<i64, StoreError> {
    let ns = i64::try_from(offset.0).ok().filter(|ns| *ns < NS_MAX);
    ns.ok_or_else(|| StoreError::Invalid(format!("the offset {} is beyond 2^63", offset.0)))
}
