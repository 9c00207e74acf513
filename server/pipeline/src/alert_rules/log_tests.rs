//! Rules on log lines, over batches as the parse stage makes them.

use async_trait::async_trait;
use tocsin_domain::batch::NewRecord;
use tocsin_domain::ports::{RuleVerdict, StoreError};
use tocsin_domain::{BatchBuilder, BatchId, ClassificationRule, Timestamp};
use tocsin_templates::MinerConfig;

use super::super::file;
use super::*;
use crate::ParseStage;

/// Knows one failure.
struct Fake;

#[async_trait]
impl Classifier for Fake {
    fn classify(&self, _: TemplateId, line: &str, _: Severity) -> Option<Classification> {
        line.contains("No space left").then(|| Classification {
            failure_type: "disk_full".into(),
            severity: AlertSeverity::Critical,
            confidence: 0.9,
            because: "a test".into(),
        })
    }

    fn generation(&self) -> u64 {
        1
    }

    fn test(&self, _: &str, _: Severity) -> (Vec<RuleVerdict>, Option<Classification>) {
        (Vec::new(), None)
    }

    fn rules(&self) -> Vec<ClassificationRule> {
        Vec::new()
    }

    async fn put(&self, rule: ClassificationRule) -> Result<ClassificationRule, StoreError> {
        Ok(rule)
    }

    async fn delete(&self, _: &str) -> Result<bool, StoreError> {
        Ok(false)
    }
}

type Line<'a> = (
    &'a str,
    &'a str,
    Severity,
    &'a [(&'a str, ValueType, &'a [u8])],
);

fn parsed(lines: &[Line<'_>]) -> ParsedBatch {
    let now = Timestamp::from_secs(1_700_000_000);
    let mut builder = BatchBuilder::new(BatchId::new(now, [1; 10]), now, "app".into());
    for (body, host, severity, attributes) in lines {
        let record = NewRecord {
            body: body.as_bytes(),
            timestamp: Some(now),
            severity: *severity,
            issues: tocsin_domain::Issues::default(),
            host,
            attributes,
            trace: None,
        };
        builder.push(record).unwrap();
    }
    ParseStage::new(MinerConfig::default())
        .step(builder.finish())
        .batch
}

fn set(text: &str) -> Arc<RuleSet> {
    let rules = file::parse(text).unwrap();
    let compiled = rules
        .into_iter()
        .map(|rule| Arc::new(CompiledRule::new(rule).unwrap()));
    Arc::new(RuleSet::new(compiled))
}

fn said(set: &Arc<RuleSet>, lines: &[Line<'_>]) -> Vec<(String, String, u64)> {
    let signals = LogRules::new(Arc::new(Fake)).see(&parsed(lines), set, &HashSet::new());
    let said = signals.into_iter();
    said.map(|one| (one.labels.to_string(), one.title.clone(), one.count()))
        .collect()
}

#[test]
fn every_shipped_rule_is_sound_and_a_full_disk_is_told_once_for_each_host() {
    let shipped = set(include_str!("../../../../rules/alerts.yml"));
    assert!(shipped.iter().count() >= 8);
    let full = "write failed: No space left on device";
    let lines = [
        (full, "db-1", Severity::ERROR, &[][..]),
        (full, "db-1", Severity::ERROR, &[]),
        (full, "db-2", Severity::ERROR, &[]),
        ("order 7 was shipped", "db-1", Severity::INFO, &[]),
    ];
    let mut told = said(&shipped, &lines);
    told.sort();
    let label = |host| {
        format!(r#"alertname="failure", failure_type="disk_full", host="{host}", source="app""#)
    };
    let title = format!("Disk full: {full}");
    assert_eq!(
        told,
        [(label("db-1"), title.clone(), 2), (label("db-2"), title, 1)]
    );
}

#[test]
fn a_condition_on_the_line_itself_is_asked_line_by_line() {
    let rules = set(concat!(
        "alerts:\n",
        "  - { id: slow, on: log, when: 'severity == \"warn\" && attributes.ms > 1000', group_by: [region] }\n",
        "  - { id: eu, on: log, when: 'body.contains(\"took\") && attributes.region == \"eu\"' }\n",
    ));
    let took = |ms: &'static [u8], region: &'static [u8]| {
        [
            ("ms", ValueType::Integer, ms),
            ("region", ValueType::Text, region),
        ]
    };
    let (quick, slow, us) = (
        took(b"20", b"eu"),
        took(b"2000", b"eu"),
        took(b"3000", b"us"),
    );
    let lines = [
        ("it took 20", "a", Severity::WARN, &quick[..]),
        ("it took 2000", "a", Severity::WARN, &slow[..]),
        ("it took 3000", "a", Severity::WARN, &us[..]),
        ("it took 2000", "a", Severity::INFO, &slow[..]),
        ("it took long", "a", Severity::WARN, &[]),
    ];
    let mut told: Vec<_> = said(&rules, &lines)
        .into_iter()
        .map(|(labels, _, count)| (labels, count))
        .collect();
    told.sort();
    let expected = [
        (r#"alertname="eu", source="app""#.to_owned(), 3),
        (r#"alertname="slow", region="eu""#.to_owned(), 1),
        (r#"alertname="slow", region="us""#.to_owned(), 1),
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_thousand_rules_are_decided_once_for_lines_that_are_alike() {
    let many: String = (0..1000)
        .map(|n| {
            format!("  - {{ id: r{n}, on: log, when: 'host == \"h{n}\"', group_by: [host] }}\n")
        })
        .collect();
    let rules = set(&format!("alerts:\n{many}"));
    let mut stage = LogRules::new(Arc::new(Fake));
    let lines: Vec<Line<'_>> = (0..5000)
        .map(|_| ("a line like others", "h7", Severity::INFO, &[][..]))
        .collect();
    let signals = stage.see(&parsed(&lines), &rules, &HashSet::new());
    assert_eq!(
        signals.iter().map(Signal::count).collect::<Vec<_>>(),
        [5000]
    );
    assert_eq!(stage.classes.len(), 1);
}

#[test]
fn what_stands_in_the_line_as_a_pair_is_an_attribute() {
    let rules = set(concat!(
        "alerts:\n",
        "  - { id: slow, on: log, when: 'attributes.took_ms > 1000', group_by: [unit] }\n",
    ));
    let lines: Vec<String> = (0..6)
        .map(|n| format!("level=info unit=pump-{} took_ms={} path=/a", n % 3, n * 400))
        .collect();
    let lines: Vec<Line<'_>> = lines
        .iter()
        .map(|line| (line.as_str(), "h", Severity::INFO, &[][..]))
        .collect();
    let mut told: Vec<_> = said(&rules, &lines)
        .into_iter()
        .map(|(labels, _, count)| (labels, count))
        .collect();
    told.sort();
    let label = |unit| format!(r#"alertname="slow", unit="pump-{unit}""#);
    assert_eq!(told, [(label(0), 1), (label(1), 1), (label(2), 1)]);
}
