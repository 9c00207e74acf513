//! Answers to questions that come with texts: outputs of commands, logs, traces. Pure: nothing but the texts and the
//! rules is read, and every sentence cites the lines it rests on.

mod rules;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use regex::Regex;
use tocsin_diagnosis::{Advice, AnswerKind, Diagnosis, Document, Finding, FindingKind, LineRef};
use tocsin_domain::alert::Evidence;
use tocsin_domain::copilot::{Answer, Proposal, Statement, Understood, Writer};
use tocsin_domain::ports::Attachment;
use tocsin_llm::{Claim, check, safe_text};

use crate::facts::FactBook;
pub use rules::{DiagnosisRules, DiagnosisRulesError};

/// The most bytes of a line that a fact shows.
const LINE_BYTES_MAX: usize = 700;
/// How much of a long line is shown before what is spoken of, in bytes.
const BEFORE_BYTES: usize = 80;
/// The most questions that are suggested.
const FOLLOW_UPS_MAX: usize = 3;

/// Answers a question from the texts that came with it, without a model.
#[must_use]
pub fn answer_attachments(
    question: &str,
    attachments: &[Attachment],
    rules: &DiagnosisRules,
) -> Answer {
    let documents: Vec<Document> = attachments
        .iter()
        .map(|attachment| Document {
            name: attachment.name.clone(),
            text: attachment.text.clone(),
        })
        .collect();
    let diagnosis = rules
        .diagnostician
        .diagnose(question, &documents, &rules.rules);
    let mut writing = Writing {
        attachments,
        book: FactBook::default(),
        brackets: Regex::new(
            r"\[([A-Za-z]{1,12}[-_:]?\d{1,9}(?:[,; ]+[A-Za-z]{1,12}[-_:]?\d{1,9})*)\]",
        )
        .ok(),
    };
    let mut statements: Vec<Statement> = diagnosis
        .findings
        .iter()
        .filter_map(|finding| writing.statement(finding))
        .collect();
    // What helps against the first finding; what helps against others are proposals only.
    let first = diagnosis
        .findings
        .first()
        .and_then(|finding| finding.rule.as_ref());
    let is_asked = matches!(
        diagnosis.answer_kind,
        AnswerKind::Cause | AnswerKind::Health
    );
    let advised = diagnosis.advice.iter().find(|advice| {
        is_asked
            && !advice.failure_type.is_empty()
            && first.is_none_or(|first| *first == advice.rule)
    });
    statements.extend(advised.and_then(|advice| writing.remedy(advice)));
    let proposals = diagnosis
        .advice
        .iter()
        .filter_map(|advice| writing.proposal(advice))
        .collect();
    if statements.is_empty() {
        statements.extend(diagnosis.notices.first().map(|notice| Statement {
            text: safe_text(notice),
            cites: Vec::new(),
        }));
    }
    Answer {
        understood: understood(&diagnosis),
        statements,
        proposals,
        follow_ups: follow_ups(&diagnosis),
        notices: diagnosis
            .notices
            .iter()
            .map(|notice| safe_text(notice))
            .collect(),
        facts: writing.book.into_facts(),
        writer: Writer {
            provider: "extractive".to_owned(),
            ..Writer::default()
        },
        ..Answer::default()
    }
}

/// An answer while it is written.
struct Writing<'a> {
    attachments: &'a [Attachment],
    book: FactBook,
    /// What a reader would take for a citation, and is none.
    brackets: Option<Regex>,
}

