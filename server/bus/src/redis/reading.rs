//! How events get out of Redis: in order, to whoever holds the partition.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tocsin_domain::ports::BusError;
use tocsin_domain::{Delivery, Offset, Partition};

use super::Shared;
use super::holdings::Holding;
use super::link::Failure;
use super::scripts::{Answer, Unexpected};
use super::trouble::unavailable;
use crate::codec;

/// How long a reader waits for the bell before it looks by itself.
const LOOK_AFTER: Duration = Duration::from_secs(1);

/// What a script said to one who holds a partition.
enum Told {
    Fenced,
    Ok(Answer),
}

/// What was read.
struct Read {
    deliveries: Vec<Delivery>,
    /// The last offset of the partition.
    last: u64,
    /// The last offset that holds nothing readable, or 0.
    passed_over: u64,
}

impl Shared {
    pub(super) async fn read(
        &self,
        partition: Partition,
        mut after: Offset,
        bytes_max: usize,
    ) -> Result<Vec<Delivery>, BusError> {
        let index = self.check(partition)?;
        let mut bell = self.bells[index].subscribe();
        loop {
            bell.borrow_and_update();
            let was_closed = self.is_closed();
            if was_closed && self.finals.lock()[index].is_some_and(|last| after.0 >= last) {
                return Err(BusError::Closed);
            }
            let holding = self.holding(partition)?;
            if !holding.is_claimed {
                self.claim(partition, &holding.token).await?;
            }
            let answer = self.take(partition, &holding, (after, bytes_max)).await?;
            let read = self.deliveries(partition, answer)?;
            if was_closed {
                self.finals.lock()[index].get_or_insert(read.last);
            }
            if !read.deliveries.is_empty() {
                return Ok(read.deliveries);
            }
            if read.passed_over > after.0 {
                after = Offset(read.passed_over);
                continue;
            }
            if was_closed {
                return Err(BusError::Closed);
            }
            tokio::select! {
                _ = bell.changed() => {}
                () = tokio::time::sleep(LOOK_AFTER) => {}
            }
        }
    }

    pub(super) async fn acknowledge(
        &self,
        partition: Partition,
        through: Offset,
    ) -> Result<(), BusError> {
        self.check(partition)?;
        let holding = self.holding(partition)?;
        let asked_at = Instant::now();
        let mut script = self.scripts.acknowledge.key(self.keys.bus());
        script.key(self.keys.groups());
        script.key(self.keys.events(partition.0));
        script.key(self.keys.sizes(partition.0));
        script.key(self.keys.state(partition.0));
        script.arg(self.keys.group()).arg(self.keys.process());
        script.arg(&holding.token).arg(through.0);
        let answer = self.control.run(&script).await;
        let mut answer = self.unfenced(partition, &holding.token, answer)?;
        let acknowledged = answer.number().map_err(unavailable)?;
        self.known.hear_acknowledged(partition.0, acknowledged);
        self.hear_totals(asked_at, &mut answer).map(drop)
    }

    fn holding(&self, partition: Partition) -> Result<Holding, BusError> {
        self.holdings.get(partition.0).ok_or(BusError::Fenced)
    }

    /// Makes what the holder before left unacknowledged this process's own.
    async fn claim(&self, partition: Partition, token: &str) -> Result<(), BusError> {
        let mut from = "0-0".to_owned();
        loop {
            let mut script = self.scripts.claim.key(self.keys.events(partition.0));
            script.key(self.keys.state(partition.0));
            script.arg(self.keys.group()).arg(self.keys.process());
            script.arg(token).arg(&from);
            let answer = self.control.run(&script).await;
            let mut answer = self.unfenced(partition, token, answer)?;
            from = answer.text().map_err(unavailable)?;
            if from == "0-0" {
                self.holdings.claimed(partition.0, token);
                return Ok(());
            }
        }
    }

    async fn take(
        &self,
        partition: Partition,
        holding: &Holding,
        (after, bytes_max): (Offset, usize),
    ) -> Result<Answer, BusError> {
        let mut script = self.scripts.read.key(self.keys.events(partition.0));
        script.key(self.keys.state(partition.0));
        script.arg(self.keys.group()).arg(self.keys.process());
        script
            .arg(&holding.token)
            .arg(after.0)
            .arg(bytes_max.max(1));
        let answer = self.reads.run(&script).await;
        self.unfenced(partition, &holding.token, answer)
    }

    /// Decodes what was read. What cannot be read is reported once, when nothing readable comes
    /// before it, and passed over from then on.
    fn deliveries(&self, partition: Partition, mut answer: Answer) -> Result<Read, BusError> {
        let last = answer.number().map_err(unavailable)?;
        let moved = answer.number().map_err(unavailable)?;
        if moved > 0 {
            tracing::warn!(
                partition = partition.0,
                events = moved,
                "events were counted anew: the stores have seen later ones than Redis knew of"
            );
        }
        let mut deliveries = Vec::new();
        let mut passed_over = 0;
        while !answer.is_empty() {
            let offset = answer.number().map_err(unavailable)?;
            let bytes = answer.bytes().map_err(unavailable)?;
            match codec::decode(&bytes) {
                Ok(event) => deliveries.push(Delivery {
                    offset: Offset(offset),
                    event,
                }),
                Err(_) if !deliveries.is_empty() => break,
                Err(why) if self.corrupt.lock().insert((partition.0, offset)) => {
                    self.corrupt_events.fetch_add(1, Ordering::Relaxed);
                    return Err(BusError::Corrupt(format!(
                        "partition {}, offset {offset}: {why}",
                        partition.0
                    )));
                }
                Err(_) => passed_over = offset,
            }
        }
        Ok(Read {
            deliveries,
            last,
            passed_over,
        })
    }

    /// Forgets a lease that Redis does not know any more.
    fn unfenced(
        &self,
        partition: Partition,
        token: &str,
        answer: Result<Answer, Failure>,
    ) -> Result<Answer, BusError> {
        match told(answer?)? {
            Told::Ok(answer) => Ok(answer),
            Told::Fenced => {
                self.holdings.lose(partition.0, token);
                Err(BusError::Fenced)
            }
        }
    }
}

fn told(mut answer: Answer) -> Result<Told, BusError> {
    match answer.text().map_err(unavailable)?.as_str() {
        "ok" => Ok(Told::Ok(answer)),
        "fenced" => Ok(Told::Fenced),
        _ => Err(unavailable(Unexpected)),
    }
}
