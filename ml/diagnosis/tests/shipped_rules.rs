//! The shipped rules hold what they promise: every example is said by its rule, no counterexample is.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests end the test when they fail"
)]

use tocsin_diagnosis::{Role, RuleFile, Rules};

const SHIPPED: &str = include_str!("../../../rules/diagnosis.yml");

fn file() -> RuleFile {
    serde_yaml_ng::from_str(SHIPPED).unwrap()
}

#[test]
fn examples_are_said_by_their_rule_or_one_as_deep() {
    let rules = Rules::new(file()).unwrap();
    let mut wrong = Vec::new();
    for rule in rules.rules() {
        assert!(!rule.examples.is_empty(), "{} has no example", rule.id);
        for example in &rule.examples {
            let said = rules.rule_of(example);
            let is_said = said.is_some_and(|other| other.id == rule.id || other.role > rule.role);
            if !is_said {
                let other = said.map(|rule| rule.id.as_str());
                wrong.push(format!("{}: {example} -> {other:?}", rule.id));
            }
        }
        for example in &rule.counterexamples {
            if rules
                .rule_of(example)
                .is_some_and(|other| other.id == rule.id)
            {
                wrong.push(format!("{}: must not match {example}", rule.id));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_well_is_said_to_be_wrong_by_no_rule() {
    let rules = Rules::new(file()).unwrap();
    for line in [
        "State: Running",
        "Reason: Completed",
        "Exit Code: 0",
        "Status: Active",
        "Normal Pulled Successfully pulled image \"a:1\" in 878ms",
        "Ready True",
        "INFO: Application starting up",
        "connected to database at db:5432",
        "server shutting down gracefully",
        "phase: Running",
        "MemoryPressure False KubeletHasSufficientMemory",
    ] {
        let said = rules.rule_of(line).filter(|rule| rule.role != Role::Normal);
        assert_eq!(said.map(|rule| rule.id.as_str()), None, "{line}");
    }
}

#[test]
fn what_is_said_is_a_clause_without_numbers() {
    for rule in file().rules {
        let plain = !rule.say.contains(|c: char| c.is_ascii_digit()) && !rule.say.ends_with('.');
        assert!(plain && rule.say.len() <= 300, "{}: {}", rule.id, rule.say);
    }
}
