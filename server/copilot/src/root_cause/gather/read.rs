//! Reading many things at a time.

use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use tocsin_domain::ports::StoreError;

/// Questions that are asked of the stores at a time; their work is done by threads, of which there are few.
const AT_A_TIME: usize = 4;

/// The answers to some questions, in their order. Boxed, so that the closure that makes the questions is no part
/// of the future: it would keep the whole from being `Send`.
pub(super) fn all<'a, T, F>(
    questions: impl IntoIterator<Item = F>,
) -> BoxFuture<'a, Result<Vec<T>, StoreError>>
where
    T: Send + 'a,
    F: Future<Output = Result<T, StoreError>> + Send + 'a,
{
    let questions: Vec<F> = questions.into_iter().collect();
    stream::iter(questions)
        .buffered(AT_A_TIME)
        .try_collect()
        .boxed()
}
