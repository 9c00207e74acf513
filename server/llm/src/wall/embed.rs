//! Texts that become vectors, by the same rules as conversations.

use std::sync::Arc;

use tocsin_domain::ports::{CallScope, ModelError, Usage};

use super::Wall;
use super::call::refused;
use super::sheet::End;
use crate::providers::Failure;
use crate::redaction::redact_texts;
use crate::tokens;

/// The most texts of one request.
const TEXTS_MAX: usize = 128;

/// Texts that may leave, with how many values were cut out of them by kind.
type Redacted = (Vec<String>, Vec<(String, u32)>);

impl Wall {
    pub(super) async fn vectors(
        &self,
        scope: &CallScope,
        texts: &[String],
    ) -> Result<Vec<Vec<f32>>, ModelError> {
        let Some(model) = &self.settings.endpoint.embedding_model else {
            return Err(ModelError::NoModel);
        };
        let mut vectors: Vec<Vec<f32>> = Vec::with_capacity(texts.len());
        for some in texts.chunks(TEXTS_MAX) {
            let (rules, hosts) = (Arc::clone(&self.rules), Arc::clone(&self.parts.hosts));
            let some = some.to_vec();
            let work = move || redact_texts(&some, rules, &hosts());
            let redacted = tokio::task::spawn_blocking(work).await;
            let redacted = redacted.map_err(|_| ModelError::Unavailable {
                retry_after_secs: None,
                detail: "the texts could not be redacted".into(),
            })?;
            let _turn = self.turns.take().await?;
            vectors.extend(self.some_vectors(scope, model, &redacted).await?);
        }
        let length = vectors.first().map_or(0, Vec::len);
        match vectors.iter().all(|vector| vector.len() == length) {
            true => Ok(vectors),
            false => Err(ModelError::Malformed {
                detail: "the vectors differ in length".into(),
                text: String::new(),
            }),
        }
    }

    async fn some_vectors(
        &self,
        scope: &CallScope,
        model: &str,
        redacted: &Redacted,
    ) -> Result<Vec<Vec<f32>>, ModelError> {
        let mut attempt = 0;
        loop {
            let failure = match self.attempt_vectors(scope, model, redacted).await {
                Ok(vectors) => return Ok(vectors),
                Err(failure) => failure,
            };
            let Some(wait) = self.wait_after(&failure, attempt) else {
                return Err(failure.error);
            };
            attempt += 1;
            self.telemetry.retried();
            tokio::time::sleep(wait).await;
        }
    }

    async fn attempt_vectors(
        &self,
        scope: &CallScope,
        model: &str,
        (texts, counts): &Redacted,
    ) -> Result<Vec<Vec<f32>>, Failure> {
        self.breaker.pass().map_err(refused)?;
        let tokens_in: usize = texts.iter().map(|text| tokens::estimate(text)).sum();
        let tokens_in = tokens_in as u64;
        let reservation = self.budget.reserve(scope, tokens_in, 0).await;
        let reservation = reservation.map_err(refused)?;
        let Some(prepared) = self.provider.prepare_embed(texts) else {
            return Err(refused(ModelError::NoModel));
        };
        let prepared = prepared?;
        let sheet = self
            .sheet(scope, model, counts, (reservation, tokens_in))
            .await;
        let mut sheet = sheet.map_err(refused)?;
        sheet.leave(&prepared.body);
        let embedded = match self.provider.embed(prepared, texts.len()).await {
            Ok(embedded) => embedded,
            Err(failure) => return Err(self.settle(sheet, failure).await),
        };
        self.breaker.succeeded();
        let usage = Usage {
            tokens_in: embedded.tokens_in.unwrap_or(tokens_in),
            tokens_out: 0,
            is_estimate: embedded.tokens_in.is_none(),
        };
        let end = End {
            outcome: "ok",
            usage,
            is_billed: true,
        };
        sheet.close(end).await.map_err(refused)?;
        Ok(embedded.vectors)
    }
}
