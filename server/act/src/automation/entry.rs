//! How a rule is written in YAML, as it is written; [`super::file`] makes a rule of it, and
//! [`super::writing`] makes it of a rule.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_yaml_ng::Value;

/// One rule.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(default = "yes")]
    pub(super) enabled: bool,
    #[serde(rename = "match")]
    pub(super) matches: MatchEntry,
    pub(super) action: ActionEntry,
    #[serde(default, skip_serializing_if = "Texts::is_empty")]
    pub(super) targets: Texts,
    #[serde(default, skip_serializing_if = "Texts::is_empty")]
    pub(super) group_by: Texts,
    #[serde(default, skip_serializing_if = "Span::is_zero")]
    pub(super) cooldown: Span,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) throttle: Option<ThrottleEntry>,
    #[serde(default, skip_serializing_if = "is_no")]
    pub(super) dry_run: bool,
    #[serde(default)]
    pub(super) approval: ApprovalEntry,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) verify: Option<VerifyEntry>,
    #[serde(default, skip_serializing_if = "SuccessEntry::is_usual")]
    pub(super) on_success: SuccessEntry,
    #[serde(default, skip_serializing_if = "FailureEntry::is_usual")]
    pub(super) on_failure: FailureEntry,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rollback: Option<ActionEntry>,
    #[serde(default)]
    pub(super) risk: RiskEntry,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) timeout: Option<Span>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) limit: Option<LimitEntry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_targets: Option<u32>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MatchEntry {
    #[serde(default, skip_serializing_if = "Texts::is_empty")]
    pub(super) failure_type: Texts,
    #[serde(default, skip_serializing_if = "Texts::is_empty")]
    pub(super) severity: Texts,
    #[serde(default, skip_serializing_if = "Texts::is_empty")]
    pub(super) kind: Texts,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) labels: BTreeMap<String, Texts>,
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub(super) min_confidence: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) when: Option<String>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ActionEntry {
    pub(super) provider: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) base_url: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) params: BTreeMap<String, Value>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ThrottleEntry {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) once_within: Option<Span>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) once_after: Option<Span>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) accumulate_within: Option<Span>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) threshold: Option<u32>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ApprovalEntry {
    #[serde(default)]
    pub(super) required: Required,
    #[serde(default, skip_serializing_if = "Texts::is_empty")]
    pub(super) approvers: Texts,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) stages: Vec<StageEntry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) expires_after: Option<Span>,
    #[serde(default, skip_serializing_if = "is_no")]
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

impl Serialize for Required {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Always => serializer.serialize_str("always"),
            Self::Never => serializer.serialize_str("never"),
            Self::When(when) => BTreeMap::from([("when", when)]).serialize(serializer),
        }
    }
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

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StageEntry {
    #[serde(default, skip_serializing_if = "Texts::is_empty")]
    pub(super) approvers: Texts,
    #[serde(default = "one")]
    pub(super) count: u32,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VerifyEntry {
    #[serde(default, skip_serializing_if = "Span::is_zero")]
    pub(super) after: Span,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) timeout: Option<Span>,
    pub(super) expect: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) metrics: BTreeMap<String, MetricEntry>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) templates: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MetricEntry {
    pub(super) query: String,
    #[serde(default, skip_serializing_if = "Texts::is_empty")]
    pub(super) labels: Texts,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct SuccessEntry {
    pub(super) resolve: bool,
}

impl SuccessEntry {
    const fn is_usual(&self) -> bool {
        self.resolve
    }
}

impl Default for SuccessEntry {
    fn default() -> Self {
        Self { resolve: true }
    }
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct FailureEntry {
    pub(super) rollback: bool,
    /// The severity that the alert gets. People are told in any case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) escalate: Option<String>,
}

impl FailureEntry {
    const fn is_usual(&self) -> bool {
        self.rollback && self.escalate.is_none()
    }
}

impl Default for FailureEntry {
    fn default() -> Self {
        Self {
            rollback: true,
            escalate: None,
        }
    }
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RiskEntry {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) level: Option<String>,
    #[serde(default, skip_serializing_if = "Texts::is_empty")]
    pub(super) reasons: Texts,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LimitEntry {
    pub(super) runs: u32,
    pub(super) within: Span,
}

/// One text or a list of them.
#[derive(Debug, Default, Clone, Deserialize, Serialize)]
#[serde(from = "OneOrMany", into = "OneOrMany")]
pub(super) struct Texts(pub(super) Vec<String>);

impl Texts {
    const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[derive(Deserialize, Serialize)]
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

impl From<Texts> for OneOrMany {
    fn from(Texts(mut texts): Texts) -> Self {
        match texts.pop() {
            Some(text) if texts.is_empty() => Self::One(text),
            last => {
                texts.extend(last);
                Self::Many(texts)
            }
        }
    }
}

/// A time such as `30s`, `5m`, `2h` or `1d`, or a number of seconds.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Span(pub(super) u32);

/// Units of a time and their seconds, the longest first.
const UNITS: [(&str, u32); 4] = [("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)];

impl Span {
    const fn is_zero(&self) -> bool {
        self.0 == 0
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let is_whole = |(_, secs): &(&str, u32)| self.0 >= *secs && self.0.is_multiple_of(*secs);
        let (unit, secs) = UNITS.into_iter().find(is_whole).unwrap_or(("s", 1));
        serializer.collect_str(&format_args!("{}{unit}", self.0 / secs))
    }
}

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
    let (_, secs) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
    number.trim().parse::<u32>().ok()?.checked_mul(secs)
}

const fn yes() -> bool {
    true
}

const fn one() -> u32 {
    1
}

const fn is_no(truth: &bool) -> bool {
    !*truth
}

fn is_nothing(number: &f64) -> bool {
    *number == 0.0
}
