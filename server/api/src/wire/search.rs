//! Answers of the searches.

use serde::{Deserialize, Serialize};
use tocsin_domain::ports::log_search::RankedPrototype;
use utoipa::{IntoParams, ToSchema};

use super::record::Record;

/// How a search looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SearchMode {
    /// For the words of `q`.
    #[default]
    Text,
    /// For lines that mean what `q` means.
    Semantic,
    /// For both.
    Hybrid,
}

/// In which order records come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SearchOrder {
    /// Newest first.
    #[default]
    Newest,
    /// Oldest first.
    Oldest,
}

/// How records are searched and paged.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SearchParams {
    /// How to look. Default: text.
    #[serde(default)]
    pub(crate) mode: SearchMode,
    /// In which order; for text only. Default: newest.
    #[serde(default)]
    pub(crate) order: SearchOrder,
    /// How many records, 0 to 1000; 0 only counts, for text. Default 100.
    #[param(minimum = 0, maximum = 1000)]
    pub(crate) limit: Option<usize>,
    /// The `next_cursor` of the page before.
    pub(crate) cursor: Option<String>,
    /// `false` leaves the total out, which is faster. Default: true.
    pub(crate) count: Option<bool>,
}

/// One page of what was found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SearchAnswer {
    /// The records.
    pub(crate) items: Vec<Record>,
    /// Where the next page begins; null if this is the last.
    pub(crate) next_cursor: Option<String>,
    /// How many records there are on all pages: exact for text; for the other modes the lines of
    /// the matched prototypes. Null only with `count=false`.
    pub(crate) total: Option<u64>,
    /// How long the search took, in milliseconds.
    pub(crate) took_ms: f64,
    /// How it looked.
    pub(crate) mode: SearchMode,
    /// The prototypes that answer, best first; absent for text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) prototypes: Option<Vec<Prototype>>,
    /// What the reader should know, such as that search by meaning is off.
    pub(crate) notice: Option<String>,
}

/// A prototype that answers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Prototype {
    /// Its template, 16 hexadecimal digits.
    pub(crate) template: String,
    /// Its pattern.
    pub(crate) pattern: String,
    /// How well it answers.
    pub(crate) score: f32,
    /// How many records of it the filters leave.
    pub(crate) count: u64,
}

impl From<RankedPrototype> for Prototype {
    fn from(prototype: RankedPrototype) -> Self {
        Self {
            template: prototype.template.id.to_string(),
            pattern: prototype.template.pattern(),
            score: prototype.score,
            count: prototype.count,
        }
    }
}

/// How many similar records.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SimilarParams {
    /// How many records, 1 to 1000. Default 50.
    #[param(minimum = 1, maximum = 1000)]
    pub(crate) limit: Option<usize>,
}

/// Records like one record.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SimilarAnswer {
    /// The records, newest first.
    pub(crate) items: Vec<Record>,
    /// The prototypes they belong to, nearest first.
    pub(crate) prototypes: Vec<Prototype>,
    /// What the reader should know, such as that search by meaning is off.
    pub(crate) notice: Option<String>,
}

/// How much of the surroundings.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ContextParams {
    /// How many lines before, 0 to 1000. Default 20.
    #[param(minimum = 0, maximum = 1000)]
    pub(crate) before: Option<usize>,
    /// How many lines after, 0 to 1000. Default 20.
    #[param(minimum = 0, maximum = 1000)]
    pub(crate) after: Option<usize>,
}

/// The lines around one line in its own source.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ContextAnswer {
    /// Lines before it, oldest first.
    pub(crate) before: Vec<Record>,
    /// The line.
    pub(crate) line: Record,
    /// Lines after it, oldest first.
    pub(crate) after: Vec<Record>,
}

/// The most frequent values of the common fields.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FieldsAnswer {
    /// `source`, `host` and `severity`.
    pub(crate) items: Vec<Field>,
}

/// A field and its most frequent values.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Field {
    /// The name of the field.
    pub(crate) key: String,
    /// Its most frequent values, at most 20.
    pub(crate) values: Vec<FieldValue>,
}

/// A value and how often it occurs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FieldValue {
    /// The value.
    pub(crate) value: String,
    /// How many records have it.
    pub(crate) count: u64,
}
