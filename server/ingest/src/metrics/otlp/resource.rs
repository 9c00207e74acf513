//! What a resource is as labels: `job`, `instance`, `host`, and the rest on `target_info`.

use super::naming::label_name;
use crate::attributes::Attributes;

/// The labels of a resource.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Resource {
    service: String,
    /// `job`, `instance` and `host`, as far as they are known.
    pub(super) identity: Vec<(&'static str, String)>,
    /// All others, for `target_info`.
    pub(super) others: Vec<(String, String)>,
}

impl Resource {
    pub(super) fn of(attributes: &Attributes) -> Self {
        let mut resource = Self::default();
        let (mut namespace, mut instance, mut host) = (String::new(), String::new(), String::new());
        for (key, _, value) in attributes.list() {
            let value = String::from_utf8_lossy(value).into_owned();
            match key {
                "service.name" => resource.service = value,
                "service.namespace" => namespace = value,
                "service.instance.id" => instance = value,
                _ => {
                    if key == "host.name" {
                        host.clone_from(&value);
                    }
                    join(&mut resource.others, label_name(key), &value);
                }
            }
        }
        let job = match (namespace.as_str(), resource.service.as_str()) {
            (_, "") => String::new(),
            ("", service) => service.into(),
            (namespace, service) => format!("{namespace}/{service}"),
        };
        let known = [("job", job), ("instance", instance), ("host", host)];
        let known = known.into_iter().filter(|(_, value)| !value.is_empty());
        resource.identity = known.collect();
        resource
    }

    /// The source of its points.
    pub(super) fn source(&self) -> String {
        if self.service.is_empty() {
            "otlp".into()
        } else {
            format!("otlp:{}", self.service)
        }
    }

    /// Whether there is anything to say on `target_info`, and of whom.
    pub(super) fn has_info(&self) -> bool {
        let named = |(name, _): &(&str, String)| *name != "host";
        !self.others.is_empty() && self.identity.iter().any(named)
    }
}

/// Adds a label; values of names that became the same are joined with `;`, as the specification
/// asks for.
pub(super) fn join(labels: &mut Vec<(String, String)>, name: String, value: &str) {
    match labels.iter_mut().find(|(known, _)| *known == name) {
        Some((_, known)) => {
            known.push(';');
            known.push_str(value);
        }
        None => labels.push((name, value.into())),
    }
}
