//! The register of templates: stable over restarts, with lineage and what is known of each.

use std::sync::Arc;

use async_trait::async_trait;

use super::log_store::StoreError;
use crate::id::TemplateId;
use crate::severity::Severity;
use crate::template::Template;
use crate::time::Timestamp;

/// A template with what is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct TemplateSummary {
    /// The template.
    pub template: Arc<Template>,
    /// The source that it was first seen in.
    pub source: Arc<str>,
    /// The severity that it was first seen with.
    pub severity: Severity,
    /// A line of it, as text.
    pub example: String,
    /// When it was first seen, by the record's own time.
    pub first_seen: Timestamp,
    /// When it was last seen, by the record's own time.
    pub last_seen: Timestamp,
    /// How many records had it, over all time (deleted ones included).
    pub count: u64,
}

/// What one flush of a partition adds to the register.
#[derive(Debug, Clone, PartialEq)]
pub struct TemplateSighting {
    /// The template.
    pub template: TemplateId,
    /// How many more records had it.
    pub count: u64,
    /// The earliest of them.
    pub first_seen: Timestamp,
    /// The latest of them.
    pub last_seen: Timestamp,
}

/// The register of templates.
#[async_trait]
pub trait TemplateStore: Send + Sync {
    /// Adds templates that were minted; those already known stay as they are. Durable on return.
    /// Tells which of them are known only since, so that of all who meet a template one is told.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn register(
        &self,
        templates: Vec<TemplateSummary>,
    ) -> Result<Vec<TemplateId>, StoreError>;

    /// Adds counts and widens the times of known templates; unknown ones are passed over.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn record_sightings(&self, sightings: Vec<TemplateSighting>) -> Result<(), StoreError>;

    /// All templates (bounded by the miner's own bound), most frequent first.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn all(&self) -> Result<Vec<TemplateSummary>, StoreError>;

    /// How many templates there are.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn count(&self) -> Result<u64, StoreError>;

    /// One template.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn get(&self, id: TemplateId) -> Result<Option<TemplateSummary>, StoreError>;

    /// Keeps a miner's state for a partition; durable on return.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn save_miner(&self, partition: u16, state: Vec<u8>) -> Result<(), StoreError>;

    /// The miner's state that was last kept for a partition.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn load_miner(&self, partition: u16) -> Result<Option<Vec<u8>>, StoreError>;
}
