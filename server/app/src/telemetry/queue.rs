//! Spans that wait to be sent. Whoever ends a span never waits: what finds no room is left out and
//! counted. A thread of its own takes what waits and sends it, many at a time; what a collector
//! does not take is not kept for later, since new spans come all the time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use opentelemetry::Context;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{Span, SpanData, SpanExporter, SpanProcessor};

/// Spans that may wait; about 2 MB.
const QUEUE_MAX: usize = 4096;
/// The most spans of one request.
const BATCH_MAX: usize = 512;
/// How long spans are gathered before they are sent together.
const GATHER: Duration = Duration::from_secs(1);
/// How often it is said at most that a collector takes nothing.
const WARN_EVERY: Duration = Duration::from_secs(300);

/// What became of spans since the start.
#[derive(Debug, Default)]
pub(crate) struct SpanCounts {
    /// Spans that a collector took.
    pub(crate) exported: AtomicU64,
    /// Spans that were left out: there was no room, or no collector took them.
    pub(crate) dropped: AtomicU64,
    /// Requests that no collector took.
    pub(crate) failures: AtomicU64,
}

enum Order {
    Span(Box<SpanData>),
    /// Send what waits, then answer.
    Flush(SyncSender<()>),
    /// The same, and end.
    End(SyncSender<()>),
}

/// The queue; the other end is the thread's.
#[derive(Debug)]
pub(super) struct SpanQueue {
    orders: SyncSender<Order>,
    counts: Arc<SpanCounts>,
}

impl SpanQueue {
    /// Starts the thread that sends.
    ///
    /// # Errors
    /// If there can be no more threads.
    pub(super) fn start(
        mut exporter: impl SpanExporter + 'static,
        resource: Resource,
        counts: Arc<SpanCounts>,
    ) -> std::io::Result<Self> {
        let (orders, waiting) = sync_channel(QUEUE_MAX);
        exporter.set_resource(&resource);
        // Only to wait for the exporter, which blocks.
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        let sender = Sender {
            exporter,
            runtime,
            counts: counts.clone(),
            batch: Vec::with_capacity(BATCH_MAX),
            warned: None,
        };
        let thread = thread::Builder::new().name("tocsin-spans".into());
        thread.spawn(move || sender.run(&waiting))?;
        Ok(Self { orders, counts })
    }

    /// Has the thread send what waits, and waits for it.
    fn ask(&self, order: impl FnOnce(SyncSender<()>) -> Order, within: Duration) -> OTelSdkResult {
        let (answer, answered) = sync_channel(1);
        let until = Instant::now() + within;
        let mut order = order(answer);
        loop {
            match self.orders.try_send(order) {
                Ok(()) => break,
                Err(TrySendError::Disconnected(_)) => return Err(OTelSdkError::AlreadyShutdown),
                Err(TrySendError::Full(back)) if Instant::now() < until => {
                    order = back;
                    thread::sleep(Duration::from_millis(5));
                }
                Err(TrySendError::Full(_)) => return Err(OTelSdkError::Timeout(within)),
            }
        }
        let left = until.saturating_duration_since(Instant::now());
        let answered = answered.recv_timeout(left);
        answered.map_err(|_| OTelSdkError::Timeout(within))
    }
}

impl SpanProcessor for SpanQueue {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        if self.orders.try_send(Order::Span(Box::new(span))).is_err() {
            self.counts.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.ask(Order::Flush, GATHER)
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.ask(Order::End, timeout)
    }
}

/// The thread.
struct Sender<E> {
    exporter: E,
    runtime: tokio::runtime::Runtime,
    counts: Arc<SpanCounts>,
    batch: Vec<SpanData>,
    warned: Option<Instant>,
}

impl<E: SpanExporter> Sender<E> {
    fn run(mut self, waiting: &Receiver<Order>) {
        // Nothing that is done here is work to be traced.
        let _untraced = Context::enter_telemetry_suppressed_scope();
        let mut due: Option<Instant> = None;
        loop {
            let order = match due {
                None => waiting.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(due) => waiting.recv_timeout(due.saturating_duration_since(Instant::now())),
            };
            match order {
                Ok(Order::Span(span)) => {
                    self.batch.push(*span);
                    if self.batch.len() < BATCH_MAX {
                        due.get_or_insert_with(|| Instant::now() + GATHER);
                        continue;
                    }
                    self.send();
                }
                Err(RecvTimeoutError::Timeout) => self.send(),
                Ok(Order::Flush(answer)) => {
                    self.send();
                    // One who no longer waits needs no answer.
                    let _gone = answer.try_send(());
                }
                Ok(Order::End(answer)) => {
                    self.send();
                    let _gone = answer.try_send(());
                    return;
                }
                Err(RecvTimeoutError::Disconnected) => {
                    self.send();
                    return;
                }
            }
            due = None;
        }
    }

