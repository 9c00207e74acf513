//! A run as Slack shows it: what would happen, or what became of it, and the buttons by which people vote.
//!
//! Words from outside stand in blocks that show text as it is, or are escaped; signs that nobody sees are made
//! visible, so that what is read is what would be done.

use serde_json::{Value, json};
use tocsin_domain::automation::{
    Params, Plan, Press, PreviewKind, RiskLevel, Run, RunId, RunState, Verdict,
};
use tocsin_domain::ports::RunDetails;

use crate::automation::providers::json as param_json;
use crate::channels::escape;
use crate::words::cut;

/// The most characters of parameters and of a preview that are shown.
const PARAMS_CHARS: usize = 1000;
const PREVIEW_CHARS: usize = 2500;
/// The most lines of a preview.
const PREVIEW_LINES: usize = 40;
/// The most characters of a field, of which Slack takes 2000.
const FIELD_CHARS: usize = 400;
/// The most characters of a section, of which Slack takes 3000.
const SECTION_CHARS: usize = 1500;
/// The most characters of a header.
const HEADER_CHARS: usize = 150;
/// The most votes that are named.
const VOTES_MAX: usize = 10;

/// What a message needs to know beside the run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Around<'a> {
    /// Where the page is, without a slash at the end.
    pub(super) base_url: &'a str,
    /// Whether what people press is heard.
    pub(super) can_vote: bool,
}

/// The name of the block by which a run's message is found again.
pub(super) fn mark(run: RunId) -> String {
    format!("tocsin run {run}")
}

/// A run as Slack shows it, without where it goes.
pub(super) fn body(details: &RunDetails, around: Around<'_>) -> Value {
    let run = &details.run;
    let is_open = run.state == RunState::AwaitingApproval;
    let mut blocks = vec![header(run), about(run, around)];
    let state = state_line(details);
    if !state.is_empty() {
        blocks.push(section(&state));
    }
    if let Some(plan) = &details.plan {
        blocks.push(json!({ "type": "section", "fields": fields(details, plan) }));
        if !plan.action.params.is_empty() {
            let (text, _) = shortened(&params_text(&plan.action.params), PARAMS_CHARS);
            blocks.push(preformatted(&text));
        }
        if is_open {
            blocks.extend(preview(plan));
        }
    }
    if let Some(votes) = votes(details) {
        blocks.push(section(&votes));
    }
    let is_votable = is_open && around.can_vote;
    if let (true, Some(plan)) = (is_votable, run.plan) {
        let press = Press { run: run.id, plan };
        blocks.push(comment_input());
        blocks.push(buttons(details, press, around));
    } else {
        blocks.push(json!({ "type": "actions", "elements": [open_button(run, around)] }));
    }
    blocks.push(footer(run));
    let text = format!(
        "{}: {} ({})",
        heading(run),
        visible(&run.title),
        visible(&run.rule)
    );
    json!({
        // What a notification on a telephone shows.
        "text": escape(&cut(&text.replace('\n', " "), 300)),
        "blocks": blocks,
        "unfurl_links": false,
        "unfurl_media": false,
    })
}

const fn heading(run: &Run) -> &'static str {
    match run.state {
        RunState::Proposed => "An action is being planned",
        RunState::AwaitingApproval => "An action waits for approval",
        RunState::Approved => "Approved: it begins as soon as nothing holds it back",
        RunState::Executing => "It is being done",
        RunState::Verifying => "Done: whether it helped is being looked at",
        RunState::RollingBack => "It is being undone",
        RunState::Succeeded => "Succeeded",
        RunState::Failed => "Failed",
        RunState::RolledBack => "It did not help, and was undone",
        RunState::Rejected => "Rejected",
        RunState::Expired => "Expired",
        RunState::Cancelled => "Called off",
    }
}

fn header(run: &Run) -> Value {
    let text = cut(heading(run), HEADER_CHARS);
    json!({
        "type": "header",
        "block_id": mark(run.id),
        "text": { "type": "plain_text", "text": text, "emoji": false },
    })
}

