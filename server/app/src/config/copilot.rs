//! The copilot: what it keeps.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The copilot: what it keeps.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CopilotConfig {
    /// Days that changes, reports of causes, and threads in which nothing was said since are kept.
    /// Default 365.
    pub kept_days: u32,
}

impl Default for CopilotConfig {
    fn default() -> Self {
        Self { kept_days: 365 }
    }
}
