//! `GET /api/v1/openapi.json`.

use axum::Json;

use crate::openapi::document;

/// This document.
#[utoipa::path(
    get, path = "/api/v1/openapi.json", tag = "platform",
    responses((status = 200, body = Object, content_type = "application/json"))
)]
pub(crate) async fn openapi() -> Json<utoipa::openapi::OpenApi> {
    Json(document())
}
