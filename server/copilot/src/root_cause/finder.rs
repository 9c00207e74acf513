//! What finds causes, and what it reads.

use std::sync::Arc;

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
    pub(super) config: RootCauseConfig,
    pub(super) conventions: Conventions,
}

impl RootCauseFinder {
    /// A finder over the stores.
    pub(crate) fn new(
        parts: Arc<CopilotParts>,
        changes: Arc<ChangeFinder>,
        runbooks: Arc<Runbooks>,
        config: RootCauseConfig,
    ) -> Self {
        Self {
            parts,
            changes,
            runbooks,
            config,
            conventions: Conventions::built_in(),
        }
    }
}
