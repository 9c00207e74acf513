//! Rules that were written are read as they were.

use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use tocsin_domain::alert::{AlertKind, AlertSeverity};
use tocsin_domain::automation::{FailurePolicy, RiskLevel, VerifyMetric};
use tocsin_domain::id::TemplateId;

use super::super::file::{parse, parse_one};
use super::*;

/// Texts that YAML could take for something else, or lay out in another way.
const ODD: &[&str] = &[
    "",
    " ",
    "~",
    "null",
    "true",
    "no",
    "1",
    "1.0",
    "1e3",
    "0x10",
    ".nan",
    "- a",
    "a: b",
    "#",
    "x #",
    "<<",
    "=",
    "!tag",
    "&anchor",
    "*alias",
    "%",
    "@",
    "`",
    "'",
    "\"",
    "\\",
    "|",
    ">",
    "a\nb",
    "a\n",
    "\n",
    "\na",
    "a\r\nb",
    "\t",
    " a",
    "a ",
    "é\u{85}\u{2028}\u{feff}",
    "\u{1}\u{7f}",
    "2026-01-01",
    "{{ alert.labels.host }}",
    "when x",
    "always",
    "---",
    "...",
    "a\n\n  b\n c\n",
];

fn text() -> impl Strategy<Value = String> {
    let plain = "[a-zA-Z0-9 :#'\"\\[\\],.&*!|>%@`\\\\\n\t-]{0,20}";
    let any = any::<String>().prop_filter("no template", |text| {
        !["{{", "{%", "{#", "\0"]
            .iter()
            .any(|sign| text.contains(sign))
    });
    prop_oneof![select(ODD).prop_map(str::to_owned), plain, any]
}

fn texts() -> impl Strategy<Value = Vec<String>> {
    vec(text(), 0..4)
}

fn param() -> impl Strategy<Value = Param> {
    let number = any::<f64>().prop_filter("finite", |number| number.is_finite());
    let leaf = prop_oneof![
        Just(Param::Null),
        any::<bool>().prop_map(Param::Bool),
        any::<i64>().prop_map(Param::Int),
        number.prop_map(Param::Number),
        text().prop_map(Param::Text),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        let name = text().prop_filter("no template", |name| !name.contains("{{"));
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Param::List),
            btree_map(name, inner, 0..4).prop_map(Param::Map),
        ]
    })
}

fn action() -> impl Strategy<Value = ActionTemplate> {
    let params = btree_map(text(), param(), 0..4);
    (text(), of(text()), params).prop_map(|(provider, base_url, params)| ActionTemplate {
        provider,
        base_url,
        params,
    })
}

fn condition() -> impl Strategy<Value = String> {
    const CONDITIONS: &[&str] = &[
        "severity == 'high'",
        "title.contains(\"a: b # c\")",
        "confidence > 0.5\n&& count > 2",
        "true",
        "'x' in labels",
    ];
    select(CONDITIONS).prop_map(str::to_owned)
}

fn matches() -> impl Strategy<Value = AutomationMatch> {
    let labels = btree_map(text(), texts(), 0..3);
    let severities = vec(select(AlertSeverity::ALL), 0..3);
    let kinds = vec(select(AlertKind::ALL), 0..3);
    let parts = (
        texts(),
        severities,
        kinds,
        labels,
        0.0..=1.0,
        of(condition()),
    );
    parts.prop_map(
        |(failure_types, severities, kinds, labels, confidence_min, condition)| AutomationMatch {
            failure_types,
            severities,
            kinds,
            labels,
            confidence_min,
            condition,
        },
    )
}

fn secs() -> impl Strategy<Value = u32> {
    prop_oneof![
        1..=AutomationRule::SECS_MAX,
        select(&[1, 60, 90, 900, 3600, 86_400][..])
    ]
}

fn policy() -> impl Strategy<Value = ApprovalPolicy> {
    let need = prop_oneof![
        Just(ApprovalNeed::Always),
        Just(ApprovalNeed::Never),
        condition().prop_map(ApprovalNeed::When),
    ];
    let stage = (texts(), any::<bool>()).prop_map(|(approvers, all)| {
        let most = approvers.len().max(3);
        let most = if approvers.is_empty() {
            most
        } else {
            approvers.len()
        };
        let count = if all { most as u32 } else { 1 };
        ApprovalStage { approvers, count }
    });
    (need, vec(stage, 1..4), secs(), any::<bool>()).prop_map(
        |(need, stages, expires_secs, is_two_person)| {
            let is_open = stages.iter().any(|stage| stage.approvers.is_empty());
            ApprovalPolicy {
                need,
                stages,
                expires_secs,
                is_two_person: is_two_person && is_open,
            }
        },
    )
}

fn verify_rule() -> impl Strategy<Value = VerifyRule> {
    let metric = (text(), texts()).prop_map(|(query, labels)| VerifyMetric { query, labels });
    let templates = btree_map(text(), any::<u64>().prop_map(TemplateId), 0..3);
    let expect = select(&["!alert.firing", "metrics.used < 0.9"][..]);
    let parts = (
        0..100u32,
        secs(),
        expect,
        btree_map(text(), metric, 0..3),
        templates,
    );
    parts.prop_map(
        |(after_secs, timeout_secs, expect, metrics, templates)| VerifyRule {
            after_secs,
            timeout_secs,
            expect: expect.to_owned(),
            metrics,
            templates,
        },
    )
}

fn throttles() -> impl Strategy<Value = Throttle> {
    prop_oneof![
        secs().prop_map(Throttle::OnceWithin),
        secs().prop_map(Throttle::OnceAfter),
        (secs(), 2..=1000u32)
            .prop_map(|(secs, threshold)| Throttle::AccumulateWithin { secs, threshold }),
    ]
}

