//! Which lines tell of a change, as `rules/changes.yml` has it.

use std::collections::BTreeMap;

use regex::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};
use serde::Deserialize;
use tocsin_domain::change::ChangeKind;

/// The rules that come with the server.
const BUILT_IN: &str = include_str!("../../../../rules/changes.yml");
/// Bytes of a line that are searched.
const LINE_BYTES_MAX: usize = 4096;
/// Bytes of a compiled pattern, at most.
const PATTERN_BYTES_MAX: usize = 4 << 20;
/// Bytes of all of them together, at most.
const SET_BYTES_MAX: usize = 32 << 20;

/// Rules that cannot be.
#[derive(Debug, thiserror::Error)]
pub enum ChangeRuleError {
    /// The text is no YAML of the form expected.
    #[error("{name}: cannot be read")]
    Syntax {
        /// Where it stands.
        name: String,
        /// What the reader says.
        #[source]
        source: serde_yaml_ng::Error,
    },
    /// A rule that cannot be.
    #[error("{name}: rule `{rule}`: {detail}")]
    Rule {
        /// Where it stands.
        name: String,
        /// Its id.
        rule: String,
        /// What was expected.
        detail: String,
    },
}

/// Rules, in the order in which they hold.
#[derive(Debug)]
pub struct ChangeRules {
    set: RegexSet,
    rules: Vec<Rule>,
    undo: BTreeMap<ChangeKind, String>,
}

#[derive(Debug)]
struct Rule {
    kind: ChangeKind,
    pattern: Regex,
}

/// What a line tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ToldChange {
    pub(super) kind: ChangeKind,
    pub(super) entity: Option<String>,
    pub(super) version: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    undo: BTreeMap<String, String>,
    rules: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    kind: String,
    pattern: String,
    #[serde(default)]
    examples: Vec<String>,
    #[serde(default)]
    counterexamples: Vec<String>,
}

impl ChangeRules {
    /// Those that come with the server.
    ///
    /// # Errors
    /// None that the tests would let through.
    pub fn built_in() -> Result<Self, ChangeRuleError> {
        Self::load(BUILT_IN, "rules/changes.yml")
    }

    /// Reads rules; `name` is where the text stands, for errors. Their examples are tried.
    ///
    /// # Errors
    /// [`ChangeRuleError`] names the rule and what was expected.
    pub fn load(text: &str, name: &str) -> Result<Self, ChangeRuleError> {
        let file: File =
            serde_yaml_ng::from_str(text).map_err(|source| ChangeRuleError::Syntax {
                name: name.to_owned(),
                source,
            })?;
        let wrong = |rule: &str, detail: String| ChangeRuleError::Rule {
            name: name.to_owned(),
            rule: rule.to_owned(),
            detail,
        };
        let patterns = file.rules.iter().map(|rule| &rule.pattern);
        let set = RegexSetBuilder::new(patterns)
            .case_insensitive(true)
            .size_limit(SET_BYTES_MAX)
            .build();
        let mut rules = Vec::new();
        for entry in &file.rules {
            rules.push(compiled(entry).map_err(|detail| wrong(&entry.id, detail))?);
        }
        let mut undo = BTreeMap::new();
        for (kind, text) in file.undo {
            let known = ChangeKind::from_name(&kind);
            undo.insert(
                known.ok_or_else(|| wrong("undo", expected_kind(&kind)))?,
                text,
            );
        }
        Ok(Self {
            set: set.map_err(|error| wrong("all", error.to_string()))?,
            rules,
            undo,
        })
    }

    /// What a line tells of a change; none if nothing.
    pub(super) fn read(&self, line: &str) -> Option<ToldChange> {
        let line = &line[..line.floor_char_boundary(LINE_BYTES_MAX)];
        let rule = self.rules.get(self.set.matches(line).iter().next()?)?;
        let found = rule.pattern.captures(line)?;
        let part = |name: &str| {
            let part = found
                .name(name)?
                .as_str()
                .trim_end_matches(['.', '/', '-', ':']);
            (!part.is_empty()).then(|| part.to_owned())
        };
        Some(ToldChange {
            kind: rule.kind,
            entity: part("entity"),
            version: part("version"),
        })
    }

