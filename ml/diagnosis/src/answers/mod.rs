//! Answers to questions of other kinds than what is wrong.

mod codes;
mod count;
mod counted_lines;
mod exists;
mod greatest;
mod healthy;
mod lines;
mod value;

pub(crate) use codes::CodeReader;
pub(crate) use count::count;
pub(crate) use exists::exists;
pub(crate) use greatest::greatest;
pub(crate) use healthy::healthy;
pub(crate) use lines::lines;
pub(crate) use value::value;

use crate::document::LineRef;
use crate::finding::{Finding, FindingKind};

/// A finding of a sentence and its lines.
pub(crate) fn finding(kind: FindingKind, text: String, lines: Vec<LineRef>) -> Finding {
    Finding {
        kind,
        subject: None,
        text,
        lines,
        counted: Vec::new(),
        rule: None,
        score: 1.0,
    }
}
