//! All rules, compiled and searched at once.
//!
//! Rules flow in, and a line's matches flow out. A set of rules never changes: another one takes
//! its place. Which of several matches holds is not decided here.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::OnceLock;

use regex::bytes::{Regex, RegexSet, RegexSetBuilder};
use tocsin_domain::alert::AlertSeverity;
use tocsin_domain::classification::ClassificationRule;

use super::catalogue::compile;

/// Bytes of a line that are searched; errors say what they are in their beginning.
pub(super) const LINE_BYTES_MAX: usize = 4_096;
/// Rules that are searched together. An automaton for all of them would have too many states to
/// be built while it is used; with fewer rules each it is small and soon warm.
const TOGETHER: usize = 16;
/// Bytes of the compiled form of as many rules, at most: that of each one is bounded already.
const TOGETHER_BYTES_MAX: usize = TOGETHER * (2 << 20);

/// A rule whose pattern is compiled when it is first needed: it has been checked before.
#[derive(Debug, Clone)]
pub(super) struct CompiledRule {
    pub(super) rule: ClassificationRule,
    regex: OnceLock<Option<Regex>>,
}

impl CompiledRule {
    /// A rule that was checked.
    pub(super) const fn new(rule: ClassificationRule) -> Self {
        Self {
            rule,
            regex: OnceLock::new(),
        }
    }

    /// Where its pattern is in a line.
    fn find(&self, line: &str) -> Option<Range<usize>> {
        let regex = self.regex.get_or_init(|| compile(&self.rule.pattern).ok());
        regex.as_ref()?.find(line.as_bytes()).map(|at| at.range())
    }
}

/// Rules by id, ready to search.
#[derive(Debug, Default)]
pub(super) struct RuleSet {
    rules: Vec<CompiledRule>,
    /// One for each [`TOGETHER`] rules, in order.
    sets: OnceLock<Vec<RegexSet>>,
    /// The severity of each type of failure that a rule in use has: of its surest rule.
    severities: HashMap<String, AlertSeverity>,
}

/// A rule that matches a line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Match<'a> {
    pub(super) rule: &'a ClassificationRule,
    /// Bytes `[start, end)` of the line.
    pub(super) found: (usize, usize),
}

impl RuleSet {
    /// A set of rules that were checked.
    pub(super) fn new(rules: impl IntoIterator<Item = ClassificationRule>) -> Self {
        let rules = rules
            .into_iter()
            .map(|rule| (rule.id.clone(), CompiledRule::new(rule)));
        Self::of(rules.collect())
    }

    /// Compiles what is not compiled yet, which takes a while.
    pub(super) fn sets(&self) -> &[RegexSet] {
        self.sets.get_or_init(|| {
            let set = |rules: &[CompiledRule]| {
                RegexSetBuilder::new(rules.iter().map(|one| &one.rule.pattern))
                    .case_insensitive(true)
                    .size_limit(TOGETHER_BYTES_MAX)
                    .build()
            };
            // Each pattern compiled alone, so together they do; if not, the rules are asked in turn.
            let sets: Result<Vec<_>, _> = self.rules.chunks(TOGETHER).map(set).collect();
            sets.unwrap_or_default()
        })
    }

    /// This set with a rule put in, or (none) without the one of that id.
    pub(super) fn with(&self, id: &str, rule: Option<CompiledRule>) -> Self {
        let mut rules: BTreeMap<String, CompiledRule> = self
            .rules
            .iter()
            .filter(|one| one.rule.id != id)
            .map(|one| (one.rule.id.clone(), one.clone()))
            .collect();
        if let Some(rule) = rule {
            rules.insert(id.to_string(), rule);
        }
        Self::of(rules)
    }

