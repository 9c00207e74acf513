//! The envelope of Prometheus' HTTP API, as Grafana, promtool and its clients read it: values are
//! texts, times are seconds with fractions. Series, which may be many, are written by [`results`].

mod numbers;
mod results;

use std::collections::BTreeMap;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};
use tocsin_domain::Labels;
use tocsin_promql::{ErrorKind, QueryError, QueryValue, RangeSeries};

/// A failure as Prometheus says it.
#[derive(Debug)]
pub(crate) struct PrometheusError {
    pub(crate) status: StatusCode,
    pub(crate) kind: &'static str,
    pub(crate) detail: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Failure<'a> {
    status: &'a str,
    error_type: &'a str,
    error: &'a str,
}

impl PrometheusError {
    pub(crate) fn bad_data(detail: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            kind: "bad_data",
            detail: detail.into(),
        }
    }
}

impl From<QueryError> for PrometheusError {
    fn from(error: QueryError) -> Self {
        let status = match error.kind() {
            ErrorKind::BadData => StatusCode::BAD_REQUEST,
            ErrorKind::Execution => StatusCode::UNPROCESSABLE_ENTITY,
            ErrorKind::Timeout | ErrorKind::Canceled | ErrorKind::Unavailable => {
                StatusCode::SERVICE_UNAVAILABLE
            }
        };
        Self {
            status,
            kind: error.kind().name(),
            detail: error.to_string(),
        }
    }
}

impl From<tocsin_domain::ports::StoreError> for PrometheusError {
    fn from(error: tocsin_domain::ports::StoreError) -> Self {
        QueryError::from(error).into()
    }
}

impl IntoResponse for PrometheusError {
    fn into_response(self) -> Response {
        let failure = Failure {
            status: "error",
            error_type: self.kind,
            error: &self.detail,
        };
        (self.status, axum::Json(failure)).into_response()
    }
}

/// Data in the envelope of success.
pub(crate) fn success(data: impl Serialize) -> Response {
    #[derive(Serialize)]
    struct Success<T> {
        status: &'static str,
        data: T,
    }
    let status = "success";
    axum::Json(Success { status, data }).into_response()
}

fn own((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// Labels as an object.
pub(crate) fn labels(labels: &Labels) -> BTreeMap<String, String> {
    labels.iter().map(own).collect()
}

/// The answer to an instant query.
pub(crate) fn instant(value: QueryValue) -> Response {
    match value {
        QueryValue::Vector(rows) => results::answer(rows),
        QueryValue::Matrix(series) => matrix(series),
        QueryValue::Scalar(sample) => results::scalar(&sample),
        QueryValue::Str(at_ms, text) => {
            let result = (at_ms as f64 / 1000.0, text);
            success(json!({"resultType": "string", "result": result}))
        }
    }
}

/// The answer to a range query.
pub(crate) fn matrix(series: Vec<RangeSeries>) -> Response {
    results::answer(series)
}

/// What `/api/v1/status/buildinfo` says; Grafana asks it which API there is.
pub(crate) fn build_info(version: &str) -> Value {
    json!({
        "version": "2.42.0", "revision": format!("tocsin {version}"), "branch": "", "buildUser": "",
        "buildDate": "", "goVersion": "",
    })
}
