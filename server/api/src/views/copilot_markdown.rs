//! Answers, conversations and summaries as Markdown.

use std::fmt::Write;

use tocsin_domain::copilot::{
    Answer, Fact, Message, Proposal, Statement, Thread, Understood, Writer,
};
use tocsin_domain::ports::Summary;

use super::markdown::{code, line, quote};
use crate::wire::series::at;

/// A conversation.
pub(crate) fn thread(thread: &Thread, messages: &[Message]) -> String {
    let mut out = String::new();
    let title = if thread.title.trim().is_empty() {
        "A conversation"
    } else {
        &thread.title
    };
    put(&mut out, format_args!("# {}\n\n", line(title)));
    let (begun, last) = (at(thread.created_ms), at(thread.updated_ms));
    put(&mut out, format_args!("{begun} to {last}\n"));
    for message in messages {
        match &message.answer {
            None => {
                let user = line(&thread.user);
                put(
                    &mut out,
                    format_args!("\n## {user}, {}\n\n", at(message.at_ms)),
                );
                out.push_str(&quote(&message.text));
            }
            Some(found) => {
                put(
                    &mut out,
                    format_args!("\n### Tocsin, {}\n\n", at(message.at_ms)),
                );
                out.push_str(&understood(&found.understood));
                out.push_str(&answer(found));
                writer(&found.writer, &mut out);
            }
        }
    }
    out
}

/// How a question was understood.
pub(crate) fn understood(understood: &Understood) -> String {
    match line(&understood.text) {
        text if text.is_empty() => text,
        text => format!("*{text}*\n\n"),
    }
}

/// An answer without what was asked.
pub(crate) fn answer(answer: &Answer) -> String {
    statements(&answer.statements) + &beside(answer)
}

/// Sentences, each a paragraph.
pub(crate) fn statements(statements: &[Statement]) -> String {
    let paragraph = |statement| sentence(statement) + "\n\n";
    statements.iter().map(paragraph).collect()
}

/// What an answer says beside its sentences: what could be done, and the evidence.
pub(crate) fn beside(answer: &Answer) -> String {
    let mut out = String::new();
    if answer.is_stopped {
        out.push_str("The answer was stopped here.\n\n");
    }
    for notice in &answer.notices {
        put(&mut out, format_args!("Note: {}\n\n", line(notice)));
    }
    for proposal in &answer.proposals {
        propose(proposal, &mut out);
    }
    evidence(&answer.facts, &mut out);
    out
}

/// A summary.
pub(crate) fn summary(summary: &Summary) -> String {
    let mut out = format!("# {}\n\n", line(&summary.title));
    for section in &summary.sections {
        if !section.title.is_empty() {
            put(&mut out, format_args!("## {}\n\n", line(&section.title)));
        }
        for statement in &section.statements {
            put(&mut out, format_args!("- {}\n", sentence(statement)));
        }
        out.push('\n');
    }
    evidence(&summary.facts, &mut out);
    put(&mut out, format_args!("Made {}. ", at(summary.made_ms)));
    writer(&summary.writer, &mut out);
    out
}

/// A sentence with the ids of what it rests on. In a bracket before no parenthesis an id is no link.
fn sentence(statement: &Statement) -> String {
    let mut out = line(&statement.text);
    for id in &statement.cites {
        put(&mut out, format_args!(" \\[{}\\]", line(id)));
    }
    out
}

/// What some sentences rest on, one fact a line; what it says is code, as a log line mostly is.
fn evidence(facts: &[Fact], out: &mut String) {
    if facts.is_empty() {
        return;
    }
    out.push_str("Evidence:\n\n");
    for fact in facts {
        let when = fact
            .at_ms
            .map_or(String::new(), |ms| format!(", {}", at(ms)));
        put(
            out,
            format_args!("- \\[{}\\] {}{when}\n", line(&fact.id), code(&fact.text)),
        );
    }
    out.push('\n');
}

fn propose(proposal: &Proposal, out: &mut String) {
    let about = line(&proposal.failure_type);
    put(
        out,
        format_args!("What could be done about {about} (nothing of it was done):\n\n"),
    );
    for (index, step) in proposal.steps.iter().enumerate() {
        put(out, format_args!("{}. {}\n", index + 1, line(step)));
    }
    if !proposal.verify.is_empty() {
        put(
            out,
            format_args!("\nIt helped if {}\n", line(&proposal.verify)),
        );
    }
    out.push('\n');
}

fn writer(writer: &Writer, out: &mut String) {
    if writer.model.is_empty() {
        out.push_str("Written without a model, from the evidence alone.\n");
    } else {
        put(
            out,
            format_args!(
                "Written by {} ({}) from this evidence; {} of its sentences were dropped, since the \
                 evidence does not bear them out.\n",
                code(&writer.model),
                line(&writer.provider),
                writer.dropped
            ),
        );
    }
}

/// Writing to a text never fails.
fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(text);
}
