//! How trackers of issues and changes are reached: requests and what their answers mean, secrets, the
//! forms that texts take, and a client of each. Not here: what is told to them and when; tickets
//! ([`crate::tickets`]) and actions that people agreed to ([`crate::automation`]) decide that.

pub(crate) mod adf;
pub(crate) mod changes;
mod error;
pub(crate) mod github;
pub(crate) mod jira;
pub(crate) mod markdown;
pub(crate) mod servicenow;
mod settings;
pub(crate) mod text;
pub(crate) mod transitions;
mod wire;

pub(crate) use error::TrackerError;
pub use settings::{ConfigSecret, TrackerConfigError};
pub(crate) use settings::{base_url, secret};
pub(crate) use wire::{Aim, encoded, origin};
