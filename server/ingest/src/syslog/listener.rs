//! The syslog listeners: UDP and TCP in, batches out through the door.
//!
//! Messages wait in one bounded queue. While the bus is full TCP senders wait, and datagrams, which
//! cannot, are dropped and counted.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tocsin_domain::LogBatch;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Framer, Received, SyslogConfig, decode};
use crate::decoded::Context;
use crate::door::Door;
use crate::limits::Limits;

/// How many messages wait at most; their bytes have a bound of their own.
const QUEUE: usize = 8192;
/// How long after the order to stop a connection may still bring what is on its way.
const DRAIN: Duration = Duration::from_millis(200);

/// What the listeners did so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SyslogStatus {
    /// Messages received, those dropped included.
    pub received: u64,
    /// Datagrams dropped because too much waited.
    pub dropped: u64,
    /// Connections closed because their frames were nonsense.
    pub broken_connections: u64,
    /// Connections refused because there were too many.
    pub refused_connections: u64,
    /// Messages lost because the server shut down before the bus took them.
    pub lost: u64,
}

#[derive(Debug, Default)]
struct Counters {
    received: AtomicU64,
    dropped: AtomicU64,
    broken: AtomicU64,
    refused: AtomicU64,
    lost: AtomicU64,
}

/// One message in the queue; its permit frees its bytes once it was accepted.
struct Waiting {
    message: Vec<u8>,
    is_cut: bool,
    peer: Arc<str>,
    _permit: OwnedSemaphorePermit,
}

/// Where connections put their messages.
#[derive(Clone)]
struct Queue {
    sender: mpsc::Sender<Waiting>,
    bytes: Arc<Semaphore>,
    counters: Arc<Counters>,
    config: Arc<SyslogConfig>,
}

/// Bound sockets, not yet served.
#[derive(Debug)]
pub struct SyslogListener {
    config: SyslogConfig,
    udp: UdpSocket,
    tcp: TcpListener,
    counters: Arc<Counters>,
}

impl SyslogListener {
    /// Binds both sockets.
    ///
    /// # Errors
    /// Why one of the addresses cannot be bound.
    pub async fn bind(config: SyslogConfig) -> io::Result<Self> {
        Ok(Self {
            udp: UdpSocket::bind(config.udp).await?,
            tcp: TcpListener::bind(config.tcp).await?,
            config,
            counters: Arc::default(),
        })
    }

    /// The addresses bound, UDP and TCP.
    ///
    /// # Errors
    /// If the system does not say.
    pub fn addresses(&self) -> io::Result<(SocketAddr, SocketAddr)> {
        Ok((self.udp.local_addr()?, self.tcp.local_addr()?))
    }

    /// A function that tells what the listeners did so far.
    pub fn status(&self) -> impl Fn() -> SyslogStatus + Send + Sync + 'static {
        let counters = self.counters.clone();
        move || SyslogStatus {
            received: counters.received.load(Ordering::Relaxed),
            dropped: counters.dropped.load(Ordering::Relaxed),
            broken_connections: counters.broken.load(Ordering::Relaxed),
            refused_connections: counters.refused.load(Ordering::Relaxed),
            lost: counters.lost.load(Ordering::Relaxed),
        }
    }

    /// Serves until `shutdown` is cancelled, then delivers what waits and ends. Everything runs on
    /// `tracker`.
    pub fn spawn(self, door: Door, tracker: &TaskTracker, shutdown: &CancellationToken) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let queue = Queue {
            sender,
            bytes: Arc::new(Semaphore::new(
                self.config
                    .waiting_bytes_max
                    .clamp(1 << 17, u32::MAX as usize),
            )),
            counters: self.counters.clone(),
            config: Arc::new(self.config),
        };
        tracker.spawn(deliver(
            receiver,
            door,
            queue.config.clone(),
            (self.counters, shutdown.clone()),
        ));
        tracker.spawn(serve_udp(self.udp, queue.clone(), shutdown.clone()));
        tracker.spawn(serve_tcp(
            self.tcp,
            queue,
            tracker.clone(),
            shutdown.clone(),
        ));
    }
}

