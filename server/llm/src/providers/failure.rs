//! What went wrong, from a status and a body, from an error within a stream, or on the way.

use serde_json::Value;
use tocsin_domain::ports::{ModelError, TimeoutKind};

/// The most characters of a detail.
const DETAIL_CHARS_MAX: usize = 500;
/// The most characters of a model's words that are kept for a repair.
const TEXT_CHARS_MAX: usize = 20_000;

/// Why there is no answer, and how far the request came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) error: ModelError,
    /// Whether the request may have left the machine.
    pub(crate) has_left: bool,
    /// Whether the server may have worked on it, so that it costs.
    pub(crate) is_billed: bool,
    /// Whether it is not to be tried again, whatever its kind.
    pub(crate) is_final: bool,
}

impl Failure {
    pub(crate) const fn before(error: ModelError) -> Self {
        Self {
            error,
            has_left: false,
            is_billed: false,
            is_final: false,
        }
    }

    pub(crate) const fn after(error: ModelError) -> Self {
        Self {
            error,
            has_left: true,
            is_billed: true,
            is_final: false,
        }
    }

    pub(crate) fn malformed(detail: &str, text: &str) -> Self {
        Self::after(malformed(detail, text))
    }

    /// Whether another attempt may succeed, if nothing of an answer came yet.
    pub(crate) const fn is_temporary(&self) -> bool {
        let is_passing = matches!(
            self.error,
            ModelError::Unavailable { .. }
                | ModelError::Timeout {
                    which: TimeoutKind::Connect
                }
        );
        is_passing && !self.is_final
    }
}

/// An answer that is not what it should be.
pub(super) fn malformed(detail: &str, text: &str) -> ModelError {
    ModelError::Malformed {
        detail: shortened(detail),
        text: text.chars().take(TEXT_CHARS_MAX).collect(),
    }
}

/// A detail without control characters, not too long.
pub(super) fn shortened(detail: &str) -> String {
    let plain = detail.chars().map(|c| if c.is_control() { ' ' } else { c });
    plain
        .take(DETAIL_CHARS_MAX)
        .collect::<String>()
        .trim()
        .to_owned()
}

/// What a server says of an error, in the forms that are met.
#[derive(Debug, Default)]
struct Told {
    message: String,
    /// `code` and `type` together.
    code: String,
    /// A status that is told within the body.
    status: Option<u16>,
}

impl Told {
    fn of(body: &str) -> Self {
        match serde_json::from_str::<Value>(body) {
            Ok(value) => Self::of_json(&value),
            Err(_) if body.trim_start().starts_with('<') => Self::default(),
            Err(_) => Self {
                message: body.to_owned(),
                ..Self::default()
            },
        }
    }

    fn of_json(value: &Value) -> Self {
        let error = value.get("error").unwrap_or(value);
        let text = |key: &str| match error.get(key) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Null) | None => String::new(),
            Some(other) => other.to_string(),
        };
        let message = match error {
            Value::String(text) => text.clone(),
            _ => [text("message"), text("detail"), text("error_description")]
                .into_iter()
                .find(|text| !text.is_empty())
                .unwrap_or_default(),
        };
        let code = format!("{} {}", text("code"), text("type"));
        Self {
            message,
            status: text("code").parse().ok(),
            code,
        }
    }
}

/// The error of a status other than success.
pub(super) fn of_status(
    status: u16,
    retry_after_secs: Option<u64>,
    body: &str,
    model: &str,
) -> ModelError {
    let told = Told::of(body);
    let detail = match told.message.is_empty() {
        true => format!("status {status}"),
        false => shortened(&format!("status {status}: {}", told.message)),
    };
    classified(status, &told, detail, (model, retry_after_secs))
}

/// The error that stands within a stream, or in a body with a status of success.
pub(super) fn of_body(value: &Value, model: &str) -> ModelError {
    let told = Told::of_json(value);
    let detail = shortened(match told.message.as_str() {
        "" => "the server broke off with an error",
        message => message,
    });
    let is_of_request = told.code.contains("invalid_request");
    let status = told.status.filter(|status| (400..600).contains(status));
    let status = status.unwrap_or(if is_of_request { 400 } else { 500 });
    classified(status, &told, detail, (model, None))
}

fn classified(
    status: u16,
    told: &Told,
    detail: String,
    (model, retry_after_secs): (&str, Option<u64>),
) -> ModelError {
    let message = told.message.to_ascii_lowercase();
    let code = told.code.to_ascii_lowercase();
    let says = |parts: &[&str]| parts.iter().any(|part| message.contains(part));
    let is_long = code.contains("context_length")
        || says(&[
            "context length",
            "maximum context",
            "context window",
            "context size",
            "prompt is too long",
            "exceeds the available context",
        ]);
    let is_empty = code.contains("insufficient_quota") || code.contains("billing");
    let is_filtered = code.contains("content_filter")
        || code.contains("content_policy")
        || says(&["content management policy"]);
    let is_unknown_model =
        code.contains("model_not_found") || (says(&["model"]) && says(&["not found", "not exist"]));
    match status {
        _ if is_empty => ModelError::Quota { detail },
        402 => ModelError::Quota { detail },
        400 | 413 | 422 | 500 if is_long => ModelError::ContextTooLong { detail },
        413 => ModelError::ContextTooLong { detail },
        400..=403 | 422 if is_filtered => ModelError::Refused { detail },
        401 | 403 => ModelError::Unauthorized,
        400 | 404 if is_unknown_model => ModelError::NoSuchModel {
            name: model.to_owned(),
        },
        408 | 409 | 425 | 429 | 500.. => ModelError::Unavailable {
            retry_after_secs,
            detail,
        },
        _ => ModelError::BadRequest { detail },
    }
}
