//! The one thread that writes: gathers concurrent calls into groups, one sync each, removes what
//! is acknowledged, and opens the storage again after a failed write.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Shared;
use super::engine::{Changes, Engine, EngineError};
use super::inbox::{Refusal, Request, Work};

/// Acknowledged events that one group removes at most, so that a group stays short.
const REMOVALS_MAX: usize = 16_384;
/// How long the committer sleeps when there is nothing to do.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long it waits between attempts to open the storage again.
const RETRY_INTERVAL: Duration = Duration::from_millis(250);
/// After this long without work, memory of events that are gone is given back.
const IDLE: Duration = Duration::from_secs(2);
/// Less than this in memory is not worth a flush.
const RELEASE_BYTES_MIN: u64 = 1 << 20;

/// The committer's own state.
pub(super) struct Committer {
    shared: Arc<Shared>,
    path: PathBuf,
    /// Per partition: through which offset acknowledged events are removed from disk.
    removed: Vec<u64>,
    /// When to try to open the storage again; none while it works.
    retry_at: Option<Instant>,
    /// Bytes written since memory was last given back.
    in_memory: u64,
    /// There may be files on disk of events that are gone.
    has_files: bool,
    is_final: bool,
}

impl Committer {
    pub(super) fn new(shared: Arc<Shared>, path: PathBuf, removed: Vec<u64>) -> Self {
        Self {
            shared,
            path,
            removed,
            retry_at: None,
            in_memory: RELEASE_BYTES_MIN,
            has_files: true,
            is_final: false,
        }
    }

    /// Runs until the bus is dropped.
    pub(super) fn run(mut self) {
        loop {
            let patience = match self.retry_at {
                Some(_) => RETRY_INTERVAL,
                None if self.in_memory >= RELEASE_BYTES_MIN || self.has_files => IDLE,
                None => PATIENCE,
            };
            let bytes_max = self.shared.config.group_bytes_max;
            let work = self.shared.inbox.take(bytes_max, patience, self.is_final);
            let (is_final, is_stopped) = (work.is_final, work.is_stopped);
            self.step(work);
            if is_final && !self.is_final {
                self.is_final = true;
                self.shared.queues.iter().for_each(|queue| queue.finish());
            }
            if is_stopped {
                return;
            }
        }
    }

    fn step(&mut self, work: Work) {
        if self.retry_at.is_some_and(|at| Instant::now() >= at) {
            self.reopen();
        }
        if self.retry_at.is_some() {
            refuse(work.requests, "the last write failed, a full disk perhaps");
            return;
        }
        let is_idle = work.requests.is_empty() && !work.is_acknowledged;
        let outcome = if is_idle {
            self.release()
        } else {
            self.commit(work.requests)
        };
        if let Err(error) = outcome {
            tracing::warn!(error = %chain(&error), "the bus cannot write and will try again");
            self.retry_at = Some(Instant::now() + RETRY_INTERVAL);
        }
    }

    /// Writes one group and answers its callers, whatever happens.
    fn commit(&mut self, requests: Vec<Request>) -> Result<(), EngineError> {
        let (changes, sizes) = self.changes(&requests);
        if changes.is_empty() {
            return Ok(());
        }
        let outcome = self.with_engine(|engine| {
            engine.wait_for_worker()?;
            engine.commit(&changes)
        });
        if let Err(error) = outcome {
            refuse(requests, &chain(&error));
            return Err(error);
        }
        for (partition, offset) in &changes.acknowledged {
            self.removed[usize::from(*partition)] = *offset;
        }
        if changes.removed.len() >= REMOVALS_MAX {
            self.shared.inbox.acknowledged();
        }
        self.in_memory += requests.iter().map(|r| r.bytes as u64).sum::<u64>();
        // Counted before they are visible, so that an acknowledgement finds them counted.
        let mut answers = Vec::with_capacity(requests.len());
        for request in requests {
            request.reservation.fill(request.events.len() as u64);
            answers.push((request.answer, request.permit));
        }
        for (queue, sizes) in self.shared.queues.iter().zip(&sizes) {
            if !sizes.is_empty() {
                queue.publish(sizes);
            }
        }
        for (answer, _permit) in answers {
            // A caller that went away does not want to know.
            let _ = answer.send(Ok(()));
        }
        Ok(())
    }

