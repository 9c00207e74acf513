//! `GET /api/v1/data-sources`.

use axum::Json;
use axum::extract::State;

use crate::openapi::ReadProblems;
use crate::state::ApiState;
use crate::wire::sources::DataSourcesAnswer;

/// What is being read, and how it goes.
#[utoipa::path(
    get, path = "/api/v1/data-sources", tag = "platform",
    responses((status = 200, body = DataSourcesAnswer), ReadProblems)
)]
pub(crate) async fn data_sources(State(state): State<ApiState>) -> Json<DataSourcesAnswer> {
    let list = state.parts().status.data_sources().await;
    Json(DataSourcesAnswer {
        items: list.sources.into_iter().map(Into::into).collect(),
        missing: list.missing.into_iter().map(Into::into).collect(),
    })
}
