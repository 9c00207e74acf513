//! What finds causes, and what it reads.

use std::sync::Arc;

use tocsin_llm::Prompts;

use super::RootCauseConfig;
use crate::changes::ChangeFinder;
use crate::conventions::Conventions;
use crate::parts::CopilotParts;
use crate::runbooks::Runbooks;

/// Finds causes.
#[derive(Debug)]
pub(crate) struct RootCauseFinder {
    pub(super) parts: Arc<CopilotParts>,
    pub(super) changes: Arc<ChangeFinder>,
    pub(super) runbooks: Arc<Runbooks>,
    pub(super) prompts: Arc<Prompts>,
    pub(super) config: RootCauseConfig,
    pub(super) conventions: Conventions,
}

impl RootCauseFinder {
    /// A finder over the stores; a model that words its reports is asked by `prompts`.
    pub(crate) fn new(
        parts: Arc<CopilotParts>,
        changes: Arc<ChangeFinder>,
        runbooks: Arc<Runbooks>,
        prompts: Arc<Prompts>,
        config: RootCauseConfig,
    ) -> Self {
        Self {
            parts,
            changes,
            runbooks,
            prompts,
            config,
            conventions: Conventions::built_in(),
        }
    }
}
