//! What callers leave for the committer. Bounded by the room that each caller holds while its
//! request is here: see [`BusConfig::in_flight_bytes_max`](crate::BusConfig).

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::{Condvar, Mutex};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::state::Reservation;

/// Why an append was refused; the caller makes a `BusError` of it.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub(super) struct Refusal(pub(super) String);

/// One call of `append`.
#[derive(Debug)]
pub(super) struct Request {
    /// Events with their partitions.
    pub(super) events: Vec<(u16, Bytes)>,
    /// Their bytes.
    pub(super) bytes: usize,
    /// Their room on the bus.
    pub(super) reservation: Reservation,
    /// Their room in memory.
    pub(super) permit: OwnedSemaphorePermit,
    /// Where the answer goes.
    pub(super) answer: oneshot::Sender<Result<(), Refusal>>,
}

/// What the committer takes out in one go.
#[derive(Debug, Default)]
pub(super) struct Work {
    pub(super) requests: Vec<Request>,
    /// Something was acknowledged.
    pub(super) is_acknowledged: bool,
    /// No request is left and none will come.
    pub(super) is_final: bool,
    /// The committer must end.
    pub(super) is_stopped: bool,
}

#[derive(Debug, Default)]
struct Content {
    requests: VecDeque<Request>,
    is_acknowledged: bool,
    is_closed: bool,
    is_stopped: bool,
}

/// The box between callers and committer.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    content: Mutex<Content>,
    wake: Condvar,
}

impl Inbox {
    /// Leaves a request; gives it back if the bus is closed.
    pub(super) fn push(&self, request: Request) -> Result<(), Request> {
        let mut content = self.content.lock();
        if content.is_closed {
            return Err(request);
        }
        content.requests.push_back(request);
        self.wake.notify_one();
        Ok(())
    }

    pub(super) fn is_closed(&self) -> bool {
        self.content.lock().is_closed
    }

    /// Says that something was acknowledged.
    pub(super) fn acknowledged(&self) {
        let mut content = self.content.lock();
        content.is_acknowledged = true;
        self.wake.notify_one();
    }

    /// Takes no more requests.
    pub(super) fn close(&self) {
        self.content.lock().is_closed = true;
        self.wake.notify_one();
    }

    /// Ends the committer once it has done what is here.
    pub(super) fn stop(&self) {
        let mut content = self.content.lock();
        content.is_closed = true;
        content.is_stopped = true;
        self.wake.notify_one();
    }

    /// Waits at most `patience` for something to do and takes requests of about `bytes_max`.
    pub(super) fn take(&self, bytes_max: usize, patience: Duration, was_final: bool) -> Work {
        let mut content = self.content.lock();
        let has_work = |content: &Content| {
            !content.requests.is_empty()
                || content.is_acknowledged
                || content.is_stopped
                || (content.is_closed && !was_final)
        };
        if !has_work(&content) {
            self.wake.wait_for(&mut content, patience);
        }
        let mut work = Work::default();
        let mut bytes = 0;
        while let Some(request) = content.requests.front() {
            bytes += request.bytes;
            if !work.requests.is_empty() && bytes > bytes_max {
                break;
            }
            work.requests.extend(content.requests.pop_front());
        }
        work.is_acknowledged = std::mem::take(&mut content.is_acknowledged);
        work.is_final = content.is_closed && content.requests.is_empty();
        work.is_stopped = content.is_stopped && content.requests.is_empty();
        work
    }
}
