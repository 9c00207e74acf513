//! Search by meaning: the questions that need templates, vectors and the log store together.

use std::sync::Arc;

use async_trait::async_trait;

use super::engine_error::EngineError;
use super::log_store::{BandCounts, LogQuery, StoreError};
use crate::id::{RecordId, TemplateId};
use crate::record::LogRecord;
use crate::template::Template;
use crate::time::Timestamp;

/// Why a search by meaning has no answer.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// No embedding model is there; text search works on.
    #[error("semantic search is off: {remedy}")]
    ModelMissing {
        /// What the user can do.
        remedy: String,
    },
    /// The embedding model failed on this question.
    #[error("the embedding model failed")]
    Model(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// What was asked makes no sense; says why.
    #[error("{0}")]
    Invalid(String),
    /// A store did not answer.
    #[error("a store did not answer")]
    Store(#[from] StoreError),
}

impl SearchError {
    /// Why words alone should be searched for instead; none if that would be no better.
    #[must_use]
    pub fn fallback(&self) -> Option<String> {
        match self {
            Self::ModelMissing { .. } => Some(self.to_string()),
            Self::Model(_) => Some(match EngineError::behind(self) {
                Some(error) => away(error.engine),
                None => "semantic search is away: the embedding model failed".into(),
            }),
            // If it was the store of lines, words find nothing either, and that is told.
            Self::Store(StoreError::Unavailable(_)) => {
                let engine = EngineError::behind(self).map_or("a store", |error| error.engine);
                Some(away(engine))
            }
            Self::Invalid(_) | Self::Store(_) => None,
        }
    }
}

fn away(engine: &str) -> String {
    format!("semantic search is away: {engine} did not answer")
}

/// A prototype that answers a question.
#[derive(Debug, Clone, PartialEq)]
pub struct RankedPrototype {
    /// Its template.
    pub template: Arc<Template>,
    /// How well it answers; higher is better, comparable within one answer only.
    pub score: f32,
    /// How many records of it the filter leaves.
    pub count: u64,
}

/// A record that answers a question.
#[derive(Debug, Clone, PartialEq)]
pub struct RankedRecord {
    /// The record.
    pub record: LogRecord,
    /// How well it answers; higher is better, comparable within one answer only.
    pub score: f32,
}

/// One page of an answer, best first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RankedPage {
    /// The prototypes behind the records, best first; the same on every page.
    pub prototypes: Vec<RankedPrototype>,
    /// The records: by prototype, newest first within one, unless the words rank them otherwise.
    pub records: Vec<RankedRecord>,
    /// How many records all pages together have: those of the matched prototypes.
    pub total: u64,
    /// Where the next page begins, in a form that only the search reads; none if this is the last.
    pub next: Option<String>,
    /// What the reader should know, such as that some prototypes are not embedded yet.
    pub notice: Option<String>,
}

/// Prototypes that mean the same, with what a filter leaves of them.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterSummary {
    /// Names the cluster; stable while its most frequent prototypes stay together.
    pub id: String,
    /// A few words that say what it is about.
    pub label: String,
    /// Its templates, most frequent first; never empty.
    pub templates: Vec<TemplateId>,
    /// Records per severity band.
    pub counts: BandCounts,
    /// The earliest record.
    pub first_seen: Timestamp,
    /// The latest record.
    pub last_seen: Timestamp,
    /// Records in each of [`TREND_BUCKETS`] equal parts of the query's range, or of the range of
    /// the records where the query has none.
    pub trend: Vec<u64>,
    /// A line of its most frequent template.
    pub example: String,
}

/// The number of parts that a trend divides its range into.
pub const TREND_BUCKETS: usize = 24;

/// Search by meaning. `query` narrows what is looked at: times, fields, templates.
#[async_trait]
pub trait LogSearch: Send + Sync {
    /// Finds the prototypes nearest in meaning to `text`, then their records. `after` is
    /// [`RankedPage::next`] of an earlier page of the same question.
    ///
    /// # Errors
    /// [`SearchError`]; a foreign `after` is [`SearchError::Invalid`].
    async fn semantic(
        &self,
        text: &str,
        query: &LogQuery,
        after: Option<&str>,
        limit: usize,
    ) -> Result<RankedPage, SearchError>;

    /// Fuses what the words of `text` find with what its meaning finds. Field tests within `text`
    /// (`host:web-01`) narrow both.
    ///
    /// # Errors
    /// As [`LogSearch::semantic`]; without a model, callers fall back to the words alone.
    async fn hybrid(
        &self,
        text: &str,
        query: &LogQuery,
        after: Option<&str>,
        limit: usize,
    ) -> Result<RankedPage, SearchError>;

    /// Records like this one: of its template and of prototypes near it, newest first. Without a
    /// model, of its template alone, with a notice. `None` if there is no such record.
    ///
    /// # Errors
    /// [`SearchError`].
    async fn similar(&self, id: RecordId, limit: usize) -> Result<Option<RankedPage>, SearchError>;

    /// The clusters with at least one record that `query` selects, most records first.
    ///
    /// # Errors
    /// [`SearchError`].
    async fn clusters(&self, query: &LogQuery) -> Result<Vec<ClusterSummary>, SearchError>;
}
