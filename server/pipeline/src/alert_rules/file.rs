//! Alert rules as people write them: YAML in, checked rules out.

use std::collections::BTreeMap;

use serde::Deserialize;
use tocsin_domain::alert::{
    AlertRule, AlertSeverity, LabelSet, RuleError, RuleSeverity, RuleTrigger,
};

/// How long log lines may stay away before their alert ends, unless the rule says.
const LOG_KEEP_FIRING_SECS: u32 = 900;
/// The window in which lines are counted, unless the rule says.
const WINDOW_SECS: u32 = 300;
/// How long nothing may come, unless the rule says.
const AFTER_SECS: u32 = 300;

/// A file that cannot be.
#[derive(Debug, thiserror::Error)]
pub enum RuleFileError {
    /// The text is no list of rules; says the line and what was expected.
    #[error("the alert rules cannot be read: {0}")]
    Text(#[from] serde_yaml_ng::Error),
    /// A rule that makes no sense.
    #[error(transparent)]
    Rule(#[from] RuleError),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    alerts: Vec<Entry>,
}

/// What a rule looks at.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum On {
    Log,
    Metric,
    Anomaly,
    Predictive,
    NoData,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    #[serde(default)]
    about: String,
    #[serde(default = "yes")]
    enabled: bool,
    on: On,
    when: Option<String>,
    count: Option<u64>,
    window: Option<Span>,
    query: Option<String>,
    after: Option<Span>,
    #[serde(default)]
    group_by: Vec<String>,
    #[serde(rename = "for")]
    for_time: Option<Span>,
    keep_firing_for: Option<Span>,
    severity: Option<String>,
    title: Option<String>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

const fn yes() -> bool {
    true
}

/// A time such as `30s`, `5m`, `2h` or `1d`, or a number of seconds.
#[derive(Debug, Clone, Copy)]
struct Span(u32);

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Seconds(u32),
            Text(String),
        }
        match Written::deserialize(deserializer)? {
            Written::Seconds(secs) => Ok(Self(secs)),
            Written::Text(text) => parse_span(&text).map(Self).ok_or_else(|| {
                serde::de::Error::custom(format!(
                    "`{text}` is not a time; expected such as `30s`, `5m`, `2h` or `1d`"
                ))
            }),
        }
    }
}

/// Reads `30s`, `5m`, `2h` or `1d` as seconds.
fn parse_span(text: &str) -> Option<u32> {
    let text = text.trim();
    let unit = match text.chars().last()? {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return None,
    };
    let number: u32 = text[..text.len() - 1].parse().ok()?;
    number.checked_mul(unit)
}

/// Reads the rules of a file.
///
/// # Errors
/// [`RuleFileError`] with the line or the rule at fault.
pub fn parse(text: &str) -> Result<Vec<AlertRule>, RuleFileError> {
    let File { alerts } = serde_yaml_ng::from_str(text)?;
    let mut names = std::collections::HashSet::new();
    let mut rules = Vec::with_capacity(alerts.len());
    for entry in alerts {
        let rule = entry.into_rule()?;
        if !names.insert(rule.id.clone()) {
            return Err(wrong(&rule.id, "expected an `id` that no other rule has").into());
        }
        rules.push(rule);
    }
    Ok(rules)
}

fn wrong(rule: &str, detail: &str) -> RuleError {
    RuleError {
        rule: rule.to_owned(),
        detail: detail.to_owned(),
    }
}

