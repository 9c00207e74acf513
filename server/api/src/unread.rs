//! What a client still sends when its answer stands. A connection that is closed over it is reset, and
//! the client may lose the answer: the reason for a refusal, or `Retry-After`.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::{Error, Router};
use futures_util::StreamExt;
use hyper::body::{Frame, SizeHint};
use parking_lot::Mutex;

/// The longest that an answer is held back for what the client still sends.
const WAIT_MAX: Duration = Duration::from_secs(5);

/// Has each request of these routes read to its end before it is answered, as far as it has at most
/// `bytes_max` more and they come within five seconds.
pub fn reading_out(routes: Router, bytes_max: usize) -> Router {
    routes.layer(from_fn_with_state(bytes_max, read_out))
}

async fn read_out(State(bytes_max): State<usize>, request: Request, next: Next) -> Response {
    // Who asks first sends nothing until told to.
    if request.body().is_end_stream() || request.headers().contains_key(header::EXPECT) {
        return next.run(request).await;
    }
    let (head, body) = request.into_parts();
    let body = Arc::new(Mutex::new(body));
    let lent = Body::new(Lent(body.clone()));
    let response = next.run(Request::from_parts(head, lent)).await;
    // Whoever still holds it reads on.
    if let Some(body) = Arc::into_inner(body) {
        let rest = discard(body.into_inner().into_data_stream(), bytes_max);
        // What comes no more is told by the connection that closes.
        let _waited = tokio::time::timeout(WAIT_MAX, rest).await;
    }
    response
}

async fn discard(mut rest: BodyDataStream, bytes_max: usize) {
    let mut left = bytes_max;
    while let Some(Ok(piece)) = rest.next().await {
        match left.checked_sub(piece.len()) {
            Some(less) => left = less,
            None => return,
        }
    }
}

/// A body that is taken back from whoever lets go of it before its end.
struct Lent(Arc<Mutex<Body>>);

impl HttpBody for Lent {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        Pin::new(&mut *self.0.lock()).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.0.lock().is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.lock().size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::http::StatusCode;
    use axum::routing::post;
    use futures_util::stream;
    use tower::ServiceExt;

    use super::*;

    const PIECES: usize = 10;

    /// How many pieces of a body of 10 pieces of 100 bytes are read, and the answer.
    async fn read(path: &str, headers: &[(&str, &str)], bytes_max: usize) -> (usize, StatusCode) {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = count.clone();
        let pieces = stream::iter(0..PIECES).then(move |_| {
            let counted = counted.clone();
            async move {
                tokio::task::yield_now().await;
                counted.fetch_add(1, Ordering::Relaxed);
                Ok::<_, Error>(Bytes::from_static(&[b'x'; 100]))
            }
        });
        let mut request = Request::post(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from_stream(pieces)).unwrap();
        let routes = Router::new()
            .route("/refused", post(async || StatusCode::CONFLICT))
            .route("/read", post(async |body: Bytes| body.len().to_string()));
        let answer = reading_out(routes, bytes_max).oneshot(request).await;
        (count.load(Ordering::Relaxed), answer.unwrap().status())
    }

    #[tokio::test]
    async fn what_a_refusal_did_not_read_is_read_within_bounds() {
        let refused = StatusCode::CONFLICT;
        assert_eq!(read("/read", &[], 0).await, (PIECES, StatusCode::OK));
        assert_eq!(read("/refused", &[], 1000).await, (PIECES, refused));
        assert_eq!(read("/refused", &[], 250).await, (3, refused));
    }

    #[tokio::test]
    async fn who_waits_to_be_told_is_not_told_to_send_what_nobody_wants() {
        let asks = [("expect", "100-continue")];
        let refused = StatusCode::CONFLICT;
        assert_eq!(read("/refused", &asks, 1000).await, (0, refused));
    }

    #[tokio::test(start_paused = true)]
    async fn who_sends_nothing_more_is_answered_after_a_while() {
        let request = Request::post("/refused");
        let request = request.body(Body::from_stream(stream::pending::<Result<Bytes, Error>>()));
        let routes = Router::new().route("/refused", post(async || StatusCode::CONFLICT));
        let answer = reading_out(routes, 1000).oneshot(request.unwrap()).await;
        assert_eq!(answer.unwrap().status(), StatusCode::CONFLICT);
    }
}
