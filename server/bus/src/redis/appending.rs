//! How events get into Redis: all of a call or none, and each call once.

use std::time::{Duration, Instant};

use bytes::Bytes;
use tocsin_domain::Event;
use tocsin_domain::ports::BusError;
use tokio::sync::Semaphore;
use xxhash_rust::xxh3::Xxh3;

use super::Shared;
use super::calls::Calls;
use super::link::Failure;
use super::scripts::{Answer, Unexpected};
use super::trouble::unavailable;
use crate::{BusConfig, codec, placement};

/// What a caller is told when the bus is full.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// How long to wait before a call whose answer was lost is asked again.
const ASK_AGAIN_AFTER: Duration = Duration::from_millis(100);
/// Room in memory is counted in units of this many bytes.
const PERMIT_BYTES: usize = 1024;

/// The room in memory for events that are on their way.
pub(super) fn permits(config: &BusConfig) -> usize {
    (config.in_flight_bytes_max / PERMIT_BYTES).clamp(1, Semaphore::MAX_PERMITS)
}

/// The bus was given another number of partitions while this process was running.
#[derive(Debug, thiserror::Error)]
#[error("the bus has {0} partitions now: this process must be started again")]
struct OtherPartitions(u64);

/// What one call appends. Dropped before its fate is known, it is one that was given up.
struct Call<'a> {
    calls: &'a Calls,
    number: u64,
    is_settled: bool,
    /// Events with their partitions.
    events: &'a [(u16, Bytes)],
    /// The partitions of the events, each once.
    places: Vec<u16>,
}

impl Call<'_> {
    fn settle(&mut self) {
        self.is_settled = true;
        self.calls.settle(self.number);
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        if !self.is_settled {
            self.calls.give_up(self.number, digest(self.events));
        }
    }
}

impl Shared {
    pub(super) async fn append(
        &self,
        events: Vec<Event>,
        in_flight: &Semaphore,
    ) -> Result<(), BusError> {
        if self.is_closed() {
            return Err(BusError::Closed);
        }
        if events.is_empty() {
            return Ok(());
        }
        // A full bus must not cost the work of encoding.
        let text = events.iter().map(codec::least_bytes).sum::<usize>() as u64;
        let usage = self.known.usage();
        if usage.bytes + text > usage.limit_bytes && usage.bytes > 0 {
            return Err(self.full(usage.bytes));
        }
        let encoded = placement::encode(&events, self.partitions)?;
        drop(events);
        let bytes = encoded.iter().map(|(_, bytes)| bytes.len()).sum::<usize>();
        let most = permits(&self.config) as u32;
        let wanted = u32::try_from(bytes.div_ceil(PERMIT_BYTES)).unwrap_or(u32::MAX);
        let _permit = in_flight
            .acquire_many(wanted.min(most))
            .await
            .map_err(|_| BusError::Closed)?;
        let mut places: Vec<_> = encoded.iter().map(|(partition, _)| *partition).collect();
        places.sort_unstable();
        places.dedup();
        let call = Call {
            calls: &self.calls,
            number: self.calls.begin(|| digest(&encoded)),
            is_settled: false,
            events: &encoded,
            places,
        };
        self.insist(call).await
    }

    /// Sends a call until its fate is known, or patience ends.
    async fn insist(&self, mut call: Call<'_>) -> Result<(), BusError> {
        let begin = Instant::now();
        let patience = Duration::from_secs(self.config.redis.settle_secs);
        let mut is_sent = false;
        loop {
            let failure = match self.send(&call).await {
                Ok(outcome) => {
                    call.settle();
                    return outcome;
                }
                Err(failure) => failure,
            };
            is_sent |= matches!(failure, Failure::Unknown(_));
            if !is_sent {
                call.settle();
                return Err(failure.into());
            }
            // Once its answer was lost, no other failure says that it was not accepted.
            if begin.elapsed() >= patience || self.is_closed() {
                return Err(failure.into());
            }
            tokio::time::sleep(ASK_AGAIN_AFTER).await;
        }
    }

    async fn send(&self, call: &Call<'_>) -> Result<Result<(), BusError>, Failure> {
        let asked_at = Instant::now();
        let settled = self.calls.settled();
        let mut script = self.scripts.append.key(self.keys.bus());
        script.key(self.keys.calls());
        script.arg(call.number).arg(self.partitions);
        script.arg(self.config.bytes_max).arg(self.keys.bell());
        script.arg(call.places.len());
        for partition in &call.places {
            script.key(self.keys.events(*partition));
            script.key(self.keys.sizes(*partition));
            script.key(self.keys.state(*partition));
            script.arg(*partition);
        }
        script.arg(settled.len());
        for number in &settled {
            script.arg(*number);
        }
        for (partition, bytes) in call.events {
            let place = call.places.binary_search(partition).unwrap_or(0) + 1;
            script.arg(place).arg(&bytes[..]);
        }
        let mut answer = match self.appends.run(&script).await {
            Ok(answer) => answer,
            Err(failure) => {
                self.calls.settle_again(settled);
                return Err(failure);
            }
        };
        Ok(self.accepted(asked_at, &mut answer))
    }

    fn accepted(&self, asked_at: Instant, answer: &mut Answer) -> Result<(), BusError> {
        let word = answer.text().map_err(unavailable)?;
        match word.as_str() {
            "accepted" => self.hear_totals(asked_at, answer).map(drop),
            "full" => {
                let totals = self.hear_totals(asked_at, answer)?;
                Err(self.full(totals.bytes))
            }
            "partitions" => {
                let partitions = answer.number().map_err(unavailable)?;
                Err(unavailable(OtherPartitions(partitions)))
            }
            _ => Err(unavailable(Unexpected)),
        }
    }

    fn full(&self, used_bytes: u64) -> BusError {
        BusError::Full {
            used_bytes,
            limit_bytes: self.config.bytes_max,
            retry_after: RETRY_AFTER,
        }
    }
}

/// What a call appends, by its bytes.
fn digest(events: &[(u16, Bytes)]) -> u128 {
    let mut hasher = Xxh3::new();
    for (partition, bytes) in events {
        hasher.update(&partition.to_le_bytes());
        hasher.update(bytes);
    }
    hasher.digest128()
}
