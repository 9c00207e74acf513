//! Tocsin's own log as a source: what is logged goes through a bounded channel to the intake.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tocsin_domain::ports::{Clock, Intake};
use tocsin_domain::{BatchBuilder, BatchId, NewRecord, Severity};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::fmt::MakeWriter;

use crate::clock;

/// The name of the source.
pub(crate) const SOURCE: &str = "tocsin";
/// Lines that may wait; what does not fit is left out, it is on standard error all the same.
const QUEUE_MAX: usize = 1024;
/// How long lines are gathered before they are taken in together.
const GATHER: Duration = Duration::from_millis(300);

/// Makes writers that each take one formatted line.
#[derive(Debug, Clone)]
pub(crate) struct OwnLogWriter(mpsc::Sender<Vec<u8>>);

/// The receiving end.
#[derive(Debug)]
pub(crate) struct OwnLog(mpsc::Receiver<Vec<u8>>);

impl OwnLogWriter {
    /// Both ends.
    pub(crate) fn new() -> (Self, OwnLog) {
        let (sender, receiver) = mpsc::channel(QUEUE_MAX);
        (Self(sender), OwnLog(receiver))
    }
}

impl io::Write for OwnLogWriter {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        // Full means that the intake is not keeping up; its own trouble must not feed on itself.
        let _dropped_when_full = self.0.try_send(line.to_vec());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for OwnLogWriter {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl OwnLog {
    /// Takes lines in until cancelled.
    pub(crate) async fn run(
        mut self,
        intake: Arc<dyn Intake>,
        clock: Arc<dyn Clock>,
        cancel: CancellationToken,
    ) {
        let mut lines = Vec::new();
        loop {
            tokio::select! {
                () = cancel.cancelled() => return,
                received = self.0.recv_many(&mut lines, QUEUE_MAX) => if received == 0 { return },
            }
            tokio::time::sleep(GATHER).await;
            while let Ok(line) = self.0.try_recv() {
                lines.push(line);
            }
            let now = clock.now();
            let id = BatchId::new(now, clock::random());
            let mut batch = BatchBuilder::new(id, now, SOURCE.into());
            for line in lines.drain(..) {
                let body = line.strip_suffix(b"\n").unwrap_or(&line);
                let severity = severity(body);
                let record = NewRecord {
                    body,
                    timestamp: Some(now),
                    severity,
                    ..NewRecord::default()
                };
                if batch.push(record).is_err() {
                    break;
                }
            }
            // Logging a failure here would make another line; the bus has logged it already.
            let _refused = intake.accept(vec![batch.finish()]).await;
        }
    }
}

/// The level stands second in the line that the formatter writes.
fn severity(line: &[u8]) -> Severity {
    let text = std::str::from_utf8(line).unwrap_or_default();
    let word = text.split_ascii_whitespace().nth(1).unwrap_or_default();
    Severity::from_word(word).unwrap_or(Severity::UNSPECIFIED)
}
