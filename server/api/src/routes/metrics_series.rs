//! `GET /api/v1/metrics/series`, `…/query` and what is said of one series.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use tocsin_domain::SeriesId;
use tocsin_domain::metric::{Feedback, MatchOp, Matcher, NAME_LABEL, Verdict};
use tocsin_domain::ports::SeriesInfo;

use crate::errors::ApiError;
use crate::extract::{JsonBody, Path, Query, count};
use crate::openapi::{ReadProblems, WriteProblems};
use crate::state::ApiState;
use crate::wire::anomalies::FeedbackRequest;
use crate::wire::cursor::PageStart;
use crate::wire::series::{
    QueryAnswer, QueryItem, QueryParams, SeriesAnswer, SeriesItem, SeriesParams,
};
use crate::wire::time;

/// Series that a listing looks through at most.
const LISTED_MAX: usize = 200_000;
const HOUR_MS: i64 = 3_600_000;

/// The series with points in a range.
#[utoipa::path(
    get, path = "/api/v1/metrics/series", tag = "metrics", params(SeriesParams),
    responses((status = 200, body = SeriesAnswer), ReadProblems)
)]
pub(crate) async fn list(
    State(state): State<ApiState>,
    Query(params): Query<SeriesParams>,
) -> Result<Json<SeriesAnswer>, ApiError> {
    let limit = count("limit", params.limit, 100, 1..=1000)?;
    let skip = match PageStart::decode(params.cursor.as_deref())? {
        None => 0,
        Some(PageStart::Offset(skip)) => skip,
        Some(_) => return Err(PageStart::foreign()),
    };
    let matchers = match params.r#match.as_deref().filter(|text| !text.is_empty()) {
        Some(text) => selector("match", text)?,
        None => vec![any()?],
    };
    let range = range_ms(&state, params.from.as_deref(), params.to.as_deref())?;
    let found = state
        .parts()
        .metrics
        .series(&matchers, range, LISTED_MAX)
        .await?;
    let words: Vec<String> = params
        .q
        .unwrap_or_default()
        .split_whitespace()
        .map(str::to_lowercase)
        .collect();
    let has_words = |info: &&Arc<SeriesInfo>| {
        let text = info.labels.to_string().to_lowercase();
        words.iter().all(|word| text.contains(word))
    };
    let chosen: Vec<&Arc<SeriesInfo>> = found.iter().filter(has_words).collect();
    let page = chosen.iter().skip(skip).take(limit);
    let next = skip + limit;
    Ok(Json(SeriesAnswer {
        items: page.map(|info| SeriesItem::from(&***info)).collect(),
        total: chosen.len(),
        next_cursor: (next < chosen.len()).then(|| PageStart::Offset(next).encode()),
    }))
}

/// The points of a series with what was expected of them, or the answer to a PromQL query.
#[utoipa::path(
    get, path = "/api/v1/metrics/query", tag = "metrics", params(QueryParams),
    responses((status = 200, body = QueryAnswer), ReadProblems)
)]
pub(crate) async fn query(
    State(state): State<ApiState>,
    Query(params): Query<QueryParams>,
) -> Result<Json<QueryAnswer>, ApiError> {
    let points = count("points", params.points, 500, 2..=11_000)?;
    let range = range_ms(&state, params.from.as_deref(), params.to.as_deref())?;
    let items = match (params.series.as_deref(), params.q.as_deref()) {
        (Some(series), None) => {
            let chart = state
                .parts()
                .insight
                .chart(series_id(series)?, range, points)
                .await?;
            let chart = chart.ok_or_else(|| unknown(series))?;
            vec![QueryItem::chart(
                &chart.series.labels,
                chart.is_rate,
                &chart.points,
            )]
        }
        (None, Some(text)) => {
            let step_ms = ((range.1 - range.0) / (points as i64 - 1)).max(1000);
            let engine = &state.parts().engine;
            let found = engine.range(text, range.0, range.1, step_ms).await;
            let found = found.map_err(|error| ApiError::query("q", &error))?;
            let item = |series: &tocsin_promql::RangeSeries| {
                let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
                QueryItem::plain(series.labels.iter().map(own).collect(), &series.samples)
            };
            found.iter().map(item).collect()
        }
        _ => {
            let detail = "expected either `series` or `q`";
            return Err(ApiError::field("q", "a query, or else `series`", detail));
        }
    };
    Ok(Json(QueryAnswer { items }))
}

/// Say that an anomaly of a series was missed: its band gets narrower.
#[utoipa::path(
    post, path = "/api/v1/metrics/series/{id}/feedback", tag = "metrics",
    params(("id" = String, Path, description = "The id of the series")),
    request_body = FeedbackRequest,
    responses((status = 202, description = "The detector hears it next"), WriteProblems)
)]
pub(crate) async fn feedback(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    JsonBody(request): JsonBody<FeedbackRequest>,
) -> Result<StatusCode, ApiError> {
    let series = series_id(&id)?;
    let known = state.parts().metrics.describe(&[series]).await?;
    if known.iter().all(Option::is_none) {
        return Err(unknown(&id));
    }
    let at = match request.at.as_deref() {
        Some(text) => time::parse("at", text, state.now())?,
        None => state.now(),
    };
    let feedback = Feedback {
        series,
        verdict: verdict(&request.verdict)?,
        at_ms: at.millis(),
    };
    state.parts().intake.accept_feedback(feedback).await?;
    Ok(StatusCode::ACCEPTED)
}

/// The verdict that a request names.
pub(crate) fn verdict(name: &str) -> Result<Verdict, ApiError> {
    Verdict::from_name(name).ok_or_else(|| {
        let detail = format!("`{name}` is not a verdict");
        ApiError::field("verdict", "`not_anomaly` or `missed`", detail)
    })
}

/// The id of a series in a request.
pub(crate) fn series_id(text: &str) -> Result<SeriesId, ApiError> {
    text.parse()
        .map_err(|error: tocsin_domain::metric::LabelError| {
            ApiError::field("series", "16 hexadecimal digits", error.to_string())
        })
}

pub(crate) fn unknown(series: &str) -> ApiError {
    ApiError::not_found(format!("there is no series `{series}`"))
}

/// The matchers of a selector in a request.
pub(crate) fn selector(field: &str, text: &str) -> Result<Vec<Matcher>, ApiError> {
    tocsin_promql::parse_selector(text).map_err(|error| ApiError::query(field, &error))
}

/// A matcher that every series satisfies.
pub(crate) fn any() -> Result<Matcher, ApiError> {
    Matcher::new(MatchOp::NotEqual, NAME_LABEL, "")
        .map_err(|error| ApiError::bad_request(error.to_string()))
}

/// A range in ms: the last hour unless something else is asked for.
pub(crate) fn range_ms(
    state: &ApiState,
    from: Option<&str>,
    to: Option<&str>,
) -> Result<(i64, i64), ApiError> {
    let now = state.now();
    let to_ms = match to.filter(|text| !text.is_empty()) {
        Some(text) => time::parse("to", text, now)?.millis(),
        None => now.millis(),
    };
    let from_ms = match from.filter(|text| !text.is_empty()) {
        Some(text) => time::parse("from", text, now)?.millis(),
        None => to_ms - HOUR_MS,
    };
    if from_ms > to_ms {
        let detail = "`from` lies after `to`";
        return Err(ApiError::field("from", "a time before `to`", detail));
    }
    Ok((from_ms, to_ms))
}
