//! What words mean: patterns with what they say is wrong, how deep that lies, and what helps.

use regex::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};
use serde::Deserialize;

/// Bytes that the compiled patterns may take together.
const PATTERNS_BYTES_MAX: usize = 256 << 20;
/// The most bytes of a line that patterns are held against.
const MATCHED_BYTES_MAX: usize = 4 << 10;

/// How deep what a rule speaks of lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// What is expected, and no fault.
    Normal,
    /// What is seen, and has a cause elsewhere: `CrashLoopBackOff`.
    Symptom,
    /// Something that went wrong, perhaps because of something else.
    Error,
    /// A stated reason.
    Cause,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Low,
    /// Something suffers.
    Medium,
    /// Something does not work.
    High,
    /// Something is down.
    Critical,
}

/// One rule as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its name, unique.
    pub id: String,
    /// How deep it lies.
    pub role: Role,
    /// How bad it is.
    pub severity: Severity,
    /// Regular expressions, looked for anywhere in a line, case ignored. Named groups are given to `say`.
    pub patterns: Vec<String>,
    /// Lines that match this are not meant.
    #[serde(default)]
    pub unless: Vec<String>,
    /// What it means: a clause without a full stop and without numbers; `{group}` stands for what a group matched,
    /// `{group|words}` for `words` where it matched nothing.
    pub say: String,
    /// The type of failure it belongs to.
    #[serde(default)]
    pub failure_type: String,
    /// What helps, step by step.
    #[serde(default)]
    pub steps: Vec<String>,
    /// What shows that it helped.
    #[serde(default)]
    pub verify: String,
    /// Lines that must match: the rule's test.
    #[serde(default)]
    pub examples: Vec<String>,
    /// Lines that must not match.
    #[serde(default)]
    pub counterexamples: Vec<String>,
}

/// A file of rules.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleFile {
    /// The rules; of two that match the same line, the one of the deeper role holds, then the first.
    pub rules: Vec<Rule>,
}

/// Why rules cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// Two rules have one name.
    #[error("the rule `{0}` is there twice")]
    Twice(String),
    /// A pattern is no regular expression, or too large.
    #[error("the pattern `{pattern}` of the rule `{rule}` cannot be used")]
    Pattern {
        /// The rule.
        rule: String,
        /// The pattern.
        pattern: String,
        /// Why.
        #[source]
        source: regex::Error,
    },
    /// All patterns together are too large.
    #[error("the patterns of all rules together cannot be used")]
    Patterns(#[source] regex::Error),
}

/// Rules that are ready to be held against lines.
#[derive(Debug)]
pub struct Rules {
    rules: Vec<Rule>,
    /// The rule and expression of each pattern of `set`.
    patterns: Vec<(usize, Regex)>,
    set: RegexSet,
    unless: Vec<Option<RegexSet>>,
}

/// What a rule says of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said<'r> {
    pub(crate) rule: &'r Rule,
    /// `say` with what the groups matched.
    pub(crate) text: String,
    /// What the groups matched, by name.
    pub(crate) groups: Vec<(String, String)>,
}

impl Rules {
    /// Compiles the rules of a file.
    ///
    /// # Errors
    /// [`RuleError`] for a name that is there twice and for patterns that cannot be used.
    pub fn new(file: RuleFile) -> Result<Self, RuleError> {
        let mut patterns = Vec::new();
        let mut texts = Vec::new();
        let mut unless = Vec::new();
        for (at, rule) in file.rules.iter().enumerate() {
            if file.rules.iter().take(at).any(|other| other.id == rule.id) {
                return Err(RuleError::Twice(rule.id.clone()));
            }
            for pattern in &rule.patterns {
                let compiled = RegexBuilder::new(pattern).case_insensitive(true).build();
                let regex = compiled.map_err(|source| RuleError::Pattern {
                    rule: rule.id.clone(),
                    pattern: pattern.clone(),
                    source,
                })?;
                patterns.push((at, regex));
                texts.push(pattern.as_str());
            }
            let excluded = (!rule.unless.is_empty())
                .then(|| set(&rule.unless))
                .transpose()?;
            unless.push(excluded);
        }
        let set = set(&texts)?;
        Ok(Self {
            set,
            patterns,
            unless,
            rules: file.rules,
        })
    }

    /// The rules as they are written.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The deepest rule that matches a line.
    #[must_use]
    pub fn rule_of(&self, line: &str) -> Option<&Rule> {
        self.say(line).map(|said| said.rule)
    }