    fn of(rules: BTreeMap<String, CompiledRule>) -> Self {
        let rules: Vec<CompiledRule> = rules.into_values().collect();
        let mut surest: HashMap<String, (f64, AlertSeverity)> = HashMap::new();
        for CompiledRule { rule, .. } in rules.iter().filter(|one| one.rule.is_enabled) {
            let this = (rule.confidence, rule.severity);
            let best = surest.entry(rule.failure_type.clone()).or_insert(this);
            if this > *best {
                *best = this;
            }
        }
        Self {
            rules,
            sets: OnceLock::new(),
            severities: surest
                .into_iter()
                .map(|(failure_type, (_, severity))| (failure_type, severity))
                .collect(),
        }
    }

    /// Every rule that matches the beginning of a line, those that are switched off too, by id.
    pub(super) fn matches(&self, line: &str) -> Vec<Match<'_>> {
        let line = beginning(line);
        let mut found = Vec::new();
        let sets = self.sets();
        if sets.is_empty() {
            for one in &self.rules {
                found.extend(one.find(line).map(|range| (one, range)));
            }
        }
        for (set, rules) in sets.iter().zip(self.rules.chunks(TOGETHER)) {
            for at in set.matches(line.as_bytes()) {
                found.extend(rules[at].find(line).map(|range| (&rules[at], range)));
            }
        }
        found
            .into_iter()
            .map(|(one, range)| Match {
                rule: &one.rule,
                found: (range.start, range.end),
            })
            .collect()
    }

    /// The severity of a type of failure; none if no rule in use has it.
    pub(super) fn severity(&self, failure_type: &str) -> Option<AlertSeverity> {
        self.severities.get(failure_type).copied()
    }

    /// The rules, by id.
    pub(super) fn rules(&self) -> impl ExactSizeIterator<Item = &ClassificationRule> + Clone {
        self.rules.iter().map(|one| &one.rule)
    }

    /// The rule of an id.
    pub(super) fn get(&self, id: &str) -> Option<&ClassificationRule> {
        let at = self
            .rules
            .binary_search_by(|one| one.rule.id.as_str().cmp(id));
        at.ok().map(|at| &self.rules[at].rule)
    }
}

/// What of a line is searched.
fn beginning(line: &str) -> &str {
    &line[..line.floor_char_boundary(LINE_BYTES_MAX)]
}

#[cfg(test)]
mod tests {
    use super::super::catalogue::{BUILT_IN, Catalogue};
    use super::*;

    fn built_in() -> RuleSet {
        RuleSet::new(Catalogue::parse(BUILT_IN).unwrap().rules)
    }

    #[test]
    fn together_they_find_what_each_finds_alone() {
        let set = built_in();
        let catalogue = Catalogue::parse(BUILT_IN).unwrap();
        let examples = catalogue.rules.iter().flat_map(|rule| &rule.examples);
        for line in examples.chain(&catalogue.ordinary).step_by(7) {
            let alone: Vec<_> = set
                .rules
                .iter()
                .filter_map(|one| {
                    let found = one.find(line)?;
                    Some((one.rule.id.as_str(), (found.start, found.end)))
                })
                .collect();
            let together: Vec<_> = set
                .matches(line)
                .iter()
                .map(|one| (one.rule.id.as_str(), one.found))
                .collect();
            assert_eq!(together, alone, "{line}");
        }
    }

    #[test]
    fn the_place_found_is_text_of_the_line() {
        let set = built_in();
        let line = "größe: schreiben ging nicht: NO SPACE left on device (ä)";
        let matches = set.matches(line);
        assert_eq!(matches.len(), 1);
        let (start, end) = matches[0].found;
        assert_eq!(&line[start..end], "NO SPACE left on device");
    }

    #[test]
    fn a_rule_is_put_in_and_taken_out() {
        let set = built_in();
        let count = set.rules().len();
        let without = set.with("disk_full", None);
        assert_eq!(without.rules().len(), count - 1);
        assert!(without.get("disk_full").is_none() && set.get("disk_full").is_some());
        assert!(without.matches("No space left on device").is_empty());
    }

    #[test]
    fn a_line_of_a_megabyte_is_read_in_its_beginning() {
        let set = built_in();
        let line = format!("{}ä no space left on device", "ä".repeat(500_000));
        assert!(set.matches(&line).is_empty());
    }
}
