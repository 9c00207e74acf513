//! What pushed records are answered with. Answers of other people's protocols are written by their
//! decoders in `tocsin-ingest`; this is our own.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::problem::ProblemItem;

/// What holds for records that do not say.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PushParams {
    /// The source of records that name none. Default: http.
    pub(crate) source: Option<String>,
    /// The host of records that name none.
    pub(crate) host: Option<String>,
}

/// What became of the records of a body.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PushAnswer {
    /// How many are durable now.
    pub(crate) accepted: usize,
    /// How many could not be taken.
    pub(crate) rejected: usize,
    /// Why, for the first 100.
    pub(crate) errors: Vec<ProblemItem>,
}

/// What Splunk's raw lines say of themselves.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct HecParams {
    /// The host of the lines.
    pub(crate) host: Option<String>,
    /// Their source.
    pub(crate) source: Option<String>,
    /// Their type; their source if there is none.
    pub(crate) sourcetype: Option<String>,
    /// Their index; an attribute here.
    pub(crate) index: Option<String>,
}

/// What a write in line protocol says of itself; all are optional.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct InfluxParams {
    /// The unit of times: ns, us, ms, s, m or h. Told by the size of each if there is none.
    pub(crate) precision: Option<String>,
    /// The database; becomes the label `db`.
    pub(crate) db: Option<String>,
}

/// A statement for InfluxDB 1.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct InfluxStatement {
    /// The statement.
    pub(crate) q: Option<String>,
}
