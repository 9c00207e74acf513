//! What names mean by custom, as `rules/signals.yml` has it: whose a line or series is, whom it waits for, and what
//! a metric measures.

use regex::{Regex, RegexBuilder};
use serde::Deserialize;
use tocsin_domain::alert::LabelSet;
use tocsin_domain::{Labels, LogRecord, Value};
use tocsin_rank::SignalKind;

const BUILT_IN: &str = include_str!("../../../rules/signals.yml");
/// Bytes of a compiled pattern, at most.
const PATTERN_BYTES_MAX: usize = 1 << 20;

/// How the values of a resource are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reads {
    /// An amount in use, without a limit that is known.
    #[default]
    Used,
    /// What is left of a limit.
    Free,
    /// A share of a limit: per one or in percent.
    Share,
}

impl Reads {
    /// Whether more of it is more in use.
    pub(crate) const fn is_upright(self) -> bool {
        !matches!(self, Self::Free)
    }
}

/// What a series measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Measure {
    pub(crate) kind: SignalKind,
    pub(crate) reads: Reads,
}

/// A name among the labels or attributes of something, and its value: who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Owner {
    /// The name of the label, attribute or field.
    pub(crate) key: String,
    /// Its value there.
    pub(crate) value: String,
    /// Who that is: the value, without a port.
    pub(crate) entity: String,
}

/// The conventions, ready to be asked.
#[derive(Debug, Default)]
pub(crate) struct Conventions {
    entities: Vec<String>,
    machines: Vec<String>,
    callees: Vec<String>,
    machine_jobs: Option<Regex>,
    machine_metrics: Option<Regex>,
    ignored: Option<Regex>,
    kinds: Vec<Kind>,
}

