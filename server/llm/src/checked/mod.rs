//! Holds a model to its evidence: every sentence cites evidence that is there, and every number in
//! it stands in what it cites; a sentence that does not is dropped. Pure functions over plain values.
//!
//! What is compared: quantities with their units (converted, rounded as written, with separators of
//! thousands, in words), shares and percent, rates, lengths of time, dates, times of day, and names
//! with digits in them, which must stand in the evidence literally. What is *not* judged: whether the
//! words around a number are true. A count of errors is not told from a count of hosts.

mod known;
mod mentions;
mod moments;
mod numerals;
mod reader;
mod safe_text;
mod sentences;
mod units;
mod words;

use std::collections::HashMap;

use known::Known;
pub use safe_text::safe_text;

/// The most characters of a sentence; a longer one is dropped.
const SENTENCE_CHARS_MAX: usize = 1_000;
/// The most sentences that are looked at; what follows is dropped.
const SENTENCES_MAX: usize = 200;

/// What a model says, with the evidence it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// One sentence; more are judged one by one, each by the same cites.
    pub text: String,
    /// Ids of evidence. Ids in brackets in the text count as well.
    pub cites: Vec<String>,
}

/// Prose as claims: one for each sentence, with the ids that stand in it in brackets.
#[must_use]
pub fn claims_of_prose(prose: &str) -> Vec<Claim> {
    let claim = |text| Claim {
        text,
        cites: Vec::new(),
    };
    sentences::split(prose).into_iter().map(claim).collect()
}

/// Evidence to hold claims to.
#[derive(Debug, Default)]
pub struct Evidence {
    facts: HashMap<String, Fact>,
    given: String,
}

#[derive(Debug, Default)]
struct Fact {
    text: String,
    numbers: Vec<(f64, String)>,
}

impl Evidence {
    /// No evidence: every claim falls.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds evidence under an id such as `E3`: what it says, as it was shown to the model. More of
    /// the same id is added to it.
    pub fn add(&mut self, id: &str, text: &str) {
        let fact = self.facts.entry(id.to_owned()).or_default();
        fact.text.push('\n');
        fact.text.push_str(text);
    }

    /// Adds a number to evidence that its text does not show, with a unit such as `ms`, `%` or none.
    pub fn add_number(&mut self, id: &str, value: f64, unit: &str) {
        let fact = self.facts.entry(id.to_owned()).or_default();
        fact.numbers.push((value, unit.to_owned()));
    }

    /// What holds for every sentence, as worked out by code: the range of time that was looked at,
    /// the host that was asked about. Never the words of the question, nor anything from outside.
    pub fn give(&mut self, text: &str) {
        self.given.push('\n');
        self.given.push_str(text);
    }

    fn known(&self, cites: &[String]) -> Known {
        let mut known = Known::default();
        known.add_text(&self.given);
        for fact in cites.iter().filter_map(|id| self.facts.get(id)) {
            known.add_text(&fact.text);
            for (value, unit) in &fact.numbers {
                known.add_number(*value, unit);
            }
        }
        known
    }
}

/// A sentence that its evidence bears out, safe to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CitedSentence {
    /// Without ids in it.
    pub text: String,
    /// Ids of evidence, each once, in the order they were named; at least one, all known.
    pub cites: Vec<String>,
}

/// Why a sentence is not shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DropReason {
    /// It names no evidence.
    #[error("it cites nothing")]
    NoCitation,
    /// It names evidence that is not there.
    #[error("it cites `{0}`, which is not there")]
    UnknownCitation(String),
    /// It says a number that its evidence does not.
    #[error("`{0}` does not stand in what it cites")]
    UnsupportedNumber(String),
    /// Nothing is left of it when it is made safe to show.
    #[error("it says nothing")]
    Empty,
    /// It, or the answer, is too long.
    #[error("it is too long")]
    TooLong,
}

/// A sentence that was dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DroppedSentence {
    /// What it said, safe to show.
    pub text: String,
    /// The ids it named.
    pub cites: Vec<String>,
    /// Why it fell.
    pub reason: DropReason,
}

/// What is left of what a model said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checked {
    /// What may be shown, in order.
    pub kept: Vec<CitedSentence>,
    /// What may not, in order.
    pub dropped: Vec<DroppedSentence>,
}

/// Holds claims to their evidence.
#[must_use]
pub fn check(claims: &[Claim], evidence: &Evidence) -> Checked {
    let mut checked = Checked::default();
    for claim in claims {
        for sentence in sentences::split(&safe_text(&claim.text)) {
            let (text, mut cites) =
                sentences::take_cites(&sentence, |id| evidence.facts.contains_key(id));
            cites.extend(claim.cites.iter().map(|id| bare_id(id)));
            let mut seen = Vec::new();
            cites.retain(|id| {
                !seen.contains(id) && {
                    seen.push(id.clone());
                    true
                }
            });
            let is_late = checked.kept.len() + checked.dropped.len() >= SENTENCES_MAX;
            let judged = if is_late {
                Err(DropReason::TooLong)
            } else {
                judge(&text, &cites, evidence)
            };
            match judged {
                Ok(()) => checked.kept.push(CitedSentence { text, cites }),
                Err(reason) => checked.dropped.push(DroppedSentence {
                    text,
                    cites,
                    reason,
                }),
            }
        }
    }
    checked
}

/// An id without the brackets that models like to put around it.
fn bare_id(id: &str) -> String {
    let is_around =
        |c: char| matches!(c, '[' | ']' | '【' | '】' | '(' | ')' | '^') || c.is_whitespace();
    id.trim_matches(is_around).to_owned()
}

fn judge(text: &str, cites: &[String], evidence: &Evidence) -> Result<(), DropReason> {
    if !text.chars().any(char::is_alphanumeric) {
        return Err(DropReason::Empty);
    }
    if text.chars().count() > SENTENCE_CHARS_MAX {
        return Err(DropReason::TooLong);
    }
    if cites.is_empty() {
        return Err(DropReason::NoCitation);
    }
    if let Some(id) = cites.iter().find(|id| !evidence.facts.contains_key(*id)) {
        return Err(DropReason::UnknownCitation(safe_text(id)));
    }
    let known = evidence.known(cites);
    let mentions = mentions::read(text);
    match mentions.iter().find(|mention| !known.bears_out(mention)) {
        Some(mention) => Err(DropReason::UnsupportedNumber(mention.raw.clone())),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
