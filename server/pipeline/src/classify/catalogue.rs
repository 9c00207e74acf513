//! The catalogue of rules: a YAML file that people read and write.
//!
//! Text flows in; rules and the lines that are ordinary flow out, or an error that names the line,
//! the rule and the field. What a rule must be is checked here, wherever it came from.

use std::collections::HashSet;

use regex::bytes::{Regex, RegexBuilder};
use serde::Deserialize;
use tocsin_domain::alert::AlertSeverity;
use tocsin_domain::classification::ClassificationRule;

/// The catalogue that comes with the server.
pub const BUILT_IN: &str = include_str!("../../../../rules/classification.yml");

/// Rules, at most.
pub(super) const RULES_MAX: usize = 5_000;
/// Bytes of a pattern, at most.
const PATTERN_BYTES_MAX: usize = 4_096;
/// Bytes of a compiled pattern, at most.
const COMPILED_BYTES_MAX: usize = 2 << 20;
/// Bytes of an example, at most.
const EXAMPLE_BYTES_MAX: usize = 4_096;
/// Examples of a rule and as many counterexamples, at most.
const EXAMPLES_MAX: usize = 200;
/// Bytes of an id or of a type of failure, at most.
const NAME_BYTES_MAX: usize = 100;

/// Rules and what is ordinary.
#[derive(Debug, Clone, PartialEq)]
pub struct Catalogue {
    /// The rules, each with its own id.
    pub rules: Vec<ClassificationRule>,
    /// Lines that speak of no failure; no rule matches them.
    pub ordinary: Vec<String>,
}

/// A catalogue that cannot be.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueError {
    /// The text is no catalogue; says the place and what was expected.
    #[error("line {line}, {place}: {detail}")]
    Text {
        /// The line, counted from 1; 0 if it is unknown.
        line: usize,
        /// The rule that it is in, if any.
        place: String,
        /// What is wrong.
        detail: String,
    },
    /// A rule that makes no sense.
    #[error("line {line}, rule `{rule}`, {problem}")]
    Rule {
        /// The line of the field, counted from 1; of the rule if it has none.
        line: usize,
        /// The rule's id.
        rule: String,
        /// The field and what was expected.
        problem: Problem,
    },
}

