//! Which parts of a line to show as found.

use std::ops::Range;

use super::Expression;
use super::tokens::{starts_with_lower, tokens};

/// The parts of `body` that the words, phrases and prefixes of the expression found, ascending and
/// apart. What is asked not to be there is not shown.
#[must_use]
pub fn highlight(expression: &Expression, body: &[u8]) -> Vec<Range<usize>> {
    let found: Vec<Range<usize>> = tokens(body).collect();
    let mut ranges = Vec::new();
    collect(expression, body, &found, &mut ranges);
    ranges.sort_by_key(|range| (range.start, range.end));
    let mut apart: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match apart.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => apart.push(range),
        }
    }
    apart
}

fn collect(
    expression: &Expression,
    body: &[u8],
    found: &[Range<usize>],
    ranges: &mut Vec<Range<usize>>,
) {
    match expression {
        Expression::And(parts) | Expression::Or(parts) => {
            for part in parts {
                collect(part, body, found, ranges);
            }
        }
        Expression::Phrase(words) if !words.is_empty() => {
            for window in found.windows(words.len()) {
                let is_same = window
                    .iter()
                    .zip(words)
                    .all(|(at, word)| body[at.clone()].eq_ignore_ascii_case(word.as_bytes()));
                if is_same {
                    ranges.push(window[0].start..window[words.len() - 1].end);
                }
            }
        }
        Expression::Prefix(prefix) => ranges.extend(
            found
                .iter()
                .filter(|at| starts_with_lower(&body[(*at).clone()], prefix.as_bytes()))
                .cloned(),
        ),
        _ => {}
    }
}
