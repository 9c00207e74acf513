//! Extractors: axum's, with rejections as problem details.

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::errors::{ApiError, ErrorKind};
use crate::routes::body;
use crate::state::ApiState;

/// Typed parameters of the query string.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match axum::extract::Query::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Query(params)) => Ok(Self(params)),
            Err(rejection) => Err(ApiError::bad_request(rejection.body_text())),
        }
    }
}

/// Typed parameters of the query string of which `label` may be repeated: its values come as
/// lines of one text.
pub(crate) struct LabelledQuery<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for LabelledQuery<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let query = parts.uri.query().unwrap_or_default();
        let wrong = |error: serde::de::value::Error| {
            ApiError::bad_request(format!("Failed to deserialize query string: {error}"))
        };
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).map_err(wrong)?;
        let (labels, mut others): (Vec<_>, Vec<_>) =
            pairs.into_iter().partition(|(name, _)| name == "label");
        if !labels.is_empty() {
            let labels: Vec<String> = labels.into_iter().map(|(_, value)| value).collect();
            others.push(("label".to_owned(), labels.join("\n")));
        }
        let text = serde_urlencoded::to_string(others).unwrap_or_default();
        serde_urlencoded::from_str(&text).map(Self).map_err(wrong)
    }
}

/// Typed parts of the path.
pub(crate) struct Path<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match axum::extract::Path::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(params)) => Ok(Self(params)),
            Err(rejection) => Err(ApiError::bad_request(rejection.body_text())),
        }
    }
}

/// A typed JSON body. The content type must say so: browsers do not send that across sites
/// without asking first, and we never agree.
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<ApiState> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &ApiState) -> Result<Self, ApiError> {
        let content_type = request.headers().get(header::CONTENT_TYPE);
        let content_type = content_type
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        if !content_type
            .to_ascii_lowercase()
            .starts_with("application/json")
        {
            let detail = format!("`{content_type}` is not supported; expected application/json");
            return Err(ApiError::new(ErrorKind::UnsupportedMediaType, detail));
        }
        let (parts, body) = request.into_parts();
        let collected = body::collect(state, &parts.headers, body).await?;
        match Json::<T>::from_bytes(&collected.bytes) {
            Ok(Json(value)) => Ok(Self(value)),
            Err(rejection) => Err(ApiError::bad_request(rejection.body_text())),
        }
    }
}

/// The most bytes of the text of a rule.
const RULE_BYTES_MAX: usize = 256 << 10;

/// A rule as people write it: a body of YAML or JSON.
pub(crate) struct RuleText(pub(crate) String);

impl FromRequest<ApiState> for RuleText {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &ApiState) -> Result<Self, ApiError> {
        let content_type = request.headers().get(header::CONTENT_TYPE);
        let content_type = content_type.map_or(Ok(""), |value| value.to_str());
        let content_type = content_type.unwrap_or("?").to_ascii_lowercase();
        let is_text = [
            "application/yaml",
            "application/x-yaml",
            "application/json",
            "text/",
        ]
        .iter()
        .any(|kind| content_type.starts_with(kind));
        if !is_text && !content_type.is_empty() {
            let shown: String = content_type.chars().take(100).collect();
            let detail = format!("`{shown}` is not supported; expected application/yaml");
            return Err(ApiError::new(ErrorKind::UnsupportedMediaType, detail));
        }
        let (parts, body) = request.into_parts();
        let collected = body::collect(state, &parts.headers, body).await?;
        if collected.bytes.len() > RULE_BYTES_MAX {
            let detail = format!("expected a rule of at most {RULE_BYTES_MAX} bytes");
            return Err(ApiError::new(ErrorKind::TooLarge, detail));
        }
        let text = String::from_utf8(collected.bytes.to_vec());
        let wrong = |_| ApiError::bad_request("expected a rule in UTF-8");
        text.map(Self).map_err(wrong)
    }
}

/// A count within bounds, or the default.
pub(crate) fn count(
    field: &str,
    asked: Option<usize>,
    default: usize,
    allowed: std::ops::RangeInclusive<usize>,
) -> Result<usize, ApiError> {
    let count = asked.unwrap_or(default);
    if allowed.contains(&count) {
        return Ok(count);
    }
    let expected = format!(
        "a whole number from {} to {}",
        allowed.start(),
        allowed.end()
    );
    Err(ApiError::field(
        field,
        &expected,
        format!("{count} is out of range"),
    ))
}
