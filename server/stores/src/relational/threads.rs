//! Threads, and what was said in them.

use async_trait::async_trait;
use tocsin_domain::copilot::{Feedback, Message, MessageId, MessageRole, Thread, ThreadId};
use tocsin_domain::ports::{StoreError, ThreadStore};

use super::alerts::{count, from_text, get, id, id_bits, id_bytes, named, to_text};
use super::answer_json::{AnswerRow, PageRow};
use super::sql::{self, Area, Connection, QueryBuilder, Row};
use super::{RelationalStore, limit, store_error};

/// How many are forgotten at once, each with up to [`Thread::MESSAGES_MAX`] messages, so that no
/// writer waits long.
const FORGET_CHUNK: u64 = 20;

const PUT: &str = "INSERT INTO threads (id, title, words, owner, created_ms, updated_ms, messages) \
    VALUES ($1, $2, $3, $4, $5, $6, 0) ON CONFLICT (id) DO UPDATE SET title = excluded.title, \
    words = excluded.words, owner = excluded.owner, created_ms = excluded.created_ms, \
    updated_ms = excluded.updated_ms";

/// All that [`thread`] reads.
macro_rules! columns {
    () => {
        "SELECT id, title, owner, created_ms, updated_ms, messages FROM threads t WHERE "
    };
}

const ONE: &str = concat!(columns!(), "id = $1");

/// The messages of a thread, then the thread.
const DELETE: [&str; 2] = [
    "DELETE FROM thread_messages WHERE thread = $1",
    "DELETE FROM threads WHERE id = $1",
];

const FORGET: [&str; 2] = [
    "DELETE FROM thread_messages WHERE thread IN (SELECT id FROM threads WHERE updated_ms < $1 \
    ORDER BY updated_ms, id LIMIT $2)",
    "DELETE FROM threads WHERE id IN (SELECT id FROM threads WHERE updated_ms < $1 \
    ORDER BY updated_ms, id LIMIT $2)",
];

const MAKE_ROOM: &str = "UPDATE threads SET messages = messages + 1, \
    updated_ms = CASE WHEN updated_ms < $2 THEN $2 ELSE updated_ms END WHERE id = $1 AND messages < $3";

const ADD: &str = "INSERT INTO thread_messages (id, thread, words, answers, role, at_ms, text, \
    page, feedback, comment, answer) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
    ON CONFLICT (id) DO NOTHING";

// Of one time in the order in which they were added: an answer comes after its question.
const MESSAGES: &str = "SELECT id, thread, answers, role, at_ms, text, page, feedback, comment, \
    answer FROM thread_messages WHERE thread = $1 ORDER BY at_ms, number";

const SET_FEEDBACK: &str = "UPDATE thread_messages SET feedback = $2, comment = $3 WHERE id = $1";

#[async_trait]
impl ThreadStore for RelationalStore {
    async fn put_thread(&self, thread: Thread) -> Result<(), StoreError> {
        sql::query(PUT)
            .bind(id_bytes(thread.id.0))
            .bind(&thread.title)
            .bind(thread.title.to_lowercase())
            .bind(&thread.user)
            .bind(thread.created_ms)
            .bind(thread.updated_ms)
            .execute(&self.pool)
            .await
            .map_err(store_error)?;
        Ok(())
    }

    async fn thread(&self, id: ThreadId) -> Result<Option<Thread>, StoreError> {
        let row = sql::query(ONE)
            .bind(id_bytes(id.0))
            .fetch_optional(&self.pool)
            .await
            .map_err(store_error)?;
        row.as_ref().map(thread).transpose()
    }

    async fn threads(
        &self,
        text: Option<&str>,
        before: Option<(i64, ThreadId)>,
        page: usize,
    ) -> Result<Vec<Thread>, StoreError> {
        let mut sql = QueryBuilder::new(self.pool.engine(), concat!(columns!(), "TRUE"));
        if let Some((updated_ms, id)) = before {
            sql.push(" AND (updated_ms, id) < (").push_bind(updated_ms);
            sql.push(", ").push_bind(id_bytes(id.0)).push(")");
        }
        if let Some(text) = text {
            let text = text.to_lowercase();
            sql.push(" AND (instr(words, ").push_bind(text.clone());
            sql.push(") > 0 OR EXISTS (SELECT 1 FROM thread_messages m ");
            sql.push("WHERE m.thread = t.id AND instr(m.words, ")
                .push_bind(text)
                .push(") > 0))");
        }
        sql.push(" ORDER BY updated_ms DESC, id DESC LIMIT ")
            .push_bind(limit(page));
        let rows = sql.build().fetch_all(&self.pool).await;
        rows.map_err(store_error)?.iter().map(thread).collect()
    }

