//! Bounds of time, attempts, money and tokens.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How long is waited for what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ModelTimeoutsConfig {
    /// Milliseconds to reach the server. Default 5000.
    pub connect_ms: u64,
    /// Milliseconds from sending until the first word. Default 60000: a local server may have to
    /// load its model first.
    pub first_token_ms: u64,
    /// Milliseconds between two words. Default 30000.
    pub idle_ms: u64,
    /// Milliseconds for all of an answer. Default 300000.
    pub total_ms: u64,
}

impl Default for ModelTimeoutsConfig {
    fn default() -> Self {
        Self {
            connect_ms: 5_000,
            first_token_ms: 60_000,
            idle_ms: 30_000,
            total_ms: 300_000,
        }
    }
}

/// How often a call is tried again before the first word of its answer came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ModelRetryConfig {
    /// Further attempts, at most 10. Default 2.
    pub attempts_max: u32,
    /// The most milliseconds before the first further attempt; they double. Default 500. Each wait
    /// is drawn evenly from 0 up to that.
    pub wait_ms: u64,
    /// The most milliseconds of any wait. Default 20000: a server that asks for more is not waited
    /// for, and whoever asked is told.
    pub wait_ms_max: u64,
}

impl Default for ModelRetryConfig {
    fn default() -> Self {
        Self {
            attempts_max: 2,
            wait_ms: 500,
            wait_ms_max: 20_000,
        }
    }
}

/// When a server that keeps failing is left alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BreakerConfig {
    /// Failures in a row after which it is, at least 1. Default 5.
    pub failures: u32,
    /// Seconds that it is left alone; one call is then let through to see. Default 30.
    pub open_secs: u64,
}

impl Default for BreakerConfig {
    fn default() -> Self {
        Self {
            failures: 5,
            open_secs: 30,
        }
    }
}

/// What tokens cost, in millionths of a US dollar for a million tokens.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ModelPricesConfig {
    /// Of what is sent: 150000 for 0.15 dollars a million. Default 0: not counted in money.
    pub micro_usd_per_million_in: u64,
    /// Of what comes back. Default 0.
    pub micro_usd_per_million_out: u64,
}

impl ModelPricesConfig {
    /// What a call costs, in millionths of a US dollar, rounded up.
    #[must_use]
    pub(crate) fn cost_micro_usd(&self, tokens_in: u64, tokens_out: u64) -> u64 {
        let price_in = u128::from(tokens_in) * u128::from(self.micro_usd_per_million_in);
        let price_out = u128::from(tokens_out) * u128::from(self.micro_usd_per_million_out);
        let sum = price_in.saturating_add(price_out);
        u64::try_from(sum.div_ceil(1_000_000)).unwrap_or(u64::MAX)
    }
}

/// What may be spent. Months are those of UTC. 0 allows nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ModelBudgetsConfig {
    /// Tokens of one question, sent and received, over all its calls. Default 200000.
    pub question_tokens: u64,
    /// Tokens of a user in a month. Default 10000000.
    pub user_month_tokens: u64,
    /// Tokens of everybody in a month. Default 50000000.
    pub month_tokens: u64,
    /// Millionths of a US dollar of one question, by `prices`. Default none: only tokens count.
    pub question_micro_usd: Option<u64>,
    /// Millionths of a US dollar of a user in a month. Default none.
    pub user_month_micro_usd: Option<u64>,
    /// Millionths of a US dollar of everybody in a month. Default none.
    pub month_micro_usd: Option<u64>,
}

impl Default for ModelBudgetsConfig {
    fn default() -> Self {
        Self {
            question_tokens: 200_000,
            user_month_tokens: 10_000_000,
            month_tokens: 50_000_000,
            question_micro_usd: None,
            user_month_micro_usd: None,
            month_micro_usd: None,
        }
    }
}
