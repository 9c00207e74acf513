//! An answer on its way in: values come back into it, it is cut where the budget ends, and it ends
//! only when it is written down.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use tocsin_domain::ports::{ChatPiece, ChatStream, Finish, ModelError, ToolCall, Usage};

use super::call::Begun;
use super::sheet::{End, Sheet};
use super::telemetry::ModelTelemetry;
use super::turns::Turn;
use crate::providers::Answer;
use crate::redaction::{Originals, Restorer, Writing};
use crate::tokens;

/// An answer on its way in. Dropping it ends the call, which is then written down as cut.
pub(super) struct Conversation {
    answer: Answer,
    /// What came and was not looked at yet.
    arrived: Option<ChatPiece>,
    /// What is ready to be given out.
    ready: VecDeque<ChatPiece>,
    restorer: Restorer,
    originals: Originals,
    sheet: Sheet,
    /// The turn, until the answer is over.
    turn: Option<Turn>,
    telemetry: Arc<ModelTelemetry>,
}

impl fmt::Debug for Conversation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conversation").finish_non_exhaustive()
    }
}

impl Conversation {
    pub(super) fn new(
        begun: Begun,
        (originals, is_json): (Originals, bool),
        turn: Turn,
        telemetry: Arc<ModelTelemetry>,
    ) -> Self {
        let writing = if is_json {
            Writing::Json
        } else {
            Writing::Plain
        };
        telemetry.began();
        Self {
            answer: begun.answer,
            arrived: Some(begun.first),
            ready: VecDeque::new(),
            restorer: Restorer::new(originals.clone(), writing),
            originals,
            sheet: begun.sheet,
            turn: Some(turn),
            telemetry,
        }
    }

    /// Whether it came as one body, and not piece by piece.
    pub(super) fn is_whole(&self) -> bool {
        self.answer.is_whole()
    }

    async fn take(&mut self, piece: ChatPiece) -> Result<(), ModelError> {
        match piece {
            ChatPiece::Text(text) => {
                self.sheet.came(tokens::estimate(&text))?;
                let text = self.restorer.push(&text);
                self.give_text(text);
                Ok(())
            }
            ChatPiece::ToolCall(call) => self.take_call(call),
            ChatPiece::Done { finish, usage } => self.take_end(finish, usage).await,
        }
    }

    fn take_call(&mut self, call: ToolCall) -> Result<(), ModelError> {
        let tokens = tokens::estimate(&call.name) + tokens::estimate(&call.arguments_json);
        self.sheet.came(tokens)?;
        let held = self.restorer.finish();
        self.give_text(held);
        let arguments_json = self.originals.restore_json(&call.arguments_json);
        self.ready.push_back(ChatPiece::ToolCall(ToolCall {
            arguments_json,
            ..call
        }));
        Ok(())
    }

    async fn take_end(&mut self, finish: Finish, usage: Usage) -> Result<(), ModelError> {
        let usage = match usage.is_estimate {
            true => self.sheet.estimate(),
            false => usage,
        };
        let end = End {
            outcome: "ok",
            usage,
            is_billed: true,
        };
        self.sheet.close(end).await?;
        self.over();
        let held = self.restorer.finish();
        self.give_text(held);
        self.ready.push_back(ChatPiece::Done { finish, usage });
        Ok(())
    }

    fn give_text(&mut self, text: String) {
        if !text.is_empty() {
            self.ready.push_back(ChatPiece::Text(text));
        }
    }

    async fn fail(&mut self, error: ModelError) -> ModelError {
        let end = End {
            outcome: error.kind(),
            usage: self.sheet.estimate(),
            is_billed: true,
        };
        self.telemetry.failed(&error);
        // The answer is given up anyway; the keeper says so if it cannot write.
        let _told = self.sheet.close(end).await;
        self.over();
        self.originals.restore_error(error)
    }

    fn over(&mut self) {
        if self.turn.take().is_some() {
            self.telemetry.ended();
        }
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        self.over();
    }
}

#[async_trait]
impl ChatStream for Conversation {
    async fn next(&mut self) -> Option<Result<ChatPiece, ModelError>> {
        loop {
            if let Some(piece) = self.ready.pop_front() {
                return Some(Ok(piece));
            }
            self.turn.as_ref()?;
            let arrived = match self.arrived.take() {
                Some(first) => Some(Ok(first)),
                None => self.answer.next().await,
            };
            let taken = match arrived {
                Some(Ok(piece)) => self.take(piece).await,
                Some(Err(error)) => Err(error),
                None => Err(ModelError::Malformed {
                    detail: "the answer broke off".into(),
                    text: String::new(),
                }),
            };
            if let Err(error) = taken {
                return Some(Err(self.fail(error).await));
            }
        }
    }
}
