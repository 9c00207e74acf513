//! A report in the words of a language model: it is shown the statements of the rules and says them in its own
//! words. What is named, how it is ranked and what is cited stays; what it says wrongly or not at all stands as the
//! rules say it.

use std::time::Duration;

use serde_json::{Value, json};
use tocsin_domain::alert::Evidence as FactEvidence;
use tocsin_domain::copilot::{
    Cause, Fact, RootCause, RootCauseVerdict, RuledOutCause, Statement, Writer,
};
use tocsin_domain::ports::ModelError;
use tocsin_llm::{AskError, Asker, Evidence, Task, ask};

use super::RootCauseFinder;
use super::causes::once_each;
use crate::answer::{Sentence, Wording, borne_out, extractive_writer, is_ready, writer};
use crate::quotes::inert;

/// The longest that words are waited for: a report is wanted while things are broken.
const WORDING_MAX: Duration = Duration::from_secs(60);
/// Statements that a model is shown, at most; as many sentences as its prompt has tokens for.
const SHOWN_MAX: usize = 24;
/// The fewest statements that are still worth a question.
const SHOWN_MIN: usize = 4;

/// A part of a report; a sentence belongs to one of them.
struct Part {
    /// What it is, for the model.
    kind: String,
    statements: Vec<Statement>,
    /// What the model says of it, each with the places of the statements that it says.
    said: Vec<(Vec<usize>, String)>,
}

/// A statement that a model is shown. Only what cites something is: nothing would bear out the rest.
struct Shown {
    id: String,
    part: usize,
    place: usize,
}

impl RootCauseFinder {
    /// The report in a model's words, on behalf of `user`; as it is without a model, or if that fails.
    pub(super) async fn worded(&self, report: RootCause, user: &str) -> RootCause {
        let asker = Asker {
            user: user.to_owned(),
            question_id: report.id.0,
        };
        let wording = Wording {
            model: &*self.parts.model,
            prompts: &self.prompts,
            // Everything was looked for already.
            tool_calls_max: 0,
            asker: &asker,
        };
        let info = wording.model.model();
        if !is_ready(&info) {
            return report;
        }
        let mut parts = parts(&report);
        let shown = shown(&parts);
        if shown.is_empty() {
            return report;
        }
        let answer = said(&report, (&parts, &shown), wording);
        let sentences = match tokio::time::timeout(WORDING_MAX, answer).await {
            Ok(Ok(sentences)) => sentences,
            Ok(Err(error)) => {
                tracing::warn!(error = %error, "the language model did not word a report of a cause");
                return report;
            }
            Err(_) => {
                tracing::warn!("the language model took too long to word a report of a cause");
                return report;
            }
        };
        let dropped = take(&mut parts, &shown, &sentences, &report.facts);
        let hash = wording.prompts.of(Task::RootCause).hash(&info);
        let writer = match parts.iter().all(|part| part.said.is_empty()) {
            true => Writer {
                dropped,
                ..extractive_writer()
            },
            false => writer(&info, hash, dropped),
        };
        RootCause {
            writer,
            ..put_back(report, parts)
        }
    }
}

/// What the model says of the statements; of fewer if they are longer than its context.
async fn said(
    report: &RootCause,
    (parts, shown): (&[Part], &[Shown]),
    wording: Wording<'_>,
) -> Result<Vec<Sentence>, AskError> {
    let mut facts: Vec<Value> = Vec::new();
    for one in shown {
        let statement = parts
            .get(one.part)
            .and_then(|part| Some((&part.kind, part.statements.get(one.place)?)));
        facts.extend(
            statement.map(
                |(kind, statement)| json!({"id": one.id, "kind": kind, "text": statement.text}),
            ),
        );
    }
    let prompt = wording.prompts.of(Task::RootCause);
    loop {
        let input = json!({"subject": subject(report), "facts": facts});
        match ask(wording.model, prompt, &input, wording.asker).await {
            Err(AskError::Model(ModelError::ContextTooLong { .. })) if facts.len() > SHOWN_MIN => {
                facts.truncate(facts.len() / 2);
            }
            answer => {
                let sentences = answer?.get("sentences").cloned().unwrap_or_default();
                return Ok(serde_json::from_value(sentences).unwrap_or_default());
            }
        }
    }
}

/// What the report is about, and how it ends.
fn subject(report: &RootCause) -> String {
    let title = report.facts.iter().find_map(|fact| match &fact.evidence {
        FactEvidence::Alert { title, .. } | FactEvidence::Incident { title, .. } => {
            Some(inert(title))
        }
        _ => None,
    });
    let title = title.filter(|title| !title.is_empty());
    let title = title.unwrap_or_else(|| "an alarm".into());
    match report.verdict {
        RootCauseVerdict::Found => format!("{title} (a likely cause was found)"),
        RootCauseVerdict::Inconclusive => format!("{title} (no cause can be named)"),
    }
}

