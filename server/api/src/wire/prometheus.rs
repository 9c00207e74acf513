//! The envelope of Prometheus' HTTP API, as Grafana, promtool and its clients read it: values are
//! texts, times are seconds with fractions.

use std::collections::BTreeMap;
use std::fmt;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::ser::SerializeTuple;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use tocsin_domain::{Labels, Sample};
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
            ErrorKind::Timeout | ErrorKind::Canceled => StatusCode::SERVICE_UNAVAILABLE,
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
        QueryError::Store(error.to_string()).into()
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

/// A value as Prometheus writes it.
struct Number(f64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.0;
        if value.is_nan() {
            return f.write_str("NaN");
        }
        if value.is_infinite() {
            return f.write_str(if value > 0.0 { "+Inf" } else { "-Inf" });
        }
        if value != 0.0 && (value.abs() < 1e-6 || value.abs() >= 1e21) {
            // Prometheus writes an exponent of two digits and its sign.
            let text = format!("{value:e}");
            let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            let exponent: i32 = exponent.parse().unwrap_or(0);
            let sign = if exponent < 0 { '-' } else { '+' };
            return write!(f, "{mantissa}e{sign}{:02}", exponent.abs());
        }
        // Answers have a hundred thousand values: whole ones and shortest digits the quick way.
        if value.fract() == 0.0 && value.abs() < 1e15 && !(value == 0.0 && value.is_sign_negative())
        {
            return f.write_str(itoa::Buffer::new().format(value as i64));
        }
        let mut buffer = ryu::Buffer::new();
        let text = buffer.format_finite(value);
        if text.contains('e') {
            return write!(f, "{value}");
        }
        f.write_str(text.strip_suffix(".0").unwrap_or(text))
    }
}

/// A time in seconds and a value as text, written without texts of their own.
#[derive(Debug)]
struct Pair(Sample);

impl Serialize for Pair {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Text(f64);
        impl Serialize for Text {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(&Number(self.0))
            }
        }
        let mut pair = serializer.serialize_tuple(2)?;
        let at_ms = self.0.at_ms;
        if at_ms % 1000 == 0 {
            pair.serialize_element(&(at_ms / 1000))?;
        } else {
            pair.serialize_element(&(at_ms as f64 / 1000.0))?;
        }
        pair.serialize_element(&Text(self.0.value))?;
        pair.end()
    }
}

fn pair(sample: &Sample) -> Pair {
    Pair(*sample)
}

#[derive(Debug, Serialize)]
struct Series {
    metric: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Pair>,
    #[serde(skip_serializing_if = "Option::is_none")]
    values: Option<Vec<Pair>>,
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
        QueryValue::Vector(rows) => {
            let series = rows.iter().map(|row| Series {
                metric: row.labels.iter().map(own).collect(),
                value: Some(pair(&row.sample)),
                values: None,
            });
            let result: Vec<Series> = series.collect();
            success(json!({"resultType": "vector", "result": result}))
        }
        QueryValue::Matrix(series) => matrix(&series),
        QueryValue::Scalar(sample) => {
            success(json!({"resultType": "scalar", "result": pair(&sample)}))
        }
        QueryValue::Str(at_ms, text) => {
            let result = (at_ms as f64 / 1000.0, text);
            success(json!({"resultType": "string", "result": result}))
        }
    }
}

/// The answer to a range query.
pub(crate) fn matrix(series: &[RangeSeries]) -> Response {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Matrix {
        result_type: &'static str,
        result: Vec<Series>,
    }
    let series = series.iter().map(|series| Series {
        metric: series.labels.iter().map(own).collect(),
        value: None,
        values: Some(series.samples.iter().map(pair).collect()),
    });
    success(Matrix {
        result_type: "matrix",
        result: series.collect(),
    })
}

/// What `/api/v1/status/buildinfo` says; Grafana asks it which API there is.
pub(crate) fn build_info(version: &str) -> Value {
    json!({
        "version": "2.42.0", "revision": format!("tocsin {version}"), "branch": "", "buildUser": "",
        "buildDate": "", "goVersion": "",
    })
}

#[cfg(test)]
mod tests {
    use super::Number;

    #[test]
    fn values_are_written_as_prometheus_writes_them() {
        let cases = [
            (1.0, "1"),
            (0.25, "0.25"),
            (-0.0, "-0"),
            (1e-7, "1e-07"),
            (2.5e21, "2.5e+21"),
            (123_456_789.0, "123456789"),
            (0.1 + 0.2, "0.30000000000000004"),
            (123_456_789_012_345_680.0, "123456789012345680"),
            (-2.5, "-2.5"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
            (f64::NAN, "NaN"),
        ];
        for (value, text) in cases {
            assert_eq!(Number(value).to_string(), text);
        }
    }
}
