//! From documents and a question to a diagnosis.

use std::collections::BTreeSet;

use crate::answers;
use crate::document::{Document, Page};
use crate::fields::{Names, plain_key};
use crate::finding::{Advice, Diagnosis, Finding, of_observation};
use crate::form::{Form, Reader, Reading};
use crate::observe::{ErrorWords, LogView, NumberReader, Observation, Origin, observe, row_state};
use crate::question::{AnswerKind, Question, QuestionReader};
use crate::rank::{ranked, telling};
use crate::rules::{Role, Rules};
use crate::subject::{Asked, told_by};

/// The most advices of a diagnosis.
const ADVICE_MAX: usize = 3;
/// The most names that are known from documents.
const NAMES_MAX: usize = 20_000;

/// What is known when a question is answered.
#[derive(Debug)]
pub(crate) struct Known<'k> {
    pub(crate) question: &'k Question,
    pub(crate) pages: &'k [Page<'k>],
    pub(crate) readings: &'k [Reading],
    pub(crate) log: &'k LogView<'k>,
    pub(crate) asked: &'k Asked,
    pub(crate) seen: &'k [Observation<'k>],
    pub(crate) rules: &'k Rules,
}

/// Answers questions from documents.
#[derive(Debug)]
pub struct Diagnostician {
    reader: Reader,
    questions: QuestionReader,
    words: ErrorWords,
    numbers: NumberReader,
    codes: answers::CodeReader,
}

impl Diagnostician {
    /// Prepares the readers; costs some milliseconds, so that one is kept.
    ///
    /// # Errors
    /// None that happens: the expressions are fixed, and a test compiles them.
    pub fn new() -> Result<Self, regex::Error> {
        Ok(Self {
            reader: Reader::new()?,
            questions: QuestionReader::new()?,
            words: ErrorWords::new()?,
            numbers: NumberReader::new()?,
            codes: answers::CodeReader::new()?,
        })
    }

    /// What the documents say to a question; an empty question asks what is wrong. Takes time linear in the length
    /// of the documents.
    #[must_use]
    pub fn diagnose(&self, question: &str, documents: &[Document], rules: &Rules) -> Diagnosis {
        let question = self.questions.read(question);
        let pages: Vec<Page<'_>> = documents.iter().map(Page::new).collect();
        let mut readings = Vec::new();
        for (at, page) in pages.iter().enumerate() {
            readings.extend(
                page.sections
                    .iter()
                    .map(|section| self.reader.read(page, at, section)),
            );
        }
        let log = LogView::new(&readings, question.window, &self.words);
        let seen = observe(&readings, &log, &self.numbers, rules);
        let (asked, unknown_names) = asked(&question, &pages, &readings, &log);
        let known = Known {
            question: &question,
            pages: &pages,
            readings: &readings,
            log: &log,
            asked: &asked,
            seen: &seen,
            rules,
        };
        let mut diagnosis = Diagnosis {
            answer_kind: question.kind,
            names: asked.names.clone(),
            unknown_names,
            findings: Vec::new(),
            advice: Vec::new(),
            notices: Vec::new(),
        };
        match question.kind {
            AnswerKind::Count => answers::count(&known, &mut diagnosis),
            AnswerKind::Value => {
                answers::greatest(&known, &mut diagnosis);
                if diagnosis.findings.is_empty() {
                    answers::value(&known, &mut diagnosis);
                }
            }
            AnswerKind::Lines => answers::lines(&known, &mut diagnosis),
            AnswerKind::Codes => self.codes.answer(&known, &mut diagnosis),
            AnswerKind::Exists => answers::exists(&known, &mut diagnosis),
            AnswerKind::Cause | AnswerKind::Health => {}
        }
        // What has no answer of its own kind may still have one of what is wrong.
        let is_open = match question.kind {
            AnswerKind::Cause | AnswerKind::Health => true,
            AnswerKind::Lines => diagnosis.notices.is_empty(),
            // What is asked for in other words than the lines have.
            AnswerKind::Exists => question.phrases.is_empty(),
            AnswerKind::Count | AnswerKind::Value | AnswerKind::Codes => false,
        };
        if is_open && diagnosis.findings.is_empty() {
            self.cause(&known, &mut diagnosis);
        }
        notices(&known, &mut diagnosis);
        diagnosis
    }