async fn serve_udp(socket: UdpSocket, queue: Queue, shutdown: CancellationToken) {
    let mut buffer = vec![0; 64 << 10];
    let mut last: Option<(std::net::IpAddr, Arc<str>)> = None;
    loop {
        let received = tokio::select! {
            () = shutdown.cancelled() => return,
            received = socket.recv_from(&mut buffer) => received,
        };
        let Ok((length, address)) = received else {
            // A refusal that an earlier answer met; there are none, but the socket goes on.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let peer = match &last {
            Some((ip, peer)) if *ip == address.ip() => peer.clone(),
            _ => Arc::from(address.ip().to_string()),
        };
        last = Some((address.ip(), peer.clone()));
        queue.counters.received.fetch_add(1, Ordering::Relaxed);
        let message = &buffer[..length.min(queue.config.frame_bytes_max)];
        let is_cut = message.len() < length;
        let permit = queue.bytes.clone().try_acquire_many_owned(weight(message));
        let waiting = permit.map(|permit| Waiting {
            message: message.to_vec(),
            is_cut,
            peer,
            _permit: permit,
        });
        if !waiting.is_ok_and(|waiting| queue.sender.try_send(waiting).is_ok()) {
            queue.counters.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// What a message weighs while it waits; an empty one weighs something as well.
fn weight(message: &[u8]) -> u32 {
    u32::try_from(message.len() + 64).unwrap_or(u32::MAX)
}

async fn serve_tcp(
    listener: TcpListener,
    queue: Queue,
    tracker: TaskTracker,
    shutdown: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(queue.config.connections_max));
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, address)) = accepted else {
            // Out of file descriptors, most likely: some will be free soon.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let Ok(place) = places.clone().try_acquire_owned() else {
            queue.counters.refused.fetch_add(1, Ordering::Relaxed);
            continue;
        };
        let (queue, shutdown) = (queue.clone(), shutdown.clone());
        tracker.spawn(async move {
            let peer = Arc::from(address.ip().to_string());
            if let Err(error) = serve_connection(stream, &queue, peer, &shutdown).await {
                tracing::debug!(peer = %address, error = %error, "a syslog connection broke");
            }
            drop(place);
        });
    }
}

async fn serve_connection(
    mut stream: TcpStream,
    queue: &Queue,
    peer: Arc<str>,
    shutdown: &CancellationToken,
) -> io::Result<()> {
    let mut framer = Framer::new(queue.config.frame_bytes_max);
    let mut buffer = vec![0; 16 << 10];
    loop {
        let length = tokio::select! {
            length = stream.read(&mut buffer) => length?,
            () = drained(shutdown) => 0,
        };
        if length == 0 {
            framer.end();
        } else {
            framer.push(&buffer[..length]);
        }
        loop {
            match framer.next_frame() {
                Ok(Some(frame)) => {
                    let (message, is_cut) = (frame.message.to_vec(), frame.is_cut);
                    queue.put(message, is_cut, &peer).await;
                }
                Ok(None) => break,
                Err(error) => {
                    queue.counters.broken.fetch_add(1, Ordering::Relaxed);
                    return Err(io::Error::new(io::ErrorKind::InvalidData, error));
                }
            }
        }
        if length == 0 {
            return Ok(());
        }
    }
}

/// Ready a little after the order to stop, unless more bytes come in the meantime.
async fn drained(shutdown: &CancellationToken) {
    shutdown.cancelled().await;
    tokio::time::sleep(DRAIN).await;
}

impl Queue {
    /// Waits for room; after the receiver ended the message is lost.
    async fn put(&self, message: Vec<u8>, is_cut: bool, peer: &Arc<str>) {
        self.counters.received.fetch_add(1, Ordering::Relaxed);
        let weight = weight(&message);
        let Ok(permit) = self.bytes.clone().acquire_many_owned(weight).await else {
            return;
        };
        let waiting = Waiting {
            message,
            is_cut,
            peer: peer.clone(),
            _permit: permit,
        };
        if self.sender.send(waiting).await.is_err() {
            self.counters.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Gathers messages into batches until every sender is gone.
async fn deliver(
    mut receiver: mpsc::Receiver<Waiting>,
    door: Door,
    config: Arc<SyslogConfig>,
    (counters, shutdown): (Arc<Counters>, CancellationToken),
) {
    let limits = Limits {
        sources_max: config.batch_records_max.max(1),
        ..Limits::default()
    };
    let mut waiting = Vec::new();
    while let Some(first) = receiver.recv().await {
        waiting.push(first);
        let deadline = Instant::now() + Duration::from_millis(config.batch_wait_ms);
        while waiting.len() < config.batch_records_max {
            match tokio::time::timeout_at(deadline, receiver.recv()).await {
                Ok(Some(message)) => waiting.push(message),
                _ => break,
            }
        }
        let batches = decode_waiting(&waiting, &door, (&config, &limits));
        if let Err(error) = door.deliver(batches, &shutdown).await {
            counters
                .lost
                .fetch_add(error.records as u64, Ordering::Relaxed);
            tracing::error!(
                records = error.records,
                "syslog messages were lost at shutdown"
            );
        }
        waiting.clear();
    }
}

fn decode_waiting(
    waiting: &[Waiting],
    door: &Door,
    (config, limits): (&SyslogConfig, &Limits),
) -> Vec<LogBatch> {
    let mut random = || (door.random)();
    let mut context = Context::new(door.clock.now(), &mut random, limits);
    context.zone_secs = config.zone_offset_minutes * 60;
    let messages = waiting.iter().map(|waiting| Received {
        message: &waiting.message,
        is_cut: waiting.is_cut,
        peer: &waiting.peer,
    });
    decode(messages, &mut context).batches
}
