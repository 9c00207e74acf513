//! An answer of the copilot as the events of `OpenAI`'s chat completions.

use std::collections::VecDeque;
use std::convert::Infallible;

use axum::response::Response;
use axum::response::sse::Event;
use futures_util::{Stream, stream};
use serde::Serialize;
use tocsin_domain::copilot::Message;
use tocsin_domain::ports::AnswerPiece;

use super::answer::{Answering, Said, event_stream};
use crate::state::ApiState;
use crate::views::copilot_markdown;
use crate::wire::chat_completions::{ChatAnswer, ChatError};

/// Answers with the words of an answer as they come.
pub(crate) fn events(state: &ApiState, answering: Answering, answer: ChatAnswer) -> Response {
    let mut queue = VecDeque::new();
    queue.push_back(data(&answer.begin()));
    let speaker = Speaker {
        answering: Some(answering),
        answer,
        queue,
        statements: 0,
        sent_bytes: 0,
    };
    event_stream(state, words(speaker))
}

/// Where an answer is.
struct Speaker {
    /// None once all was said.
    answering: Option<Answering>,
    answer: ChatAnswer,
    /// What is to be sent before anything else is heard.
    queue: VecDeque<Event>,
    /// How many sentences were sent.
    statements: usize,
    /// How many bytes of the answer were sent.
    sent_bytes: usize,
}

fn words(speaker: Speaker) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(speaker, |mut speaker| async move {
        loop {
            if let Some(event) = speaker.queue.pop_front() {
                return Some((Ok(event), speaker));
            }
            match speaker.answering.as_mut()?.next().await {
                Some(said) => speaker.hear(said),
                None => speaker.answering = None,
            }
        }
    })
}

impl Speaker {
    fn hear(&mut self, said: Said) {
        match said {
            Said::Piece(AnswerPiece::Understood(understood)) => {
                self.send(&copilot_markdown::understood(&understood));
            }
            Said::Piece(AnswerPiece::Statement(statement)) => {
                self.statements += 1;
                self.send(&copilot_markdown::statements(&[statement]));
            }
            // All others are in the whole.
            Said::Piece(_) => {}
            Said::Done(message) => self.end(&message),
            Said::Failed(error) => {
                error.log();
                let problem = ChatError::from(*error).problem();
                self.queue.push_back(data(&problem));
            }
        }
    }

    fn end(&mut self, message: &Message) {
        let mut is_stopped = false;
        if let Some(answer) = &message.answer {
            is_stopped = answer.is_stopped;
            let rest = answer.statements.get(self.statements..).unwrap_or_default();
            self.send(&copilot_markdown::statements(rest));
            self.send(&copilot_markdown::beside(answer));
        }
        self.queue.push_back(data(&self.answer.end(is_stopped)));
        if self.answer.has_usage {
            let used = self.answer.used(self.sent_bytes);
            self.queue.push_back(data(&used));
        }
        self.queue.push_back(Event::default().data("[DONE]"));
    }

    fn send(&mut self, text: &str) {
        if !text.is_empty() {
            self.sent_bytes += text.len();
            self.queue.push_back(data(&self.answer.more(text)));
        }
    }
}

/// JSON text holds no line ends, so an event is always one `data` line.
fn data(data: &impl Serialize) -> Event {
    Event::default().data(serde_json::to_string(data).unwrap_or_default())
}
