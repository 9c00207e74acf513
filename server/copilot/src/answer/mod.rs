//! From what tools find to an answer. `extractive` needs no model: each intent has a file that composes short
//! statements, every one of them with the facts that bear it out.

mod alerts;
mod asked;
mod changes;
mod compare;
mod count;
mod draft;
mod errors;
mod explain;
mod extractive;
mod fill_up;
mod first_seen;
mod help;
mod lines;
mod metric;
mod model;
mod remedies;
mod runbook;
mod runs;
mod search;
mod similar;
mod status;
#[cfg(test)]
mod tests;
mod top;
mod values;
mod why;

pub(crate) use alerts::say as say_alerts;
pub(crate) use asked::Asked;
pub(crate) use changes::say as say_changes;
pub(crate) use draft::{Draft, Stopped};
pub(crate) use fill_up::say as say_prediction;
pub(crate) use lines::{say_line, say_patterns};
#[cfg(test)]
pub(crate) use model::tests::scripted;
pub(crate) use model::{
    Sentence, Wording, answer, borne_out, extractive_writer, input_of, is_ready, judge, writer,
};
#[cfg(test)]
pub(crate) use tests::scene;
pub(crate) use why::say as say_findings;
