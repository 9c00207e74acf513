//! Summaries: of an alert, a group of lines, an incident, its post-mortem, a day. Each is said statement by
//! statement, as answers are, in sections.

mod alert;
mod cluster;
mod digest;
mod incident;
mod post_mortem;
mod report;
mod wording;

pub(crate) use alert::alert;
pub(crate) use cluster::cluster;
pub(crate) use digest::digest;
pub(crate) use incident::incident;
pub(crate) use post_mortem::post_mortem;
pub(crate) use wording::worded;
