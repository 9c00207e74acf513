//! InfluxDB's line protocol in its three dialects of HTTP. They differ in how they say what went
//! wrong; in all of them good lines are taken and durable even if others are not. Tokens,
//! organisations, buckets and retention policies are not looked at.

use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tocsin_ingest::metrics::influx::{self, InfluxOptions, Precision};
use tocsin_ingest::metrics::{MetricContext, MetricDecoded};

use super::body::collect;
use super::push_metrics::{Sent, accept, receive_metrics, sentence};
use crate::errors::{ApiError, ErrorKind};
use crate::extract::Query;
use crate::state::ApiState;
use crate::wire::push::{InfluxParams, InfluxStatement};

/// What clients look at to see which dialect is spoken.
const VERSION: &str = "1.8.10";
/// The longest name of a database, in bytes.
const DB_BYTES_MAX: usize = 256;

/// Take line protocol as InfluxDB 1 does.
#[utoipa::path(
    post, path = "/write", tag = "push", params(InfluxParams),
    request_body(content((String = "text/plain"))),
    responses(
        (status = 204, description = "All lines are durable"),
        (status = 400, description = "Lines but for those dropped are durable", body = Object),
        (status = 503, description = "To be sent again", body = Object)
    )
)]
pub(crate) async fn write_v1(
    State(state): State<ApiState>,
    Query(params): Query<InfluxParams>,
    request: Request,
) -> Response {
    answer(
        take(&state, params, request).await,
        |_, message, _| json!({ "error": message }),
    )
}

/// Take line protocol as InfluxDB 2 does.
#[utoipa::path(
    post, path = "/api/v2/write", tag = "push", params(InfluxParams),
    request_body(content((String = "text/plain"))),
    responses(
        (status = 204, description = "All lines are durable"),
        (status = 400, description = "Lines but for those dropped are durable", body = Object),
        (status = 503, description = "To be sent again", body = Object)
    )
)]
pub(crate) async fn write_v2(
    State(state): State<ApiState>,
    Query(params): Query<InfluxParams>,
    request: Request,
) -> Response {
    answer(take(&state, params, request).await, |kind, message, _| {
        let code = match kind {
            ErrorKind::TooLarge => "request too large",
            ErrorKind::TooManyRequests => "too many requests",
            ErrorKind::Unavailable | ErrorKind::RequestTimeout => "unavailable",
            ErrorKind::Internal => "internal error",
            _ => "invalid",
        };
        json!({ "code": code, "message": message })
    })
}

/// Take line protocol as InfluxDB 3 does.
#[utoipa::path(
    post, path = "/api/v3/write_lp", tag = "push", params(InfluxParams),
    request_body(content((String = "text/plain"))),
    responses(
        (status = 204, description = "All lines are durable"),
        (status = 400, description = "Lines but for those dropped are durable", body = Object),
        (status = 503, description = "To be sent again", body = Object)
    )
)]
pub(crate) async fn write_v3(
    State(state): State<ApiState>,
    Query(params): Query<InfluxParams>,
    request: Request,
) -> Response {
    answer(
        take(&state, params, request).await,
        |_, message, decoded| match decoded {
            Some(decoded) => {
                let error = |error| {
                    let message = sentence(error);
                    json!({ "line_number": error.item + 1, "error_message": message })
                };
                let errors: Vec<Value> = decoded.errors.iter().map(error).collect();
                json!({ "error": "partial write of line protocol occurred", "data": errors })
            }
            None => json!({ "error": message }),
        },
    )
}

/// Whether writes can be taken, as clients of InfluxDB ask.
#[utoipa::path(
    get, path = "/ping", tag = "push",
    responses((status = 204, description = "They can"))
)]
pub(crate) async fn ping() -> Response {
    marked(StatusCode::NO_CONTENT.into_response())
}

/// Answer the statements that writers send before they write: there is nothing to create.
#[utoipa::path(
    get, path = "/query", tag = "push", params(InfluxStatement),
    responses(
        (status = 200, description = "Done", body = Object),
        (status = 400, description = "Another statement", body = Object)
    )
)]
pub(crate) async fn query(State(state): State<ApiState>, request: Request) -> Response {
    let statement = match statement(&state, request).await {
        Ok(statement) => statement,
        Err(error) => return refuse(&error, json!({ "error": error.detail })),
    };
    let words: Vec<String> = statement
        .split_whitespace()
        .take(2)
        .map(str::to_ascii_uppercase)
        .collect();
    let series = match words.join(" ").as_str() {
        "CREATE DATABASE" | "CREATE RETENTION" | "ALTER RETENTION" => None,
        "SHOW DATABASES" => Some(json!([{ "name": "databases", "columns": ["name"] }])),
        _ => {
            let detail = "only CREATE DATABASE and SHOW DATABASES are answered; ask with PromQL on \
                          /api/v1/query";
            let error = ApiError::bad_request(detail);
            return refuse(&error, json!({ "error": error.detail }));
        }
    };
    let mut result = json!({ "statement_id": 0 });
    if let Some(series) = series {
        result["series"] = series;
    }
    marked(axum::Json(json!({ "results": [result] })).into_response())
}

