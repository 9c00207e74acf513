//! One answer from the rules that match and what the model thinks.
//!
//! Matches and an opinion flow in, a classification with its reason flows out. Pure.

use tocsin_classify::{Frequency, Opinion, combine};
use tocsin_domain::classification::{Classification, ClassificationRule};
use tocsin_domain::severity::Severity;

use super::rule_set::{Match, RuleSet};

/// The probability from which the model is believed without a rule.
const ALONE_MIN: f64 = 0.6;
/// Classes that an opinion names.
const NAMED_MAX: usize = 6;

/// What the model thinks of a text: its likeliest classes, likeliest first.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Thought {
    /// Type of failure (none: ordinary) and probability.
    likeliest: Vec<(Option<u16>, f32)>,
}

impl Thought {
    /// The likeliest of the model's classes; the last of them is "ordinary".
    pub(super) fn new(probabilities: &[f64]) -> Self {
        let ordinary = probabilities.len().saturating_sub(1);
        let mut order: Vec<usize> = (0..probabilities.len()).collect();
        order.sort_by(|&a, &b| probabilities[b].total_cmp(&probabilities[a]));
        let named = |class: usize| {
            let failure = if class == ordinary {
                None
            } else {
                // A number that does not fit belongs to no class that can be named.
                Some(u16::try_from(class).ok()?)
            };
            Some((failure, probabilities[class] as f32))
        };
        Self {
            likeliest: order
                .into_iter()
                .take(NAMED_MAX)
                .filter_map(named)
                .collect(),
        }
    }

    fn opinion(&self, class: u16) -> Opinion {
        let largest = |is_same: bool| {
            let mut ranked = self.likeliest.iter();
            let found = ranked.find(|(one, _)| (*one == Some(class)) == is_same);
            found.map_or(0.0, |(_, probability)| f64::from(*probability))
        };
        Opinion {
            same: largest(true),
            other: largest(false),
        }
    }
}

/// The model's classes by number: types of failure, sorted.
pub(super) type Classes = [String];

/// What a line speaks of: the surest of the rules in use that match; without one, what the model
/// says if it is sure and the line does not say that all is well.
pub(super) fn judge(
    rules: &RuleSet,
    matches: &[Match<'_>],
    thought: Option<(&Thought, &Classes)>,
    severity: Severity,
    frequency: Frequency,
) -> Option<Classification> {
    let by_rule = matches.iter().filter(|one| one.rule.is_enabled).map(|one| {
        // Of a type that it has not learnt the model has no opinion.
        let opinion = thought.and_then(|(thought, classes)| {
            number(classes, &one.rule.failure_type).map(|class| thought.opinion(class))
        });
        let confidence = combine(Some(one.rule.confidence), opinion, frequency);
        (confidence, one, opinion)
    });
    // Of equals the worse holds, then the one that found more, then the first by id.
    let best = by_rule.reduce(|best, next| {
        let rank = |(confidence, one, _): &(f64, &Match<'_>, _)| {
            let length = one.found.1 - one.found.0;
            (*confidence, one.rule.severity, length)
        };
        if rank(&next) > rank(&best) {
            next
        } else {
            best
        }
    });
    if let Some((confidence, one, opinion)) = best {
        return Some(Classification {
            failure_type: one.rule.failure_type.clone(),
            severity: one.rule.severity,
            confidence,
            because: because(one.rule, opinion),
        });
    }
    let (thought, classes) = thought?;
    alone(rules, thought, classes, severity, frequency)
}

fn alone(
    rules: &RuleSet,
    thought: &Thought,
    classes: &Classes,
    severity: Severity,
    frequency: Frequency,
) -> Option<Classification> {
    let says_all_is_well = severity != Severity::UNSPECIFIED && severity < Severity::WARN;
    let (class, probability) = thought.likeliest.first()?;
    if says_all_is_well || f64::from(*probability) < ALONE_MIN {
        return None;
    }
    let class = (*class)?;
    let failure_type = classes.get(usize::from(class))?;
    let opinion = thought.opinion(class);
    Some(Classification {
        failure_type: failure_type.clone(),
        severity: rules.severity(failure_type)?,
        confidence: combine(None, Some(opinion), frequency),
        because: format!(
            "no rule matches; it reads like the examples of `{failure_type}` ({:.2})",
            opinion.same
        ),
    })
}

fn because(rule: &ClassificationRule, opinion: Option<Opinion>) -> String {
    let ClassificationRule { id, confidence, .. } = rule;
    let says = match opinion {
        None => String::new(),
        Some(opinion) if opinion.same >= opinion.other => {
            format!("; its meaning agrees ({:.2})", opinion.same)
        }
        Some(opinion) => format!(
            "; its meaning speaks of something else ({:.2})",
            opinion.other
        ),
    };
    format!("rule `{id}` matches ({confidence:.2}){says}")
}

fn number(classes: &Classes, failure_type: &str) -> Option<u16> {
    let at = classes.binary_search_by(|one| one.as_str().cmp(failure_type));
    u16::try_from(at.ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::super::catalogue::Catalogue;
    use super::*;

    fn rules() -> RuleSet {
        let text = "rules:\n  - {id: space, pattern: no space, failure_type: disk, severity: high, confidence: 0.8}\n  \
            - {id: off, pattern: space, failure_type: off, severity: high, confidence: 1, enabled: false}\n  \
            - {id: left, pattern: left, failure_type: left, severity: low, confidence: 0.75}\n";
        RuleSet::new(Catalogue::parse(text).unwrap().rules)
    }

    fn say(
        line: &str,
        probabilities: Option<[f64; 3]>,
        severity: Severity,
    ) -> Option<Classification> {
        let rules = rules();
        let classes = ["disk".to_string(), "left".to_string()];
        let thought = probabilities.map(|odds| Thought::new(&odds));
        let matches = rules.matches(line);
        let thought = thought.as_ref().map(|one| (one, &classes[..]));
        judge(&rules, &matches, thought, severity, Frequency::default())
    }

    #[test]
    fn the_surest_rule_in_use_holds_and_the_model_moves_it() {
        let line = "no space left";
        let plain = say(line, None, Severity::ERROR).unwrap();
        assert_eq!(
            (plain.failure_type.as_str(), plain.confidence),
            ("disk", 0.8)
        );
        let agrees = say(line, Some([0.7, 0.2, 0.1]), Severity::ERROR).unwrap();
        assert!(agrees.confidence > 0.8 && agrees.because.contains("agrees"));
        let doubts = say("no space", Some([0.1, 0.1, 0.8]), Severity::ERROR).unwrap();
        assert!(doubts.confidence < 0.8 && doubts.because.contains("something else"));
        let other = say(line, Some([0.05, 0.9, 0.05]), Severity::ERROR).unwrap();
        assert_eq!(other.failure_type, "left");
    }

    #[test]
    fn without_a_rule_the_model_speaks_if_it_is_sure_and_the_line_is_not_informational() {
        let sure = Some([0.9, 0.05, 0.05]);
        let said = say("device exhausted", sure, Severity::ERROR).unwrap();
        assert_eq!(
            (said.failure_type.as_str(), said.confidence > 0.89),
            ("disk", true)
        );
        assert!(say("device exhausted", sure, Severity::UNSPECIFIED).is_some());
        assert!(say("device exhausted", sure, Severity::INFO).is_none());
        assert!(say("device", Some([0.5, 0.3, 0.2]), Severity::ERROR).is_none());
        assert!(say("all well", Some([0.0, 0.0, 1.0]), Severity::ERROR).is_none());
        assert!(say("all well", None, Severity::ERROR).is_none());
    }
}
