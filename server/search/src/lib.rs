//! How a question finds lines: templates, vectors, words and the log store together.
//!
//! The ranking formulas are `tocsin-retrieval`'s, the grouping is `tocsin-clustering`'s; this crate
//! asks the stores, hands the answers to them and turns ranked prototypes into pages of records.

mod asking;
mod clusters;
mod cursor;
mod pages;
mod prototypes;
mod question;

use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::RwLock;
use tocsin_domain::ports::log_search::{
    ClusterSummary, LogSearch, RankedPage, RankedPrototype, RankedRecord, SearchError,
};
use tocsin_domain::ports::log_store::{Cursor, LogQuery, Order, TemplateCount};
use tocsin_domain::ports::{
    Embedder, LogStore, PrototypeIndex, StoreError, TemplateStore, TemplateSummary, VectorHit,
    VectorStore,
};
use tocsin_domain::{RecordId, TemplateId, TimeRange};

use asking::Asking;
use cursor::RankedCursor;
use prototypes::Prototypes;
use question::Question;

/// Points asked of the vector store; a prototype has a point for each of its views.
const POINTS_MAX: usize = 200;
/// Prototypes that an answer names.
const PROTOTYPES_MAX: usize = 30;
/// Prototypes that count as near to the one of a line, beside its own.
const SIMILAR_MAX: usize = 8;
/// The least cosine similarity for that: below it, lines are about something else.
const SIMILAR_MIN: f32 = 0.6;

/// What the search works with.
#[derive(Clone)]
#[expect(
    missing_debug_implementations,
    reason = "a bundle of ports, which have no Debug"
)]
pub struct SearchParts {
    /// Every log line.
    pub logs: Arc<dyn LogStore>,
    /// The register of templates.
    pub templates: Arc<dyn TemplateStore>,
    /// Embeddings of prototypes.
    pub vectors: Arc<dyn VectorStore>,
    /// Embeds questions.
    pub embedder: Arc<dyn Embedder>,
}

/// Search by meaning over the prototypes of the log store's lines.
#[expect(
    missing_debug_implementations,
    reason = "holds ports, which have no Debug"
)]
pub struct PrototypeSearch {
    parts: SearchParts,
    asking: Asking,
    prototypes: RwLock<Prototypes>,
    clusters: clusters::Cache,
}

impl PrototypeSearch {
    /// A search that knows no prototype yet; they come through [`PrototypeIndex::upsert`].
    #[must_use]
    pub fn new(parts: SearchParts) -> Self {
        Self {
            asking: Asking::new(parts.embedder.clone()),
            parts,
            prototypes: RwLock::default(),
            clusters: clusters::Cache::default(),
        }
    }

    async fn near(&self, text: &str) -> Result<Vec<VectorHit>, SearchError> {
        let vector = self.asking.vector(text).await?;
        Ok(self.parts.vectors.search(&vector, POINTS_MAX).await?)
    }

    /// A page of the records of ranked prototypes, with those that the filter leaves nothing of
    /// taken out.
    async fn answer(
        &self,
        ranked: Vec<(TemplateId, f32)>,
        query: &LogQuery,
        after: Option<RankedCursor>,
        limit: usize,
    ) -> Result<RankedPage, SearchError> {
        let (ranked, prototypes) = self.counted(ranked, query).await?;
        let total = prototypes.iter().map(|prototype| prototype.count).sum();
        let logs = self.parts.logs.as_ref();
        let page = pages::of_prototypes(logs, query, &ranked, after, limit).await?;
        let next = page.next.map(RankedCursor::to_text);
        Ok(RankedPage {
            prototypes,
            records: page.records,
            total,
            next,
            notice: None,
        })
    }

    /// The first [`PROTOTYPES_MAX`] of `ranked` that have records under the filter.
    async fn counted(
        &self,
        ranked: Vec<(TemplateId, f32)>,
        query: &LogQuery,
    ) -> Result<(Vec<(TemplateId, f32)>, Vec<RankedPrototype>), StoreError> {
        let mut asked: Vec<TemplateId> = ranked.iter().map(|(id, _)| *id).collect();
        if let Some(only) = &query.templates {
            asked.retain(|id| only.contains(id));
        }
        let narrowed = LogQuery {
            templates: Some(asked),
            ..query.clone()
        };
        let counts = self.parts.logs.template_counts(&narrowed).await?;
        let prototypes = self.prototypes.read();
        let mut kept = Vec::new();
        let mut named = Vec::new();
        for (id, score) in ranked {
            let count = counts
                .iter()
                .find(|count| count.template == id)
                .map_or(0, total_of);
            if let Some(summary) = prototypes.summary(id)
                && count > 0
                && kept.len() < PROTOTYPES_MAX
            {
                kept.push((id, score));
                let template = summary.template.clone();
                named.push(RankedPrototype {
                    template,
                    score,
                    count,
                });
            }
        }
        Ok((kept, named))
    }

