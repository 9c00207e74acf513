//! Which series and which times are meant.

use std::fmt;

use super::labels::Labels;

/// How a matcher compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MatchOp {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`: the whole value matches.
    Matches,
    /// `!~`
    MatchesNot,
}

/// A matcher that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{pattern}` is not a regular expression: {detail}")]
pub struct MatcherError {
    pattern: String,
    detail: String,
}

/// What a label must be. A label that is not there has an empty value.
#[derive(Clone)]
pub struct Matcher {
    /// The label's name.
    pub name: String,
    /// How it is compared.
    pub op: MatchOp,
    /// The value or pattern.
    pub value: String,
    /// The compiled pattern, for the operators that have one.
    regex: Option<regex::Regex>,
}

impl Matcher {
    /// Makes a matcher.
    ///
    /// # Errors
    /// [`MatcherError`] if a pattern cannot be compiled (or is too large).
    pub fn new(op: MatchOp, name: &str, value: &str) -> Result<Self, MatcherError> {
        let regex = match op {
            MatchOp::Equal | MatchOp::NotEqual => None,
            MatchOp::Matches | MatchOp::MatchesNot => {
                let compiled = regex::RegexBuilder::new(&format!("^(?s:{value})$"))
                    .size_limit(1 << 20)
                    .build();
                Some(compiled.map_err(|error| MatcherError {
                    pattern: value.into(),
                    detail: error.to_string(),
                })?)
            }
        };
        Ok(Self {
            name: name.into(),
            op,
            value: value.into(),
            regex,
        })
    }

    /// Whether a value of the label satisfies it.
    #[must_use]
    pub fn is_match(&self, value: &str) -> bool {
        let matches = |regex: &regex::Regex| regex.is_match(value);
        match self.op {
            MatchOp::Equal => self.value == value,
            MatchOp::NotEqual => self.value != value,
            MatchOp::Matches => self.regex.as_ref().is_some_and(matches),
            MatchOp::MatchesNot => !self.regex.as_ref().is_some_and(matches),
        }
    }

    /// Whether a series satisfies it.
    #[must_use]
    pub fn selects(&self, labels: &Labels) -> bool {
        self.is_match(labels.get(&self.name))
    }
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, self.op, &self.value) == (&other.name, other.op, &other.value)
    }
}

impl fmt::Debug for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let op = match self.op {
            MatchOp::Equal => "=",
            MatchOp::NotEqual => "!=",
            MatchOp::Matches => "=~",
            MatchOp::MatchesNot => "!~",
        };
        write!(f, "{}{op}{:?}", self.name, self.value)
    }
}

/// Series and a range of time: those that satisfy all matchers, points in `[from_ms, to_ms]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Selection {
    /// All of them hold.
    pub matchers: Vec<Matcher>,
    /// The first millisecond inside.
    pub from_ms: i64,
    /// The last millisecond inside.
    pub to_ms: i64,
    /// The most series; more are an error, never a silent part of the answer.
    pub series_max: usize,
    /// The most points or buckets all told; more are an error.
    pub samples_max: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_values_and_absent_labels_are_empty() {
        let labels = Labels::new([("__name__", "up"), ("job", "node-1")]).unwrap();
        let selects = |op, name, value| Matcher::new(op, name, value).unwrap().selects(&labels);
        assert!(selects(MatchOp::Equal, "job", "node-1"));
        assert!(!selects(MatchOp::Matches, "job", "node"));
        assert!(selects(MatchOp::Matches, "job", "node.*|x"));
        assert!(selects(MatchOp::MatchesNot, "job", "web.*"));
        assert!(selects(MatchOp::Equal, "zone", ""));
        assert!(selects(MatchOp::NotEqual, "zone", "a"));
        assert!(Matcher::new(MatchOp::Matches, "job", "(").is_err());
    }
}