/// What is said when it did not help, how dangerous it is, and how much it may.
fn bounds() -> impl Strategy<Value = (FailurePolicy, Risk, Option<RateLimit>, Option<u32>)> {
    let failure = (any::<bool>(), of(select(AlertSeverity::ALL)));
    let risk = (select(RiskLevel::ALL), texts());
    let limit = of((any::<u32>(), secs()));
    (failure, risk, limit, of(any::<u32>())).prop_map(|(failure, risk, limit, targets_max)| {
        let (rolls_back, escalates_to) = failure;
        let (level, reasons) = risk;
        let limit = limit.map(|(runs_max, window_secs)| RateLimit {
            runs_max,
            window_secs,
        });
        let failure = FailurePolicy {
            rolls_back,
            escalates_to,
        };
        (failure, Risk { level, reasons }, limit, targets_max)
    })
}

fn rules() -> impl Strategy<Value = AutomationRule> {
    let head = ("[a-z0-9_-]{1,20}", text(), any::<[bool; 3]>(), matches());
    let what = (action(), of(action()), texts(), texts());
    let when = (
        0..=AutomationRule::SECS_MAX,
        of(throttles()),
        policy(),
        of(verify_rule()),
        secs(),
    );
    (head, what, when, bounds()).prop_map(|(head, what, when, bounds)| {
        let (id, name, [is_enabled, is_dry_run, resolves_alert], matches) = head;
        let (action, rollback, targets, group_by) = what;
        let (cooldown_secs, throttle, approval, verify, timeout_secs) = when;
        let (on_failure, risk, limit, targets_max) = bounds;
        AutomationRule {
            id,
            name,
            is_enabled,
            version: 1,
            matches,
            action,
            rollback,
            targets,
            group_by,
            cooldown_secs,
            throttle,
            is_dry_run,
            approval,
            verify,
            resolves_alert,
            on_failure,
            risk,
            timeout_secs,
            limit,
            targets_max,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_rule_that_was_written_is_read_as_it_was(rule in rules()) {
        let written = write(&rule);
        let read = parse_one(&written, None);
        prop_assert_eq!(read.as_ref(), Ok(&rule), "{}", written);
        // It is also what a file has.
        let indented: String = written.lines().map(|line| format!("    {line}\n")).collect();
        if !written.contains("|") && !written.contains(">") {
            let file = format!("automations:\n  -\n{indented}");
            prop_assert_eq!(parse(&file), Ok(vec![rule]), "{}", file);
        }
    }
}

#[test]
fn a_rule_is_written_as_people_write_it() {
    let text = r#"id: clean-disk
name: Clean a full disk
enabled: true
match:
  failure_type: disk_full
  severity:
  - critical
  - high
  min_confidence: 0.8
action:
  provider: scripts
  params:
    args:
    - '{{ alert.labels.host }}'
    - 3
    script: clean
group_by: host
cooldown: 10m
approval:
  required:
    when: risk == 'high'
  approvers:
  - ana
  - bob
  expires_after: 1h
  two_person: true
verify:
  after: 30s
  timeout: 5m
  expect: '!alert.firing'
risk:
  level: low
  reasons: deletes old logs
"#;
    assert_eq!(write(&parse_one(text, None).unwrap()), text);
}

#[test]
fn one_rule_is_read_alone_or_as_the_only_one_of_a_file_in_yaml_or_json() {
    let yaml = "match: { failure_type: disk_full }\naction: { provider: scripts }\n";
    let rule = parse_one(yaml, Some("clean")).unwrap();
    assert_eq!(rule.id, "clean");
    let json = r#"{"automations": [{"match": {"failure_type": "disk_full"}, "action": {"provider": "scripts"}}]}"#;
    assert_eq!(parse_one(json, Some("clean")), Ok(rule.clone()));
    let list =
        "- id: clean\n  match: { failure_type: disk_full }\n  action: { provider: scripts }\n";
    assert_eq!(parse_one(list, Some("other")), Ok(rule));
    let made = parse_one(yaml, None).unwrap();
    assert_eq!(made.id, "disk_full-scripts");
    let two = format!("{list}{}", list.replace("clean", "more"));
    assert_eq!(
        parse_one(&two, None).unwrap_err().detail,
        "expected one rule"
    );
    assert!(parse_one("", None).is_err() && parse_one("automations: []", None).is_err());
}

#[test]
fn what_is_wrong_with_a_rule_alone_is_said_with_its_line() {
    let check = |text: &str, line: usize, words: &[&str]| {
        let error = parse_one(text, Some("x")).unwrap_err();
        assert_eq!(error.line, Some(line), "{error}");
        for word in words {
            assert!(error.to_string().contains(word), "{error}");
        }
    };
    let head = "match:\n  failure_type: a\naction: { provider: p }\n";
    check(
        &format!("{head}cooldown: soon\n"),
        4,
        &["`soon` is not a time"],
    );
    check(
        &format!("{head}verify:\n  expect: alert.x ==\n"),
        5,
        &["verify.expect", "CEL"],
    );
    check(
        &format!("{head}faliure: b\n"),
        4,
        &["unknown field `faliure`"],
    );
    let stages = "approval:\n  stages: [{ count: 0 }]\n";
    check(&format!("{head}{stages}"), 5, &["approval.stages.count"]);
    let json =
        "{\n  \"match\": {},\n  \"action\": {\"provider\": \"p\"},\n  \"cooldown\": \"9d\"\n}";
    check(json, 4, &["a week"]);
}
