//! A file for each resource. Handlers read parameters, call one view, store or decoder, and answer.

pub(crate) mod audit;
pub(crate) mod body;
pub(crate) mod data_sources;
pub(crate) mod elasticsearch;
pub(crate) mod health;
pub(crate) mod jobs;
pub(crate) mod logs_clusters;
pub(crate) mod logs_context;
pub(crate) mod logs_delete;
pub(crate) mod logs_export;
pub(crate) mod logs_fields;
pub(crate) mod logs_histogram;
pub(crate) mod logs_record;
pub(crate) mod logs_search;
pub(crate) mod logs_similar;
pub(crate) mod logs_tail;
pub(crate) mod logs_templates;
pub(crate) mod loki;
pub(crate) mod metrics;
pub(crate) mod openapi;
pub(crate) mod otlp;
pub(crate) mod push_logs;
pub(crate) mod settings;
pub(crate) mod splunk;
pub(crate) mod stats;
pub(crate) mod ui;
