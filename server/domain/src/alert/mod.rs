//! Alerts: what was detected, as something people can act on.
//!
//! A [`AlertRule`] says when something is to be told and by which labels it is grouped. What it
//! finds becomes an [`Alert`], one for each label set, whatever the number of times. People change
//! its status by an [`AlertAction`]; everything that happens to it is an [`AlertEvent`] with a
//! number, by which a reader can go on where it stopped. Alerts that belong together are an
//! [`Incident`]; a [`Silence`] holds back what would be sent.

mod action;
mod event;
mod evidence;
mod id;
mod incident;
mod label_set;
mod lifecycle;
mod rule;
mod silence;

pub use action::AlertAction;
pub use event::{AlertChange, AlertEvent, AlertEventKind};
pub use evidence::Evidence;
pub(crate) use id::uuid_identity;
pub use id::{AlertId, Fingerprint, IncidentId, SilenceId};
pub use incident::{Incident, IncidentStatus};
pub use label_set::{LabelSet, LabelSetError};
pub(crate) use lifecycle::named;
pub use lifecycle::{Alert, AlertKind, AlertSeverity, AlertStatus};
pub use rule::{AlertRule, RuleError, RuleSeverity, RuleTrigger};
pub use silence::{Recurrence, Silence};