/// Which alert, and which rule.
fn about(run: &Run, around: Around<'_>) -> Value {
    let title = label(&run.title);
    let alert = format!("{}/alerts?alert={}", around.base_url, run.episode.alert);
    section(&format!(
        "*<{alert}|{title}>*\nRule `{}` proposes it.",
        label(&run.rule).replace('`', "'")
    ))
}

/// Text as the label of a link.
fn label(text: &str) -> String {
    let text = cut(&visible(text).replace(['\n', '\t'], " "), FIELD_CHARS);
    // The sign that ends the address of a link.
    escape(&text.replace('|', "\u{a6}"))
}

fn state_line(details: &RunDetails) -> String {
    let run = &details.run;
    let said = escape(&cut(&visible(&run.reason), SECTION_CHARS));
    match &details.waits_for {
        Some(who) => format!("{said}\nIt waits for {}.", escape(&visible(who))),
        None => said,
    }
    .trim()
    .to_owned()
}

fn fields(details: &RunDetails, plan: &Plan) -> Vec<Value> {
    let run = &details.run;
    let mut targets = plan.targets.join(", ");
    if plan.targets.len() > 1 {
        targets = format!("{} ({targets})", plan.targets.len());
    }
    let mut risk = plan.risk.level.name().to_owned();
    if !plan.risk.reasons.is_empty() {
        risk = format!("{risk}: {}", plan.risk.reasons.join("; "));
    }
    let mut all = vec![
        field(
            "What",
            &format!("{} ({})", plan.action.template, plan.action.provider),
        ),
        field(
            "Targets",
            if targets.is_empty() {
                "none named"
            } else {
                &targets
            },
        ),
        field("Risk", &risk),
        field("Proposed by", &run.proposer),
    ];
    if let Some(counts) = plan.preview.counts {
        let text = format!(
            "{} added, {} changed, {} destroyed",
            counts.add, counts.change, counts.destroy
        );
        all.push(field("Changes", &text));
    }
    let undo = plan.rollback.as_ref();
    let undo = undo.map_or("not by Tocsin", |undo| undo.template.as_str());
    all.push(field("Undone by", undo));
    if run.state == RunState::AwaitingApproval {
        let secs = plan.expires_ms.div_euclid(1000);
        let otherwise = crate::civil::rfc3339(plan.expires_ms);
        let when = format!("<!date^{secs}^{{date_short_pretty}} {{time}}|{otherwise}>");
        all.push(json!({ "type": "mrkdwn", "text": format!("*Expires*\n{when}") }));
    }
    all
}

fn field(name: &str, text: &str) -> Value {
    let text = escape(&cut(&visible(text), FIELD_CHARS));
    json!({ "type": "mrkdwn", "text": format!("*{name}*\n{text}"), "verbatim": true })
}

/// A line for each parameter.
fn params_text(params: &Params) -> String {
    let line = |(name, value): (&String, _)| format!("{name}: {}", param_json(value));
    let lines: Vec<String> = params.iter().map(line).collect();
    lines.join("\n")
}

/// What would happen, as far as there is room, and a note if it goes on.
fn preview(plan: &Plan) -> Vec<Value> {
    let preview = &plan.preview;
    let how = match preview.kind {
        PreviewKind::None => "The provider cannot say what would happen.",
        PreviewKind::Described => "What is asked for, not tried:",
        PreviewKind::DryRun => "What would happen, as a dry run says:",
        PreviewKind::Plan => "The plan that is carried out as it is:",
    };
    let mut blocks = vec![section(how)];
    if preview.text.trim().is_empty() {
        return blocks;
    }
    let (text, is_cut) = shortened(&preview.text, PREVIEW_CHARS);
    blocks.push(preformatted(&text));
    if is_cut {
        let lines = preview.text.lines().count();
        blocks.push(context(&format!(
            "It goes on: only its beginning is shown, of {lines} lines. The page shows all of it."
        )));
    }
    blocks
}

/// The beginning of a text, visible, and whether it goes on.
fn shortened(text: &str, chars_max: usize) -> (String, bool) {
    let text = visible(text);
    let lines: Vec<&str> = text.lines().take(PREVIEW_LINES).collect();
    let beginning = cut(&lines.join("\n"), chars_max);
    let is_cut = text.lines().nth(PREVIEW_LINES).is_some() || beginning.ends_with('…');
    (beginning, is_cut)
}

