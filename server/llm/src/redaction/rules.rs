//! The rules of redaction: read from a file, compiled, and asked where in a text something is to be
//! cut out.

use std::path::{Path, PathBuf};

use regex::Regex;
use serde::Deserialize;

use super::checks::Check;
use super::values::value_at;

/// The shipped rules.
const BUILT_IN: &str = include_str!("../../../../rules/redaction.yml");
/// The most bytes of a file of rules.
const FILE_BYTES_MAX: u64 = 1024 * 1024;
/// The most bytes that a compiled pattern may take.
const PATTERN_BYTES_MAX: usize = 4 * 1024 * 1024;
/// What stands between a key and its value: quotes, perhaps escaped, and a separator.
const SEPARATOR: &str = r#"(?:\\*["'`\]])?\s*(?:=>|:=|={1,3}|:)\s*"#;

/// Why there are no rules.
#[derive(Debug, thiserror::Error)]
pub enum RedactionError {
    /// The file cannot be read.
    #[error("cannot read the redaction rules `{}`", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not a file of rules; says where and what was expected.
    #[error("the redaction rules are not understood: {0}")]
    Text(#[from] serde_yaml_ng::Error),
    /// A rule cannot be.
    #[error("the redaction rule `{id}` cannot be: {why}")]
    Rule {
        /// Which rule.
        id: String,
        /// Why.
        why: String,
    },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    rules: Vec<Written>,
}

/// A rule as it is written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    id: String,
    kind: String,
    pattern: Option<String>,
    value_of: Option<String>,
    check: Option<Check>,
    except: Option<String>,
    #[serde(default)]
    finds: Vec<String>,
    #[serde(default)]
    leaves: Vec<String>,
}

/// A compiled rule.
#[derive(Debug)]
struct Rule {
    kind: usize,
    finder: Finder,
    check: Option<Check>,
    except: Option<Regex>,
}

#[derive(Debug)]
enum Finder {
    /// What the pattern matches, or its group `v`.
    Match(Regex),
    /// What follows the key; `whole` matches a key that stands alone, as in JSON.
    ValueOf { key: Regex, whole: Regex },
}

/// A part of a text that is to be cut out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) kind: usize,
}

/// All rules.
#[derive(Debug)]
pub struct RedactionRules {
    rules: Vec<Rule>,
    kinds: Vec<String>,
}

impl RedactionRules {
    /// The rules of a file, or the shipped ones.
    ///
    /// # Errors
    /// [`RedactionError`].
    pub fn load(path: Option<&Path>) -> Result<Self, RedactionError> {
        let Some(path) = path else {
            return Self::compile(&written(BUILT_IN)?);
        };
        let unreadable = |source| RedactionError::Unreadable {
            path: path.into(),
            source,
        };
        let length = std::fs::metadata(path).map_err(unreadable)?.len();
        if length > FILE_BYTES_MAX {
            let why = std::io::Error::other("it is larger than 1 MB");
            return Err(unreadable(why));
        }
        let written = written(&std::fs::read_to_string(path).map_err(unreadable)?)?;
        for rule in &written {
            rule.check_cases()?;
        }
        Self::compile(&written)
    }

    pub(super) fn compile(written: &[Written]) -> Result<Self, RedactionError> {
        let mut kinds: Vec<String> = vec![super::LITERAL.to_owned()];
        let mut rules = Vec::new();
        for rule in written {
            let wrong = |why: String| RedactionError::Rule {
                id: rule.id.clone(),
                why,
            };
            let is_name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
            if !rule.kind.starts_with(|c: char| c.is_ascii_uppercase())
                || !rule.kind.chars().all(is_name)
                || rule.kind.len() > 32
            {
                let why = "`kind`: expected at most 32 capital letters, digits and `_`";
                return Err(wrong(why.into()));
            }
            let known = kinds.iter().position(|kind| *kind == rule.kind);
            let kind = known.unwrap_or_else(|| {
                kinds.push(rule.kind.clone());
                kinds.len() - 1
            });
            rules.push(rule.compile(kind).map_err(wrong)?);
        }
        Ok(Self { rules, kinds })
    }

    /// The kinds of placeholders; the first stands for text that only looks like one.
    pub(super) fn kinds(&self) -> &[String] {
        &self.kinds
    }

    /// The kind of a name.
    pub(super) fn kind(&self, name: &str) -> Option<usize> {
        self.kinds.iter().position(|kind| kind == name)
    }

    /// What the rules find, as they find it: unordered, overlapping.
    pub(super) fn find(&self, text: &str, spans: &mut Vec<Span>) {
        for rule in &self.rules {
            rule.find(text, spans);
        }
    }

    /// The kind of the value of a key that stands alone, if it is to be cut out.
    pub(super) fn kind_of_value(&self, key: &str, value: &str) -> Option<usize> {
        let rule = self.rules.iter().find(|rule| {
            matches!(&rule.finder, Finder::ValueOf { whole, .. } if whole.is_match(key))
                && rule.takes(value)
        })?;
        Some(rule.kind)
    }
}

