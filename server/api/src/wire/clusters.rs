//! Clusters: prototypes that mean the same.

use serde::Serialize;
use tocsin_domain::ports::log_search::ClusterSummary;
use utoipa::ToSchema;

use super::severities::{Severities, severities};
use super::templates::TemplateItem;
use super::time;

/// All clusters that the filters leave.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClusterListAnswer {
    /// The clusters, most records first.
    pub(crate) items: Vec<ClusterItem>,
    /// How long it took, in milliseconds.
    pub(crate) took_ms: f64,
}

/// Prototypes that mean the same.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClusterItem {
    /// Names it.
    pub(crate) id: String,
    /// What it is about.
    pub(crate) label: String,
    /// How many templates it has.
    pub(crate) size: usize,
    /// How many records the filters leave.
    pub(crate) count: u64,
    /// The same per severity.
    #[schema(value_type = std::collections::BTreeMap<String, u64>)]
    pub(crate) severities: Severities,
    /// The earliest of them.
    #[schema(format = DateTime)]
    pub(crate) first_seen: String,
    /// The latest of them.
    #[schema(format = DateTime)]
    pub(crate) last_seen: String,
    /// Records in each of 24 equal parts of the range, or of the range of the records.
    pub(crate) trend: Vec<u64>,
    /// Its templates, most frequent first.
    pub(crate) templates: Vec<String>,
    /// A line of the most frequent one.
    pub(crate) example: String,
}

/// A cluster in detail.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClusterDetail {
    /// The cluster.
    #[serde(flatten)]
    pub(crate) cluster: ClusterItem,
    /// Its templates in full.
    pub(crate) members: Vec<TemplateItem>,
}

impl From<ClusterSummary> for ClusterItem {
    fn from(cluster: ClusterSummary) -> Self {
        Self {
            id: cluster.id,
            label: cluster.label,
            size: cluster.templates.len(),
            count: cluster.counts.iter().sum(),
            severities: severities(&cluster.counts),
            first_seen: time::format(cluster.first_seen),
            last_seen: time::format(cluster.last_seen),
            trend: cluster.trend,
            templates: cluster.templates.iter().map(ToString::to_string).collect(),
            example: cluster.example,
        }
    }
}
