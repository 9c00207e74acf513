//! RFC 9457 problem details.

use serde::Serialize;
use tocsin_ingest::ItemError;
use utoipa::ToSchema;

/// What went wrong, as `application/problem+json`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// `https://tocsin.dev/problems/<kind>`; the kind is what programs should look at.
    pub(crate) r#type: String,
    /// The kind in words.
    pub(crate) title: String,
    /// The HTTP status again.
    pub(crate) status: u16,
    /// What went wrong this time, and for `model-missing` what to do.
    pub(crate) detail: String,
    /// How many records were taken, for pushes: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) accepted: Option<usize>,
    /// How many records were not taken, for pushes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rejected: Option<usize>,
    /// What is wrong with single items or fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) errors: Vec<ProblemItem>,
}

/// What is wrong with one item or field.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct ProblemItem {
    /// Which record of the body, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) item: Option<usize>,
    /// Which field or parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) field: Option<String>,
    /// What should have been there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expected: Option<String>,
    /// What was there instead.
    pub(crate) detail: String,
}

impl From<&ItemError> for ProblemItem {
    fn from(error: &ItemError) -> Self {
        Self {
            item: Some(error.item),
            field: error.field.clone(),
            expected: Some(error.expected.clone()),
            detail: error.detail.clone(),
        }
    }
}