    /// What to look at when a change of a kind is the likely cause.
    pub(crate) fn undo(&self, kind: ChangeKind) -> Option<&str> {
        self.undo.get(&kind).map(String::as_str)
    }
}

fn expected_kind(kind: &str) -> String {
    let known: Vec<&str> = ChangeKind::ALL.iter().map(|kind| kind.name()).collect();
    format!(
        "`{kind}` is no kind of change: expected one of {}",
        known.join(", ")
    )
}

fn compiled(entry: &Entry) -> Result<Rule, String> {
    let kind = ChangeKind::from_name(&entry.kind).ok_or_else(|| expected_kind(&entry.kind))?;
    let pattern = RegexBuilder::new(&entry.pattern)
        .case_insensitive(true)
        .size_limit(PATTERN_BYTES_MAX)
        .build()
        .map_err(|error| error.to_string())?;
    if let Some(line) = entry.examples.iter().find(|line| !pattern.is_match(line)) {
        return Err(format!("the pattern does not match its example `{line}`"));
    }
    if let Some(line) = entry
        .counterexamples
        .iter()
        .find(|line| pattern.is_match(line))
    {
        return Err(format!("the pattern matches its counterexample `{line}`"));
    }
    Ok(Rule { kind, pattern })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(line: &str) -> Option<(ChangeKind, Option<String>, Option<String>)> {
        let rules = ChangeRules::built_in().unwrap();
        rules
            .read(line)
            .map(|told| (told.kind, told.entity, told.version))
    }

    #[test]
    fn every_rule_has_examples_of_both_sorts_that_hold() {
        ChangeRules::built_in().unwrap();
        let file: File = serde_yaml_ng::from_str(BUILT_IN).unwrap();
        for rule in &file.rules {
            assert!(rule.examples.len() >= 2, "{}", rule.id);
            assert!(!rule.counterexamples.is_empty(), "{}", rule.id);
        }
        // No rule takes what another says is no change.
        let rules = ChangeRules::built_in().unwrap();
        for line in file.rules.iter().flat_map(|rule| &rule.counterexamples) {
            assert_eq!(rules.read(line), None, "{line}");
        }
        assert_eq!(file.undo.len(), ChangeKind::ALL.len());
    }

    #[test]
    fn a_line_says_what_was_changed_and_to_what() {
        let named = |kind, entity: &str, version: &str| {
            Some((kind, Some(entity.to_owned()), Some(version.to_owned())))
        };
        let line = r#"level=info msg="deployed pricing v2.41.0 in 12 s""#;
        assert_eq!(told(line), named(ChangeKind::Deploy, "pricing", "v2.41.0"));
        let line = "Successfully pulled image \"shop/pricing:2.41.0\" in 3.1s";
        assert_eq!(
            told(line),
            named(ChangeKind::Deploy, "shop/pricing", "2.41.0")
        );
        let line = "received SIGTERM, shutting down";
        assert_eq!(told(line), Some((ChangeKind::Restart, None, None)));
        assert_eq!(told("order 17 completed in 3 ms"), None);
    }

    #[test]
    fn what_cannot_be_is_named() {
        let load = |body: &str| {
            let text = format!("rules:\n  - {{id: x, {body}}}");
            ChangeRules::load(&text, "mine.yml")
                .map(drop)
                .map_err(|error| error.to_string())
        };
        assert!(load("kind: deploy, pattern: a").is_ok());
        assert!(
            load("kind: party, pattern: a")
                .unwrap_err()
                .contains("deploy, config")
        );
        assert!(load("kind: deploy, pattern: '('").is_err());
        let unmet = load("kind: deploy, pattern: a, examples: [b]").unwrap_err();
        assert!(
            unmet.starts_with("mine.yml: rule `x`: the pattern does not match"),
            "{unmet}"
        );
        assert!(load("kind: deploy, pattern: a, counterexamples: [a]").is_err());
    }
}
