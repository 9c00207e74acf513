//! An answer of the copilot as it is made.
//!
//! A task of its own asks, so that the answer is kept also when the client leaves: what it says goes
//! into a queue, and when nobody takes it any more, or the server shuts down, the copilot is told to
//! end where it is.

use std::convert::Infallible;
use std::time::Duration;

use async_trait::async_trait;
use axum::http::{HeaderName, HeaderValue};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, stream};
use serde::Serialize;
use serde_json::json;
use tocsin_domain::copilot::Message;
use tocsin_domain::ports::{AnswerListener, AnswerPiece, Question};
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::feed::{Patience, SHUTTING_DOWN};
use crate::errors::{ApiError, ErrorKind};
use crate::state::ApiState;
use crate::wire::copilot_answer::{StepItem, UnderstoodItem};
use crate::wire::facts::{ChartItem, FactItem, StatementItem};
use crate::wire::threads::MessageItem;

/// How many pieces wait for a client at most.
const QUEUE: usize = 16;
/// How long an answer may take to end where it is once the server shuts down.
const END_WAIT: Duration = Duration::from_secs(5);

/// What comes of a question.
#[derive(Debug)]
pub(crate) enum Said {
    /// A part of the answer.
    Piece(AnswerPiece),
    /// The whole answer; nothing follows.
    Done(Box<Message>),
    /// There is none; nothing follows.
    Failed(Box<ApiError>),
}

/// An answer that is being made. Dropping it ends the answer where it is.
#[derive(Debug)]
pub(crate) struct Answering {
    first: Option<Said>,
    pieces: Option<Receiver<Said>>,
}

/// Asks a question. Returns with the first piece of the answer.
///
/// # Errors
/// Why there is no answer, if that is known before anything was said.
pub(crate) async fn begin(state: &ApiState, question: Question) -> Result<Answering, ApiError> {
    let (sender, mut pieces) = mpsc::channel(QUEUE);
    let copilot = state.parts().copilot.clone();
    let mut listener = Listener {
        patience: Patience::of(state),
        shutdown: state.parts().shutdown.clone(),
        sender,
    };
    let shutdown = listener.shutdown.clone();
    state.parts().tasks.spawn(async move {
        let late = async {
            shutdown.cancelled().await;
            tokio::time::sleep(END_WAIT).await;
        };
        let last = tokio::select! {
            answered = copilot.ask(question, &mut listener) => match answered {
                Ok(message) => Said::Done(Box::new(message)),
                Err(error) => Said::Failed(Box::new(error.into())),
            },
            () = late => {
                let error = ApiError::new(ErrorKind::Unavailable, SHUTTING_DOWN);
                Said::Failed(Box::new(error))
            }
        };
        listener.send(last).await;
    });
    match pieces.recv().await {
        Some(Said::Failed(error)) => Err(*error),
        first => Ok(Answering {
            first,
            pieces: Some(pieces),
        }),
    }
}

impl Answering {
    /// What was said next; the last is `Done` or `Failed`, and after it none.
    pub(crate) async fn next(&mut self) -> Option<Said> {
        if let Some(first) = self.first.take() {
            return Some(self.told(first));
        }
        let said = self.pieces.as_mut()?.recv().await;
        // The task ended without a last word: the copilot panicked.
        let said = said.unwrap_or_else(|| Said::Failed(Box::new(broken())));
        Some(self.told(said))
    }

    fn told(&mut self, said: Said) -> Said {
        if !matches!(said, Said::Piece(_)) {
            self.pieces = None;
        }
        said
    }

    /// The whole answer.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) async fn whole(mut self) -> Result<Message, ApiError> {
        loop {
            match self.next().await {
                Some(Said::Piece(_)) => {}
                Some(Said::Done(message)) => return Ok(*message),
                Some(Said::Failed(error)) => return Err(*error),
                None => return Err(broken()),
            }
        }
    }
}

fn broken() -> ApiError {
    ApiError::new(
        ErrorKind::Internal,
        "the answer broke off; the log says more",
    )
}

/// Moves what the copilot says to a client.
struct Listener {
    sender: Sender<Said>,
    patience: Patience,
    shutdown: CancellationToken,
}

impl Listener {
    /// False if the client left or does not take what it is sent.
    async fn send(&self, said: Said) -> bool {
        let sent = timeout(self.patience.send, self.sender.send(said)).await;
        matches!(sent, Ok(Ok(())))
    }
}

#[async_trait]
impl AnswerListener for Listener {
    async fn hear(&mut self, piece: AnswerPiece) -> bool {
        !self.shutdown.is_cancelled() && self.send(Said::Piece(piece)).await
    }
}

/// Answers with the pieces of an answer as Server-Sent Events.
pub(crate) fn events(state: &ApiState, answering: Answering) -> Response {
    event_stream(state, pieces(answering))
}

/// Answers with events, and says now and then that the server is alive.
pub(crate) fn event_stream(
    state: &ApiState,
    events: impl Stream<Item = Result<Event, Infallible>> + Send + 'static,
) -> Response {
    let every = Duration::from_secs(state.parts().config.heartbeat_secs.max(1));
    let heartbeat = KeepAlive::new().interval(every).text("ping");
    let mut response = Sse::new(events).keep_alive(heartbeat).into_response();
    // Proxies that gather what they pass on would hold the events back.
    let header = HeaderName::from_static("x-accel-buffering");
    let no = HeaderValue::from_static("no");
    response.headers_mut().insert(header, no);
    response
}

fn pieces(answering: Answering) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(answering, |mut answering| async move {
        let said = answering.next().await?;
        Some((Ok(event(said)), answering))
    })
}

fn event(said: Said) -> Event {
    match said {
        Said::Piece(piece) => piece_event(&piece),
        Said::Done(message) => named("message", &MessageItem::from(&*message)),
        Said::Failed(error) => {
            error.log();
            named("error", &error.problem())
        }
    }
}

fn piece_event(piece: &AnswerPiece) -> Event {
    match piece {
        AnswerPiece::Asked(id) => named("asked", &json!({ "id": id.to_string() })),
        AnswerPiece::Understood(understood) => {
            named("understood", &UnderstoodItem::from(understood))
        }
        AnswerPiece::Step(step) => named("step", &StepItem::from(step)),
        AnswerPiece::Fact(fact) => named("fact", &FactItem::from(fact)),
        AnswerPiece::Statement(statement) => named("statement", &StatementItem::from(statement)),
        AnswerPiece::Chart(chart) => named("chart", &ChartItem::from(chart)),
        AnswerPiece::Notice(text) => named("notice", &json!({ "text": text })),
    }
}

/// JSON text holds no line ends, so an event is always one `data` line.
pub(super) fn named(name: &str, data: &impl Serialize) -> Event {
    let data = serde_json::to_string(data).unwrap_or_default();
    Event::default().event(name).data(data)
}
