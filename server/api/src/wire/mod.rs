//! The wire types: what requests and answers look like, and nothing else. Domain types become wire
//! types here; they never serialise themselves.

pub(crate) mod alert_actions;
pub(crate) mod alert_filter;
pub(crate) mod alert_rules;
pub(crate) mod alerts;
pub(crate) mod anomalies;
pub(crate) mod audit;
pub(crate) mod classification;
pub(crate) mod clusters;
pub(crate) mod csv;
pub(crate) mod cursor;
pub(crate) mod deliveries;
pub(crate) mod export;
pub(crate) mod filter;
pub(crate) mod forecasts;
pub(crate) mod health;
pub(crate) mod histogram;
pub(crate) mod incidents;
pub(crate) mod jobs;
pub(crate) mod matchers;
pub(crate) mod problem;
pub(crate) mod prometheus;
pub(crate) mod push;
pub(crate) mod record;
pub(crate) mod rule_answers;
pub(crate) mod search;
pub(crate) mod series;
pub(crate) mod severities;
pub(crate) mod silences;
pub(crate) mod sources;
pub(crate) mod stats;
pub(crate) mod subscriptions;
pub(crate) mod templates;
pub(crate) mod time;
