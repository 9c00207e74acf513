//! How a rule is written in YAML, as it is written; [`super::file`] makes a rule of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, de};
use serde_yaml_ng::Value;

/// One rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    #[serde(default = "yes")]
    pub(super) enabled: bool,
    #[serde(rename = "match")]
    pub(super) matches: MatchEntry,
    pub(super) action: ActionEntry,
    #[serde(default)]
    pub(super) cooldown: Span,
    #[serde(default)]
    pub(super) group_by: Texts,
    pub(super) throttle: Option<ThrottleEntry>,
    #[serde(default)]
    pub(super) dry_run: bool,
    #[serde(default)]
    pub(super) approval: ApprovalEntry,
    pub(super) verify: Option<VerifyEntry>,
    #[serde(default)]
    pub(super) on_success: SuccessEntry,
    #[serde(default)]
    pub(super) on_failure: FailureEntry,
    pub(super) rollback: Option<ActionEntry>,
    #[serde(default)]
    pub(super) risk: RiskEntry,
    #[serde(default)]
    pub(super) targets: Texts,
    pub(super) timeout: Option<Span>,
    pub(super) limit: Option<LimitEntry>,
    pub(super) max_targets: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MatchEntry {
    #[serde(default)]
    pub(super) failure_type: Texts,
    #[serde(default)]
    pub(super) severity: Texts,
    #[serde(default)]
    pub(super) kind: Texts,
    #[serde(default)]
    pub(super) labels: BTreeMap<String, Texts>,
    #[serde(default)]
    pub(super) min_confidence: f64,
    pub(super) when: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ActionEntry {
    pub(super) provider: String,
    pub(super) base_url: Option<String>,
    #[serde(default)]
    pub(super) params: BTreeMap<String, Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ThrottleEntry {
    pub(super) once_within: Option<Span>,
    pub(super) once_after: Option<Span>,
    pub(super) accumulate_within: Option<Span>,
    pub(super) threshold: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ApprovalEntry {
    #[serde(default)]
    pub(super) required: Required,
    #[serde(default)]
    pub(super) approvers: Texts,
    #[serde(default)]
    pub(super) stages: Vec<StageEntry>,
    pub(super) expires_after: Option<Span>,
    #[serde(default)]
    pub(super) two_person: bool,
}

/// `always`, `never`, or `when` with a condition.
#[derive(Debug, Default)]
pub(super) enum Required {
    #[default]
    Always,
    Never,
    When(String),
}

impl<'de> Deserialize<'de> for Required {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct When {
            when: String,
        }
        #[derive(Deserialize)]
        #[serde(
            untagged,
            expecting = "expected `always`, `never` or `when: CONDITION`"
        )]
        enum Written {
            Word(String),
            Condition(When),
        }
        match Written::deserialize(deserializer)? {
            Written::Condition(When { when }) => Ok(Self::When(when)),
            Written::Word(word) => match (word.as_str(), word.strip_prefix("when ")) {
                ("always", _) => Ok(Self::Always),
                ("never", _) => Ok(Self::Never),
                (_, Some(condition)) => Ok(Self::When(condition.trim().to_owned())),
                _ => Err(de::Error::custom(format!(
                    "`{word}`: expected `always`, `never` or `when: CONDITION`"
                ))),
            },
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StageEntry {
    #[serde(default)]
    pub(super) approvers: Texts,
    #[serde(default = "one")]
    pub(super) count: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VerifyEntry {
    #[serde(default)]
    pub(super) after: Span,
    pub(super) timeout: Option<Span>,
    pub(super) expect: String,
    #[serde(default)]
    pub(super) metrics: BTreeMap<String, MetricEntry>,
    #[serde(default)]
    pub(super) templates: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MetricEntry {
    pub(super) query: String,
    #[serde(default)]
    pub(super) labels: Texts,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct SuccessEntry {
    pub(super) resolve: bool,
}

impl Default for SuccessEntry {
    fn default() -> Self {
        Self { resolve: true }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct FailureEntry {
    pub(super) rollback: bool,
    /// The severity that the alert gets. People are told in any case.
    pub(super) escalate: Option<String>,
}

impl Default for FailureEntry {
    fn default() -> Self {
        Self {
            rollback: true,
            escalate: None,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RiskEntry {
    pub(super) level: Option<String>,
    #[serde(default)]
    pub(super) reasons: Texts,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LimitEntry {
    pub(super) runs: u32,
    pub(super) within: Span,
}

/// One text or a list of them.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(from = "OneOrMany")]
pub(super) struct Texts(pub(super) Vec<String>);

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a text or a list of texts")]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl From<OneOrMany> for Texts {
    fn from(written: OneOrMany) -> Self {
        match written {
            OneOrMany::One(text) => Self(vec![text]),
            OneOrMany::Many(texts) => Self(texts),
        }
    }
}

/// A time such as `30s`, `5m`, `2h` or `1d`, or a number of seconds.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Span(pub(super) u32);

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(
            untagged,
            expecting = "expected a time such as `30s`, `5m`, `2h` or `1d`"
        )]
        enum Written {
            Seconds(u32),
            Text(String),
        }
        match Written::deserialize(deserializer)? {
            Written::Seconds(secs) => Ok(Self(secs)),
            Written::Text(text) => parse_span(&text).map(Self).ok_or_else(|| {
                de::Error::custom(format!(
                    "`{text}` is not a time; expected such as `30s`, `5m`, `2h` or `1d`"
                ))
            }),
        }
    }
}

fn parse_span(text: &str) -> Option<u32> {
    let text = text.trim();
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    number.trim().parse::<u32>().ok()?.checked_mul(unit)
}

const fn yes() -> bool {
    true
}

const fn one() -> u32 {
    1
}