fn votes(details: &RunDetails) -> Option<String> {
    let all = details.votes.iter().take(VOTES_MAX).map(|vote| {
        let verb = match vote.verdict {
            Verdict::Approve => "agreed",
            Verdict::Reject => "said no",
        };
        let why = match vote.comment.is_empty() {
            true => String::new(),
            false => format!(": {}", cut(&vote.comment, 200)),
        };
        escape(&visible(&format!("{} {verb}{why}", vote.actor)))
    });
    let all: Vec<String> = all.collect();
    (!all.is_empty()).then(|| all.join("\n"))
}

fn comment_input() -> Value {
    json!({
        "type": "input",
        "block_id": Press::COMMENT,
        "optional": true,
        "label": { "type": "plain_text", "text": "Comment", "emoji": false },
        "element": { "type": "plain_text_input", "action_id": Press::COMMENT, "max_length": 2000 },
    })
}

fn buttons(details: &RunDetails, press: Press, around: Around<'_>) -> Value {
    let button = |action: &str, text: &str, style: &str| {
        json!({
            "type": "button",
            "action_id": action,
            "style": style,
            "text": { "type": "plain_text", "text": text, "emoji": false },
            "value": press.to_string(),
        })
    };
    let mut approve = button(Press::APPROVE, "Approve", "primary");
    let plan = details.plan.as_ref();
    if plan.is_some_and(|plan| plan.risk.level == RiskLevel::High) {
        let plain = |text: &str| json!({ "type": "plain_text", "text": text, "emoji": false });
        approve["confirm"] = json!({
            "title": plain("The risk is high"),
            "text": plain("Exactly the plan that is shown will be carried out."),
            "confirm": plain("Approve"),
            "deny": plain("Not now"),
        });
    }
    let reject = button(Press::REJECT, "Reject", "danger");
    let open = open_button(&details.run, around);
    json!({ "type": "actions", "elements": [approve, reject, open] })
}

fn open_button(run: &Run, around: Around<'_>) -> Value {
    json!({
        "type": "button",
        "action_id": Press::OPEN,
        "text": { "type": "plain_text", "text": "Open in Tocsin", "emoji": false },
        "url": format!("{}/automation/runs/{}", around.base_url, run.id),
    })
}

fn footer(run: &Run) -> Value {
    let hash = run.plan.map(|plan| plan.to_string());
    let hash = hash.as_deref().map_or("", |hash| &hash[..12]);
    match hash {
        "" => context(&format!("Run {}", run.id)),
        hash => context(&format!("Run {} · plan {hash}", run.id)),
    }
}

fn section(text: &str) -> Value {
    let text = cut(text, 3000);
    json!({ "type": "section", "text": { "type": "mrkdwn", "text": text, "verbatim": true } })
}

fn context(text: &str) -> Value {
    json!({ "type": "context", "elements": [{ "type": "plain_text", "text": text, "emoji": false }] })
}

/// Text that Slack shows as it is.
fn preformatted(text: &str) -> Value {
    let text = if text.is_empty() { " " } else { text };
    json!({
        "type": "rich_text",
        "elements": [{
            "type": "rich_text_preformatted",
            "elements": [{ "type": "text", "text": text }],
        }],
    })
}

/// A text in which every sign is seen: those that nobody sees, or that turn its direction, are `�`.
fn visible(text: &str) -> String {
    text.replace("\r\n", "\n")
        .chars()
        .map(|c| match is_unseen(c) {
            true => '\u{fffd}',
            false => c,
        })
        .collect()
}

fn is_unseen(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t'))
        || matches!(
            c,
            '\u{AD}'
                | '\u{61C}'
                | '\u{180E}'
                | '\u{200B}'..='\u{200F}'
                | '\u{202A}'..='\u{202E}'
                | '\u{2060}'..='\u{206F}'
                | '\u{FEFF}'
                | '\u{E0000}'..='\u{E007F}'
        )
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
