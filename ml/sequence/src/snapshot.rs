//! The state of a tracker as bytes, and back.
//!
//! Layout: a version byte, then model, open sessions and kinds of anomaly, numbers little-endian,
//! lists behind their length. A restored tracker judges and learns as the saved one would have.
//! The configuration is not part of it: the caller gives the one in force.

use std::collections::BTreeMap;

use crate::calibration::Calibration;
use crate::config::Config;
use crate::counts::{CountModel, Counts, Event, Known};
use crate::model::Model;
use crate::order::{Context, OrderModel, Seen};
use crate::recurrence::{Kind, Recurrence};
use crate::tracker::{Open, Tracker};

/// Version of the layout.
const VERSION: u8 = 1;

/// Why bytes are no snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// The first byte is of no layout that is known.
    #[error("the snapshot has the unknown version {0}")]
    Version(u8),
    /// There are too few or too many bytes.
    #[error("the snapshot has the wrong length")]
    Length,
    /// A number is outside of its range.
    #[error("the snapshot holds a number out of range")]
    Range,
}

impl Tracker {
    /// The state as bytes.
    #[must_use]
    pub fn snapshot(&self) -> Vec<u8> {
        let mut w = Writer(vec![VERSION]);
        w.u64(self.model.sessions);
        w.u64(self.model.next_refit);
        write_counts(&mut w, &self.model.counts);
        write_order(&mut w, &self.model.order);
        w.length(self.open.len());
        for (key, open) in &self.open {
            w.u64(*key);
            w.i64(open.first_ms);
            w.i64(open.last_ms);
            w.i64(open.due_ms);
            w.flag(open.was_told);
            w.length(open.templates.len());
            open.templates.iter().for_each(|template| w.u64(*template));
        }
        w.length(self.recurrence.kinds.len());
        for (signature, kind) in &self.recurrence.kinds {
            w.u64(*signature);
            w.u64(u64::from(kind.count));
            w.u64(kind.first);
        }
        w.u64(self.closed);
        w.0
    }

    /// The tracker whose state was saved, with the bounds of `config` from now on.
    ///
    /// # Errors
    /// When the bytes are not those of one snapshot.
    pub fn restore(bytes: &[u8], config: Config) -> Result<Self, SnapshotError> {
        let Some((version, rest)) = bytes.split_first() else {
            return Err(SnapshotError::Length);
        };
        if *version != VERSION {
            return Err(SnapshotError::Version(*version));
        }
        let mut r = Reader(rest);
        let model = Model {
            config,
            sessions: r.u64()?,
            next_refit: r.u64()?,
            counts: read_counts(&mut r)?,
            order: read_order(&mut r)?,
        };
        let mut tracker = Self::with_model(model);
        tracker.open = r.map(|r| Ok((r.u64()?, read_open(r)?)))?;
        tracker.queue = tracker.open.iter().map(|(k, o)| (o.due_ms, *k)).collect();
        tracker.recurrence = Recurrence {
            kinds: r.map(|r| {
                let signature = r.u64()?;
                let (count, first) = (r.u32()?, r.u64()?);
                Ok((signature, Kind { count, first }))
            })?,
        };
        tracker.closed = r.u64()?;
        if r.0.is_empty() {
            Ok(tracker)
        } else {
            Err(SnapshotError::Length)
        }
    }
}

fn write_counts(w: &mut Writer, model: &CountModel) {
    w.length(model.vectors.len());
    for (counts, known) in &model.vectors {
        w.length(counts.len());
        for (template, count) in counts {
            w.u64(*template);
            w.u64(u64::from(*count));
        }
        w.u64(known.support);
        w.u64(known.last_seen);
        w.flag(known.is_trusted);
    }
    w.length(model.events.len());
    for (template, event) in &model.events {
        w.u64(*template);
        w.f64(event.weight);
        w.length(event.values.len());
        for (value, support) in &event.values {
            w.u64(u64::from(*value));
            w.u64(*support);
        }
    }
    w.u64(model.evicted);
    w.f64(model.unseen_weight);
    write_calibration(w, &model.calibration);
}

fn read_counts(r: &mut Reader<'_>) -> Result<CountModel, SnapshotError> {
    let vectors = r.map(|r| {
        let counts: Counts = r.list(|r| Ok((r.u64()?, r.u32()?)))?;
        let known = Known {
            support: r.u64()?,
            last_seen: r.u64()?,
            is_trusted: r.flag()?,
        };
        Ok((counts, known))
    })?;
    let events = r.map(|r| {
        let template = r.u64()?;
        let weight = r.f64()?;
        let values = r.list(|r| Ok((r.u32()?, r.u64()?)))?;
        Ok((template, Event { weight, values }))
    })?;
    Ok(CountModel {
        vectors,
        events,
        evicted: r.u64()?,
        unseen_weight: r.f64()?,
        calibration: read_calibration(r)?,
    })
}

