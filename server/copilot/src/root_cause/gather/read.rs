//! Reading many things at a time.

use futures_util::stream::{self, StreamExt, TryStreamExt};
use tocsin_domain::ports::StoreError;

/// Questions that are asked of the stores at a time; their work is done by threads, of which there are few.
const AT_A_TIME: usize = 4;

/// The answers to some questions, in their order.
pub(super) async fn all<T, F>(questions: impl IntoIterator<Item = F>) -> Result<Vec<T>, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    stream::iter(questions)
        .buffered(AT_A_TIME)
        .try_collect()
        .await
}