/// The statement of the query string, else of a form.
async fn statement(state: &ApiState, request: Request) -> Result<String, ApiError> {
    let (head, body) = request.into_parts();
    let of = |uri: &Uri| {
        let params = axum::extract::Query::<InfluxStatement>::try_from_uri(uri);
        params.ok().and_then(|params| params.0.q)
    };
    if let Some(statement) = of(&head.uri) {
        return Ok(statement);
    }
    if head.method != Method::POST {
        return Ok(String::new());
    }
    let collected = collect(state, &head.headers, body).await?;
    // A form is written as a query string is.
    let form = std::str::from_utf8(&collected.bytes).unwrap_or_default();
    let uri = format!("/?{}", form.trim()).parse::<Uri>();
    Ok(uri.ok().and_then(|uri| of(&uri)).unwrap_or_default())
}

/// Options of a write, or what is wrong with its parameters.
pub(crate) fn options(params: InfluxParams) -> Result<InfluxOptions, ApiError> {
    let name = params.precision.unwrap_or_default();
    let Some(precision) = Precision::from_name(&name) else {
        let shown: String = name.chars().take(40).collect();
        let expected = "ns, us, ms, s, m or h";
        let detail = format!("precision `{shown}` is unknown; expected {expected}");
        return Err(ApiError::field("precision", expected, detail));
    };
    let db = params.db.unwrap_or_default();
    if db.len() > DB_BYTES_MAX {
        let expected = format!("at most {DB_BYTES_MAX} bytes");
        return Err(ApiError::field("db", &expected, "`db` is too long"));
    }
    Ok(InfluxOptions { precision, db })
}

async fn take(
    state: &ApiState,
    params: InfluxParams,
    request: Request,
) -> Result<MetricDecoded, ApiError> {
    let options = options(params)?;
    let sent = Sent::of(request.headers(), "influx")?;
    let decoder =
        move |body: &[u8], context: &mut MetricContext<'_>| influx::decode(body, &options, context);
    let (mut decoded, _room) = receive_metrics(state, request, sent, decoder).await?;
    accept(state, &mut decoded).await?;
    Ok(decoded)
}

/// Answers a write; `describe` puts what is wrong in the words of the dialect, with what came of
/// the lines if that is what is wrong.
fn answer(
    taken: Result<MetricDecoded, ApiError>,
    describe: impl FnOnce(ErrorKind, &str, Option<&MetricDecoded>) -> Value,
) -> Response {
    match taken {
        Ok(decoded) if decoded.rejected == 0 => marked(StatusCode::NO_CONTENT.into_response()),
        Ok(decoded) => {
            let first = decoded.errors.first().map(sentence).unwrap_or_default();
            let message = if decoded.accepted == 0 {
                first
            } else {
                format!("partial write: {first} dropped={}", decoded.rejected)
            };
            let error = ApiError::bad_request(message);
            let body = describe(error.kind, &error.detail, Some(&decoded));
            refuse(&error, body)
        }
        Err(error) => {
            let body = describe(error.kind, &error.detail, None);
            refuse(&error, body)
        }
    }
}

fn refuse(error: &ApiError, body: Value) -> Response {
    error.log();
    // An encoding that nobody knows must not be sent again; 415 is none of InfluxDB's statuses.
    let status = match error.kind {
        ErrorKind::UnsupportedMediaType => StatusCode::BAD_REQUEST,
        ErrorKind::RequestTimeout => StatusCode::SERVICE_UNAVAILABLE,
        _ => error.status(),
    };
    let mut response = (status, axum::Json(body)).into_response();
    if let Some(seconds) = error.retry_after_header() {
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
    marked(response)
}

fn marked(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert("x-influxdb-version", HeaderValue::from_static(VERSION));
    headers.insert("x-influxdb-build", HeaderValue::from_static("tocsin"));
    response
}
