//! Automation as a whole: against a provider that fails, hangs and forgets, and against being killed
//! anywhere.

mod approvals;
mod changes;
mod flows;
mod model;
mod oracle;
pub(super) mod plan;
mod ports;
mod real;
mod scripted;
mod store;
mod storm;
mod told;
mod world;