    fn send(&mut self) {
        if self.batch.is_empty() {
            return;
        }
        let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH_MAX));
        let count = batch.len() as u64;
        match self.runtime.block_on(self.exporter.export(batch)) {
            Ok(()) => {
                self.counts.exported.fetch_add(count, Ordering::Relaxed);
            }
            Err(error) => {
                self.counts.dropped.fetch_add(count, Ordering::Relaxed);
                self.counts.failures.fetch_add(1, Ordering::Relaxed);
                self.warn(&error);
            }
        }
    }

    fn warn(&mut self, error: &OTelSdkError) {
        if self.warned.is_some_and(|at| at.elapsed() < WARN_EVERY) {
            return;
        }
        self.warned = Some(Instant::now());
        let dropped = self.counts.dropped.load(Ordering::Relaxed);
        tracing::warn!(%error, dropped, "spans cannot be sent to the collector: they are left out");
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{Tracer, TracerProvider};
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use parking_lot::Mutex;

    use super::*;

    /// A collector that takes spans when it is let.
    #[derive(Debug, Clone, Default)]
    struct Gate {
        shut: Arc<Mutex<()>>,
        is_away: bool,
        names: Arc<Mutex<Vec<String>>>,
    }

    impl SpanExporter for Gate {
        async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
            drop(self.shut.lock());
            if self.is_away {
                return Err(OTelSdkError::InternalFailure("away".into()));
            }
            let names = batch.into_iter().map(|span| span.name.into_owned());
            self.names.lock().extend(names);
            Ok(())
        }
    }

    fn started(gate: &Gate) -> (SdkTracerProvider, Arc<SpanCounts>) {
        let counts = Arc::<SpanCounts>::default();
        let resource = Resource::builder_empty().build();
        let queue = SpanQueue::start(gate.clone(), resource, counts.clone()).unwrap();
        let provider = SdkTracerProvider::builder()
            .with_span_processor(queue)
            .build();
        (provider, counts)
    }

    fn end_spans(provider: &SdkTracerProvider, count: usize) {
        let tracer = provider.tracer("test");
        (0..count).for_each(|number| drop(tracer.start(number.to_string())));
    }

    #[test]
    fn the_end_sends_what_waits() {
        let gate = Gate::default();
        let (provider, counts) = started(&gate);
        end_spans(&provider, 700);
        provider
            .shutdown_with_timeout(Duration::from_secs(20))
            .unwrap();
        assert_eq!(counts.exported.load(Ordering::Relaxed), 700);
        assert_eq!(gate.names.lock().len(), 700);
        end_spans(&provider, 1);
        assert_eq!(gate.names.lock().len(), 700);
    }

    #[test]
    fn a_slow_collector_costs_spans_and_no_time() {
        let gate = Gate::default();
        let (provider, counts) = started(&gate);
        let shut = gate.shut.lock();
        let began = Instant::now();
        end_spans(&provider, 3 * QUEUE_MAX);
        assert!(began.elapsed() < Duration::from_secs(10));
        let dropped = counts.dropped.load(Ordering::Relaxed);
        let kept = 3 * QUEUE_MAX as u64 - dropped;
        // What the thread had taken already is beside the queue.
        assert!(
            (QUEUE_MAX..=QUEUE_MAX + BATCH_MAX).contains(&(kept as usize)),
            "{dropped}"
        );
        let ended = provider.shutdown_with_timeout(Duration::from_millis(50));
        assert!(ended.is_err(), "nobody waits longer than that");
        drop(shut);
    }

    #[test]
    fn a_collector_that_is_away_is_counted() {
        let gate = Gate {
            is_away: true,
            ..Gate::default()
        };
        let (provider, counts) = started(&gate);
        end_spans(&provider, 10);
        provider
            .shutdown_with_timeout(Duration::from_secs(20))
            .unwrap();
        assert_eq!(counts.dropped.load(Ordering::Relaxed), 10);
        assert_eq!(counts.failures.load(Ordering::Relaxed), 1);
        assert_eq!(counts.exported.load(Ordering::Relaxed), 0);
    }
}
