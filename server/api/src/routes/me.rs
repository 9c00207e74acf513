//! `GET /api/v1/me`.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

use crate::identity::Actor;
use crate::openapi::ReadProblems;

/// Who asks.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MeAnswer {
    /// The name by which what is done is kept; `anonymous` if nobody says who it is.
    name: String,
    /// Whether it is the name of a person.
    is_known: bool,
}

/// Who the server takes the asker for.
#[utoipa::path(
    get, path = "/api/v1/me", tag = "platform",
    responses((status = 200, body = MeAnswer), ReadProblems)
)]
pub(crate) async fn me(actor: Actor) -> Json<MeAnswer> {
    Json(MeAnswer {
        name: actor.name().to_owned(),
        is_known: actor.is_known(),
    })
}
