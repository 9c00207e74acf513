//! A partition as this process knows it: its series, the points that are not written yet, and what
//! the catalogue says already.

use std::time::{Duration, Instant};

use parking_lot::{Mutex, RwLock};
use tocsin_domain::Labels;

use super::super::shard::State;
use super::line;

/// How long after a failed write the next one is tried.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// A partition to which nothing was appended for so long may be worked on elsewhere.
/// In tests at once, so that every answer is right for a process that did not write the points.
const WORK_ENDS_AFTER: Duration = Duration::from_secs(if cfg!(test) { 0 } else { 10 });

/// What the catalogue says of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Note {
    /// The code of its kind; none if it is not in the catalogue.
    pub(crate) kind: Option<u8>,
    /// The times of its first and last point.
    pub(crate) range_ms: (i64, i64),
}

impl Note {
    const NONE: Self = Self {
        kind: None,
        range_ms: (i64::MAX, i64::MIN),
    };
}

/// When something is to be written, and when something was last taken.
#[derive(Debug, Default)]
struct Times {
    waiting_since: Option<Instant>,
    retry_at: Option<Instant>,
    appended_at: Option<Instant>,
}

/// Measurements and tags by index; held by whoever writes the partition's points.
pub(crate) type Keys = Vec<Option<Box<[u8]>>>;

/// A partition.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) partition: u16,
    pub(crate) state: RwLock<State>,
    notes: Mutex<Vec<Note>>,
    times: Mutex<Times>,
    /// Held by whoever writes the partition's points.
    pub(crate) writer: tokio::sync::Mutex<Keys>,
}

impl Part {
    pub(crate) fn new(partition: u16) -> Self {
        Self {
            partition,
            state: RwLock::default(),
            notes: Mutex::default(),
            times: Mutex::default(),
            writer: tokio::sync::Mutex::default(),
        }
    }

    /// Takes the place of what is known by what was read anew.
    pub(crate) fn replace(&self, fresh: &Self) {
        let mut state = self.state.write();
        *state = std::mem::take(&mut fresh.state.write());
        *self.notes.lock() = std::mem::take(&mut fresh.notes.lock());
        *self.times.lock() = Times::default();
    }

    pub(crate) fn note(&self, index: u32) -> Note {
        let notes = self.notes.lock();
        notes.get(index as usize).copied().unwrap_or(Note::NONE)
    }

    /// Notes what the catalogue says of a series now.
    pub(crate) fn set_note(&self, index: u32, change: impl FnOnce(&mut Note)) {
        let mut notes = self.notes.lock();
        let index = index as usize;
        if index >= notes.len() {
            notes.resize(index + 1, Note::NONE);
        }
        change(&mut notes[index]);
    }

    /// True if points wait that are to be written now.
    pub(crate) fn is_due(&self, lines_max: usize, after: Duration) -> bool {
        let samples = self.state.read().head_samples() as usize;
        let times = self.times.lock();
        let is_old = times
            .waiting_since
            .is_some_and(|since| since.elapsed() >= after);
        let may_try = times.retry_at.is_none_or(|at| at <= Instant::now());
        samples > 0 && (samples >= lines_max || is_old) && may_try
    }

    /// Notes that points were taken.
    pub(crate) fn has_taken(&self) {
        let now = Instant::now();
        let mut times = self.times.lock();
        times.waiting_since.get_or_insert(now);
        times.appended_at = Some(now);
    }

    /// Notes whether what waited was written.
    pub(crate) fn has_tried(&self, is_written: bool) {
        let mut times = self.times.lock();
        if is_written {
            times.waiting_since = None;
            times.retry_at = None;
        } else {
            times.retry_at = Some(Instant::now() + RETRY_AFTER);
        }
    }

    /// True if this process works on the partition, so that it knows its series best.
    pub(crate) fn is_at_work(&self) -> bool {
        let at = self.times.lock().appended_at;
        at.is_some_and(|at| at.elapsed() < WORK_ENDS_AFTER)
    }

    /// Makes the measurement and tags of a series; none if it was removed.
    pub(crate) fn key(&self, index: u32) -> Option<Box<[u8]>> {
        let state = self.state.read();
        let series = state.table.get(index)?;
        Some(line::series_key(&series.labels).into())
    }

    /// The labels of a series.
    pub(crate) fn labels(&self, index: u32) -> Option<Labels> {
        let state = self.state.read();
        state.table.get(index).map(|series| series.labels.clone())
    }
}