fn write_order(w: &mut Writer, model: &OrderModel) {
    w.length(model.pairs.len());
    for ((before, after), seen) in &model.pairs {
        w.option(*before);
        w.option(*after);
        w.u64(seen.support);
        w.u64(seen.first);
    }
    w.length(model.contexts.len());
    for (before, context) in &model.contexts {
        w.option(*before);
        w.u64(context.sessions);
        w.u64(context.successors);
    }
    w.flag(model.is_full);
    write_calibration(w, &model.calibration);
}

fn read_order(r: &mut Reader<'_>) -> Result<OrderModel, SnapshotError> {
    let pairs = r.map(|r| {
        let pair = (r.option()?, r.option()?);
        let (support, first) = (r.u64()?, r.u64()?);
        Ok((pair, Seen { support, first }))
    })?;
    let contexts = r.map(|r| {
        let before = r.option()?;
        let context = Context {
            sessions: r.u64()?,
            successors: r.u64()?,
        };
        Ok((before, context))
    })?;
    Ok(OrderModel {
        pairs,
        contexts,
        is_full: r.flag()?,
        calibration: read_calibration(r)?,
    })
}

fn read_open(r: &mut Reader<'_>) -> Result<Open, SnapshotError> {
    let open = Open {
        first_ms: r.i64()?,
        last_ms: r.i64()?,
        due_ms: r.i64()?,
        was_told: r.flag()?,
        templates: r.list(Reader::u64)?,
        counts: Counts::new(),
    };
    Ok(open.restored())
}

fn write_calibration(w: &mut Writer, calibration: &Calibration) {
    w.f64(calibration.rate);
    w.f64(calibration.step);
    w.length(calibration.sizes.len());
    for (bin, probability) in &calibration.sizes {
        w.u64(u64::from(*bin));
        w.f64(*probability);
    }
}

fn read_calibration(r: &mut Reader<'_>) -> Result<Calibration, SnapshotError> {
    let (rate, step) = (r.f64()?, r.f64()?);
    let sizes = r.list(|r| Ok((r.u32()?, r.f64()?)))?;
    let is_probable = |(bin, p): &(u32, f64)| *bin > 0 && (0.0..=1.0 + 1e-9).contains(p);
    if (0.0..=7.0).contains(&rate) && step > 0.0 && sizes.iter().all(is_probable) {
        Ok(Calibration::from_parts(rate, step, sizes))
    } else {
        Err(SnapshotError::Range)
    }
}

struct Writer(Vec<u8>);

impl Writer {
    fn u64(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }
    fn i64(&mut self, value: i64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }
    fn f64(&mut self, value: f64) {
        self.u64(value.to_bits());
    }
    fn length(&mut self, value: usize) {
        self.u64(value as u64);
    }
    fn flag(&mut self, value: bool) {
        self.0.push(u8::from(value));
    }
    fn option(&mut self, value: Option<u64>) {
        self.flag(value.is_some());
        self.u64(value.unwrap_or(0));
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], SnapshotError> {
        let (head, rest) = self.0.split_first_chunk().ok_or(SnapshotError::Length)?;
        self.0 = rest;
        Ok(*head)
    }
    fn u64(&mut self) -> Result<u64, SnapshotError> {
        self.take().map(u64::from_le_bytes)
    }
    fn u32(&mut self) -> Result<u32, SnapshotError> {
        u32::try_from(self.u64()?).map_err(|_| SnapshotError::Range)
    }
    fn i64(&mut self) -> Result<i64, SnapshotError> {
        self.take().map(i64::from_le_bytes)
    }
    /// A finite number.
    fn f64(&mut self) -> Result<f64, SnapshotError> {
        let value = f64::from_bits(self.u64()?);
        value
            .is_finite()
            .then_some(value)
            .ok_or(SnapshotError::Range)
    }
    fn flag(&mut self) -> Result<bool, SnapshotError> {
        match self.take::<1>()? {
            [0] => Ok(false),
            [1] => Ok(true),
            _ => Err(SnapshotError::Range),
        }
    }
    fn option(&mut self) -> Result<Option<u64>, SnapshotError> {
        let is_some = self.flag()?;
        let value = self.u64()?;
        Ok(is_some.then_some(value))
    }
    /// Items behind their number; memory grows with the bytes there are, not with the number read.
    fn list<T>(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<T, SnapshotError>,
    ) -> Result<Vec<T>, SnapshotError> {
        let length = self.u64()?;
        (0..length).map(|_| item(self)).collect()
    }
    fn map<K: Ord, V>(
        &mut self,
        item: impl FnMut(&mut Self) -> Result<(K, V), SnapshotError>,
    ) -> Result<BTreeMap<K, V>, SnapshotError> {
        Ok(self.list(item)?.into_iter().collect())
    }
}
