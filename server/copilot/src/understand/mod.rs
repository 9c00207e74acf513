//! What is asked, of what, and of when: pure functions over a question and what is known.

mod catalogue;
mod directory;
mod follow_up;
mod intent;
mod known;
mod reading;
#[cfg(test)]
mod tests;
pub(crate) mod time;
mod told;
mod variable;

pub(crate) use catalogue::Catalogue;
pub use catalogue::QuestionRulesError;
pub(crate) use directory::{Directory, Entity, Fit, Kind, Place};
pub(crate) use intent::Intent;
pub(crate) use known::KnownNames;
pub(crate) use reading::{Context, FoundEntity, Reading, read};
pub(crate) use told::{understood, uses_topic};
pub(crate) use variable::{Counted, Form, kind_named};
