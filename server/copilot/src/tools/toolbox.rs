//! What a tool is, and what it works with.

use std::sync::Arc;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tocsin_domain::copilot::{Chart, Proposal};

use super::error::ToolError;
use crate::changes::ChangeFinder;
use crate::facts::FactBook;
use crate::parts::CopilotParts;
use crate::root_cause::RootCauseFinder;
use crate::runbooks::Runbooks;
use crate::understand::time::Asker;
use crate::understand::{Catalogue, Directory};

/// What all tools read.
#[derive(Debug)]
pub(crate) struct Toolbox {
    pub(crate) parts: Arc<CopilotParts>,
    pub(crate) changes: Arc<ChangeFinder>,
    pub(crate) runbooks: Arc<Runbooks>,
    pub(crate) causes: Arc<RootCauseFinder>,
    pub(crate) catalogue: Arc<Catalogue>,
}

/// What a tool works with while it answers.
pub(crate) struct Desk<'a> {
    pub(crate) tools: &'a Toolbox,
    /// Whose times are meant.
    pub(crate) asker: Asker,
    /// The names that are known.
    pub(crate) directory: &'a Directory,
    /// Where facts are cited.
    pub(crate) book: &'a mut FactBook,
}

/// What a tool found.
#[derive(Debug)]
pub(crate) struct Found<T> {
    /// What came of it, in a line.
    pub(crate) summary: String,
    /// What can be drawn of it.
    pub(crate) charts: Vec<Chart>,
    /// What could be done.
    pub(crate) proposals: Vec<Proposal>,
    /// What it found; facts are named by their ids.
    pub(crate) what: T,
}

impl<T> Found<T> {
    /// Without charts and proposals.
    pub(crate) const fn new(summary: String, what: T) -> Self {
        Self {
            summary,
            charts: Vec::new(),
            proposals: Vec::new(),
            what,
        }
    }
}

/// A tool: reads, and never writes.
#[async_trait]
pub(crate) trait Tool {
    /// Its name.
    const NAME: &'static str;
    /// What it is for, for a model.
    const ABOUT: &'static str;
    /// What it is asked with.
    type Arguments: DeserializeOwned + Serialize + JsonSchema + Send + Sync;
    /// What it finds.
    type Found: Serialize + Send;

    /// Asks it.
    ///
    /// # Errors
    /// [`ToolError`].
    async fn ask(
        desk: &mut Desk<'_>,
        arguments: &Self::Arguments,
    ) -> Result<Found<Self::Found>, ToolError>;
}