    /// What the identifiers in a question find exactly, newest first.
    async fn exact(
        &self,
        identifiers: &[String],
        query: &LogQuery,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<(Vec<RankedRecord>, u64), SearchError> {
        let Some(narrowed) = question::with_identifiers(identifiers, query) else {
            return Ok((Vec::new(), 0));
        };
        let page = self
            .parts
            .logs
            .search(&narrowed, Order::NewestFirst, after, limit)
            .await?;
        let count = self.parts.logs.count(&narrowed).await?;
        let exact = |record| RankedRecord {
            record,
            score: prototypes::EXACT_SCORE,
        };
        Ok((page.records.into_iter().map(exact).collect(), count))
    }
}

fn total_of(count: &TemplateCount) -> u64 {
    count.counts.iter().sum()
}

impl PrototypeIndex for PrototypeSearch {
    fn views(&self, summary: &TemplateSummary) -> Vec<String> {
        self.prototypes.read().views(summary)
    }

    fn upsert(&self, summary: &TemplateSummary) {
        self.prototypes.write().upsert(summary);
    }
}

#[async_trait]
impl LogSearch for PrototypeSearch {
    async fn semantic(
        &self,
        text: &str,
        query: &LogQuery,
        after: Option<&str>,
        limit: usize,
    ) -> Result<RankedPage, SearchError> {
        let after = after.map(RankedCursor::from_text).transpose()?;
        let question = Question::read(text, query)?;
        let near = self.near(&question.words).await?;
        let ranked = self.prototypes.read().semantic(&near);
        self.answer(ranked, &question.narrowed, after, limit).await
    }

    async fn hybrid(
        &self,
        text: &str,
        query: &LogQuery,
        after: Option<&str>,
        limit: usize,
    ) -> Result<RankedPage, SearchError> {
        let after = after.map(RankedCursor::from_text).transpose()?;
        let question = Question::read(text, query)?;
        let near = self.near(&question.words).await?;
        let ranked = self.prototypes.read().hybrid(&question.words, &near);
        let identifiers = tocsin_retrieval::identifiers(&question.words);
        let query = &question.narrowed;
        // Exact matches come first and have a cursor without a template.
        let among_exact = after.is_none_or(|after| after.template.is_none());
        let from = after
            .filter(|after| after.template.is_none())
            .map(|after| after.record);
        let (exact, count) = self.exact(&identifiers, query, from, limit).await?;
        if among_exact && exact.len() >= limit {
            let next = exact
                .last()
                .map(|last| cursor::after(None, &last.record).to_text());
            let (_, prototypes) = self.counted(ranked, query).await?;
            return Ok(RankedPage {
                prototypes,
                records: exact,
                total: count,
                next,
                notice: None,
            });
        }
        // The lines that were shown as exact matches are not shown again among the others.
        let rest = question::without_identifiers(&identifiers, query);
        let shown = if among_exact { exact } else { Vec::new() };
        let within = after.filter(|after| after.template.is_some());
        let mut page = self
            .answer(ranked, &rest, within, limit - shown.len())
            .await?;
        page.total += count;
        page.records = shown.into_iter().chain(page.records).collect();
        Ok(page)
    }

    async fn similar(&self, id: RecordId, limit: usize) -> Result<Option<RankedPage>, SearchError> {
        let Some(record) = self.parts.logs.get(id).await? else {
            return Ok(None);
        };
        let own = record.template;
        let view = self.prototypes.read().summary(own).map(|summary| {
            let views = self.views(summary);
            views.into_iter().next().unwrap_or_default()
        });
        let (near, notice) = match self.near(&view.unwrap_or_default()).await {
            Ok(near) => (near, None),
            Err(SearchError::ModelMissing { remedy }) => (
                Vec::new(),
                Some(format!("only lines of the same template: {remedy}")),
            ),
            Err(error) => match error.fallback() {
                Some(why) => (
                    Vec::new(),
                    Some(format!("only lines of the same template: {why}")),
                ),
                None => return Err(error),
            },
        };
        let mut ranked = vec![(own, 1.0)];
        for hit in near.iter().filter(|hit| hit.score >= SIMILAR_MIN) {
            if ranked.len() <= SIMILAR_MAX && ranked.iter().all(|(id, _)| *id != hit.template) {
                ranked.push((hit.template, hit.score));
            }
        }
        let all = LogQuery::all(TimeRange::ALL);
        let (ranked, prototypes) = self.counted(ranked, &all).await?;
        let templates = Some(ranked.iter().map(|(id, _)| *id).collect());
        let query = LogQuery { templates, ..all };
        let page = self
            .parts
            .logs
            .search(&query, Order::NewestFirst, None, limit)
            .await?;
        let score_of = |template| ranked.iter().find(|(id, _)| *id == template);
        // The line itself comes first, so that it can be compared with the others.
        let others = page.records.into_iter().filter(|other| other.id != id);
        let records = std::iter::once(record)
            .chain(others)
            .take(limit)
            .map(|record| RankedRecord {
                score: score_of(record.template).map_or(0.0, |(_, score)| *score),
                record,
            })
            .collect();
        let total = prototypes.iter().map(|prototype| prototype.count).sum();
        Ok(Some(RankedPage {
            prototypes,
            records,
            total,
            next: None,
            notice,
        }))
    }

    async fn clusters(&self, query: &LogQuery) -> Result<Vec<ClusterSummary>, SearchError> {
        clusters::of(self, query).await
    }
}