impl Writing<'_> {
    /// The sentence of a finding; none if its lines do not bear it out, or there is no room for its facts.
    fn statement(&mut self, finding: &Finding) -> Option<Statement> {
        let text = self.shown(&finding.text);
        let cites = self.cite(&finding.lines, &finding.counted, &finding.text)?;
        self.is_borne_out(&text, &cites)
            .then_some(Statement { text, cites })
    }

    fn remedy(&mut self, advice: &Advice) -> Option<Statement> {
        let steps: Vec<&str> = advice
            .steps
            .iter()
            .take(2)
            .map(|step| step.trim_end_matches('.'))
            .collect();
        let text = format!("To fix it: {}.", steps.join("; "));
        let cites = self.cite(&advice.lines, &[], "")?;
        self.is_borne_out(&text, &cites)
            .then_some(Statement { text, cites })
    }

    fn proposal(&mut self, advice: &Advice) -> Option<Proposal> {
        if advice.failure_type.is_empty() {
            return None;
        }
        Some(Proposal {
            failure_type: advice.failure_type.clone(),
            steps: advice.steps.clone(),
            verify: advice.verify.clone(),
            cites: self.cite(&advice.lines, &[], "")?,
        })
    }

    /// Text from outside, made safe to show.
    fn shown(&self, text: &str) -> String {
        let text = self
            .brackets
            .as_ref()
            .map_or(Cow::Borrowed(text), |regex| regex.replace_all(text, "($1)"));
        safe_text(&text)
    }

    /// Facts for lines; the first also says what was counted.
    fn cite(&mut self, lines: &[LineRef], counted: &[u64], spoken: &str) -> Option<Vec<String>> {
        let mut cites = Vec::new();
        for (at, place) in lines.iter().enumerate() {
            let Some(attachment) = self.attachments.get(place.document) else {
                continue;
            };
            let index = usize::try_from(place.line).ok()?.checked_sub(1)?;
            let line = attachment.text.lines().nth(index)?;
            let counts = if at == 0 && !counted.is_empty() {
                let numbers: Vec<String> = counted.iter().map(u64::to_string).collect();
                format!(" (counted: {})", numbers.join(", "))
            } else {
                String::new()
            };
            let text = format!(
                "{}, line {}{counts}: {}",
                attachment.name,
                place.line,
                window(line.trim(), spoken)
            );
            let evidence = Evidence::Attachment {
                name: attachment.name.clone(),
                line: place.line,
            };
            let id = self.book.cite(evidence, None, &text);
            if at == 0 && id.is_none() {
                return None;
            }
            cites.extend(id.filter(|id| !cites.contains(id)));
        }
        (!cites.is_empty()).then_some(cites)
    }

    /// Whether the facts say every number of a sentence.
    fn is_borne_out(&self, text: &str, cites: &[String]) -> bool {
        let mut evidence = tocsin_llm::Evidence::new();
        for fact in self
            .book
            .facts()
            .iter()
            .filter(|fact| cites.contains(&fact.id))
        {
            evidence.add(&fact.id, &fact.text);
        }
        let claim = Claim {
            text: text.to_owned(),
            cites: cites.to_vec(),
        };
        check(&[claim], &evidence).dropped.is_empty()
    }
}

/// The part of a long line that a sentence speaks of.
fn window<'l>(line: &'l str, spoken: &str) -> Cow<'l, str> {
    if line.len() <= LINE_BYTES_MAX {
        return Cow::Borrowed(line);
    }
    let quote = spoken.split('“').nth(1).unwrap_or_default();
    let start_of_quote: String = quote.chars().take(24).collect();
    let found = line
        .find(&start_of_quote)
        .filter(|_| start_of_quote.len() >= 8);
    let boundary = |at: usize| {
        (0..=at.min(line.len()))
            .rev()
            .find(|&at| line.is_char_boundary(at))
            .unwrap_or(0)
    };
    let start = boundary(found.unwrap_or(0).saturating_sub(BEFORE_BYTES));
    let end = boundary(start + LINE_BYTES_MAX);
    let (open, close) = (
        if start > 0 { "… " } else { "" },
        if end < line.len() { " …" } else { "" },
    );
    Cow::Owned(format!("{open}{}{close}", &line[start..end]))
}

fn understood(diagnosis: &Diagnosis) -> Understood {
    let (intent, asks) = match diagnosis.answer_kind {
        AnswerKind::Cause => ("why", "what is wrong, and why"),
        AnswerKind::Health => ("health", "whether it is healthy"),
        AnswerKind::Count => ("count", "how many there are"),
        AnswerKind::Value => ("value", "what something is"),
        AnswerKind::Lines => ("errors", "for lines"),
        AnswerKind::Codes => ("codes", "which status codes there were"),
        AnswerKind::Exists => ("search", "whether something was there"),
    };
    let names: Vec<String> = diagnosis
        .names
        .iter()
        .chain(&diagnosis.unknown_names)
        .map(|name| format!("`{name}`"))
        .collect();
    let of = if names.is_empty() {
        String::new()
    } else {
        format!(", of {}", names.join(", "))
    };
    Understood {
        intent: intent.to_owned(),
        text: safe_text(&format!(
            "You ask {asks}{of}; the answer comes from what is attached."
        )),
        entities: diagnosis.names.clone(),
        ..Understood::default()
    }
}

fn follow_ups(diagnosis: &Diagnosis) -> Vec<String> {
    let mut asked: Vec<String> = Vec::new();
    for finding in &diagnosis.findings {
        let Some(subject) = &finding.subject else {
            continue;
        };
        let is_asked = diagnosis.names.contains(&subject.name);
        let question = match finding.kind {
            FindingKind::Cause | FindingKind::Error | FindingKind::Symptom if !is_asked => {
                format!("What is wrong with `{}`?", subject.name)
            }
            FindingKind::Line => format!("What is wrong with `{}`?", subject.name),
            _ => continue,
        };
        if !asked.contains(&question) && asked.len() < FOLLOW_UPS_MAX {
            asked.push(question);
        }
    }
    if diagnosis.answer_kind != AnswerKind::Lines && asked.len() < FOLLOW_UPS_MAX {
        asked.push("Show me the errors in the logs.".to_owned());
    }
    asked
        .into_iter()
        .map(|question| safe_text(&question))
        .collect()
}