    #[expect(
        clippy::unused_self,
        reason = "answers are asked of the one who holds the readers"
    )]
    fn cause(&self, known: &Known<'_>, diagnosis: &mut Diagnosis) {
        let ranked = ranked(known.seen, known.question, known.asked);
        let normal = ranked
            .iter()
            .find(|(_, seen)| seen.role == Role::Normal && seen.origin == Origin::Alert);
        if let Some((score, seen)) = normal {
            diagnosis
                .findings
                .push(of_observation(seen, *score, known.pages));
            diagnosis.advice.extend(advice(seen));
            return;
        }
        let told = telling(&ranked, known.question);
        diagnosis.findings.extend(
            told.iter()
                .map(|(score, seen)| of_observation(seen, *score, known.pages)),
        );
        for (_, seen) in &told {
            let is_new = diagnosis
                .advice
                .iter()
                .all(|advice| Some(&advice.rule) != seen.rule.map(|rule| &rule.id));
            if seen.role > Role::Symptom && is_new && diagnosis.advice.len() < ADVICE_MAX {
                diagnosis.advice.extend(advice(seen));
            }
        }
        if diagnosis.advice.is_empty() {
            diagnosis
                .advice
                .extend(told.iter().find_map(|(_, seen)| advice(seen)));
        }
        let is_fault = told.iter().any(|(_, seen)| {
            seen.role >= Role::Symptom && seen.severity > crate::rules::Severity::Low
        });
        if !is_fault {
            let starting = ranked
                .iter()
                .filter(|(_, seen)| seen.role == Role::Normal)
                .take(2);
            let starting: Vec<Finding> = starting
                .map(|(score, seen)| of_observation(seen, *score, known.pages))
                .collect();
            let mut healthy = answers::healthy(known);
            healthy.extend(starting);
            healthy.append(&mut diagnosis.findings);
            diagnosis.findings = healthy;
        }
    }
}

/// What the rule of an observation advises.
fn advice(seen: &Observation<'_>) -> Option<Advice> {
    let rule = seen.rule?;
    (!rule.steps.is_empty()).then(|| Advice {
        rule: rule.id.clone(),
        failure_type: rule.failure_type.clone(),
        steps: rule.steps.clone(),
        verify: rule.verify.clone(),
        lines: seen.places.clone(),
    })
}

/// What is asked for, of what the documents know, and the names that they do not know.
fn asked(
    question: &Question,
    pages: &[Page<'_>],
    readings: &[Reading],
    log: &LogView<'_>,
) -> (Asked, Vec<String>) {
    let mut known = BTreeSet::new();
    for reading in readings {
        known.extend(told_by(&reading.section.about).map(|subject| subject.name));
        for table in &reading.tables {
            let names = table
                .rows
                .iter()
                .filter_map(|row| row_state(table, row))
                .map(|state| state.name);
            known.extend(
                names
                    .take(NAMES_MAX)
                    .map(|name| name.rsplit('/').next().unwrap_or(name).to_owned()),
            );
        }
        let names = Names::of(&reading.fields);
        known.extend(names.all().take(NAMES_MAX).map(str::to_owned));
        known.extend(reading.spans.iter().map(|span| span.service.clone()));
    }
    known.extend(
        log.lines
            .first()
            .and_then(|line| log.subject(line))
            .map(|subject| subject.name),
    );
    let mut asked = Asked::new(question, &known);
    let stands = |name: &String| {
        let lower = name.to_lowercase();
        pages.iter().any(|page| {
            page.name.to_lowercase().contains(&lower)
                || page
                    .lines
                    .iter()
                    .any(|line| line.to_lowercase().contains(&lower))
        })
    };
    let (found, unknown): (Vec<String>, Vec<String>) = asked.names.into_iter().partition(stands);
    asked.names = found;
    asked.related = related(&asked, readings);
    let unknown = unknown
        .into_iter()
        .filter(|name| question.names.contains(name))
        .collect();
    (asked, unknown)
}

/// Names of what belongs to what was asked for: claims it mounts, who owns it, what uses it.
fn related(asked: &Asked, readings: &[Reading]) -> BTreeSet<String> {
    const LINKS: [&str; 9] = [
        "claimname",
        "usedby",
        "controlledby",
        "secretname",
        "configmapname",
        "serviceaccountname",
        "volumename",
        "newreplicaset",
        "scaletargetref",
    ];
    let mut related = BTreeSet::new();
    if asked.names.is_empty() {
        return related;
    }
    for reading in readings
        .iter()
        .filter(|reading| matches!(reading.form, Form::Outline | Form::Json))
    {
        let names = Names::of(&reading.fields);
        let is_meant = names.all().any(|name| asked.is_named(name));
        if !is_meant {
            continue;
        }
        for field in &reading.fields {
            if LINKS.contains(&plain_key(field.key()).as_str()) && field.value != "<none>" {
                let name = field.value.split_whitespace().next().unwrap_or_default();
                related.insert(name.rsplit('/').next().unwrap_or(name).to_owned());
            }
        }
    }
    related.remove("");
    related
}

fn notices(known: &Known<'_>, diagnosis: &mut Diagnosis) {
    for name in &diagnosis.unknown_names {
        diagnosis
            .notices
            .push(format!("Nothing that is attached speaks of `{name}`."));
    }
    if known
        .pages
        .iter()
        .all(|page| page.lines.iter().all(|line| line.trim().is_empty()))
    {
        diagnosis
            .notices
            .push("The attachments are empty.".to_owned());
    } else if diagnosis.findings.is_empty() && diagnosis.notices.is_empty() {
        diagnosis.notices.push(
            "The attachments do not answer this: nothing in them speaks of a fault.".to_owned(),
        );
    }
}
