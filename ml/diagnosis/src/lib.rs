//! What does this text say is wrong? Documents that people paste or attach (logs, tables, descriptions of objects,
//! JSON, traces) and a question come in, a [`Diagnosis`] goes out: findings that name the lines they rest on.
//!
//! What words mean stands in [`Rules`]; nothing here knows a product. The same input gives the same output, in
//! time linear in its length. It reads no clock: "now" is the newest time that the documents know.

mod answers;
mod diagnose;
mod document;
mod fields;
mod finding;
mod form;
mod json;
mod json_log;
mod log;
mod moment;
mod observe;
mod outline;
mod question;
mod rank;
mod rules;
mod shape;
mod subject;
mod table;
mod trace;
mod vocabulary;
mod window;

pub use diagnose::Diagnostician;
pub use document::{Document, LineRef};
pub use finding::{Advice, Diagnosis, Finding, FindingKind};
pub use question::AnswerKind;
pub use rules::{Role, Rule, RuleError, RuleFile, Rules, Severity};
pub use subject::Subject;
