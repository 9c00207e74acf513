//! Automation: from an alert to a change that people agreed to and that was seen to help.

#![expect(dead_code, reason = "the parts are joined below as they come")]

mod budget;
mod condition;
mod entry;
mod file;
mod machine;
mod matching;
mod policy;
mod provider;
mod render;
#[cfg(test)]
mod tests;
mod throttle;
mod verify;
mod words;

pub use file::{AutomationFileError, parse as parse_automations};
