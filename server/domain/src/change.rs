//! Changes: what people or programs did on purpose. The first suspects when something breaks.

use crate::alert::{LabelSet, named};
use crate::id::RecordId;

named! {
    /// What was done.
    ChangeKind {
        /// A new version of a program.
        Deploy = "deploy",
        /// Configuration, feature flags, certificates, permissions.
        Config = "config",
        /// More or fewer instances, or resources.
        Scaling = "scaling",
        /// Something was stopped and started.
        Restart = "restart",
        /// A job, playbook or plan was run.
        Run = "run",
        /// Anything else.
        Other = "other",
    }
}

crate::alert::uuid_identity! {
    /// The identity of a change.
    ChangeId
}

/// Something that was done.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Who it is.
    pub id: ChangeId,
    /// When it was done, in ms since the epoch.
    pub at_ms: i64,
    /// What was done.
    pub kind: ChangeKind,
    /// What it was done to: a service, or a host.
    pub entity: String,
    /// A line that says it all.
    pub title: String,
    /// What else is known: `version`, `environment`, …
    pub labels: LabelSet,
    /// Who told of it: `api`, or the source of the log line.
    pub source: String,
    /// Who did it.
    pub actor: Option<String>,
    /// Where to read more: `http` or `https`.
    pub url: Option<String>,
    /// The log line that speaks of it.
    pub record: Option<RecordId>,
}

impl Change {
    /// The most bytes of an entity.
    pub const ENTITY_BYTES_MAX: usize = 256;
    /// The most bytes of a title.
    pub const TITLE_BYTES_MAX: usize = 1024;
}
