//! Whether the server lives and is ready.

use serde::Serialize;
use tocsin_domain::ports::server_status::Readiness;
use utoipa::ToSchema;

/// Whether the server lives or is ready.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HealthAnswer {
    /// `ok` or `unavailable`.
    pub(crate) status: &'static str,
    /// What the server needs; empty for liveness.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) dependencies: Vec<Dependency>,
}

/// Something the server needs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Dependency {
    /// What it is.
    pub(crate) name: String,
    /// True if it can be used.
    pub(crate) ready: bool,
    /// Why not; empty if it can.
    pub(crate) detail: String,
}

impl From<Readiness> for Dependency {
    fn from(readiness: Readiness) -> Self {
        Self {
            name: readiness.dependency,
            ready: readiness.is_ready,
            detail: readiness.detail,
        }
    }
}
