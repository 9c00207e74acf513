//! What a message of an answer says, whichever server said it.

use std::collections::VecDeque;

use tocsin_domain::ports::{ChatPiece, Finish, ModelError, Usage};

use super::failure::malformed;

/// The most bytes of an answer's text.
const TEXT_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Reads the messages of one answer.
pub(super) trait Reader: Send {
    /// Reads a message; what it says is added to `said`.
    fn read(&mut self, message: &str, said: &mut Said) -> Result<(), ModelError>;

    /// Nothing follows: the end is added to `said`, or it was not the end.
    fn end(&mut self, said: &mut Said) -> Result<(), ModelError>;
}

/// What was said, in order.
#[derive(Debug, Default)]
pub(super) struct Said {
    pieces: VecDeque<ChatPiece>,
    text_bytes: usize,
    is_done: bool,
}

impl Said {
    pub(super) fn text(&mut self, text: String) -> Result<(), ModelError> {
        if text.is_empty() {
            return Ok(());
        }
        self.text_bytes += text.len();
        if self.text_bytes > TEXT_BYTES_MAX {
            return Err(malformed("the answer is too long", ""));
        }
        self.pieces.push_back(ChatPiece::Text(text));
        Ok(())
    }

    pub(super) fn piece(&mut self, piece: ChatPiece) {
        self.pieces.push_back(piece);
    }

    /// The end; a usage that the server did not tell is left to whoever knows what was sent.
    pub(super) fn done(&mut self, finish: Finish, usage: Option<(u64, u64)>) {
        let (tokens_in, tokens_out) = usage.unwrap_or_default();
        self.is_done = true;
        self.pieces.push_back(ChatPiece::Done {
            finish,
            usage: Usage {
                tokens_in,
                tokens_out,
                is_estimate: usage.is_none(),
            },
        });
    }

    pub(super) const fn is_done(&self) -> bool {
        self.is_done
    }

    pub(super) fn next(&mut self) -> Option<ChatPiece> {
        self.pieces.pop_front()
    }
}
