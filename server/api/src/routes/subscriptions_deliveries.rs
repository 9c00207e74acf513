//! `/api/v1/deliveries` and what belongs to one subscription: what was told, previews, tests.

use axum::Json;
use axum::extract::State;
use serde_json::json;
use tocsin_domain::alert::AlertId;
use tocsin_domain::ports::DeliveryFilter;
use tocsin_domain::subscription::{Delivery, DeliveryId, DeliveryState, News, SubscriptionId};

use super::subscriptions::known;
use crate::audit;
use crate::errors::ApiError;
use crate::extract::{JsonBody, Path, Query, count};
use crate::identity::Actor;
use crate::openapi::{ChangeProblems, ReadProblems};
use crate::state::{ApiState, random};
use crate::wire::alert_filter::{named, names, uuid};
use crate::wire::cursor::PageStart;
use crate::wire::deliveries::{
    ChannelTestAnswer, DeliveryAnswer, DeliveryItem, DeliveryParams, MessagePreviewAnswer,
    MessagePreviewRequest,
};

/// What was, is to be, and could not be told to anyone, newest first.
#[utoipa::path(
    get, path = "/api/v1/deliveries", tag = "subscriptions", params(DeliveryParams),
    responses((status = 200, body = DeliveryAnswer), ReadProblems)
)]
pub(crate) async fn list(
    State(state): State<ApiState>,
    Query(params): Query<DeliveryParams>,
) -> Result<Json<DeliveryAnswer>, ApiError> {
    let own = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
    let subscription = own(&params.subscription);
    let subscription = subscription
        .map(|id| uuid("subscription", &id).map(SubscriptionId))
        .transpose()?;
    page(&state, subscription, &params).await
}

/// What was, is to be, and could not be told to a subscription, newest first.
#[utoipa::path(
    get, path = "/api/v1/subscriptions/{id}/deliveries", tag = "subscriptions",
    params(("id" = String, Path, description = "The id of the subscription"), DeliveryParams),
    responses((status = 200, body = DeliveryAnswer), ReadProblems)
)]
pub(crate) async fn of_subscription(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    Query(params): Query<DeliveryParams>,
) -> Result<Json<DeliveryAnswer>, ApiError> {
    let subscription = known(&state, &id).await?;
    page(&state, Some(subscription.id), &params).await
}

async fn page(
    state: &ApiState,
    subscription: Option<SubscriptionId>,
    params: &DeliveryParams,
) -> Result<Json<DeliveryAnswer>, ApiError> {
    let limit = count("limit", params.limit, 100, 1..=1000)?;
    let before = match PageStart::decode(params.cursor.as_deref())? {
        None => None,
        Some(PageStart::Id(id)) => {
            let id = u64::try_from(id).map_err(|_| PageStart::foreign())?;
            Some(DeliveryId(id))
        }
        Some(_) => return Err(PageStart::foreign()),
    };
    let expected = "pending, sent, skipped or dead";
    let alert = params.alert.as_deref().filter(|id| !id.trim().is_empty());
    let filter = DeliveryFilter {
        subscription,
        states: names("state", &params.state, expected, DeliveryState::from_name)?,
        alert: alert.map(|id| uuid("alert", id).map(AlertId)).transpose()?,
    };
    let store = &state.parts().subscriptions;
    let found = store.deliveries(&filter, before, limit).await?;
    let last = found.last().filter(|_| found.len() == limit);
    let next_cursor = last.map(|one| PageStart::Id(u128::from(one.id.0)).encode());
    Ok(Json(DeliveryAnswer {
        items: found.iter().map(DeliveryItem::from).collect(),
        next_cursor,
    }))
}

/// Send a delivery again that was given up, skipped or sent. Its key stays the same: a receiver
/// that took it already can tell.
#[utoipa::path(
    post, path = "/api/v1/deliveries/{id}/redeliver", tag = "subscriptions",
    params(("id" = String, Path, description = "The number of the delivery")),
    responses((status = 200, body = DeliveryItem), ChangeProblems)
)]
pub(crate) async fn redeliver(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Json<DeliveryItem>, ApiError> {
    let number = id.parse().map_err(|_| {
        let shown: String = id.chars().take(40).collect();
        let detail = format!("`{shown}` is not the number of a delivery");
        ApiError::field("id", "a whole number", detail)
    })?;
    let store = &state.parts().subscriptions;
    let Some(delivery) = store.delivery(DeliveryId(number)).await? else {
        let detail = format!("there is no delivery {number}");
        return Err(ApiError::not_found(detail));
    };
    if delivery.state == DeliveryState::Pending {
        return Err(ApiError::conflict("it is pending: it will be sent anyway"));
    }
    let subject = format!("delivery:{number}");
    let about = json!({
        "subscription": delivery.subscription.to_string(), "was": delivery.state.name(),
    });
    audit::record(&state, &actor, "deliveries.redeliver", subject, about).await?;
    let again = Delivery {
        state: DeliveryState::Pending,
        attempts: 0,
        due_ms: state.now().millis(),
        was_held: false,
        message: None,
        reference: None,
        note: Some("to be sent again by hand".into()),
        settled_ms: None,
        ..delivery
    };
    store.settle(vec![again.clone()]).await?;
    state.parts().notifier.wake();
    Ok(Json((&again).into()))
}

/// Show the message that a subscription would get. Nothing is sent and nothing kept.
#[utoipa::path(
    post, path = "/api/v1/subscriptions/preview", tag = "subscriptions",
    request_body = MessagePreviewRequest,
    responses((status = 200, body = MessagePreviewAnswer), ReadProblems)
)]
pub(crate) async fn preview(
    State(state): State<ApiState>,
    JsonBody(request): JsonBody<MessagePreviewRequest>,
) -> Result<Json<MessagePreviewAnswer>, ApiError> {
    let now_ms = state.now().millis();
    let news = match request.news.as_deref().filter(|name| !name.is_empty()) {
        None => News::Fired,
        Some(name) => {
            let expected = "fired, returned, escalated, flapping, noted, cleared or resolved";
            named("news", name, expected, News::from_name)?
        }
    };
    let notifier = &state.parts().notifier;
    let alert = match request.alert.as_deref().filter(|id| !id.is_empty()) {
        None => notifier.sample(now_ms),
        Some(id) => {
            let found = state
                .parts()
                .alerts
                .alert(AlertId(uuid("alert", id)?))
                .await?;
            found.ok_or_else(|| ApiError::not_found(format!("there is no alert `{id}`")))?
        }
    };
    let id = SubscriptionId::new(now_ms, random());
    // Secrets are not needed to see a message, so one that is missing is no mistake here.
    let subscription = request.subscription.read(id, None, now_ms)?;
    let preview = notifier.preview(&subscription, &alert, news)?;
    Ok(Json(preview.into()))
}

/// Send a made-up alert at once and say what the channel answered.
#[utoipa::path(
    post, path = "/api/v1/subscriptions/{id}/test", tag = "subscriptions",
    params(("id" = String, Path, description = "The id of the subscription")),
    responses((status = 200, body = ChannelTestAnswer), ChangeProblems)
)]
pub(crate) async fn test(
    State(state): State<ApiState>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Json<ChannelTestAnswer>, ApiError> {
    let subscription = known(&state, &id).await?;
    let subject = format!("subscription:{}", subscription.id);
    audit::record(&state, &actor, "subscriptions.test", subject, json!({})).await?;
    let answer = state.parts().notifier.test(&subscription).await;
    Ok(Json(answer.into()))
}
