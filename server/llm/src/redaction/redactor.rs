//! Cuts values out of texts, and remembers which placeholder stands for what.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, LazyLock};

use regex::Regex;

use super::known::Known;
use super::restore::Originals;
use super::rules::{RedactionRules, Span};
use super::{LITERAL, json};

/// The kind of names of machines.
const HOST: &str = "HOST";
/// The fewest bytes of a value that is looked for where nothing else points at it.
const SWEPT_BYTES_MIN: usize = 4;

/// What looks like a placeholder, also as JSON and HTML write it.
static LOOKALIKE: LazyLock<Result<Regex, regex::Error>> = LazyLock::new(|| {
    Regex::new(r"(?:<|\\+u003[cC]|&lt;)[A-Z][A-Z0-9_]{0,40}_[0-9]{1,9}(?:>|\\+u003[eE]|&gt;)")
});

/// Cuts values out of the texts of one call.
pub struct Redactor {
    rules: Arc<RedactionRules>,
    hosts: Known,
    numbers: HashMap<(usize, String), usize>,
    counts: Vec<u32>,
    /// Placeholder, value and kind, in the order they were made.
    made: Vec<(String, String, usize)>,
}

impl fmt::Debug for Redactor {
    /// Without the values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor")
            .field("made", &self.made.len())
            .finish_non_exhaustive()
    }
}

impl Redactor {
    /// A redactor by `rules`, which also cuts out `hosts`: names of machines that no pattern would
    /// know as such.
    #[must_use]
    pub fn new(rules: Arc<RedactionRules>, hosts: &[String]) -> Self {
        let counts = vec![0; rules.kinds().len()];
        let host = rules.kind(HOST).unwrap_or(0);
        let names = hosts.iter().filter(|name| *name != "localhost");
        let hosts = Known::new(names.map(|name| (name.clone(), host)));
        Self {
            rules,
            hosts,
            numbers: HashMap::new(),
            counts,
            made: Vec::new(),
        }
    }

    /// The text without what the rules find. If it is JSON as a whole, it still is.
    pub fn redact(&mut self, text: &str) -> String {
        if json::is_whole(text) {
            return self.redact_json(text);
        }
        self.redact_plain(text)
    }

    pub(super) fn redact_plain(&mut self, text: &str) -> String {
        let mut spans = Vec::new();
        if let Ok(lookalike) = &*LOOKALIKE {
            spans.extend(lookalike.find_iter(text).map(|found| Span {
                start: found.start(),
                end: found.end(),
                kind: 0,
            }));
        }
        self.hosts.find(text, &mut spans);
        self.rules.find(text, &mut spans);
        self.replace(text, spans)
    }

    /// The text without what was cut out of any text so far, wherever it stands.
    pub(super) fn sweep(&mut self, text: &str) -> String {
        let swept = self.made.iter().filter(|(_, value, kind)| {
            *kind != 0 && value.len() >= SWEPT_BYTES_MIN && value.parse::<u16>().is_err()
        });
        let plain = swept.clone().map(|(_, value, kind)| (value.clone(), *kind));
        let escaped = swept.map(|(_, value, kind)| (json::escaped(value), *kind));
        let known = Known::new(plain.chain(escaped));
        let mut spans = Vec::new();
        known.find(text, &mut spans);
        if spans.is_empty() {
            return text.to_owned();
        }
        let Ok(lookalike) = &*LOOKALIKE else {
            return text.to_owned();
        };
        let ours: Vec<_> = lookalike
            .find_iter(text)
            .map(|found| found.range())
            .collect();
        spans.retain(|span| {
            let after = ours.partition_point(|range| range.end <= span.start);
            ours.get(after).is_none_or(|range| span.end <= range.start)
        });
        self.replace(text, spans)
    }

    fn replace(&mut self, text: &str, spans: Vec<Span>) -> String {
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        for span in merged(spans) {
            out.push_str(&text[at..span.start]);
            out.push_str(&self.placeholder(span.kind, &text[span.start..span.end]));
            at = span.end;
        }
        out.push_str(&text[at..]);
        out
    }

    /// The placeholder of a value.
    pub(super) fn placeholder(&mut self, kind: usize, value: &str) -> String {
        let key = (kind, value.to_owned());
        if let Some(place) = self.numbers.get(&key) {
            return self.made[*place].0.clone();
        }
        self.counts[kind] += 1;
        let name = &self.rules.kinds()[kind];
        let placeholder = format!("<{name}_{}>", self.counts[kind]);
        self.numbers.insert(key, self.made.len());
        self.made
            .push((placeholder.clone(), value.to_owned(), kind));
        placeholder
    }

    pub(super) fn kind_of_value(&self, key: &str, value: &str) -> Option<usize> {
        self.rules.kind_of_value(key, value)
    }

    /// How many different values of a kind were cut out, by kind; without what only looked like a
    /// placeholder.
    #[must_use]
    pub fn counts(&self) -> Vec<(String, u32)> {
        let kinds = self.rules.kinds().iter().zip(&self.counts);
        let mut counts: Vec<(String, u32)> = kinds
            .filter(|(kind, count)| **count > 0 && *kind != LITERAL)
            .map(|(kind, count)| (kind.clone(), *count))
            .collect();
        counts.sort();
        counts
    }

    /// What stands for what, to put values back.
    pub(crate) fn originals(&self) -> Originals {
        let pairs = self.made.iter();
        Originals::new(pairs.map(|(placeholder, value, _)| (placeholder.clone(), value.clone())))
    }

    /// The text with every value back in its place.
    #[must_use]
    pub fn restore(&self, text: &str) -> String {
        self.originals().restore(text)
    }
}

/// Spans in order that do not overlap: what did is one, of the kind of the longest.
fn merged(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_by_key(|span| (span.start, std::cmp::Reverse(span.end)));
    let mut merged: Vec<(Span, usize)> = Vec::new();
    for span in spans {
        let length = span.end - span.start;
        match merged.last_mut() {
            Some((last, longest)) if span.start < last.end => {
                last.end = last.end.max(span.end);
                if length > *longest {
                    (last.kind, *longest) = (span.kind, length);
                }
            }
            _ => merged.push((span, length)),
        }
    }
    merged.into_iter().map(|(span, _)| span).collect()
}
