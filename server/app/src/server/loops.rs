//! The loops of partitions: a process runs those of the partitions that are its own.
//!
//! With the embedded bus that is all of them, from the start to the end. Where several processes
//! share a bus, partitions come and go: one that is to go is written to disk and given back, one that
//! was lost is let go of at once.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tocsin_domain::Partition;
use tocsin_domain::ports::{Bus, Shares};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How often this process says that it works, and asks for its share.
const BALANCE_EVERY: Duration = Duration::from_secs(2);
/// How long a loop may take to write to disk what it holds before it is given up.
const END_WITHIN: Duration = Duration::from_secs(20);

/// A future that is owned.
pub(super) type Work = Pin<Box<dyn Future<Output = ()> + Send>>;
/// Opens the loop of a partition, which ends when it is told to stop.
pub(super) type Open = Box<
    dyn Fn(
            Partition,
            CancellationToken,
        ) -> Pin<Box<dyn Future<Output = anyhow::Result<Work>> + Send>>
        + Send
        + Sync,
>;

/// The loops of one bus.
pub(super) struct Loops {
    bus: Arc<dyn Bus>,
    /// What the partitions are of, for the log.
    name: &'static str,
    open: Open,
    tasks: TaskTracker,
    working: BTreeMap<Partition, Working>,
}

/// A partition that this process works on.
struct Working {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Loops {
    /// The loops of a bus, none of which works yet. `tasks` owns them.
    pub(super) fn new(
        bus: Arc<dyn Bus>,
        name: &'static str,
        open: Open,
        tasks: TaskTracker,
    ) -> Self {
        Self {
            bus,
            name,
            open,
            tasks,
            working: BTreeMap::new(),
        }
    }

    /// Starts the loops of all partitions, which end once the bus is closed and read to its end.
    ///
    /// # Errors
    /// Which could not be opened, and why.
    pub(super) async fn start_all(mut self) -> anyhow::Result<()> {
        for partition in (0..self.bus.partitions()).map(Partition) {
            self.start(partition).await?;
        }
        Ok(())
    }

    /// Follows the share of this process until cancelled, then gives everything back.
    pub(super) async fn follow(mut self, cancel: CancellationToken) {
        while !cancel.is_cancelled() {
            match self.bus.balance().await {
                Ok(shares) => self.apply(&shares).await,
                Err(error) => self.doubt(&error),
            }
            let pause = tokio::time::sleep(BALANCE_EVERY);
            cancel.run_until_cancelled(pause).await;
        }
        let partitions: Vec<_> = self.working.keys().copied().collect();
        for partition in &partitions {
            self.working[partition].stop.cancel();
        }
        for partition in partitions {
            self.give_back(partition).await;
        }
    }

    async fn start(&mut self, partition: Partition) -> anyhow::Result<()> {
        let stop = CancellationToken::new();
        let work = (self.open)(partition, stop.clone()).await?;
        let task = self.tasks.spawn(work);
        self.working.insert(partition, Working { stop, task });
        Ok(())
    }

    async fn apply(&mut self, shares: &Shares) {
        let is_ours = |one: &Partition| shares.held.contains(one) || shares.surplus.contains(one);
        let lost = self.working.keys().filter(|one| !is_ours(one));
        for partition in lost.copied().collect::<Vec<_>>() {
            tracing::warn!(
                bus = self.name,
                partition = partition.0,
                "a partition was lost"
            );
            self.let_go(partition);
        }
        for partition in &shares.surplus {
            match self.working.get(partition) {
                Some(working) => working.stop.cancel(),
                None => self.release(*partition).await,
            }
        }
        let ended = self
            .working
            .iter()
            .filter(|(_, one)| one.task.is_finished());
        for partition in ended.map(|(one, _)| *one).collect::<Vec<_>>() {
            if shares.surplus.contains(&partition) {
                self.give_back(partition).await;
            } else {
                // It ended by itself, and is begun anew below.
                self.working.remove(&partition);
            }
        }
        for partition in &shares.held {
            if !self.working.contains_key(partition) {
                match self.start(*partition).await {
                    Ok(()) => tracing::info!(
                        bus = self.name,
                        partition = partition.0,
                        "works on a partition"
                    ),
                    Err(error) => {
                        let error = format!("{error:#}");
                        tracing::warn!(
                            bus = self.name,
                            partition = partition.0,
                            error,
                            "a loop cannot start yet"
                        );
                    }
                }
            }
        }
    }

    /// The bus does not answer: what is held is held until its lease is over.
    fn doubt(&mut self, error: &dyn std::error::Error) {
        tracing::warn!(bus = self.name, %error, "the share of partitions cannot be asked for");
        if self
            .bus
            .held_until()
            .is_some_and(|until| until <= Instant::now())
        {
            for partition in self.working.keys().copied().collect::<Vec<_>>() {
                self.let_go(partition);
            }
        }
    }

    /// Ends a loop at once, without a word to the stores: somebody else may work there already.
    fn let_go(&mut self, partition: Partition) {
        if let Some(working) = self.working.remove(&partition) {
            working.task.abort();
        }
    }

    /// Waits until a loop has ended and gives its partition back.
    async fn give_back(&mut self, partition: Partition) {
        let Some(mut working) = self.working.remove(&partition) else {
            return;
        };
        if tokio::time::timeout(END_WITHIN, &mut working.task)
            .await
            .is_err()
        {
            working.task.abort();
        }
        self.release(partition).await;
    }

    async fn release(&self, partition: Partition) {
        if let Err(error) = self.bus.release(partition).await {
            let (bus, partition) = (self.name, partition.0);
            tracing::warn!(bus, partition, %error, "a partition is free only once its lease is over");
        }
    }
}
