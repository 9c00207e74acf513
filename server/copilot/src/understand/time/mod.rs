//! Expressions of time in a question: which stretch of time they mean, and which words say so.
//!
//! Read by a small grammar over words (`grammar`), with the asker's calendar (`asker`). What lies in
//! the past ends at the latest now; what is said of the future is marked as such.

mod asker;
mod clocks;
mod days;
mod grammar;
#[cfg(test)]
mod tests;
mod words;

use std::ops::Range;

pub(crate) use asker::{Asker, DAY_MS, HOUR_MS, MINUTE_MS};
pub(crate) use words::{Word, words};

/// The most expressions that are taken from a question.
const SPANS_MAX: usize = 8;

/// A stretch of time that a question names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TimeSpan {
    /// The first moment, in ms since the epoch.
    pub(crate) from_ms: i64,
    /// The last moment, in ms; not before the first.
    pub(crate) to_ms: i64,
    /// The moment, where one was named: the stretch lies around it.
    pub(crate) at_ms: Option<i64>,
    /// True if it lies ahead of now.
    pub(crate) is_future: bool,
    /// The words that say it, as bytes of the question.
    pub(crate) bytes: Range<usize>,
}

/// All expressions of time in a question, in its order.
pub(crate) fn times(question: &str, asker: Asker) -> Vec<TimeSpan> {
    let words = words(question);
    let grammar = grammar::Grammar {
        words: &words,
        asker,
    };
    let mut spans = Vec::new();
    let mut at = 0;
    while at < words.len() && spans.len() < SPANS_MAX {
        match grammar.expression(at) {
            Some((stretch, next)) if next > at => {
                spans.extend(span(stretch, asker, &words[at..next]));
                at = next;
            }
            _ => at += 1,
        }
    }
    spans
}

/// An expression that is all of a text: `yesterday`, `2 hours ago`, `2026-11-03T14:00:00Z`.
pub(crate) fn time(text: &str, asker: Asker) -> Option<TimeSpan> {
    let words = words(text);
    let grammar = grammar::Grammar {
        words: &words,
        asker,
    };
    let (stretch, next) = grammar.expression(0)?;
    (next == words.len())
        .then(|| span(stretch, asker, &words))
        .flatten()
}

fn span(stretch: grammar::Stretch, asker: Asker, words: &[Word]) -> Option<TimeSpan> {
    let bytes = words.first()?.bytes.start..words.last()?.bytes.end;
    let is_future = stretch.from_ms > asker.now_ms || stretch.is_future;
    let to_ms = if is_future {
        stretch.to_ms
    } else {
        stretch.to_ms.min(asker.now_ms)
    };
    Some(TimeSpan {
        from_ms: stretch.from_ms.min(to_ms),
        to_ms,
        at_ms: stretch.at_ms,
        is_future,
        bytes,
    })
}
