//! Findings: sentences with the lines they rest on.

use crate::document::{LineRef, Page};
use crate::observe::{Observation, Origin};
use crate::question::AnswerKind;
use crate::rules::Role;
use crate::subject::Subject;

/// The most lines that a finding names.
pub(crate) const LINES_MAX: usize = 6;

/// What a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FindingKind {
    /// A stated reason.
    Cause,
    /// Something that went wrong.
    Error,
    /// Something that is seen and has its cause elsewhere.
    Symptom,
    /// Something that is as it should be.
    Normal,
    /// A value that was asked for.
    Value,
    /// A number of things.
    Count,
    /// A line, or lines that say the same.
    Line,
}

/// One thing that the documents say.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// What it is.
    pub kind: FindingKind,
    /// What it is about.
    pub subject: Option<Subject>,
    /// A sentence. Every number in it stands in its lines, in the names of their documents, or in `counted`.
    pub text: String,
    /// The lines it rests on, the most telling first; never empty.
    pub lines: Vec<LineRef>,
    /// Numbers of lines or rows that were counted.
    pub counted: Vec<u64>,
    /// The rule that knows what it means.
    pub rule: Option<String>,
    /// How much it explains, at least 0; the findings of a diagnosis are in its order.
    pub score: f64,
}

/// What helps, by a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// The rule.
    pub rule: String,
    /// The type of failure it is for.
    pub failure_type: String,
    /// What to do, step by step.
    pub steps: Vec<String>,
    /// What shows that it helped.
    pub verify: String,
    /// The lines that call for it.
    pub lines: Vec<LineRef>,
}

/// What documents say to a question.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnosis {
    /// How the question was understood.
    pub answer_kind: AnswerKind,
    /// What it speaks of, of what the documents know.
    pub names: Vec<String>,
    /// What it speaks of and the documents know nothing of.
    pub unknown_names: Vec<String>,
    /// The answer, the most important first.
    pub findings: Vec<Finding>,
    /// What helps.
    pub advice: Vec<Advice>,
    /// What one should know about the answer; no number is in it but those of the question.
    pub notices: Vec<String>,
}

/// The finding that an observation makes.
pub(crate) fn of_observation(seen: &Observation<'_>, score: f64, pages: &[Page<'_>]) -> Finding {
    let mut lines = seen.places.clone();
    let subject = seen
        .subject
        .clone()
        .filter(|subject| cite(&subject.name, &mut lines, pages));
    let mut counted = Vec::new();
    let mut text = match &subject {
        Some(subject) => format!("{}: {}", called(subject), seen.text),
        None => capital(&seen.text),
    };
    if seen.count > 1 && matches!(seen.origin, Origin::Log) {
        text.push_str(&format!(", in {} lines", seen.count));
        counted.push(seen.count as u64);
    }
    let quote = seen.quote.replace(['“', '”'], "\"");
    let says_more = quote.len() > 3 && !text.contains(quote.trim_end_matches('.'));
    if says_more {
        text.push_str(&format!(": “{quote}”"));
    }
    if !text.ends_with(['.', '!', '?']) {
        text.push('.');
    }
    lines.truncate(LINES_MAX);
    Finding {
        kind: match seen.role {
            Role::Cause => FindingKind::Cause,
            Role::Error => FindingKind::Error,
            Role::Symptom => FindingKind::Symptom,
            Role::Normal => FindingKind::Normal,
        },
        subject,
        text,
        lines,
        counted,
        rule: seen.rule.map(|rule| rule.id.clone()),
        score: score.max(0.0),
    }
}

/// `The pod `web-1``, or the name alone.
pub(crate) fn called(subject: &Subject) -> String {
    let kind = match subject.kind.trim_end_matches('s') {
        "" => return format!("`{}`", subject.name),
        "persistentvolumeclaim" | "pvc" => "claim (PVC)",
        "deploy" => "deployment",
        "svc" => "service",
        "po" => "pod",
        kind => kind,
    };
    format!("The {kind} `{}`", subject.name)
}

/// Sees that a name is borne out by the lines: by one of them, by the name of a document, or by a line that is
/// added. False if no line of the documents has it.
pub(crate) fn cite(name: &str, lines: &mut Vec<LineRef>, pages: &[Page<'_>]) -> bool {
    let line_of = |place: &LineRef| {
        let at = usize::try_from(place.line).ok()?.checked_sub(1)?;
        pages.get(place.document)?.lines.get(at)
    };
    let is_borne = lines.iter().any(|place| {
        line_of(place).is_some_and(|line| line.contains(name))
            || pages
                .get(place.document)
                .is_some_and(|page| page.name.contains(name))
    });
    if is_borne {
        return true;
    }
    let documents = lines
        .first()
        .map(|place| place.document)
        .into_iter()
        .chain(0..pages.len());
    for document in documents {
        let Some(page) = pages.get(document) else {
            continue;
        };
        let found = page.lines.iter().position(|line| line.contains(name));
        if let Some(line) = found.and_then(|at| u32::try_from(at + 1).ok()) {
            lines.truncate(LINES_MAX - 1);
            lines.push(LineRef { document, line });
            return true;
        }
    }
    false
}

/// The text with a capital at its start.
pub(crate) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}