    /// The changes of a group, and the sizes of the new events of each partition.
    fn changes(&self, requests: &[Request]) -> (Changes, Vec<Vec<u32>>) {
        let mut changes = Changes::default();
        let mut sizes = vec![Vec::new(); self.shared.queues.len()];
        for (partition, bytes) in requests.iter().flat_map(|request| &request.events) {
            let index = usize::from(*partition);
            let offset = self.shared.queues[index].next() + sizes[index].len() as u64;
            sizes[index].push(bytes.len() as u32);
            changes.events.push((*partition, offset, bytes.clone()));
        }
        for (partition, queue) in (0u16..).zip(&self.shared.queues) {
            let removed = self.removed[usize::from(partition)];
            let room = REMOVALS_MAX.saturating_sub(changes.removed.len()) as u64;
            let through = queue.acknowledged().min(removed + room);
            if through > removed {
                let offsets = removed + 1..=through;
                changes
                    .removed
                    .extend(offsets.map(|offset| (partition, offset)));
                changes.acknowledged.push((partition, through));
            }
        }
        (changes, sizes)
    }

    /// Gives back the memory, and a moment later the files, of events that are gone.
    fn release(&mut self) -> Result<(), EngineError> {
        if self.shared.gauge.usage().events > 0 {
            return Ok(());
        }
        if self.in_memory >= RELEASE_BYTES_MIN {
            self.in_memory = 0;
            self.has_files = true;
            return self.with_engine(Engine::release_memory);
        }
        if std::mem::take(&mut self.has_files) {
            let partitions = self.shared.queues.len() as u16;
            return self.with_engine(|engine| engine.release_files(partitions));
        }
        Ok(())
    }

    /// After a failed write the engine accepts no other until it is opened again. Events that the
    /// failed write may have left behind were refused, so they are removed first.
    fn reopen(&mut self) {
        self.retry_at = Some(Instant::now() + RETRY_INTERVAL);
        if !self.has_room() {
            return;
        }
        let mut place = self.shared.engine.write();
        *place = None;
        let opened = Engine::open(&self.path, &self.shared.config).and_then(|engine| {
            let found = engine.find()?;
            let mut changes = Changes::default();
            for (partition, (first, sizes)) in found.sizes {
                let next = match self.shared.queues.get(usize::from(partition)) {
                    Some(queue) => queue.next(),
                    None => continue,
                };
                let end = first + sizes.len() as u64;
                let left = next.max(first)..end;
                changes
                    .removed
                    .extend(left.map(|offset| (partition, offset)));
            }
            if !changes.is_empty() {
                engine.commit(&changes)?;
            }
            Ok(engine)
        });
        match opened {
            Ok(engine) => {
                *place = Some(engine);
                self.retry_at = None;
                self.shared.inbox.acknowledged();
                tracing::info!("the bus can write again");
            }
            Err(error) => tracing::warn!(error = %chain(&error), "the bus cannot be opened again"),
        }
    }

    /// True unless the disk is known to be too full for what the engine has in memory.
    fn has_room(&self) -> bool {
        let config = &self.shared.config;
        let need = config.memory_bytes_max + config.in_flight_bytes_max as u64;
        match rustix::fs::statvfs(&self.path) {
            Ok(disk) => disk.f_bavail.saturating_mul(disk.f_frsize) >= need,
            Err(_) => true,
        }
    }

    fn with_engine(
        &self,
        act: impl FnOnce(&Engine) -> Result<(), EngineError>,
    ) -> Result<(), EngineError> {
        let engine = self.shared.engine.read();
        act(engine.as_ref().ok_or(EngineError::Stopped)?)
    }
}

fn refuse(requests: Vec<Request>, why: &str) {
    for request in requests {
        let _ = request.answer.send(Err(Refusal(why.to_owned())));
    }
}

/// An error with its causes on one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
