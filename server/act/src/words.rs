//! The words of a message: MiniJinja templates of a subscription, or Tocsin's own.
//!
//! A template sees `alert` (the first), `alerts`, `status`, `news`, `note` (what the server says of the
//! first, if that is the news), `count`, `more` and `subscription`. One that fails never keeps a message back: Tocsin's own words take its place.

use minijinja::{Environment, Value};
use serde::Serialize;
use tocsin_domain::alert::Evidence;
use tocsin_domain::subscription::MessageTemplate;

use crate::civil::rfc3339;
use crate::message::{Item, Message, Sender};

/// The most characters of a title and of a text.
const TITLE_MAX: usize = 200;
const TEXT_MAX: usize = 8000;
/// How many steps a template may take.
const FUEL: u64 = 200_000;
/// How many alerts and how many pieces of evidence Tocsin's own text names.
const OWN_ALERTS: usize = 10;
const OWN_EVIDENCE: usize = 2;

#[derive(Serialize)]
struct AlertWords {
    id: String,
    title: String,
    status: &'static str,
    news: &'static str,
    severity: &'static str,
    kind: &'static str,
    rule: String,
    failure_type: Option<String>,
    labels: std::collections::BTreeMap<String, String>,
    annotations: std::collections::BTreeMap<String, String>,
    summary: String,
    probability: Option<f64>,
    count: u64,
    starts_at: String,
    ends_at: Option<String>,
    assignee: Option<String>,
    evidence: Vec<String>,
    url: String,
}

fn words(item: &Item, sender: &Sender<'_>) -> AlertWords {
    let alert = &item.alert;
    let pairs = |set: &tocsin_domain::alert::LabelSet| {
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        set.iter().map(owned).collect()
    };
    AlertWords {
        id: alert.id.to_string(),
        title: alert.title.clone(),
        status: item.status(),
        news: item.news.name(),
        severity: alert.severity.name(),
        kind: alert.kind.name(),
        rule: alert.rule.clone(),
        failure_type: alert.failure_type.clone(),
        labels: pairs(&alert.labels),
        annotations: pairs(&alert.annotations),
        summary: alert.annotations.get("summary").to_owned(),
        probability: alert.confidence.is_finite().then_some(alert.confidence),
        count: alert.count,
        starts_at: rfc3339(alert.starts_ms),
        ends_at: item.ends_ms().map(rfc3339),
        assignee: alert.assignee.clone(),
        evidence: alert.evidence.iter().map(evidence).collect(),
        url: sender.link(alert),
    }
}

/// A piece of evidence as a line.
pub(crate) fn evidence(evidence: &Evidence) -> String {
    match evidence {
        Evidence::Record { body, .. } => body.clone(),
        Evidence::Template { count, text, .. } => format!("{count} × {text}"),
        Evidence::Metric { query, value, .. } => format!("{query} = {value}"),
        Evidence::Anomaly { explanation, .. } | Evidence::Prediction { explanation, .. } => {
            explanation.clone()
        }
        Evidence::Alert { title, .. }
        | Evidence::Incident { title, .. }
        | Evidence::Change { title, .. }
        | Evidence::Run { title, .. }
        | Evidence::Runbook { title, .. } => title.clone(),
        Evidence::Attachment { name, line } => format!("{name}, line {line}"),
    }
}

/// Gives a message its words. A template that failed is told in the error; the words are there
/// nevertheless.
pub(crate) fn fill(
    message: &mut Message,
    sender: &Sender<'_>,
) -> Result<(), (&'static str, String)> {
    let template = &sender.subscription.template;
    let mut failed = Ok(());
    let (mut title, mut text) = (own_title(message), own_text(message, sender));
    if template.title.is_some() || template.text.is_some() {
        let context = context(message, sender);
        let parts = [
            ("template.title", &template.title, &mut title),
            ("template.text", &template.text, &mut text),
        ];
        for (field, source, into) in parts {
            match source.as_deref().map(|source| render(source, &context)) {
                Some(Ok(words)) => *into = words,
                Some(Err(error)) => failed = Err((field, error)),
                None => {}
            }
        }
    }
    message.title = cut(
        &title.split_whitespace().collect::<Vec<_>>().join(" "),
        TITLE_MAX,
    );
    if message.title.is_empty() {
        message.title = cut(&own_title(message), TITLE_MAX);
    }
    message.text = cut(text.trim(), TEXT_MAX);
    failed
}

/// Whether templates can be read; the field and the reason of the first that cannot.
pub(crate) fn check(template: &MessageTemplate) -> Result<(), (&'static str, String)> {
    let parts = [
        ("template.title", &template.title),
        ("template.text", &template.text),
    ];
    for (field, source) in parts {
        let Some(source) = source else { continue };
        let environment = environment();
        environment
            .template_from_str(source)
            .map_err(|error| (field, error.to_string()))?;
    }
    Ok(())
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_fuel(Some(FUEL));
    environment.set_trim_blocks(true);
    environment.set_lstrip_blocks(true);
    environment
}

fn render(source: &str, context: &Value) -> Result<String, String> {
    let rendered = environment().render_str(source, context);
    rendered.map_err(|error| error.to_string())
}

fn context(message: &Message, sender: &Sender<'_>) -> Value {
    let alerts: Vec<AlertWords> = message.items.iter().map(|i| words(i, sender)).collect();
    let first = message.items.first().map(|item| words(item, sender));
    minijinja::context! {
        alert => first,
        alerts => alerts,
        status => message.status(),
        news => message.items.first().map(|item| item.news.name()),
        note => message.items.first().and_then(|item| item.note.clone()),
        count => message.alerts(),
        more => message.more,
        subscription => sender.subscription.name,
    }
}

fn line(item: &Item) -> String {
    let what = match item.news.is_end() {
        true => "resolved",
        false => item.alert.severity.name(),
    };
    format!("[{what}] {}", item.alert.title)
}

fn own_title(message: &Message) -> String {
    match message.items.as_slice() {
        [only] if message.more == 0 => line(only),
        items => {
            let ended = items.iter().filter(|item| item.news.is_end()).count();
            let all = message.alerts();
            format!("{all} alerts: {} firing, {ended} resolved", all - ended)
        }
    }
}

fn own_text(message: &Message, sender: &Sender<'_>) -> String {
    let mut lines = Vec::new();
    if let ([only], 0) = (message.items.as_slice(), message.more) {
        let alert = &only.alert;
        lines.push(only.note.clone().unwrap_or_default());
        lines.push(alert.annotations.get("summary").to_owned());
        let shown = alert.evidence.iter().take(OWN_EVIDENCE);
        lines.extend(shown.map(evidence));
        lines.push(alert.labels.to_string());
        lines.push(sender.link(alert));
        lines.retain(|line| !line.is_empty());
        lines.dedup();
        return lines.join("\n");
    }
    lines.extend(message.items.iter().take(OWN_ALERTS).map(line));
    let more = message.alerts().saturating_sub(OWN_ALERTS);
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    lines.push(format!("{}/alerts", sender.base_url));
    lines.join("\n")
}

/// At most so many characters, with a sign that some are missing.
pub(crate) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => {
            let mut short: String = text.chars().take(most.saturating_sub(1)).collect();
            short.push('…');
            short
        }
    }
}
