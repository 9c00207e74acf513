//! The store of threads.

use async_trait::async_trait;

use super::log_store::StoreError;
use crate::copilot::{Feedback, Message, MessageId, Thread, ThreadId};

/// Conversations, and what was said in them.
#[async_trait]
pub trait ThreadStore: Send + Sync {
    /// Keeps a thread in place of the one with its id; its count of messages is the store's own.
    /// Durable on return.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn put_thread(&self, thread: Thread) -> Result<(), StoreError>;

    /// One thread.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn thread(&self, id: ThreadId) -> Result<Option<Thread>, StoreError>;

    /// Threads by when something was last said, newest first, after the one that `before` names by
    /// its time and id; only those with a text in title or messages, case ignored.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn threads(
        &self,
        text: Option<&str>,
        before: Option<(i64, ThreadId)>,
        limit: usize,
    ) -> Result<Vec<Thread>, StoreError>;

    /// Drops a thread with its messages. False if there is none.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn delete_thread(&self, id: ThreadId) -> Result<bool, StoreError>;

    /// Adds a message, and moves its thread's `updated_ms` on. Durable on return.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] if there is no such thread, or it has all the messages it may.
    async fn add_message(&self, message: Message) -> Result<(), StoreError>;

    /// All messages of a thread, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn messages(&self, thread: ThreadId) -> Result<Vec<Message>, StoreError>;

    /// Notes what someone thinks of an answer. False if there is no such message.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn set_message_feedback(
        &self,
        id: MessageId,
        feedback: Option<Feedback>,
        comment: Option<String>,
    ) -> Result<bool, StoreError>;

    /// Drops threads in which nothing was said since a time, in ms. Returns how many went.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn forget_threads(&self, before_ms: i64) -> Result<u64, StoreError>;
}