/// What is wrong with a rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{field}`: {detail}")]
pub struct Problem {
    /// The field at fault.
    pub field: &'static str,
    /// What was found and what was expected.
    pub detail: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    rules: Vec<FileRule>,
    #[serde(default)]
    ordinary: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileRule {
    id: String,
    pattern: String,
    failure_type: String,
    severity: FileSeverity,
    confidence: f64,
    #[serde(default = "yes")]
    enabled: bool,
    #[serde(default)]
    examples: Vec<String>,
    #[serde(default)]
    counterexamples: Vec<String>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum FileSeverity {
    Low,
    Medium,
    High,
    Critical,
}

fn yes() -> bool {
    true
}

impl From<FileSeverity> for AlertSeverity {
    fn from(severity: FileSeverity) -> Self {
        match severity {
            FileSeverity::Low => Self::Low,
            FileSeverity::Medium => Self::Medium,
            FileSeverity::High => Self::High,
            FileSeverity::Critical => Self::Critical,
        }
    }
}

impl From<FileRule> for ClassificationRule {
    fn from(rule: FileRule) -> Self {
        Self {
            id: rule.id,
            pattern: rule.pattern,
            failure_type: rule.failure_type,
            severity: rule.severity.into(),
            confidence: rule.confidence,
            is_enabled: rule.enabled,
            examples: rule.examples,
            counterexamples: rule.counterexamples,
            version: 0,
        }
    }
}

impl Catalogue {
    /// The shipped catalogue. Its rules are checked by a test and not again at each start.
    ///
    /// # Errors
    /// [`CatalogueError`] if it cannot be read.
    pub fn built_in() -> Result<Self, CatalogueError> {
        let File { rules, ordinary } =
            serde_yaml_ng::from_str(BUILT_IN).map_err(|error| text_error(BUILT_IN, &error))?;
        Ok(Self {
            rules: rules.into_iter().map(Into::into).collect(),
            ordinary,
        })
    }

    /// Reads a catalogue. Every rule of it is checked against its own examples.
    ///
    /// # Errors
    /// [`CatalogueError`] with the line, rule and field at fault.
    pub fn parse(text: &str) -> Result<Self, CatalogueError> {
        let File { rules, ordinary } =
            serde_yaml_ng::from_str(text).map_err(|error| text_error(text, &error))?;
        let mut ids = HashSet::new();
        let rules: Vec<ClassificationRule> = rules.into_iter().map(Into::into).collect();
        for (at, rule) in rules.iter().enumerate() {
            let wrong = |problem: Problem| CatalogueError::Rule {
                line: line_of(text, &rule.id, problem.field),
                rule: rule.id.clone(),
                problem,
            };
            check(rule).map_err(wrong)?;
            if !ids.insert(&rule.id) {
                return Err(wrong(problem("id", "expected one that no other rule has")));
            }
            if at >= RULES_MAX {
                let detail = format!("expected at most {RULES_MAX} rules");
                return Err(wrong(problem("id", detail)));
            }
        }
        Ok(Self { rules, ordinary })
    }
}

fn problem(field: &'static str, detail: impl Into<String>) -> Problem {
    Problem {
        field,
        detail: detail.into(),
    }
}

/// Compiles a rule that can be: its pattern is one, matches its examples and not its
/// counterexamples, and its numbers are in their ranges.
///
/// # Errors
/// [`Problem`] with the field at fault and what was expected.
pub fn check(rule: &ClassificationRule) -> Result<Regex, Problem> {
    let is_name = |text: &str| {
        let is_allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-');
        !text.is_empty() && text.len() <= NAME_BYTES_MAX && text.bytes().all(is_allowed)
    };
    let name = "expected 1 to 100 lower-case letters, digits, `_` and `-`";
    if !is_name(&rule.id) {
        return Err(problem("id", name));
    }
    if !is_name(&rule.failure_type) {
        return Err(problem("failure_type", name));
    }
    if !(0.0..=1.0).contains(&rule.confidence) {
        return Err(problem("confidence", "expected a number from 0 to 1"));
    }
    let regex = compile(&rule.pattern)?;
    let lists = [
        ("examples", &rule.examples, true),
        ("counterexamples", &rule.counterexamples, false),
    ];
    for (field, lines, is_wanted) in lists {
        if lines.len() > EXAMPLES_MAX {
            let detail = format!("expected at most {EXAMPLES_MAX}, found {}", lines.len());
            return Err(problem(field, detail));
        }
        for line in lines {
            if line.is_empty() || line.len() > EXAMPLE_BYTES_MAX {
                let detail = format!("expected lines of 1 to {EXAMPLE_BYTES_MAX} bytes");
                return Err(problem(field, detail));
            }
            if regex.is_match(line.as_bytes()) != is_wanted {
                let must = if is_wanted {
                    "does not match"
                } else {
                    "matches"
                };
                return Err(problem(field, format!("the pattern {must} \"{line}\"")));
            }
        }
    }
    Ok(regex)
}

/// Case is ignored; `.` and classes are of characters.
pub(super) fn compile(pattern: &str) -> Result<Regex, Problem> {
    if pattern.is_empty() || pattern.len() > PATTERN_BYTES_MAX {
        let detail = format!("expected 1 to {PATTERN_BYTES_MAX} bytes");
        return Err(problem("pattern", detail));
    }
    let regex = RegexBuilder::new(pattern)
        .case_insensitive(true)
        .size_limit(COMPILED_BYTES_MAX)
        .build()
        .map_err(|error| {
            let detail = format!("expected a regular expression: {error}");
            problem("pattern", detail)
        })?;
    if regex.is_match(b"") {
        let detail = "expected a regular expression that does not match every line";
        return Err(problem("pattern", detail));
    }
    Ok(regex)
}

fn text_error(text: &str, error: &serde_yaml_ng::Error) -> CatalogueError {
    let line = error.location().map_or(0, |location| location.line());
    let rule = text
        .lines()
        .take(line)
        .filter_map(id_of)
        .last()
        .map(|id| format!("rule `{id}`"));
    CatalogueError::Text {
        line,
        place: rule.unwrap_or_else(|| "before the first rule".into()),
        detail: error.to_string(),
    }
}

/// The id that a line of the file gives.
fn id_of(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let rest = line.strip_prefix("- ").unwrap_or(line).trim_start();
    let id = rest.strip_prefix("id:")?.trim();
    Some(id.trim_matches(|c| c == '\'' || c == '"'))
}

/// The line on which a rule has a field, counted from 1.
fn line_of(text: &str, id: &str, field: &str) -> usize {
    let mut of_rule = 0;
    for (at, line) in text.lines().enumerate() {
        match id_of(line) {
            Some(found) if found == id => of_rule = at + 1,
            Some(_) if of_rule > 0 => return of_rule,
            _ => {}
        }
        let is_field = line
            .trim_start()
            .trim_start_matches("- ")
            .strip_prefix(field)
            .is_some_and(|rest| rest.starts_with(':'));
        if of_rule > 0 && is_field {
            return at + 1;
        }
    }
    of_rule
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "rules:\n  - id: disk_full\n    pattern: 'no space'\n    failure_type: disk\n    \
        severity: high\n    confidence: 0.9\n    examples: ['No space left']\n";

    fn error(from: &str, to: &str) -> String {
        assert!(GOOD.contains(from));
        Catalogue::parse(&GOOD.replace(from, to))
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn the_catalogue_that_comes_along_passes_its_own_test() {
        let catalogue = Catalogue::parse(BUILT_IN).unwrap_or_else(|error| panic!("{error}"));
        assert!(catalogue.rules.len() >= 60, "{}", catalogue.rules.len());
        let mut wrong = Vec::new();
        for rule in &catalogue.rules {
            let regex = check(rule).unwrap();
            assert!(rule.examples.len() >= 4, "{}", rule.id);
            let other = catalogue.rules.iter().flat_map(|r| &r.counterexamples);
            for line in catalogue.ordinary.iter().chain(other) {
                if regex.is_match(line.as_bytes()) {
                    wrong.push(format!("{} matches \"{line}\"", rule.id));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn an_error_names_line_rule_field_and_what_was_expected() {
        let said = error("severity: high", "severity: hgh");
        for part in ["line 5", "rule `disk_full`", "severity", "hgh", "`high`"] {
            assert!(said.contains(part), "{part}: {said}");
        }
        let said = error("'no space'", "'no (space'");
        for part in ["line 3", "rule `disk_full`", "`pattern`", "unclosed group"] {
            assert!(said.contains(part), "{part}: {said}");
        }
        let said = error("0.9", "9");
        assert_eq!(
            said,
            "line 6, rule `disk_full`, `confidence`: expected a number from 0 to 1"
        );
        let said = error("No space left", "all is well");
        assert_eq!(
            said,
            "line 7, rule `disk_full`, `examples`: the pattern does not match \"all is well\""
        );
        let said = error("severity", "sevrity");
        assert!(
            said.contains("sevrity") && said.contains("line 5"),
            "{said}"
        );
        let said = error("id: disk_full", "id: Disk Full");
        assert!(said.contains("line 2") && said.contains("`id`"), "{said}");
    }

    #[test]
    fn a_pattern_that_matches_everything_or_is_too_large_is_refused() {
        assert!(error("'no space'", "'a*'").contains("does not match every line"));
        let huge = error("'no space'", r"'(\w{200}){200}'");
        assert!(huge.contains("expected a regular expression"), "{huge}");
    }

    #[test]
    fn two_rules_of_one_id_are_refused() {
        let (head, rule) = GOOD.split_once('\n').unwrap();
        let said = Catalogue::parse(&format!("{head}\n{rule}{rule}")).unwrap_err();
        assert!(said.to_string().contains("no other rule has"), "{said}");
    }
}
