//! How questions are understood, as `rules/questions.yml` says it.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use regex::{Regex, RegexBuilder};
use serde::Deserialize;
use serde::de::IgnoredAny;
use tocsin_domain::Severity;
use tocsin_rank::SignalKind;

use super::directory::Kind;
use super::intent::Intent;
use super::variable::Variable;

/// The rules that come with the server.
pub(super) const BUILT_IN: &str = include_str!("../../../../rules/questions.yml");
/// The most bytes that a compiled pattern may take.
const PATTERN_BYTES_MAX: usize = 1 << 20;

/// Rules that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum QuestionRulesError {
    /// The text is no YAML of the form expected.
    #[error("{name}: cannot be read")]
    Syntax {
        /// Where it stands.
        name: String,
        /// What the reader says.
        #[source]
        source: serde_yaml_ng::Error,
    },
    /// A pattern that cannot be.
    #[error("{name}: `{pattern}` is no regular expression")]
    Pattern {
        /// Where it stands.
        name: String,
        /// The pattern.
        pattern: String,
        /// What the reader says.
        #[source]
        source: Box<regex::Error>,
    },
}

/// What an intent needs beside its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Need {
    /// Something is open on the page.
    Page,
    /// A service, host or the like is named.
    Entity,
    /// Something measured is named.
    Subject,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    intents: Vec<IntentEntry>,
    severities: Vec<SeverityEntry>,
    subjects: Vec<SubjectEntry>,
    failures: Vec<FailureEntry>,
    labels: Vec<LabelEntry>,
    kind_words: Vec<KindWords>,
    variable_cues: HashSet<String>,
    variables: Vec<Variable>,
    follow_up: String,
    pronouns: Vec<String>,
    stop_words: Vec<Vec<String>>,
    failure_words: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IntentEntry {
    intent: Intent,
    needs: Option<Need>,
    patterns: Vec<String>,
    /// Read by the tests of the rules alone.
    #[serde(default, rename = "examples")]
    _examples: IgnoredAny,
    #[serde(default, rename = "counterexamples")]
    _counterexamples: IgnoredAny,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SeverityEntry {
    severity: String,
    words: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SubjectEntry {
    subject: String,
    kind: SymptomKind,
    words: Vec<String>,
    metrics: String,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SymptomKind {
    Resource,
    Latency,
    Errors,
    Traffic,
    Availability,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FailureEntry {
    failure_type: String,
    words: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LabelEntry {
    kind: Kind,
    names: Vec<String>,
    #[serde(default)]
    is_callee: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KindWords {
    kind: Kind,
    words: Vec<String>,
}

/// Something measured.
#[derive(Debug)]
pub(crate) struct Subject {
    /// Its name.
    pub(crate) name: String,
    /// What kind of symptom it is.
    pub(crate) kind: SignalKind,
    words: HashSet<String>,
    /// Matches the names of the metrics that measure it.
    pub(crate) metrics: Regex,
    /// The same as a text for PromQL's `=~`.
    pub(crate) metrics_text: String,
}

/// The rules, ready to be asked.
#[derive(Debug)]
pub(crate) struct Catalogue {
    intents: Vec<(Intent, Option<Need>, Vec<Regex>)>,
    severities: HashMap<String, Severity>,
    subjects: Vec<Subject>,
    failures: Vec<(String, String)>,
    labels: HashMap<String, Kind>,
    callees: HashSet<String>,
    kind_words: HashMap<String, Kind>,
    variable_cues: HashSet<String>,
    variables: Vec<Variable>,
    follow_up: Regex,
    pronouns: HashSet<String>,
    stop_words: HashSet<String>,
    vocabulary: HashSet<String>,
    failure_words: Vec<String>,
}

impl Catalogue {
    /// The rules that come with the server.
    ///
    /// # Errors
    /// None that the tests would let through.
    pub(crate) fn built_in() -> Result<Self, QuestionRulesError> {
        Self::load(BUILT_IN, "rules/questions.yml")
    }

    /// Reads rules; `name` is where the text stands, for errors.
    ///
    /// # Errors
    /// [`QuestionRulesError`].
    pub(crate) fn load(text: &str, name: &str) -> Result<Self, QuestionRulesError> {
        let file: File =
            serde_yaml_ng::from_str(text).map_err(|source| QuestionRulesError::Syntax {
                name: name.to_owned(),
                source,
            })?;
        let compile = |pattern: &str| compile(pattern, name);
        let vocabulary = vocabulary(&file);
        let mut intents = Vec::new();
        for entry in &file.intents {
            let patterns = entry.patterns.iter().map(|pattern| compile(pattern));
            intents.push((
                entry.intent,
                entry.needs,
                patterns.collect::<Result<_, _>>()?,
            ));
        }
        let mut subjects = Vec::new();
        for entry in file.subjects {
            subjects.push(Subject {
                name: entry.subject,
                kind: entry.kind.signal(),
                words: entry.words.into_iter().collect(),
                metrics: compile(&format!("^(?:{})$", entry.metrics))?,
                metrics_text: entry.metrics,
            });
        }
        let severities = file.severities.iter().flat_map(|entry| {
            let severity = Severity::from_word(&entry.severity).unwrap_or(Severity::ERROR);
            entry.words.iter().map(move |word| (word.clone(), severity))
        });
        let callees = file.labels.iter().filter(|one| one.is_callee);
        let callees = callees.flat_map(|one| one.names.iter().cloned()).collect();
        let failures = file.failures.into_iter().flat_map(|entry| {
            let failure_type = entry.failure_type;
            let words = entry.words.into_iter();
            words.map(move |words| (words, failure_type.clone()))
        });
        Ok(Self {
            intents,
            severities: severities.collect(),
            subjects,
            failures: failures.collect(),
            callees,
            labels: named(file.labels.into_iter().map(|one| (one.kind, one.names))),
            kind_words: named(file.kind_words.into_iter().map(|one| (one.kind, one.words))),
            variable_cues: file.variable_cues,
            variables: file.variables,
            follow_up: compile(&file.follow_up)?,
            pronouns: file.pronouns.into_iter().collect(),
            stop_words: file.stop_words.into_iter().flatten().collect(),
            vocabulary,
            failure_words: file.failure_words,
        })
    }

    /// The first intent whose words are there and that has what it needs, with the bytes of the
    /// text that said so.
    pub(crate) fn intent(
        &self,
        text: &str,
        has: impl Fn(Need) -> bool,
    ) -> Option<(Intent, Range<usize>)> {
        let able = self
            .intents
            .iter()
            .filter(|(_, need, _)| need.is_none_or(&has));
        able.filter_map(|(intent, _, patterns)| {
            let found = patterns.iter().find_map(|pattern| pattern.find(text))?;
            Some((*intent, found.range()))
        })
        .next()
    }

    /// The least severity that a word asks for.
    pub(crate) fn severity(&self, word: &str) -> Option<Severity> {
        self.severities.get(word).copied()
    }

    /// What is measured under a word.
    pub(crate) fn subject(&self, word: &str) -> Option<&Subject> {
        self.subjects.iter().find(|one| one.words.contains(word))
    }

    /// What is measured under a name of the rules.
    pub(crate) fn subject_named(&self, name: &str) -> Option<&Subject> {
        self.subjects.iter().find(|one| one.name == name)
    }

    /// The types of failure that a text, in lower case, names by other words.
    pub(crate) fn failures<'a>(&'a self, text: &'a str) -> impl Iterator<Item = &'a str> {
        let found = move |words: &str| {
            text.match_indices(words).any(|(at, _)| {
                let goes_on = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
                !goes_on(text[..at].chars().next_back())
                    && !goes_on(text[at + words.len()..].chars().next())
            })
        };
        let all = self.failures.iter().filter(move |(words, _)| found(words));
        all.map(|(_, failure_type)| failure_type.as_str())
    }

    /// What a label or attribute names.
    pub(crate) fn kind_of_label(&self, label: &str) -> Option<Kind> {
        self.labels.get(label).copied()
    }

    /// Whether a label names whom something waits for.
    pub(crate) fn is_callee(&self, label: &str) -> bool {
        self.callees.contains(label)
    }

    /// The labels that name something of a kind, whose own what bears them is.
    pub(crate) fn labels_of(&self, kind: Kind) -> impl Iterator<Item = &str> {
        let own = self
            .labels
            .iter()
            .filter(|(label, _)| !self.is_callee(label));
        let labels = own.filter(move |(_, have)| **have == kind);
        labels.map(|(label, _)| label.as_str())
    }

    /// All labels that name something.
    pub(crate) fn labels(&self) -> impl Iterator<Item = &str> {
        self.labels.keys().map(String::as_str)
    }

    /// Of which kind the name after a word is.
    pub(crate) fn kind_after(&self, word: &str) -> Option<Kind> {
        self.kind_words.get(word).copied()
    }

    /// Whether what is counted stands after a word.
    pub(crate) fn is_variable_cue(&self, word: &str) -> bool {
        self.variable_cues.contains(word)
    }

    /// The kind of variable that a word means.
    pub(crate) fn variable(&self, word: &str) -> Option<&Variable> {
        self.variables.iter().find(|one| one.is_called(word))
    }

    /// The kind of variable of a name of the rules.
    pub(crate) fn variable_named(&self, name: &str) -> Option<&Variable> {
        self.variables.iter().find(|one| one.name == name)
    }

    /// Whether a question, in lower case, goes on from the one before.
    pub(crate) fn goes_on(&self, text: &str) -> bool {
        self.follow_up.is_match(text)
    }

    /// Whether a word stands for what was spoken of.
    pub(crate) fn is_pronoun(&self, word: &str) -> bool {
        self.pronouns.contains(word)
    }

    /// Whether a word says nothing by itself.
    pub(crate) fn is_stop_word(&self, word: &str) -> bool {
        self.stop_words.contains(word)
    }

    /// Words that lines have which tell of a failure.
    pub(crate) fn failure_words(&self) -> &[String] {
        &self.failure_words
    }

    /// Whether a word is one of those that questions are made of, and so no misspelt name.
    pub(crate) fn is_common(&self, word: &str) -> bool {
        self.vocabulary.contains(word)
    }
}

impl SymptomKind {
    const fn signal(self) -> SignalKind {
        match self {
            Self::Resource => SignalKind::Resource,
            Self::Latency => SignalKind::Latency,
            Self::Errors => SignalKind::Errors,
            Self::Traffic => SignalKind::Traffic,
            Self::Availability => SignalKind::Availability,
        }
    }
}

fn compile(pattern: &str, name: &str) -> Result<Regex, QuestionRulesError> {
    let compiled = RegexBuilder::new(pattern)
        .case_insensitive(true)
        .size_limit(PATTERN_BYTES_MAX)
        .build();
    compiled.map_err(|source| QuestionRulesError::Pattern {
        name: name.to_owned(),
        pattern: pattern.to_owned(),
        source: Box::new(source),
    })
}

fn named(entries: impl Iterator<Item = (Kind, Vec<String>)>) -> HashMap<String, Kind> {
    entries
        .flat_map(|(kind, names)| names.into_iter().map(move |name| (name, kind)))
        .collect()
}

/// All words of the file that are no names.
fn vocabulary(file: &File) -> HashSet<String> {
    let mut all: HashSet<String> = file.stop_words.iter().flatten().cloned().collect();
    let subjects = file.subjects.iter().flat_map(|one| one.words.iter());
    let severities = file.severities.iter().flat_map(|one| one.words.iter());
    let kinds = file.kind_words.iter().flat_map(|one| one.words.iter());
    all.extend(subjects.chain(severities).chain(kinds).cloned());
    for entry in &file.intents {
        for pattern in &entry.patterns {
            // Without the letters of escapes such as `\\b`.
            let plain = pattern.replace("\\b", " ").replace("\\d", " ");
            let parts = plain.split(|c: char| !c.is_ascii_alphabetic());
            let words = parts.filter(|part| part.len() > 1);
            all.extend(words.map(str::to_lowercase));
        }
    }
    all
}
