//! Redaction of all that a request says: messages, what tools answered, calls, definitions of
//! tools, schemas. Nothing is sent but what comes out of here.

use std::sync::Arc;

use tocsin_domain::ports::{ChatMessage, ChatRequest, ChatRole};

use super::redactor::Redactor;
use super::restore::Originals;
use super::rules::RedactionRules;

/// A request that may leave.
#[derive(Debug)]
pub(crate) struct RedactedChat {
    pub(crate) request: ChatRequest,
    pub(crate) originals: Originals,
    /// How many different values of a kind were cut out.
    pub(crate) counts: Vec<(String, u32)>,
}

/// Cuts out of a request what must not leave.
pub(crate) fn redact_chat(
    mut request: ChatRequest,
    rules: Arc<RedactionRules>,
    hosts: &[String],
) -> RedactedChat {
    let mut redactor = Redactor::new(rules, hosts);
    for message in &mut request.messages {
        each_text(message, |text| redactor.redact(text));
    }
    for tool in &mut request.tools {
        tool.description = redactor.redact(&tool.description);
        tool.parameters_json_schema = redactor.redact(&tool.parameters_json_schema);
    }
    if let Some(schema) = &mut request.schema {
        *schema = redactor.redact(schema);
    }
    // What a key gave away in one place stands elsewhere without it. Our own words are spared: a
    // user who is called `data` must not take that word out of the rules of the conversation.
    let others = |message: &&mut ChatMessage| message.role != ChatRole::System;
    for message in request.messages.iter_mut().filter(others) {
        each_text(message, |text| redactor.sweep(text));
    }
    RedactedChat {
        originals: redactor.originals(),
        counts: redactor.counts(),
        request,
    }
}

/// Cuts out of texts what must not leave; with the counts of values by kind.
pub(crate) fn redact_texts(
    texts: &[String],
    rules: Arc<RedactionRules>,
    hosts: &[String],
) -> (Vec<String>, Vec<(String, u32)>) {
    let mut redactor = Redactor::new(rules, hosts);
    let once: Vec<String> = texts.iter().map(|text| redactor.redact(text)).collect();
    let swept = once.iter().map(|text| redactor.sweep(text)).collect();
    (swept, redactor.counts())
}

fn each_text(message: &mut ChatMessage, mut change: impl FnMut(&str) -> String) {
    message.text = change(&message.text);
    for call in &mut message.tool_calls {
        call.arguments_json = change(&call.arguments_json);
    }
}
