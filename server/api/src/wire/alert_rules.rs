//! Alert rules in JSON: the form of `rules/alerts.yml`, with the same defaults.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize, de};
use tocsin_domain::alert::{
    AlertRule, AlertSeverity, LabelSet, RuleError, RuleSeverity, RuleTrigger,
};
use utoipa::ToSchema;

use super::alerts::labels;
use crate::errors::ApiError;

/// How long log lines may stay away before their alert ends, unless the rule says.
const LOG_KEEP_FIRING: Span = Span(900);
/// The window in which lines are counted, unless the rule says.
const WINDOW: Span = Span(300);
/// How long nothing may come, unless the rule says.
const AFTER: Span = Span(300);

/// All rules.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AlertRuleAnswer {
    /// The rules by id.
    pub(crate) items: Vec<AlertRuleForm>,
}

/// When something is to be told. Times are such as `30s`, `5m`, `2h` or `1d`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AlertRuleForm {
    /// A name of its own: lower-case letters, digits, `_` and `-`. It is the `alertname`. May be
    /// left out where the path has it.
    #[serde(default)]
    pub(crate) id: String,
    /// A sentence about it.
    #[serde(default)]
    pub(crate) about: String,
    /// Whether it is looked at. Default true.
    #[serde(default = "yes")]
    pub(crate) enabled: bool,
    /// What it looks at.
    pub(crate) on: On,
    /// A condition in CEL. Default: always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) when: Option<String>,
    /// Of log: how many lines within the window. Default 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) count: Option<u64>,
    /// Of log: within how long, 1s to 1d. Default 5m.
    #[schema(value_type = Option<String>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) window: Option<Span>,
    /// Of metric: a query in PromQL. Of no_data: a selector of the series.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) query: Option<String>,
    /// Of no_data: how long nothing may come, 30s to 1d. Default 5m.
    #[schema(value_type = Option<String>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<Span>,
    /// The labels that tell its alerts from each other. Default: all labels of a series, or
    /// `source` for log lines.
    #[serde(default)]
    pub(crate) group_by: Vec<String>,
    /// How long it must hold before it fires, at most 1d. Default 0s.
    #[schema(value_type = Option<String>)]
    #[serde(default, rename = "for", skip_serializing_if = "Option::is_none")]
    pub(crate) for_time: Option<Span>,
    /// How long it fires on after it held last, at most 1d. Default 15m for log, else 0s.
    #[schema(value_type = Option<String>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) keep_firing_for: Option<Span>,
    /// critical, high, medium, low or auto. Default auto.
    #[serde(default = "auto")]
    pub(crate) severity: String,
    /// The title of its alerts, with `{{ labels.host }}` and the like. Default: made of what it
    /// found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) title: Option<String>,
    /// Labels that all its alerts have.
    #[serde(default)]
    pub(crate) labels: BTreeMap<String, String>,
    /// Annotations that all its alerts have.
    #[serde(default)]
    pub(crate) annotations: BTreeMap<String, String>,
    /// Grows with every change; if one is given, it must be that of the rule that is replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<u32>,
}

const fn yes() -> bool {
    true
}

fn auto() -> String {
    "auto".to_owned()
}

/// What a rule looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum On {
    /// Log lines.
    Log,
    /// The answer to a query.
    Metric,
    /// Anomalies.
    Anomaly,
    /// Predictions.
    Predictive,
    /// Series that had points and have none any more.
    NoData,
}

/// A time such as `30s`, `5m`, `2h` or `1d`, in seconds. A number is read as seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span(pub(crate) u32);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(86_400, 'd'), (3600, 'h'), (60, 'm'), (1, 's')];
        let fits = |(size, _): &&(u32, char)| self.0 > 0 && self.0.is_multiple_of(*size);
        let (size, unit) = units.iter().find(fits).unwrap_or(&(1, 's'));
        write!(f, "{}{unit}", self.0 / size)
    }
}

impl Serialize for Span {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SpanVisitor)
    }
}

struct SpanVisitor;

