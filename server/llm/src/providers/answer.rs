//! An answer as it arrives: bytes within limits of time, cut into messages, read into pieces.

use std::fmt;

use tocsin_domain::ports::{ChatPiece, ModelError, TimeoutKind};
use tokio::time::{Instant, timeout_at};

use super::failure::malformed;
use super::frames::{Frames, Framing};
use super::said::{Reader, Said};
use crate::config::TimeLimits;

/// An answer as it arrives. Dropping it closes the connection, which ends the model's work.
pub(crate) struct Answer {
    response: reqwest::Response,
    frames: Frames,
    reader: Box<dyn Reader>,
    said: Said,
    limits: TimeLimits,
    began: Instant,
    has_begun: bool,
    is_over: bool,
    /// What went wrong after the pieces that are still to be given out.
    error: Option<ModelError>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").finish_non_exhaustive()
    }
}

impl Answer {
    pub(super) fn new(
        response: reqwest::Response,
        framing: Framing,
        reader: Box<dyn Reader>,
        (limits, began): (TimeLimits, Instant),
    ) -> Self {
        Self {
            response,
            frames: Frames::new(framing),
            reader,
            said: Said::default(),
            limits,
            began,
            has_begun: false,
            is_over: false,
            error: None,
        }
    }

    /// Whether it came as one body, and not piece by piece.
    pub(crate) fn is_whole(&self) -> bool {
        self.frames.is_whole()
    }

    /// The next piece; none after the end or an error.
    ///
    /// # Cancel safety
    /// Safe: bytes that arrived are kept.
    pub(crate) async fn next(&mut self) -> Option<Result<ChatPiece, ModelError>> {
        loop {
            if let Some(piece) = self.said.next() {
                return Some(Ok(piece));
            }
            if let Some(error) = self.error.take() {
                return Some(Err(error));
            }
            if self.is_over {
                return None;
            }
            if let Err(error) = self.more().await {
                self.is_over = true;
                self.error = Some(error);
            }
        }
    }

    /// Reads on, until there is something more or the end.
    async fn more(&mut self) -> Result<(), ModelError> {
        let (deadline, which) = self.deadline();
        let chunk = timeout_at(deadline, self.response.chunk()).await;
        let messages = match chunk {
            Err(_) => return Err(ModelError::Timeout { which }),
            Ok(Ok(Some(bytes))) => {
                self.has_begun = true;
                self.frames.push(&bytes)?
            }
            Ok(Ok(None)) => {
                self.is_over = true;
                self.frames.finish()?
            }
            Ok(Err(_)) => return Err(malformed("the answer broke off", "")),
        };
        for message in messages {
            self.reader.read(&message, &mut self.said)?;
        }
        if self.is_over {
            self.reader.end(&mut self.said)?;
            if !self.said.is_done() {
                return Err(malformed("the answer broke off", ""));
            }
        }
        // What follows the end is not waited for.
        self.is_over |= self.said.is_done();
        Ok(())
    }

    fn deadline(&self) -> (Instant, TimeoutKind) {
        let total = self.began + self.limits.total;
        let now = Instant::now();
        let (next, which) = match self.has_begun {
            true => (now + self.limits.idle, TimeoutKind::Idle),
            false => (
                self.began + self.limits.first_token,
                TimeoutKind::FirstToken,
            ),
        };
        match next < total {
            true => (next, which),
            false => (total, TimeoutKind::Total),
        }
    }
}
