//! What happened, why, and what to do: answers, reports of causes and summaries, whose every sentence
//! names the evidence it rests on.
//!
//! The way of a question: [`understand`] finds what is asked, of what and of when; [`tools`] read the stores;
//! [`answer`] makes statements of what they found. [`root_cause`] gathers what departed around an alarm,
//! lets `ml/rank` order it, and writes the report. What comes with a question ([`answer_attachments`]) is
//! read by `ml/diagnosis`. Nothing here changes anything but threads and reports.

mod answer;
mod attachments;
mod changes;
mod config;
mod conventions;
mod facts;
#[cfg(test)]
mod fakes;
mod parts;
mod quotes;
mod root_cause;
mod runbooks;
mod service;
mod summary;
mod telemetry;
mod tools;
mod understand;
mod words;

pub use attachments::{DiagnosisRules, DiagnosisRulesError, answer_attachments};
pub use changes::{ChangeRuleError, ChangeRules};
pub use config::{CopilotConfig, CopilotConfigError};
pub use parts::CopilotParts;
pub use root_cause::{RootCauseConfig, RootCauseWatch};
pub use runbooks::{RunbookError, Runbooks};
pub use service::{CopilotRules, CopilotService};
pub use telemetry::{CopilotCounts, CopilotTelemetry};
pub use understand::QuestionRulesError;
