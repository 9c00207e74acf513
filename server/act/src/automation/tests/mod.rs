//! Automation as a whole: against a provider that fails, hangs and forgets, and against being killed
//! anywhere.

pub(super) mod plan;
