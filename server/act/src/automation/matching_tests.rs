//! Which rules match an alert, and which match too much.

use std::time::{Duration, Instant};

use super::*;
use crate::automation::file::parse;

fn compiled(text: &str) -> Vec<Compiled> {
    let rules = parse(text).unwrap();
    let compile = |rule| Compiled::new(rule, &Renderer::default()).unwrap();
    rules.iter().map(compile).collect()
}

fn one(matches: &str) -> Compiled {
    let text =
        format!("automations:\n  - {{ id: x, match: {matches}, action: {{ provider: p }} }}\n");
    compiled(&text).remove(0)
}

fn alert(failure_type: &str, labels: &[(&str, &str)]) -> Alert {
    Alert {
        failure_type: (!failure_type.is_empty()).then(|| failure_type.to_owned()),
        labels: LabelSet::new(labels.iter().copied()),
        ..probe(1, AlertSeverity::High, AlertKind::Realtime, 0.9)
    }
}

#[test]
fn everything_that_is_given_must_hold() {
    let full = alert("disk_full", &[("host", "web-1"), ("team", "db")]);
    for (matches, expected) in [
        ("{ failure_type: disk_full }", true),
        ("{ failure_type: [oom, disk_full], severity: [high] }", true),
        ("{ failure_type: disk_full, severity: critical }", false),
        ("{ kind: anomaly, failure_type: disk_full }", false),
        ("{ labels: { team: [web, db] } }", true),
        ("{ labels: { team: db, rack: r1 } }", false),
        ("{ failure_type: disk_full, min_confidence: 0.9 }", true),
        ("{ failure_type: disk_full, min_confidence: 0.91 }", false),
        (
            "{ when: \"failure_type == 'disk_full' && labels.host == 'web-1'\" }",
            true,
        ),
        ("{ when: \"labels.host == 'web-2'\" }", false),
        ("{ when: \"labels.rack == 'r1'\" }", false),
    ] {
        let set = RuleSet::new(vec![one(matches)]);
        assert_eq!(set.matching(&full).len() == 1, expected, "{matches}");
        let mismatch = one(matches).mismatch(&full, &facts(&full));
        assert_eq!(mismatch.is_none(), expected, "{matches}: {mismatch:?}");
    }
}

#[test]
fn one_that_is_switched_off_matches_nothing() {
    let text = "- { id: x, enabled: false, match: { failure_type: a }, action: { provider: p } }";
    let set = RuleSet::new(compiled(text));
    assert!(set.matching(&alert("a", &[])).is_empty() && set.get("x").is_some());
}

#[test]
fn what_matches_everything_is_refused_and_what_is_about_something_is_not() {
    for (matches, is_broad) in [
        ("{}", true),
        ("{ when: 'true' }", true),
        ("{ when: confidence >= 0.5 }", true),
        ("{ when: \"!(failure_type in ['x'])\" }", true),
        ("{ severity: [critical, high] }", true),
        ("{ when: \"labels.host != ''\" }", true),
        ("{ severity: critical, kind: predictive }", false),
        ("{ failure_type: disk_full }", false),
        ("{ when: \"labels.host.startsWith('db-')\" }", false),
    ] {
        let found = too_broad(&one(matches), 20);
        assert_eq!(found.is_some(), is_broad, "{matches}: {found:?}");
    }
}

#[test]
fn what_is_frequent_is_not_held_for_everything() {
    let rule = one("{ failure_type: disk_full }");
    let same: Vec<Alert> = (0..500).map(|_| alert("disk_full", &[])).collect();
    assert_eq!(too_broad_for(&rule, &same, 20), None);
    let many: Vec<Alert> = (0..10).map(|n| alert(&format!("disk_{n}"), &[])).collect();
    assert_eq!(too_broad_for(&rule, &many, 20), None);
    let broad = one("{ when: failure_type.startsWith('disk') }");
    assert!(
        too_broad_for(&broad, &many, 20)
            .unwrap()
            .contains("10 of the 10")
    );
}

#[test]
fn ten_thousand_rules_cost_an_alert_less_than_a_millisecond() {
    let mut text = String::from("automations:\n");
    for number in 0..10_000 {
        let matches = match number % 4 {
            0 => format!("{{ failure_type: type_{number} }}"),
            1 => format!("{{ labels: {{ service: service-{number} }} }}"),
            2 => format!("{{ when: \"failure_type == 'type_{number}' && confidence > 0.5\" }}"),
            _ => {
                format!("{{ severity: high, when: \"labels.service == 'service-{number}'\" }}")
            }
        };
        text.push_str(&format!(
            "  - {{ id: r{number}, match: {matches}, action: {{ provider: p }} }}\n"
        ));
    }
    let set = RuleSet::new(compiled(&text));
    let alert = alert("type_4002", &[("service", "service-4003"), ("host", "a")]);
    let mut best = Duration::MAX;
    for _ in 0..20 {
        let began = Instant::now();
        let found = set.matching(&alert);
        best = best.min(began.elapsed());
        let ids: Vec<_> = found.iter().map(|one| one.rule.id.as_str()).collect();
        assert_eq!(ids, ["r4002", "r4003"]);
    }
    assert!(best < Duration::from_millis(1), "{best:?}");
}
