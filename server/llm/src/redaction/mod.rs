//! What is cut out of texts before they leave, and how it comes back. Every value gets a placeholder
//! such as `<IP_3>`, the same value always the same one, within one call of a model. Text that only
//! looks like a placeholder is cut out as well, so that none is ever mistaken for ours.

mod checks;
mod json;
mod known;
mod redactor;
mod request;
mod restore;
mod rules;
mod values;

pub use redactor::Redactor;
pub(crate) use request::{RedactedChat, redact_chat, redact_texts};
pub(crate) use restore::{Originals, Restorer, Writing};
pub use rules::{RedactionError, RedactionRules};

/// The kind of what only looks like a placeholder.
const LITERAL: &str = "LITERAL";

#[cfg(test)]
mod tests;
