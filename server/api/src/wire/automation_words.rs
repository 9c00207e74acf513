//! What a rule of automation says, in a line for people; and parameters as JSON.

use serde_json::{Map, Value};
use tocsin_domain::automation::{
    ActionTemplate, AutomationMatch, Param, Params, Throttle, VerifyRule,
};

/// Parameters that name what is run, the most telling first.
const NAMING: [&str; 12] = [
    "script",
    "playbook",
    "job_template",
    "job_template_id",
    "workflow_template",
    "workflow_template_id",
    "module",
    "workspace",
    "table",
    "project",
    "repository",
    "url",
];

/// Units of a time and their seconds, the longest first.
const UNITS: [(&str, u32); 4] = [("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)];

/// Which alerts are meant, such as `failure type disk_full; severity high; at least 0.8 sure`.
pub(crate) fn matches(matches: &AutomationMatch) -> String {
    let severities: Vec<&str> = matches.severities.iter().map(|one| one.name()).collect();
    let kinds: Vec<&str> = matches.kinds.iter().map(|one| one.name()).collect();
    let mut all: Vec<String> = [
        ("failure type", matches.failure_types.join(" or ")),
        ("severity", severities.join(" or ")),
        ("kind", kinds.join(" or ")),
    ]
    .into_iter()
    .filter(|(_, values)| !values.is_empty())
    .map(|(what, values)| format!("{what} {values}"))
    .collect();
    let labels = matches.labels.iter();
    all.extend(labels.map(|(name, values)| format!("label {name} {}", values.join(" or "))));
    if matches.confidence_min > 0.0 {
        all.push(format!("at least {} sure", matches.confidence_min));
    }
    if let Some(condition) = &matches.condition {
        all.push(format!("when {condition}"));
    }
    match all.is_empty() {
        true => "every alert".to_owned(),
        false => all.join("; "),
    }
}

/// How often a rule proposes.
pub(crate) fn throttle(throttle: Throttle) -> String {
    let span = span(throttle.secs());
    match throttle {
        Throttle::OnceWithin(_) => format!("once within {span}"),
        Throttle::OnceAfter(_) => format!("once, {span} after the first alert"),
        Throttle::AccumulateWithin { threshold, .. } => {
            format!("when there are {threshold} alerts within {span}")
        }
    }
}

/// How it is seen that an action helped.
pub(crate) fn verify(verify: &VerifyRule) -> String {
    let within = span(verify.timeout_secs);
    match verify.after_secs {
        0 => format!("{} within {within}", verify.expect),
        after => format!(
            "{} within {within}, looked at after {}",
            verify.expect,
            span(after)
        ),
    }
}

/// What an action runs, such as `script clean_tmp`; the name of the provider if its parameters do not
/// tell.
pub(crate) fn template(action: &ActionTemplate) -> String {
    let named = NAMING
        .iter()
        .find_map(|name| match action.params.get(*name)? {
            Param::Text(text) => Some(format!("{name} {text}")),
            Param::Int(number) => Some(format!("{name} {number}")),
            _ => None,
        });
    named.unwrap_or_else(|| action.provider.clone())
}

fn span(secs: u32) -> String {
    let is_whole = |(_, unit): &(&str, u32)| secs >= *unit && secs.is_multiple_of(*unit);
    let (name, unit) = UNITS.into_iter().find(is_whole).unwrap_or(("s", 1));
    format!("{} {name}", secs / unit)
}

/// Parameters as JSON.
pub(crate) fn params(params: &Params) -> Value {
    let values = params.iter();
    let values = values.map(|(name, param)| (name.clone(), value(param)));
    Value::Object(values.collect::<Map<_, _>>())
}

fn value(param: &Param) -> Value {
    match param {
        Param::Null => Value::Null,
        Param::Bool(truth) => Value::from(*truth),
        Param::Int(number) => Value::from(*number),
        Param::Number(number) => Value::from(*number),
        Param::Text(text) => Value::from(text.as_str()),
        Param::List(values) => values.iter().map(value).collect(),
        Param::Map(values) => params(values),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;
    use tocsin_domain::alert::{AlertKind, AlertSeverity};

    use super::*;

    #[test]
    fn a_rule_is_said_in_a_line() {
        let mut wanted = AutomationMatch::default();
        assert_eq!(matches(&wanted), "every alert");
        wanted.failure_types = vec!["disk_full".into(), "inode_full".into()];
        wanted.severities = vec![AlertSeverity::High];
        wanted.kinds = vec![AlertKind::Predictive];
        wanted.labels = BTreeMap::from([("host".into(), vec!["a".into(), "b".into()])]);
        wanted.confidence_min = 0.8;
        wanted.condition = Some("count > 2".into());
        let expected = "failure type disk_full or inode_full; severity high; kind predictive; \
                        label host a or b; at least 0.8 sure; when count > 2";
        assert_eq!(matches(&wanted), expected);
        let twice = Throttle::AccumulateWithin {
            secs: 600,
            threshold: 2,
        };
        assert_eq!(throttle(twice), "when there are 2 alerts within 10 min");
        assert_eq!(throttle(Throttle::OnceWithin(90)), "once within 90 s");
    }

    #[test]
    fn what_is_run_is_named_and_values_keep_their_type() {
        let mut action = ActionTemplate {
            provider: "tower".into(),
            base_url: None,
            params: Params::from([
                ("limit".into(), Param::Text("web-1".into())),
                ("job_template_id".into(), Param::Int(7)),
                (
                    "list".into(),
                    Param::List(vec![Param::Null, Param::Number(0.5)]),
                ),
            ]),
        };
        assert_eq!(template(&action), "job_template_id 7");
        let expected = json!({ "job_template_id": 7, "limit": "web-1", "list": [null, 0.5] });
        assert_eq!(params(&action.params), expected);
        action.params.clear();
        assert_eq!(template(&action), "tower");
    }
}
