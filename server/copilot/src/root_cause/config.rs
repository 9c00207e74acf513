//! How far a report of a cause looks.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How far a report of a cause looks, and how much it reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RootCauseConfig {
    /// Make a report by itself when a critical alert fires. Default true: it is there when someone looks. It reads
    /// stores only, but that a language model, where one is configured, words it on behalf of the user `system`.
    pub automatic: bool,
    /// Minutes before an alarm that are looked at for its cause. Default 15: alarms come minutes after what
    /// they tell of, seldom more.
    pub window_minutes: u32,
    /// Minutes before the window that say what is usual. Default 120: enough values of a series that is measured
    /// once a minute, and little enough to be read in a fraction of a second.
    pub baseline_minutes: u32,
    /// Series that are compared with their past, at most. Default 400.
    pub series_max: usize,
}

impl Default for RootCauseConfig {
    fn default() -> Self {
        Self {
            automatic: true,
            window_minutes: 15,
            baseline_minutes: 120,
            series_max: 400,
        }
    }
}
