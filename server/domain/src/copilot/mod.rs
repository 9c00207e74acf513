//! What is answered to people: facts, statements that cite them, reports of causes, and threads.

mod answer;
mod fact;
mod root_cause;
mod thread;

pub use answer::{Answer, Chart, Proposal, Runbook, Step, Understood, Writer};
pub use fact::{Fact, Statement};
pub use root_cause::{
    Cause, CauseFactor, RootCause, RootCauseId, RootCauseSubject, RootCauseVerdict, RuledOutCause,
};
pub use thread::{Feedback, Message, MessageId, MessageRole, PageContext, Thread, ThreadId};