impl de::Visitor<'_> for SpanVisitor {
    type Value = Span;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time such as `30s`, `5m`, `2h` or `1d`")
    }

    fn visit_u64<E: de::Error>(self, secs: u64) -> Result<Span, E> {
        let wrong = |_| E::invalid_value(de::Unexpected::Unsigned(secs), &self);
        u32::try_from(secs).map(Span).map_err(wrong)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Span, E> {
        parse_span(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
    }
}

fn parse_span(text: &str) -> Option<Span> {
    let (number, unit) = text
        .trim()
        .split_at_checked(text.trim().len().checked_sub(1)?)?;
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    number.parse::<u32>().ok()?.checked_mul(unit).map(Span)
}

impl From<AlertRule> for AlertRuleForm {
    fn from(rule: AlertRule) -> Self {
        let mut form = Self {
            id: rule.id,
            about: rule.about,
            enabled: rule.is_enabled,
            on: On::Anomaly,
            when: rule.condition,
            count: None,
            window: None,
            query: None,
            after: None,
            group_by: rule.group_by,
            for_time: Some(Span(rule.for_secs)),
            keep_firing_for: Some(Span(rule.keep_firing_for_secs)),
            severity: match rule.severity {
                RuleSeverity::Fixed(severity) => severity.name().to_owned(),
                RuleSeverity::Auto => auto(),
            },
            title: rule.title,
            labels: labels(&rule.labels),
            annotations: labels(&rule.annotations),
            version: Some(rule.version),
        };
        match rule.trigger {
            RuleTrigger::Log { count, window_secs } => {
                form.on = On::Log;
                form.count = Some(count);
                form.window = Some(Span(window_secs));
            }
            RuleTrigger::Metric { query } => {
                form.on = On::Metric;
                form.query = Some(query);
            }
            RuleTrigger::Anomaly => {}
            RuleTrigger::Predictive => form.on = On::Predictive,
            RuleTrigger::NoData { query, after_secs } => {
                form.on = On::NoData;
                form.query = Some(query);
                form.after = Some(Span(after_secs));
            }
        }
        form
    }
}

impl AlertRuleForm {
    /// The rule that is meant, within its ranges; the version is that of the rule it takes the
    /// place of.
    pub(crate) fn read(self, version: u32) -> Result<AlertRule, ApiError> {
        let trigger = self.trigger()?;
        let severity = match self.severity.as_str() {
            "auto" => RuleSeverity::Auto,
            name => RuleSeverity::Fixed(AlertSeverity::from_name(name).ok_or_else(|| {
                let expected = "critical, high, medium, low or auto";
                ApiError::field("severity", expected, format!("`{name}` is not a severity"))
            })?),
        };
        let keep = match trigger {
            RuleTrigger::Log { .. } => LOG_KEEP_FIRING,
            _ => Span(0),
        };
        let rule = AlertRule {
            labels: set("labels", &self.labels)?,
            annotations: set("annotations", &self.annotations)?,
            is_enabled: self.enabled,
            version,
            trigger,
            severity,
            for_secs: self.for_time.map_or(0, |span| span.0),
            keep_firing_for_secs: self.keep_firing_for.unwrap_or(keep).0,
            id: self.id,
            about: self.about,
            condition: self.when,
            group_by: self.group_by,
            title: self.title,
        };
        match rule.check() {
            Ok(()) => Ok(rule),
            Err(RuleError { detail, .. }) => Err(invalid(&detail)),
        }
    }

    fn trigger(&self) -> Result<RuleTrigger, ApiError> {
        let takes: &[&str] = match self.on {
            On::Log => &["count", "window"],
            On::Metric => &["query"],
            On::NoData => &["query", "after"],
            On::Anomaly | On::Predictive => &[],
        };
        let given = [
            ("count", self.count.is_some()),
            ("window", self.window.is_some()),
            ("query", self.query.is_some()),
            ("after", self.after.is_some()),
        ];
        let stray = given
            .iter()
            .find(|(name, is_given)| *is_given && !takes.contains(name));
        if let Some((name, _)) = stray {
            let expected = "`count` and `window` with log, `query` with metric and no_data, \
                            `after` with no_data";
            let detail = format!("`{name}` does not go with what the rule is `on`");
            return Err(ApiError::field(name, expected, detail));
        }
        let query = self.query.clone().unwrap_or_default();
        Ok(match self.on {
            On::Log => RuleTrigger::Log {
                count: self.count.unwrap_or(1),
                window_secs: self.window.unwrap_or(WINDOW).0,
            },
            On::Metric => RuleTrigger::Metric { query },
            On::Anomaly => RuleTrigger::Anomaly,
            On::Predictive => RuleTrigger::Predictive,
            On::NoData => RuleTrigger::NoData {
                query,
                after_secs: self.after.unwrap_or(AFTER).0,
            },
        })
    }
}

fn set(field: &str, pairs: &BTreeMap<String, String>) -> Result<LabelSet, ApiError> {
    let pairs = pairs
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    LabelSet::parse(pairs).map_err(|error| {
        let expected = "names of letters, digits and underscores, no digit first";
        ApiError::field(field, expected, error.to_string())
    })
}

/// What is wrong with a rule, with the field that the sentence names between backticks.
pub(crate) fn invalid(detail: &str) -> ApiError {
    const FIELDS: [&str; 16] = [
        "id",
        "when",
        "count",
        "window",
        "query",
        "after",
        "group_by",
        "for",
        "keep_firing_for",
        "severity",
        "title",
        "labels",
        "annotations",
        "pattern",
        "examples",
        "counterexamples",
    ];
    let named = detail
        .split('`')
        .skip(1)
        .step_by(2)
        .find(|name| FIELDS.contains(name));
    match named {
        Some(field) => ApiError::field(field, detail, detail),
        None => ApiError::field("rule", "a rule that can be", detail),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn form(on: On) -> AlertRuleForm {
        let text = serde_json::json!({ "id": "x", "on": on });
        serde_json::from_value(text).unwrap()
    }

    fn field(form: AlertRuleForm) -> String {
        form.read(1).unwrap_err().errors[0].field.clone().unwrap()
    }

    #[test]
    fn what_is_left_out_is_as_in_the_file() {
        let rule = form(On::Log).read(1).unwrap();
        let trigger = RuleTrigger::Log {
            count: 1,
            window_secs: 300,
        };
        assert_eq!((rule.trigger, rule.keep_firing_for_secs), (trigger, 900));
        assert_eq!(
            (rule.severity, rule.for_secs, rule.is_enabled),
            (RuleSeverity::Auto, 0, true)
        );
    }

    #[test]
    fn what_is_wrong_is_named_by_its_field() {
        assert_eq!(field(form(On::Metric)), "query");
        assert_eq!(
            field(AlertRuleForm {
                count: Some(2),
                ..form(On::Anomaly)
            }),
            "count"
        );
        assert_eq!(
            field(AlertRuleForm {
                severity: "bad".into(),
                ..form(On::Log)
            }),
            "severity"
        );
        assert_eq!(
            field(AlertRuleForm {
                id: "A b".into(),
                ..form(On::Log)
            }),
            "id"
        );
        assert_eq!(
            field(AlertRuleForm {
                for_time: Some(Span(90_000)),
                ..form(On::Log)
            }),
            "for"
        );
        let odd = [("a b".to_owned(), "c".to_owned())].into();
        assert_eq!(
            field(AlertRuleForm {
                labels: odd,
                ..form(On::Log)
            }),
            "labels"
        );
        let text = r#"{"id":"x","on":"log","window":"soon"}"#;
        let error = serde_json::from_str::<AlertRuleForm>(text)
            .unwrap_err()
            .to_string();
        assert!(error.contains("a time such as `30s`"), "{error}");
    }

    fn triggers() -> impl Strategy<Value = RuleTrigger> {
        let secs = 30..=86_400u32;
        prop_oneof![
            (1..1000u64, secs.clone())
                .prop_map(|(count, window_secs)| RuleTrigger::Log { count, window_secs }),
            "[a-z]{1,9}".prop_map(|query| RuleTrigger::Metric { query }),
            Just(RuleTrigger::Anomaly),
            Just(RuleTrigger::Predictive),
            ("[a-z]{1,9}", secs)
                .prop_map(|(query, after_secs)| RuleTrigger::NoData { query, after_secs }),
        ]
    }

    fn label_sets() -> impl Strategy<Value = LabelSet> {
        prop::collection::btree_map("[a-z_]{1,6}", ".{1,6}", 0..4).prop_map(LabelSet::new)
    }

    prop_compose! {
        fn rules()(
            id in "[a-z0-9_-]{1,20}", about in ".{0,20}", is_enabled: bool, version: u32,
            trigger in triggers(), condition in prop::option::of(".{0,20}"),
            group_by in prop::collection::vec("[a-z]{1,5}", 0..3),
            secs in (0..=86_400u32, 0..=86_400u32), severity in 0..5usize,
            title in prop::option::of(".{0,20}"), sets in (label_sets(), label_sets()),
        ) -> AlertRule {
            let severity = AlertSeverity::ALL.get(severity);
            AlertRule {
                id, about, is_enabled, version, trigger, condition, group_by, title,
                for_secs: secs.0, keep_firing_for_secs: secs.1,
                severity: severity.map_or(RuleSeverity::Auto, |one| RuleSeverity::Fixed(*one)),
                labels: sets.0, annotations: sets.1,
            }
        }
    }

    proptest! {
        #[test]
        fn a_rule_comes_back_from_json_as_it_went(rule in rules()) {
            let text = serde_json::to_string(&AlertRuleForm::from(rule.clone())).unwrap();
            let form: AlertRuleForm = serde_json::from_str(&text).unwrap();
            let version = form.version.unwrap();
            prop_assert_eq!(form.read(version).unwrap(), rule);
        }

        #[test]
        fn a_time_comes_back_as_it_was(secs: u32) {
            prop_assert_eq!(parse_span(&Span(secs).to_string()), Some(Span(secs)));
        }
    }
}
