//! What is counted: the kinds of variables that lines hold, and where a question names one. Pure.

use std::ops::Range;

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use tocsin_domain::VariableKind;

use super::catalogue::Catalogue;
use super::directory::Kind;
use super::time::Word;

/// The most words of what is counted: `client ip addresses`.
const NOUN_WORDS_MAX: usize = 4;

/// What is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Counted {
    /// Values of a kind of variable of the rules, or of the member of lines with this name.
    Values(String),
    /// Hosts, services or sources.
    Entities(Kind),
}

/// What a value has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Form {
    /// An IPv4 or IPv6 address.
    Address,
    /// None.
    Name,
}

/// A kind of variable that people ask for.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Variable {
    /// Its name in the rules.
    #[serde(rename = "of")]
    pub(crate) name: String,
    /// The word for one in sentences.
    pub(crate) noun: String,
    words: Vec<String>,
    /// Members that hold it, and words that stand before it.
    #[serde(default)]
    pub(crate) keys: Vec<String>,
    /// What is it wherever it stands.
    #[serde(default, deserialize_with = "kinds")]
    pub(crate) slots: Vec<VariableKind>,
    /// What values of those have to be.
    #[serde(default)]
    pub(crate) form: Option<Form>,
    /// Words that stand before it where it is a word itself.
    #[serde(default)]
    pub(crate) loosely: Vec<String>,
}

impl Variable {
    /// Whether a word, in lower case, means it.
    pub(super) fn is_called(&self, word: &str) -> bool {
        self.words.iter().any(|one| one == word)
    }
}

/// The kind of variable of a name.
pub(crate) fn kind_named(name: &str) -> Option<VariableKind> {
    let all = VariableKind::ALL.into_iter();
    let told = |kind: &VariableKind| !matches!(kind, VariableKind::Any | VariableKind::Space);
    all.filter(told).find(|kind| kind.name() == name)
}

fn kinds<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<VariableKind>, D::Error> {
    let names: Vec<String> = Vec::deserialize(from)?;
    let read = |name: &String| {
        kind_named(name).ok_or_else(|| D::Error::custom(format!("`{name}`: no kind of variable")))
    };
    names.iter().map(read).collect()
}

/// How many of the first are asked for, as in `top 5`, and the word that says so.
pub(super) fn how_many(words: &[Word]) -> Option<(usize, Range<usize>)> {
    let mut pairs = words.iter().zip(words.iter().skip(1)).enumerate();
    pairs.find_map(|(at, (word, next))| {
        let number = next.text.parse().ok()?;
        (word.text == "top" && number > 0).then_some((number, at + 1..at + 2))
    })
}

/// What a question counts, and the words that say so. Words that are spoken for say nothing.
pub(super) fn counted(
    words: &[Word],
    is_used: &[bool],
    catalogue: &Catalogue,
) -> Option<(Counted, Range<usize>)> {
    let free = |at: usize| {
        let word = words.get(at)?;
        (!is_used.get(at)?).then_some(word.text.as_str())
    };
    let cues =
        (0..words.len()).filter(|at| free(*at).is_some_and(|w| catalogue.is_variable_cue(w)));
    cues.filter_map(|at| noun(at, &free, catalogue)).next()
}

/// The noun after a cue. The last word that is known is meant: `source ip` are addresses.
fn noun<'a>(
    cue: usize,
    free: &impl Fn(usize) -> Option<&'a str>,
    catalogue: &Catalogue,
) -> Option<(Counted, Range<usize>)> {
    let leads = |word: &str| {
        let is_number = word.chars().all(|c| c.is_ascii_digit());
        let is_lead = catalogue.is_variable_cue(word) || matches!(word, "of" | "the" | "all");
        (is_number || is_lead) && catalogue.variable(word).is_none()
    };
    let mut at = cue;
    while free(at).is_some_and(leads) {
        at += 1;
    }
    let first = at;
    let (mut known, mut unknown) = (None, None);
    while at < first + NOUN_WORDS_MAX {
        let Some(word) = free(at) else { break };
        let pair = free(at + 1).map(|next| format!("{word} {next}"));
        let paired = pair.and_then(|pair| catalogue.variable(&pair));
        let width = if paired.is_some() { 2 } else { 1 };
        if let Some(variable) = paired.or_else(|| catalogue.variable(word)) {
            known = Some((Counted::Values(variable.name.clone()), at + width));
        } else if let Some(kind) = entities(word, catalogue) {
            known = Some((Counted::Entities(kind), at + width));
        } else if known.is_some()
            || unknown.is_some()
            || catalogue.is_stop_word(word)
            || catalogue.is_common(word)
        {
            break;
        } else {
            unknown = Some((Counted::Values(word.to_owned()), at + width));
        }
        at += width;
    }
    known.or(unknown).map(|(counted, end)| (counted, cue..end))
}

fn entities(word: &str, catalogue: &Catalogue) -> Option<Kind> {
    let kind = catalogue.kind_after(word)?;
    matches!(kind, Kind::Host | Kind::Service | Kind::Source).then_some(kind)
}