    /// What the deepest rule that matches says of a line; none if no rule matches.
    pub(crate) fn say(&self, line: &str) -> Option<Said<'_>> {
        let line = bounded(line);
        let mut best: Option<(usize, &Regex)> = None;
        for matched in &self.set.matches(line) {
            let Some((at, regex)) = self.patterns.get(matched) else {
                continue;
            };
            let is_meant = self
                .unless
                .get(*at)
                .is_none_or(|unless| unless.as_ref().is_none_or(|set| !set.is_match(line)));
            let role = |at: usize| self.rules.get(at).map(|rule| rule.role);
            if is_meant && best.is_none_or(|(other, _)| role(*at) > role(other)) {
                best = Some((*at, regex));
            }
        }
        let (at, regex) = best?;
        let rule = self.rules.get(at)?;
        let captures = regex.captures(line)?;
        let groups: Vec<(String, String)> = regex
            .capture_names()
            .flatten()
            .filter_map(|name| {
                let text = unquoted(captures.name(name)?.as_str());
                (!text.is_empty()).then(|| (name.to_owned(), text.to_owned()))
            })
            .collect();
        Some(Said {
            rule,
            text: filled(&rule.say, &groups),
            groups,
        })
    }
}

/// A text without the quotes around it, and without what stands before a quote that was escaped.
fn unquoted(text: &str) -> &str {
    let text = text.trim_matches(['\\', ' ']);
    let inner = text
        .strip_prefix(['"', '\''])
        .and_then(|rest| rest.strip_suffix(['"', '\'']));
    inner.unwrap_or(text)
}

fn set<S: AsRef<str>>(patterns: &[S]) -> Result<RegexSet, RuleError> {
    RegexSetBuilder::new(patterns)
        .case_insensitive(true)
        .size_limit(PATTERNS_BYTES_MAX)
        .dfa_size_limit(PATTERNS_BYTES_MAX)
        .build()
        .map_err(RuleError::Patterns)
}

fn bounded(line: &str) -> &str {
    if line.len() <= MATCHED_BYTES_MAX {
        return line;
    }
    let end = (0..=MATCHED_BYTES_MAX)
        .rev()
        .find(|&at| line.is_char_boundary(at));
    &line[..end.unwrap_or(0)]
}

/// A template with what groups matched.
pub(crate) fn filled(template: &str, groups: &[(String, String)]) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        let (before, after) = rest.split_at(open);
        out.push_str(before);
        let Some(close) = after.find('}') else {
            rest = after;
            break;
        };
        let (name, otherwise) = after[1..close]
            .split_once('|')
            .unwrap_or((&after[1..close], "it"));
        let known = groups.iter().find(|(group, _)| group == name);
        match known {
            Some((_, text)) => {
                out.push('`');
                out.push_str(&text.replace("\\\"", "\"").replace('`', "'"));
                out.push('`');
            }
            None => out.push_str(otherwise),
        }
        rest = &after[close + 1..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(id: &str, role: Role, pattern: &str, say: &str) -> Rule {
        Rule {
            id: id.into(),
            role,
            severity: Severity::High,
            patterns: vec![pattern.into()],
            unless: Vec::new(),
            say: say.into(),
            failure_type: String::new(),
            steps: Vec::new(),
            verify: String::new(),
            examples: Vec::new(),
            counterexamples: Vec::new(),
        }
    }

    #[test]
    fn of_rules_that_match_the_deepest_is_said_with_its_groups() {
        let rules = Rules::new(RuleFile {
            rules: vec![
                rule("failed", Role::Symptom, "failed", "something failed"),
                rule(
                    "class",
                    Role::Cause,
                    r#"class "?(?<name>[\w-]+)"? not found"#,
                    "there is no class {name}",
                ),
            ],
        })
        .unwrap();
        let said = rules.say(r#"failed: class "fast" not found"#).unwrap();
        assert_eq!(
            (said.rule.id.as_str(), said.text.as_str()),
            ("class", "there is no class `fast`")
        );
        assert_eq!(rules.say("it FAILED").unwrap().rule.id, "failed");
        assert_eq!(rules.say("all is well"), None);
    }

    #[test]
    fn what_a_rule_excludes_is_not_meant() {
        let mut oom = rule("oom", Role::Cause, "oom", "out of memory");
        oom.unless = vec!["disabled".into()];
        let rules = Rules::new(RuleFile { rules: vec![oom] }).unwrap();
        assert!(rules.say("oom kill").is_some());
        assert!(rules.say("oom kill is disabled").is_none());
    }

    #[test]
    fn groups_that_matched_nothing_have_words_of_their_own() {
        let groups = [("a".to_owned(), "x".to_owned())];
        assert_eq!(
            filled("{a} and {b} or {c|the rest} {", &groups),
            "`x` and it or the rest {"
        );
    }

    #[test]
    fn rules_that_cannot_be_are_refused() {
        let twice = vec![
            rule("a", Role::Error, "x", ""),
            rule("a", Role::Error, "y", ""),
        ];
        assert!(
            matches!(Rules::new(RuleFile { rules: twice }), Err(RuleError::Twice(id)) if id == "a")
        );
        let broken = vec![rule("a", Role::Error, "(", "")];
        assert!(matches!(
            Rules::new(RuleFile { rules: broken }),
            Err(RuleError::Pattern { .. })
        ));
    }
}
