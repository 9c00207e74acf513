//! Rules as people write them.

use super::*;

#[test]
fn a_rule_is_read_with_everything_it_says() {
    let text = r#"
automations:
  - id: clean-disk
    name: Clean a full disk
    match:
      failure_type: disk_full
      severity: [critical, high]
      min_confidence: 0.8
    action:
      provider: scripts
      params: { script: clean, args: ["{{ alert.labels.host }}", 3, 0.5, true, null] }
    targets: "{{ alert.labels.host }}"
    group_by: host
    cooldown: 10m
    throttle: { accumulate_within: 5m, threshold: 2 }
    approval:
      required: { when: risk == 'high' }
      stages: [{ approvers: [ana, bob] }, { count: 2 }]
      expires_after: 2h
      two_person: true
    verify:
      after: 30s
      expect: metrics.used < 80.0 && !alert.firing
      metrics: { used: { query: disk_used, labels: host } }
      templates: { full: 00000000000000ab }
    on_failure: { escalate: critical }
    rollback: { provider: scripts, params: { script: restore } }
    risk: { level: low, reasons: deletes old logs }
    limit: { runs: 2, within: 1h }
"#;
    let rule = parse(text).unwrap().remove(0);
    assert_eq!(rule.group_by, ["host"]);
    assert_eq!(
        rule.approval.need,
        ApprovalNeed::When("risk == 'high'".into())
    );
    assert_eq!(
        rule.approval.stages[1],
        ApprovalStage {
            approvers: vec![],
            count: 2
        }
    );
    assert_eq!(
        (rule.approval.expires_secs, rule.cooldown_secs),
        (7200, 600)
    );
    let verify = rule.verify.unwrap();
    assert_eq!((verify.after_secs, verify.timeout_secs), (30, 300));
    assert_eq!(rule.on_failure.escalates_to, Some(AlertSeverity::Critical));
    let Param::List(args) = &rule.action.params["args"] else {
        panic!("args must be a list");
    };
    assert_eq!(
        args[1..],
        [
            Param::Int(3),
            Param::Number(0.5),
            Param::Bool(true),
            Param::Null
        ]
    );
}

#[test]
fn both_forms_of_the_original_load_unchanged() {
    let list = r#"
- match: { failure_type: disk_full, min_confidence: 0.8 }
  action: { provider: ansible_tower, base_url: "https://tower.example.org", params: { job_template_id: 7 } }
"#;
    let keyed = r#"
rules:
  - name: Restart the web server
    match:
      failure_type: service_down
      min_confidence: 0.9
    action:
      provider: servicenow
      base_url: https://example.service-now.com
      params:
        short_description: "{{ alert.title }}"
"#;
    let rule = parse(list).unwrap().remove(0);
    assert_eq!(rule.id, "disk_full-ansible_tower");
    assert_eq!(
        rule.action.base_url.as_deref(),
        Some("https://tower.example.org")
    );
    assert_eq!(rule.approval.need, ApprovalNeed::Always);
    let rule = parse(keyed).unwrap().remove(0);
    assert_eq!(
        (rule.id.as_str(), rule.matches.confidence_min),
        ("restart_the_web_server", 0.9)
    );
}

#[test]
fn what_is_wrong_is_said_with_its_line_and_field() {
    let head = "automations:\n  - id: ok\n    match: { failure_type: a }\n    action: { provider: p }\n  - id: x\n    match:\n      failure_type: a\n";
    let check = |rest: &str, line: usize, words: &[&str]| {
        let error = parse(&format!("{head}{rest}")).unwrap_err();
        assert_eq!(error.line, Some(line), "{error}");
        for word in words {
            assert!(error.to_string().contains(word), "{error}");
        }
    };
    let action = "    action: { provider: p }\n";
    check(
        "      faliure: b\n",
        8,
        &["unknown field `faliure`", "expected one of"],
    );
    check(
        "      when: severty == 'x'\n    action: { provider: p }\n",
        8,
        &["`match.when`", "severty"],
    );
    check(
        &format!("{action}    cooldown: soon\n"),
        9,
        &["`soon` is not a time"],
    );
    check(
        &format!("{action}    verify:\n      expect: alert.x ==\n"),
        10,
        &["verify.expect", "CEL"],
    );
    check(
        &format!("{action}    verify:\n      after: 9d\n      expect: 'true'\n"),
        10,
        &["a week"],
    );
    check(
        &format!("{action}    risk: {{ level: huge }}\n"),
        9,
        &["low, medium or high"],
    );
    check(
        "    action:\n      provider: p\n      params:\n        host: '{{ alert.x'\n",
        11,
        &["action.params.host"],
    );
    check(
        &format!("{action}    throttle: {{ once_within: 5m, once_after: 1m }}\n"),
        9,
        &["throttle"],
    );
    check(
        &format!("{action}    approval: {{ required: maybe }}\n"),
        9,
        &["always"],
    );
    check(
        &format!("{action}    approval: {{ two_person: true, approvers: ana }}\n"),
        9,
        &["two approvers"],
    );
    let twice = "- { id: x, match: {}, action: { provider: p } }\n".repeat(2);
    let error = parse(&twice).unwrap_err();
    assert_eq!(
        (error.line, error.detail.contains("no other rule")),
        (Some(2), true)
    );
    assert!(parse("").is_err() && parse("automations: 3").is_err());
}