impl Entry {
    fn into_rule(self) -> Result<AlertRule, RuleError> {
        let trigger = self.trigger()?;
        let severity = match self.severity.as_deref() {
            None | Some("auto") => RuleSeverity::Auto,
            Some(name) => RuleSeverity::Fixed(AlertSeverity::from_name(name).ok_or_else(|| {
                wrong(
                    &self.id,
                    "expected `severity` critical, high, medium, low or auto",
                )
            })?),
        };
        let set = |pairs: &BTreeMap<String, String>| {
            let pairs = pairs
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()));
            LabelSet::parse(pairs).map_err(|error| wrong(&self.id, &error.to_string()))
        };
        let keep = match trigger {
            RuleTrigger::Log { .. } => LOG_KEEP_FIRING_SECS,
            _ => 0,
        };
        let rule = AlertRule {
            labels: set(&self.labels)?,
            annotations: set(&self.annotations)?,
            is_enabled: self.enabled,
            version: 1,
            trigger,
            severity,
            for_secs: self.for_time.map_or(0, |span| span.0),
            keep_firing_for_secs: self.keep_firing_for.map_or(keep, |span| span.0),
            id: self.id,
            about: self.about,
            condition: self.when,
            group_by: self.group_by,
            title: self.title,
        };
        rule.check()?;
        Ok(rule)
    }

    fn trigger(&self) -> Result<RuleTrigger, RuleError> {
        let query = || {
            let missing = || wrong(&self.id, "expected a `query` in PromQL");
            self.query.clone().ok_or_else(missing)
        };
        let stray = match self.on {
            On::Log => self.query.is_some() || self.after.is_some(),
            On::Metric => self.count.is_some() || self.window.is_some() || self.after.is_some(),
            On::NoData => self.count.is_some() || self.window.is_some(),
            On::Anomaly | On::Predictive => {
                self.count.is_some()
                    || self.window.is_some()
                    || self.query.is_some()
                    || self.after.is_some()
            }
        };
        if stray {
            let detail = "`count` and `window` are of `on: log`, `query` of metric and no_data, `after` of no_data";
            return Err(wrong(&self.id, detail));
        }
        Ok(match self.on {
            On::Log => RuleTrigger::Log {
                count: self.count.unwrap_or(1),
                window_secs: self.window.map_or(WINDOW_SECS, |span| span.0),
            },
            On::Metric => RuleTrigger::Metric { query: query()? },
            On::Anomaly => RuleTrigger::Anomaly,
            On::Predictive => RuleTrigger::Predictive,
            On::NoData => RuleTrigger::NoData {
                query: query()?,
                after_secs: self.after.map_or(AFTER_SECS, |span| span.0),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_read_with_what_it_leaves_out() {
        let text = "alerts:\n  - id: x\n    on: log\n    when: severity == 'error'\n    count: 5\n    window: 10m\n    severity: high\n    labels: { team: db }\n";
        let rules = parse(text).unwrap();
        assert_eq!(
            rules[0].trigger,
            RuleTrigger::Log {
                count: 5,
                window_secs: 600
            }
        );
        assert_eq!(rules[0].severity, RuleSeverity::Fixed(AlertSeverity::High));
        assert_eq!((rules[0].for_secs, rules[0].keep_firing_for_secs), (0, 900));
        assert_eq!(rules[0].labels.get("team"), "db");
    }

    #[test]
    fn what_is_wrong_is_named_with_its_rule_or_line() {
        let said = |text: &str| parse(text).unwrap_err().to_string();
        assert!(said("alerts:\n  - id: x\n    on: logs\n").contains("line 3"));
        assert!(said("alerts:\n  - { id: x, on: metric }").contains("`x`: expected a `query`"));
        assert!(said("alerts:\n  - { id: x, on: anomaly, count: 3 }").contains("of `on: log`"));
        assert!(
            said("alerts:\n  - { id: x, on: log, window: soon }").contains("`soon` is not a time")
        );
        assert!(said("alerts:\n  - { id: x, on: log, severity: bad }").contains("critical, high"));
        let twice = "alerts:\n  - { id: x, on: log }\n  - { id: x, on: log }";
        assert!(said(twice).contains("no other rule"));
        assert!(said("alerts:\n  - { id: x, on: log, labels: { 'a b': c } }").contains("`a b`"));
    }
}
