//! The ledger of models: a table that is only ever added to.

use async_trait::async_trait;
use tocsin_domain::ports::{LedgerEntry, LedgerId, ModelLedger, SpendScope, Spent, StoreError};

use super::alerts::{count, from_text, get, id, id_bytes, to_text};
use super::sql::{self, Row};
use super::{RelationalStore, limit, store_error};

const ADD: &str = "INSERT INTO model_ledger (id, at_ms, provider, model, destination, asker, \
    question, task, prompt_hash, tokens_in, tokens_out, micro_usd, redactions, outcome, took_ms, \
    sent_sha256) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";

const PAGE: &str = "SELECT id, at_ms, provider, model, destination, asker, question, task, \
    prompt_hash, tokens_in, tokens_out, micro_usd, redactions, outcome, took_ms, sent_sha256 \
    FROM model_ledger WHERE id < $1 ORDER BY id DESC LIMIT $2";

macro_rules! sum {
    ($condition:literal) => {
        concat!(
            "SELECT CAST(coalesce(sum(tokens_in), 0) AS BIGINT) AS tokens_in, \
            CAST(coalesce(sum(tokens_out), 0) AS BIGINT) AS tokens_out, \
            CAST(coalesce(sum(micro_usd), 0) AS BIGINT) AS micro_usd FROM model_ledger WHERE ",
            $condition
        )
    };
}

const OF_QUESTION: &str = sum!("question = $1");
const OF_USER: &str = sum!("asker = $1 AND at_ms >= $2");
const OF_ALL: &str = sum!("at_ms >= $1");

#[async_trait]
impl ModelLedger for RelationalStore {
    async fn record(&self, entry: LedgerEntry) -> Result<(), StoreError> {
        sql::query(ADD)
            .bind(id_bytes(entry.id.0))
            .bind(entry.at_ms)
            .bind(&entry.provider)
            .bind(&entry.model)
            .bind(&entry.destination)
            .bind(&entry.user)
            .bind(id_bytes(entry.question_id))
            .bind(&entry.task)
            .bind(&entry.prompt_hash)
            .bind(summand(entry.tokens_in))
            .bind(summand(entry.tokens_out))
            .bind(summand(entry.micro_usd))
            .bind(to_text(&entry.redactions)?)
            .bind(&entry.outcome)
            .bind(summand(entry.took_ms))
            .bind(&entry.sent_sha256)
            .execute(&self.pool)
            .await
            .map_err(store_error)?;
        Ok(())
    }

    async fn spent(&self, scope: SpendScope) -> Result<Spent, StoreError> {
        let sum = match &scope {
            SpendScope::Question { question_id } => {
                sql::query(OF_QUESTION).bind(id_bytes(*question_id))
            }
            SpendScope::User { user, since_ms } => sql::query(OF_USER).bind(user).bind(since_ms),
            SpendScope::Month { since_ms } => sql::query(OF_ALL).bind(since_ms),
        };
        let row = sum.fetch_one(&self.pool).await.map_err(store_error)?;
        Ok(Spent {
            tokens: count(&row, "tokens_in")?.saturating_add(count(&row, "tokens_out")?),
            micro_usd: count(&row, "micro_usd")?,
        })
    }

    async fn page(
        &self,
        before: Option<LedgerId>,
        page: usize,
    ) -> Result<Vec<LedgerEntry>, StoreError> {
        // Longer than any id, so above them all.
        let before = before.map_or_else(|| vec![0xff; 17], |id| id_bytes(id.0));
        let rows = sql::query(PAGE)
            .bind(before)
            .bind(limit(page))
            .fetch_all(&self.lists)
            .await
            .map_err(store_error)?;
        rows.iter().map(entry).collect()
    }
}

/// A number as it is summed: SQL knows no unsigned ones.
fn summand(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn entry(row: &Row) -> Result<LedgerEntry, StoreError> {
    Ok(LedgerEntry {
        id: LedgerId(id(row, "id")?),
        at_ms: get(row, "at_ms")?,
        provider: get(row, "provider")?,
        model: get(row, "model")?,
        destination: get(row, "destination")?,
        user: get(row, "asker")?,
        question_id: id(row, "question")?,
        task: get(row, "task")?,
        prompt_hash: get(row, "prompt_hash")?,
        tokens_in: count(row, "tokens_in")?,
        tokens_out: count(row, "tokens_out")?,
        micro_usd: count(row, "micro_usd")?,
        redactions: from_text(get(row, "redactions")?, "the redactions of a call")?,
        outcome: get(row, "outcome")?,
        took_ms: count(row, "took_ms")?,
        sent_sha256: get(row, "sent_sha256")?,
    })
}