/// The rules of a text, as they are written.
pub(super) fn written(text: &str) -> Result<Vec<Written>, RedactionError> {
    let File { rules } = serde_yaml_ng::from_str(text)?;
    Ok(rules)
}

/// The shipped rules, as they are written.
#[cfg(test)]
pub(super) fn built_in() -> Vec<Written> {
    written(BUILT_IN).unwrap()
}

impl Written {
    /// Whether the rule finds what its cases mark, and nothing in those that it is to leave.
    pub(super) fn check_cases(&self) -> Result<(), RedactionError> {
        let wrong = |why: String| RedactionError::Rule {
            id: self.id.clone(),
            why,
        };
        let alone = RedactionRules::compile(std::slice::from_ref(self))?;
        let found = |text: &str| {
            let mut spans = Vec::new();
            alone.find(text, &mut spans);
            spans.sort_by_key(|span| span.start);
            let values = spans
                .iter()
                .map(|span| text[span.start..span.end].to_owned());
            values.collect::<Vec<_>>()
        };
        if self.finds.is_empty() || self.leaves.is_empty() {
            return Err(wrong("expected cases in `finds` and in `leaves`".into()));
        }
        for case in &self.finds {
            let marked = case.split('«').skip(1);
            let marked = marked.map(|part| part.split('»').next().unwrap_or_default().to_owned());
            let marked: Vec<String> = marked.collect();
            let found = found(&case.replace(['«', '»'], ""));
            if found != marked {
                return Err(wrong(format!("it finds {found:?} in `{case}`")));
            }
        }
        for case in &self.leaves {
            let found = found(case);
            if !found.is_empty() {
                return Err(wrong(format!("it finds {found:?} in `{case}`")));
            }
        }
        Ok(())
    }

    fn compile(&self, kind: usize) -> Result<Rule, String> {
        let finder = match (&self.pattern, &self.value_of) {
            (Some(pattern), None) => Finder::Match(regex(pattern)?),
            (None, Some(key)) => Finder::ValueOf {
                key: regex(&format!(
                    r#"(?i)(?:^|[^a-z0-9])(?:[a-z0-9_.-]*[_.-])?(?:{key})(?:{SEPARATOR}|(?P<flag>\s+))"#
                ))?,
                whole: regex(&format!(r"^(?i)(?:[a-z0-9_.:-]*[^a-z0-9])?(?:{key})$"))?,
            },
            _ => return Err("expected either `pattern` or `value_of`".into()),
        };
        let except = self.except.as_ref();
        let except = except.map(|except| regex(&format!("^(?:{except})$")));
        Ok(Rule {
            kind,
            finder,
            check: self.check,
            except: except.transpose()?,
        })
    }
}

/// What opens an object or a list is no value, nor is the rest of `::` or `://`.
fn is_bare_value(text: &str) -> bool {
    let is_bracket = |c: char| matches!(c, '{' | '[' | '(' | '}' | ']' | ')');
    !text.chars().all(is_bracket) && !text.starts_with("//") && !text.starts_with(':')
}

fn regex(pattern: &str) -> Result<Regex, String> {
    let mut builder = regex::RegexBuilder::new(pattern);
    let built = builder.size_limit(PATTERN_BYTES_MAX).build();
    built.map_err(|error| error.to_string())
}

impl Rule {
    fn find(&self, text: &str, spans: &mut Vec<Span>) {
        match &self.finder {
            Finder::Match(pattern) => {
                let mut from = 0;
                while let Some(groups) = pattern.captures_at(text, from) {
                    let Some(whole) = groups.get(0) else { break };
                    let found = groups.name("v").unwrap_or(whole);
                    let is_taken = self.add(text, found.range(), spans);
                    // What is not taken may be the begin of the next: `for invalid user bob`.
                    from = match !is_taken && found.start() > whole.start() {
                        true => found.start(),
                        false => whole.end().max(whole.start() + 1),
                    };
                    if from > text.len() {
                        break;
                    }
                }
            }
            Finder::ValueOf { key, .. } => {
                let mut from = 0;
                while let Some(groups) = key.captures_at(text, from) {
                    let Some(found) = groups.get(0) else { break };
                    from = found.end();
                    // `--key value`; without dashes white space separates nothing.
                    let is_flag = groups.name("flag").is_some();
                    let name = found.as_str().trim_start_matches([' ', '\t', '"', '\'']);
                    if !is_flag || name.starts_with('-') {
                        let value = value_at(text, from);
                        if value.start > from || is_bare_value(&text[value.clone()]) {
                            self.add(text, value, spans);
                        }
                    }
                }
            }
        }
    }

    /// Adds what is to be cut out; false if it is not.
    fn add(&self, text: &str, range: std::ops::Range<usize>, spans: &mut Vec<Span>) -> bool {
        let is_taken = self.takes(&text[range.clone()]);
        if is_taken {
            spans.push(Span {
                start: range.start,
                end: range.end,
                kind: self.kind,
            });
        }
        is_taken
    }

    fn takes(&self, value: &str) -> bool {
        !value.is_empty()
            && self.check.is_none_or(|check| check.holds(value))
            && !self
                .except
                .as_ref()
                .is_some_and(|except| except.is_match(value))
    }
}
