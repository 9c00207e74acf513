//! The suites of the stores of rules.

use tocsin_domain::ClassificationRule;
use tocsin_domain::alert::{AlertRule, AlertSeverity, LabelSet, RuleSeverity, RuleTrigger};
use tocsin_domain::ports::{ClassificationRuleStore, RuleStore, StoreError};

fn rule(id: &str, trigger: RuleTrigger, severity: RuleSeverity) -> AlertRule {
    AlertRule {
        id: id.into(),
        about: "it's \"full\" \u{1f514}".into(),
        is_enabled: true,
        version: 0,
        trigger,
        condition: Some("value > 0.9".into()),
        group_by: vec!["host".into(), "device".into()],
        for_secs: 60,
        keep_firing_for_secs: 30,
        severity,
        title: Some("{{ labels.host }} is full".into()),
        labels: LabelSet::new([("team", "db")]),
        annotations: LabelSet::new([("runbook_url", "https://example.org/")]),
    }
}

fn all() -> Vec<AlertRule> {
    let query = || "disk_used{host=\"a\"}".to_owned();
    let log = RuleTrigger::Log {
        count: u64::MAX,
        window_secs: 60,
    };
    let no_data = RuleTrigger::NoData {
        query: query(),
        after_secs: 300,
    };
    let fixed = RuleSeverity::Fixed(AlertSeverity::Critical);
    let plain = AlertRule {
        condition: None,
        group_by: Vec::new(),
        title: None,
        labels: LabelSet::default(),
        annotations: LabelSet::default(),
        is_enabled: false,
        ..rule("e", RuleTrigger::Predictive, fixed)
    };
    vec![
        rule("a", log, RuleSeverity::Auto),
        rule("b", RuleTrigger::Metric { query: query() }, fixed),
        rule("c", no_data, RuleSeverity::Auto),
        rule("d", RuleTrigger::Anomaly, fixed),
        plain,
    ]
}

/// The suite of [`RuleStore`].
///
/// # Errors
/// What the store answers when it should not refuse.
///
/// # Panics
/// If the store breaks the contract.
pub async fn alert_rules(store: &dyn RuleStore) -> Result<(), StoreError> {
    assert_eq!(store.changed_rules().await?, []);
    let mut expected = Vec::new();
    for rule in all().into_iter().rev() {
        assert_eq!(store.put_rule(&rule.id, Some(rule.clone())).await?, 1);
        let id = rule.id.clone();
        expected.insert(0, (id, Some(AlertRule { version: 1, ..rule })));
    }
    assert_eq!(store.changed_rules().await?, expected);
    let changed = AlertRule {
        for_secs: 1,
        ..all()[0].clone()
    };
    assert_eq!(store.put_rule("a", Some(changed.clone())).await?, 2);
    assert_eq!(store.put_rule("b", None).await?, 2);
    expected[0].1 = Some(AlertRule {
        version: 2,
        ..changed.clone()
    });
    expected[1].1 = None;
    assert_eq!(store.changed_rules().await?, expected);
    let newer = AlertRule {
        version: 7,
        ..changed
    };
    let version = store.put_rule("a", Some(newer)).await?;
    assert_eq!(version, 8, "above the rule's own");
    let back = store.put_rule("b", Some(all()[1].clone())).await?;
    assert_eq!(back, 3, "what was deleted may come back");
    let last = AlertRule {
        version: u32::MAX,
        ..all()[0].clone()
    };
    let refused = store.put_rule("a", Some(last)).await;
    assert!(
        matches!(refused, Err(StoreError::Invalid(_))),
        "{refused:?}"
    );
    Ok(())
}

/// The suite of [`ClassificationRuleStore`].
///
/// # Errors
/// What the store answers when it should not refuse.
///
/// # Panics
/// If the store breaks the contract.
pub async fn classification_rules(store: &dyn ClassificationRuleStore) -> Result<(), StoreError> {
    assert_eq!(store.changed_rules().await?, []);
    let rule = |id: &str, version| ClassificationRule {
        id: id.into(),
        pattern: r"no space left on (?:device|\w+)".into(),
        failure_type: "disk_full".into(),
        severity: AlertSeverity::High,
        confidence: 0.1 + 0.2,
        is_enabled: true,
        examples: vec!["ENOSPC: \"no space left\" \u{1f514}".into()],
        counterexamples: Vec::new(),
        version,
    };
    assert_eq!(store.put_rule("b", Some(rule("b", 3))).await?, 4);
    assert_eq!(store.put_rule("a", None).await?, 1);
    assert_eq!(store.put_rule("b", Some(rule("b", 0))).await?, 5);
    assert_eq!(
        store.changed_rules().await?,
        [("a".into(), None), ("b".into(), Some(rule("b", 5)))]
    );
    Ok(())
}