#[derive(Debug)]
struct Kind {
    measure: Measure,
    name: Option<Regex>,
    labels: Vec<String>,
    value: Option<Regex>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    entities: Vec<String>,
    machines: Vec<String>,
    machine_jobs: String,
    machine_metrics: String,
    callees: Vec<String>,
    series: SeriesRules,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SeriesRules {
    ignored: String,
    kinds: Vec<KindRule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KindRule {
    kind: KindName,
    name: Option<String>,
    #[serde(default)]
    labels: Vec<String>,
    value: Option<String>,
    #[serde(default)]
    reads: Reads,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum KindName {
    Availability,
    Errors,
    Latency,
    Resource,
    Traffic,
    Other,
}

/// Conventions that cannot be read.
#[derive(Debug, thiserror::Error)]
enum ConventionError {
    /// The text is no YAML of the form expected.
    #[error("the conventions cannot be read")]
    Syntax(#[from] serde_yaml_ng::Error),
    /// A pattern cannot be compiled.
    #[error("a pattern of the conventions is no regular expression")]
    Pattern(#[from] regex::Error),
}

impl Conventions {
    /// Those that come with the server.
    pub(crate) fn built_in() -> Self {
        // The text is part of the program, and a test reads it.
        Self::load(BUILT_IN).unwrap_or_default()
    }

    fn load(text: &str) -> Result<Self, ConventionError> {
        let file: File = serde_yaml_ng::from_str(text)?;
        let kinds = file.series.kinds.into_iter().map(|rule| {
            Ok(Kind {
                measure: Measure {
                    kind: rule.kind.into(),
                    reads: rule.reads,
                },
                name: rule.name.as_deref().map(compile).transpose()?,
                labels: rule.labels,
                value: rule.value.as_deref().map(compile).transpose()?,
            })
        });
        Ok(Self {
            entities: file.entities,
            machines: file.machines,
            callees: file.callees,
            machine_jobs: Some(compile(&file.machine_jobs)?),
            machine_metrics: Some(compile(&file.machine_metrics)?),
            ignored: Some(compile(&file.series.ignored)?),
            kinds: kinds.collect::<Result<_, ConventionError>>()?,
        })
    }

    /// The names of labels by which series belong to somebody, the first that there is holds.
    pub(crate) fn entity_labels(&self) -> &[String] {
        &self.entities
    }

    /// The names of attributes by which something says whom it waits for.
    pub(crate) fn callees(&self) -> &[String] {
        &self.callees
    }

    /// Whether a label names a machine.
    pub(crate) fn is_machine(&self, label: &str) -> bool {
        self.machines.iter().any(|name| name == label)
    }

    /// Whose a line is.
    pub(crate) fn of_line(&self, record: &LogRecord) -> Option<Owner> {
        self.owner(|name| match name {
            // As the query language has it: an attribute of that name is not asked for.
            "host" => record.host.to_string(),
            "source" => record.source.to_string(),
            _ => attribute(record, name).unwrap_or_default(),
        })
    }

    /// Whose an alert is.
    pub(crate) fn of_alert(&self, labels: &LabelSet) -> Option<Owner> {
        self.owner_of_labels("", |name| labels.get(name))
    }

    /// Whose a series is.
    pub(crate) fn of_series(&self, labels: &Labels) -> Option<Owner> {
        self.owner_of_labels(labels.name(), |name| labels.get(name))
    }

    fn owner_of_labels<'a>(&self, metric: &str, get: impl Fn(&str) -> &'a str) -> Option<Owner> {
        let found = self.owner(|name| get(name).to_owned())?;
        let job = get("job");
        let matches =
            |regex: &Option<Regex>, text: &str| regex.as_ref().is_some_and(|r| r.is_match(text));
        let is_of_job = found.key == "instance"
            && !job.is_empty()
            && !matches(&self.machine_jobs, job)
            && !matches(&self.machine_metrics, metric);
        Some(if is_of_job {
            Owner {
                key: "job".into(),
                value: job.into(),
                entity: job.into(),
            }
        } else {
            found
        })
    }

    fn owner(&self, get: impl Fn(&str) -> String) -> Option<Owner> {
        self.entities.iter().find_map(|key| {
            let value = get(key);
            (!value.is_empty()).then(|| Owner {
                key: key.clone(),
                entity: self.without_port(key, &value),
                value,
            })
        })
    }

    fn without_port(&self, key: &str, value: &str) -> String {
        let (name, port) = value.rsplit_once(':').unwrap_or((value, ""));
        let is_port = !port.is_empty() && port.chars().all(|c| c.is_ascii_digit());
        if self.is_machine(key) && is_port && !name.is_empty() {
            name.to_owned()
        } else {
            value.to_owned()
        }
    }

    /// The machine that something runs on, by its labels.
    pub(crate) fn machine_of(&self, labels: &Labels) -> Option<String> {
        self.machines.iter().find_map(|key| {
            let value = labels.get(key);
            (!value.is_empty()).then(|| self.without_port(key, value))
        })
    }

    /// Whom a line waits for, by its own word.
    pub(crate) fn callee_of_line(&self, record: &LogRecord) -> Option<String> {
        self.callees.iter().find_map(|name| attribute(record, name))
    }

    /// Whom an alert or a series waits for, by its labels.
    pub(crate) fn callee_of<'a>(&self, get: impl Fn(&str) -> &'a str) -> Option<String> {
        let named = self.callees.iter().map(|name| get(name));
        named
            .filter(|value| !value.is_empty())
            .map(str::to_owned)
            .next()
    }

    /// What a series measures; none if it says nothing of how anybody is.
    pub(crate) fn measure(&self, labels: &Labels) -> Option<Measure> {
        let name = labels.name();
        if self
            .ignored
            .as_ref()
            .is_some_and(|ignored| ignored.is_match(name))
        {
            return None;
        }
        let kind = self.kinds.iter().find(|kind| kind.matches(name, labels))?;
        Some(kind.measure)
    }
}

impl Kind {
    fn matches(&self, name: &str, labels: &Labels) -> bool {
        let is_named = self.name.as_ref().is_none_or(|regex| regex.is_match(name));
        let has_value = |regex: &Regex| {
            let mut values = self.labels.iter().map(|label| labels.get(label));
            values.any(|value| !value.is_empty() && regex.is_match(value))
        };
        is_named && self.value.as_ref().is_none_or(has_value)
    }
}

impl From<KindName> for SignalKind {
    fn from(name: KindName) -> Self {
        match name {
            KindName::Availability => Self::Availability,
            KindName::Errors => Self::Errors,
            KindName::Latency => Self::Latency,
            KindName::Resource => Self::Resource,
            KindName::Traffic => Self::Traffic,
            KindName::Other => Self::Other,
        }
    }
}

fn compile(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern)
        .case_insensitive(true)
        .size_limit(PATTERN_BYTES_MAX)
        .build()
}

/// The text of an attribute; none if it is not there or empty.
pub(crate) fn attribute(record: &LogRecord, name: &str) -> Option<String> {
    let (_, value) = record.attributes.iter().find(|(key, _)| **key == *name)?;
    let text = match value {
        Value::Text(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Bool(value) => value.to_string(),
    };
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(name: &str, pairs: &[(&str, &str)]) -> Labels {
        Labels::new(pairs.iter().copied().chain([("__name__", name)])).unwrap()
    }

    #[test]
    fn a_metric_is_what_its_name_says_by_custom() {
        let conventions = Conventions::load(BUILT_IN).unwrap();
        let of = |name: &str, pairs: &[(&str, &str)]| {
            let measure = conventions.measure(&labels(name, pairs));
            measure.map(|measure| (measure.kind, measure.reads))
        };
        let plain = |kind| Some((kind, Reads::Used));
        assert_eq!(of("up", &[]), plain(SignalKind::Availability));
        assert_eq!(
            of("shop_payment_errors_total", &[]),
            plain(SignalKind::Errors)
        );
        assert_eq!(
            of("shop_payment_latency_seconds", &[]),
            plain(SignalKind::Latency)
        );
        assert_eq!(
            of("http_request_duration_seconds_sum", &[]),
            plain(SignalKind::Latency)
        );
        assert_eq!(
            of("http_request_duration_seconds_bucket", &[("le", "1")]),
            None
        );
        let failed = [("outcome", "failed")];
        assert_eq!(of("shop_orders_total", &failed), plain(SignalKind::Errors));
        assert_eq!(
            of("shop_orders_total", &[("outcome", "completed")]),
            plain(SignalKind::Traffic)
        );
        assert_eq!(
            of("http_requests_total", &[("code", "503")]),
            plain(SignalKind::Errors)
        );
        assert_eq!(
            of("http_requests_total", &[("code", "200")]),
            plain(SignalKind::Traffic)
        );
        assert_eq!(
            of("shop_order_queue_depth", &[]),
            plain(SignalKind::Resource)
        );
        assert_eq!(
            of("process_resident_memory_bytes", &[]),
            plain(SignalKind::Resource)
        );
        assert_eq!(
            of("node_filesystem_avail_bytes", &[]),
            Some((SignalKind::Resource, Reads::Free))
        );
        assert_eq!(
            of("process_cpu_seconds_total", &[]),
            Some((SignalKind::Resource, Reads::Share))
        );
        let idle = of("node_cpu_seconds_total", &[("mode", "idle")]);
        assert_eq!(idle, Some((SignalKind::Resource, Reads::Free)));
        assert_eq!(
            of("node_cpu_seconds_total", &[("mode", "user")]),
            plain(SignalKind::Other)
        );
        assert_eq!(
            of("node_network_receive_bytes_total", &[]),
            plain(SignalKind::Traffic)
        );
        assert_eq!(of("temperature_celsius", &[]), plain(SignalKind::Other));
        assert_eq!(of("go_info", &[]), None);
    }

    #[test]
    fn a_series_belongs_to_the_service_before_the_machine() {
        let conventions = Conventions::load(BUILT_IN).unwrap();
        let of = |name: &str, pairs: &[(&str, &str)]| {
            let owner = conventions.of_series(&labels(name, pairs));
            owner.map(|owner| owner.entity)
        };
        let shop = [
            ("job", "shop"),
            ("instance", "10.0.0.7:9000"),
            ("service", "web"),
        ];
        assert_eq!(of("requests_total", &shop).as_deref(), Some("web"));
        assert_eq!(of("requests_total", &shop[..2]).as_deref(), Some("shop"));
        let node = [("job", "node"), ("instance", "web-1:9100")];
        assert_eq!(of("up", &node).as_deref(), Some("web-1"));
        let machine = [("job", "metal"), ("instance", "web-1:9100")];
        assert_eq!(of("node_load1", &machine).as_deref(), Some("web-1"));
        assert_eq!(of("x", &[]), None);
    }

    #[test]
    fn only_numbers_after_the_colon_of_a_machine_are_a_port() {
        let conventions = Conventions::load(BUILT_IN).unwrap();
        let of = |pairs: &[(&str, &str)]| {
            let owner = conventions.of_alert(&LabelSet::new(pairs.iter().copied()));
            owner.map(|owner| owner.entity)
        };
        assert_eq!(of(&[("host", "web-1:9100")]).as_deref(), Some("web-1"));
        assert_eq!(of(&[("service", "a:80")]).as_deref(), Some("a:80"));
        assert_eq!(
            of(&[("source", "file:/var/log/x")]).as_deref(),
            Some("file:/var/log/x")
        );
        assert_eq!(of(&[("host", "fe80:x")]).as_deref(), Some("fe80:x"));
    }
}