/// The parts of a report, in the order in which [`put_back`] takes them.
fn parts(report: &RootCause) -> Vec<Part> {
    let part = |kind: &str, statements: &[Statement]| Part {
        kind: kind.to_owned(),
        statements: statements.to_vec(),
        said: Vec::new(),
    };
    let mut parts = vec![part("what", &report.what), part("impact", &report.impact)];
    let causes = report.causes.iter().enumerate();
    parts.extend(causes.map(|(place, cause)| {
        let kind = format!("cause_{}", place + 1);
        part(&kind, &cause.statements)
    }));
    let ruled_out = report.ruled_out.iter().enumerate();
    parts.extend(ruled_out.map(|(place, one)| {
        let kind = format!("ruled_out_{}", place + 1);
        part(&kind, std::slice::from_ref(&one.statement))
    }));
    parts.push(part("remediation", &report.remediation));
    parts.push(part("would_settle", &report.would_settle));
    parts
}

/// The statements that a model is shown, numbered anew: their ids are not those of facts.
fn shown(parts: &[Part]) -> Vec<Shown> {
    let mut shown = Vec::new();
    for (part, of) in parts.iter().enumerate() {
        let cited = of.statements.iter().enumerate();
        let cited = cited.filter(|(_, statement)| !statement.cites.is_empty());
        for (place, _) in cited.take(SHOWN_MAX - shown.len()) {
            let id = format!("E{}", shown.len() + 1);
            shown.push(Shown { id, part, place });
        }
    }
    shown
}

/// Takes the sentences that the facts of their statements bear out into the parts; counts the others.
fn take(parts: &mut [Part], shown: &[Shown], sentences: &[Sentence], facts: &[Fact]) -> u32 {
    let mut evidence = Evidence::new();
    for one in shown {
        let statement = parts
            .get(one.part)
            .and_then(|part| part.statements.get(one.place));
        let cites = statement.map_or(&[][..], |statement| &statement.cites);
        let cited = facts.iter().filter(|fact| cites.contains(&fact.id));
        cited.for_each(|fact| evidence.add(&one.id, &fact.text));
    }
    let (kept, mut dropped) = borne_out(sentences, &evidence);
    for sentence in kept {
        let said = shown.iter().filter(|one| sentence.cites.contains(&one.id));
        let said: Vec<&Shown> = said.collect();
        // What is said of two parts at once is of neither.
        let first = said.first().map(|first| first.part);
        let part = first.filter(|part| said.iter().all(|one| one.part == *part));
        match part.and_then(|part| parts.get_mut(part)) {
            Some(part) => {
                let places = said.iter().map(|one| one.place).collect();
                part.said.push((places, sentence.text));
            }
            None => dropped += 1,
        }
    }
    dropped
}

impl Part {
    /// What was said, each where the first of its statements stood and with what they cite; statements of which
    /// nothing was said stay.
    fn into_statements(self) -> Vec<Statement> {
        let mut placed: Vec<(usize, Statement)> = Vec::new();
        for (places, text) in &self.said {
            let cites = places
                .iter()
                .filter_map(|place| self.statements.get(*place));
            let cites = cites.flat_map(|statement| statement.cites.iter().cloned());
            let statement = Statement {
                text: text.clone(),
                cites: once_each(cites.collect()),
            };
            placed.push((places.iter().copied().min().unwrap_or(0), statement));
        }
        let is_said = |place: &usize| self.said.iter().any(|(places, _)| places.contains(place));
        let rest = self.statements.iter().cloned().enumerate();
        placed.extend(rest.filter(|(place, _)| !is_said(place)));
        placed.sort_by_key(|(place, _)| *place);
        placed.into_iter().map(|(_, statement)| statement).collect()
    }
}

/// The report with its parts as they are now.
fn put_back(report: RootCause, parts: Vec<Part>) -> RootCause {
    let mut parts = parts.into_iter().map(Part::into_statements);
    let mut next = || parts.next().unwrap_or_default();
    let (what, impact) = (next(), next());
    let causes = report.causes.into_iter().map(|cause| Cause {
        statements: next(),
        ..cause
    });
    let causes = causes.collect();
    let ruled_out = report.ruled_out.into_iter().map(|one| {
        let said: Vec<String> = next().into_iter().map(|one| one.text).collect();
        RuledOutCause {
            statement: Statement {
                text: said.join(" "),
                ..one.statement
            },
            ..one
        }
    });
    let ruled_out = ruled_out.collect();
    RootCause {
        what,
        impact,
        causes,
        ruled_out,
        remediation: next(),
        would_settle: next(),
        ..report
    }
}
