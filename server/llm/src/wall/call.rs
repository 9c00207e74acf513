//! A conversation on its way out: redaction, turn, attempts, the first piece of the answer.

use std::sync::Arc;
use std::time::Duration;

use tocsin_domain::ports::{ChatPiece, ChatRequest, ModelError};

use super::Wall;
use super::sheet::{End, Sheet};
use super::stream::Conversation;
use super::turns::Turn;
use crate::providers::{Answer, Failure};
use crate::redaction::{RedactedChat, redact_chat};
use crate::tokens;

/// Tokens that a message takes beside its text, about.
const TOKENS_PER_MESSAGE: usize = 5;
/// The most often that a conversation is written anew because the server does not take something.
const LESSONS_MAX: u32 = 6;

/// An answer that began.
pub(super) struct Begun {
    pub(super) answer: Answer,
    pub(super) first: ChatPiece,
    pub(super) sheet: Sheet,
}

impl Wall {
    pub(super) async fn converse(&self, request: ChatRequest) -> Result<Conversation, ModelError> {
        if request.messages.is_empty() || request.tokens_max == 0 {
            let detail = "expected at least one message and one token".to_owned();
            return Err(ModelError::BadRequest { detail });
        }
        let redacted = self.redacted(request).await?;
        let turn = self.turns.take().await?;
        let begun = self.attempts(&redacted).await;
        let begun = begun.map_err(|error| redacted.originals.restore_error(error))?;
        Ok(self.conversation(begun, redacted, turn))
    }

    /// Redaction may take milliseconds, which no other task has to wait for.
    async fn redacted(&self, request: ChatRequest) -> Result<RedactedChat, ModelError> {
        let (rules, hosts) = (Arc::clone(&self.rules), Arc::clone(&self.parts.hosts));
        let work = move || redact_chat(request, rules, &hosts());
        let done = tokio::task::spawn_blocking(work).await;
        done.map_err(|_| ModelError::Unavailable {
            retry_after_secs: None,
            detail: "the request could not be redacted".into(),
        })
    }

    fn conversation(&self, begun: Begun, redacted: RedactedChat, turn: Turn) -> Conversation {
        let is_json = redacted.request.schema.is_some();
        let telemetry = Arc::clone(&self.telemetry);
        Conversation::new(begun, (redacted.originals, is_json), turn, telemetry)
    }

    /// Attempts until the first piece came, or there is no use in another.
    async fn attempts(&self, redacted: &RedactedChat) -> Result<Begun, ModelError> {
        let mut attempt = 0;
        let mut lessons = 0;
        loop {
            let failure = match self.attempt(redacted).await {
                Ok(begun) => return Ok(begun),
                Err(failure) => failure,
            };
            if lessons < LESSONS_MAX && self.provider.learn(&failure) {
                lessons += 1;
                continue;
            }
            let Some(wait) = self.wait_after(&failure, attempt) else {
                return Err(failure.error);
            };
            attempt += 1;
            self.telemetry.retried();
            tokio::time::sleep(wait).await;
        }
    }

    async fn attempt(&self, redacted: &RedactedChat) -> Result<Begun, Failure> {
        self.breaker.pass().map_err(refused)?;
        let mut request = redacted.request.clone();
        let tokens_in = tokens_of(&request);
        let thinking = u64::from(self.provider.thinking_tokens());
        let tokens_max = u64::from(request.tokens_max) + thinking;
        let reservation = self
            .budget
            .reserve(&request.scope, tokens_in, tokens_max)
            .await;
        let reservation = reservation.map_err(refused)?;
        request.tokens_max = u32::try_from(reservation.tokens_out).unwrap_or(u32::MAX);
        let prepared = self.provider.prepare_chat(&request)?;
        let model = &self.settings.endpoint.model;
        let held = (reservation, tokens_in);
        let sheet = self
            .sheet(&request.scope, model, &redacted.counts, held)
            .await;
        let mut sheet = sheet.map_err(refused)?;
        sheet.leave(&prepared.body);
        let first = match self.provider.chat(prepared).await {
            Ok(mut answer) => match answer.next().await {
                Some(Ok(first)) => Ok((answer, first)),
                Some(Err(error)) => Err(Failure::after(error)),
                None => Err(Failure::malformed("the answer broke off", "")),
            },
            Err(failure) => Err(failure),
        };
        match first {
            Ok((answer, first)) => {
                self.breaker.succeeded();
                Ok(Begun {
                    answer,
                    first,
                    sheet,
                })
            }
            Err(failure) => Err(self.settle(sheet, failure).await),
        }
    }

    /// Writes down what failed, and remembers it of the server.
    pub(super) async fn settle(&self, mut sheet: Sheet, failure: Failure) -> Failure {
        match failure.error {
            ModelError::Unavailable { .. }
            | ModelError::Timeout { .. }
            | ModelError::Malformed { .. } => self.breaker.failed(),
            // It is there, and says what it does not like.
            _ => self.breaker.succeeded(),
        }
        if !failure.has_left {
            sheet.stay();
            return failure;
        }
        let end = End {
            outcome: failure.error.kind(),
            usage: sheet.estimate(),
            is_billed: failure.is_billed,
        };
        match sheet.close(end).await {
            Ok(()) => failure,
            // No further call without a ledger.
            Err(error) => refused(error),
        }
    }

    /// How long to wait before the next attempt; none if there is none.
    pub(super) fn wait_after(&self, failure: &Failure, attempt: u32) -> Option<Duration> {
        let retries = &self.settings.retries;
        let broke_off =
            matches!(&failure.error, ModelError::Malformed { text, .. } if text.is_empty());
        let is_worth = failure.is_temporary() || broke_off;
        if !is_worth || attempt >= retries.attempts_max {
            return None;
        }
        let asked_secs = match failure.error {
            ModelError::Unavailable {
                retry_after_secs, ..
            } => retry_after_secs.unwrap_or(0),
            _ => 0,
        };
        let asked_ms = asked_secs.saturating_mul(1000);
        if asked_ms > retries.wait_ms_max {
            return None;
        }
        let doubled = retries.wait_ms.saturating_mul(1 << attempt.min(20));
        let most = doubled.min(retries.wait_ms_max);
        let drawn = self.drawn(most);
        Some(Duration::from_millis(asked_ms.max(drawn)))
    }

    /// A number from 0 up to `most`, evenly.
    fn drawn(&self, most: u64) -> u64 {
        let random = (self.parts.random)();
        // The first bytes of an id may be its time; the last ones are random.
        let number = random
            .iter()
            .skip(2)
            .fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
        number % most.saturating_add(1).max(1)
    }
}

/// A failure that no server had a part in.
pub(super) fn refused(error: ModelError) -> Failure {
    // Not to be tried again, whatever its kind.
    Failure {
        is_final: true,
        ..Failure::before(error)
    }
}

/// About how many tokens a request has.
fn tokens_of(request: &ChatRequest) -> u64 {
    let messages = request.messages.iter().map(|message| {
        let calls = message.tool_calls.iter();
        let calls =
            calls.map(|call| tokens::estimate(&call.name) + tokens::estimate(&call.arguments_json));
        TOKENS_PER_MESSAGE + tokens::estimate(&message.text) + calls.sum::<usize>()
    });
    let tools = request.tools.iter().map(|tool| {
        tokens::estimate(&tool.name)
            + tokens::estimate(&tool.description)
            + tokens::estimate(&tool.parameters_json_schema)
    });
    let schema = request.schema.as_deref().map_or(0, tokens::estimate);
    (messages.sum::<usize>() + tools.sum::<usize>() + schema) as u64
}