    async fn delete_thread(&self, id: ThreadId) -> Result<bool, StoreError> {
        let mut transaction = self.write(Area::Threads).await?;
        let mut gone = 0;
        for sql in DELETE {
            let done = sql::query(sql)
                .bind(id_bytes(id.0))
                .execute(&mut *transaction)
                .await
                .map_err(store_error)?;
            gone = done.rows_affected();
        }
        transaction.commit().await.map_err(store_error)?;
        Ok(gone > 0)
    }

    async fn add_message(&self, message: Message) -> Result<(), StoreError> {
        let mut transaction = self.write(Area::Threads).await?;
        make_room(&mut transaction, &message).await?;
        add(&mut transaction, message).await?;
        transaction.commit().await.map_err(store_error)
    }

    async fn messages(&self, thread: ThreadId) -> Result<Vec<Message>, StoreError> {
        let rows = sql::query(MESSAGES)
            .bind(id_bytes(thread.0))
            .fetch_all(&self.pool)
            .await
            .map_err(store_error)?;
        rows.iter().map(message).collect()
    }

    async fn set_message_feedback(
        &self,
        id: MessageId,
        feedback: Option<Feedback>,
        comment: Option<String>,
    ) -> Result<bool, StoreError> {
        let done = sql::query(SET_FEEDBACK)
            .bind(id_bytes(id.0))
            .bind(feedback.map(Feedback::name))
            .bind(comment)
            .execute(&self.pool)
            .await
            .map_err(store_error)?;
        Ok(done.rows_affected() > 0)
    }

    async fn forget_threads(&self, before_ms: i64) -> Result<u64, StoreError> {
        self.forget_in_chunks((Area::Threads, &FORGET), before_ms, FORGET_CHUNK)
            .await
    }
}

/// Counts a message that is to come, if its thread is there and not full.
async fn make_room(connection: &mut Connection, message: &Message) -> Result<(), StoreError> {
    let done = sql::query(MAKE_ROOM)
        .bind(id_bytes(message.thread.0))
        .bind(message.at_ms)
        .bind(i64::from(Thread::MESSAGES_MAX))
        .execute(connection)
        .await
        .map_err(store_error)?;
    if done.rows_affected() == 0 {
        return Err(StoreError::Invalid(format!(
            "there is no thread {}, or it has {} messages already",
            message.thread,
            Thread::MESSAGES_MAX
        )));
    }
    Ok(())
}

async fn add(connection: &mut Connection, message: Message) -> Result<(), StoreError> {
    let page = message.page.map(|page| to_text(&PageRow::from(page)));
    let answer = message.answer.map(|one| to_text(&AnswerRow::from(one)));
    let done = sql::query(ADD)
        .bind(id_bytes(message.id.0))
        .bind(id_bytes(message.thread.0))
        .bind(message.text.to_lowercase())
        .bind(message.answers.map(|question| id_bytes(question.0)))
        .bind(message.role.name())
        .bind(message.at_ms)
        .bind(&message.text)
        .bind(page.transpose()?)
        .bind(message.feedback.map(Feedback::name))
        .bind(message.comment.as_deref())
        .bind(answer.transpose()?)
        .execute(connection)
        .await
        .map_err(store_error)?;
    if done.rows_affected() == 0 {
        let id = message.id;
        return Err(StoreError::Invalid(format!(
            "message {id} is there already"
        )));
    }
    Ok(())
}

fn thread(row: &Row) -> Result<Thread, StoreError> {
    let messages = u32::try_from(count(row, "messages")?);
    Ok(Thread {
        id: ThreadId(id(row, "id")?),
        title: get(row, "title")?,
        user: get(row, "owner")?,
        created_ms: get(row, "created_ms")?,
        updated_ms: get(row, "updated_ms")?,
        messages: messages.unwrap_or(u32::MAX),
    })
}

fn message(row: &Row) -> Result<Message, StoreError> {
    let answers: Option<&[u8]> = get(row, "answers")?;
    let answers = answers.map(|bytes| id_bits(bytes, "a question"));
    let page = get::<Option<&str>>(row, "page")?
        .map(|text| from_text::<PageRow>(text, "the page of a question")?.read());
    let answer = get::<Option<&str>>(row, "answer")?
        .map(|text| from_text::<AnswerRow>(text, "an answer")?.read());
    let feedback = match get(row, "feedback")? {
        None::<&str> => None,
        Some(_) => Some(named(row, "feedback", Feedback::from_name)?),
    };
    Ok(Message {
        id: MessageId(id(row, "id")?),
        thread: ThreadId(id(row, "thread")?),
        answers: answers.transpose()?.map(MessageId),
        role: named(row, "role", MessageRole::from_name)?,
        at_ms: get(row, "at_ms")?,
        text: get(row, "text")?,
        page: page.transpose()?,
        answer: answer.transpose()?,
        feedback,
        comment: get(row, "comment")?,
    })
}
