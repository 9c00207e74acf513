//! Clusters, and one cluster with its members.

use tocsin_domain::ports::log_store::LogQuery;
use tokio::time::Instant;

use super::{templates, took_ms};
use crate::errors::ApiError;
use crate::state::ApiState;
use crate::wire::clusters::{ClusterDetail, ClusterListAnswer};
use crate::wire::templates::TemplateItem;

/// All clusters of the records that a query selects.
pub(crate) async fn list(
    state: &ApiState,
    query: &LogQuery,
) -> Result<ClusterListAnswer, ApiError> {
    let begun = Instant::now();
    let found = state.parts().search.clusters(query).await?;
    Ok(ClusterListAnswer {
        items: found.into_iter().map(Into::into).collect(),
        took_ms: took_ms(begun),
    })
}

/// One cluster with its templates, most frequent first.
pub(crate) async fn detail(
    state: &ApiState,
    id: &str,
    mut query: LogQuery,
) -> Result<ClusterDetail, ApiError> {
    let found = state.parts().search.clusters(&query).await?;
    let cluster = found.into_iter().find(|cluster| cluster.id == id);
    let cluster = cluster.ok_or_else(|| {
        let shown: String = id.chars().take(60).collect();
        ApiError::not_found(format!("there is no cluster {shown} in this range"))
    })?;
    query.templates = Some(cluster.templates.clone());
    let members = templates::counted(state, &query).await?;
    Ok(ClusterDetail {
        cluster: cluster.into(),
        members: members
            .iter()
            .map(|(summary, counted)| TemplateItem::new(summary, counted))
            .collect(),
    })
}
