//! Values with the path under which they stand: what descriptions, YAML and JSON have in common.

use std::collections::BTreeMap;

use crate::document::LineRef;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    /// The keys from the outside in; items of lists are `[0]`, `[1]`.
    pub(crate) path: Vec<String>,
    pub(crate) value: String,
    pub(crate) place: LineRef,
}

impl Field {
    /// The innermost key.
    pub(crate) fn key(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }

    /// The innermost key in lower case without what parts its words.
    pub(crate) fn plain_key(&self) -> String {
        plain_key(self.key())
    }

    /// Whether a key stands anywhere in the path.
    pub(crate) fn is_under(&self, key: &str) -> bool {
        self.path.iter().any(|part| plain_key(part) == key)
    }
}

/// A key in lower case without what parts its words: `Exit Code`, `exit_code` and `exitCode` are one.
pub(crate) fn plain_key(key: &str) -> String {
    key.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// Keys that say what the object they stand in is called, the surest first.
const NAMES: [&str; 22] = [
    "name",
    "subjectname",
    "node",
    "pod",
    "podname",
    "hostname",
    "host",
    "service",
    "servicename",
    "instance",
    "queue",
    "topic",
    "container",
    "database",
    "target",
    "endpoint",
    "resource",
    "job",
    "device",
    "alertname",
    "cluster",
    "clusterid",
];

/// What the objects among fields are called.
#[derive(Debug, Default)]
pub(crate) struct Names<'f>(BTreeMap<&'f [String], (usize, &'f str)>);

impl<'f> Names<'f> {
    pub(crate) fn of(fields: &'f [Field]) -> Self {
        let mut names: BTreeMap<&[String], (usize, &str)> = BTreeMap::new();
        for field in fields {
            let key = field.plain_key();
            let Some(rank) = NAMES.iter().position(|name| *name == key) else {
                continue;
            };
            let Some((_, mut owner)) = field.path.split_last() else {
                continue;
            };
            // What stands in `metadata` is said of the whole object.
            if let Some((last, outer)) = owner.split_last()
                && last == "metadata"
            {
                owner = outer;
            }
            let is_name = !field.value.is_empty()
                && field.value.len() <= 253
                && !field.value.starts_with('<')
                && !field.value.contains(char::is_whitespace);
            if is_name && names.get(owner).is_none_or(|(known, _)| rank < *known) {
                names.insert(owner, (rank, field.value.as_str()));
            }
        }
        Self(names)
    }

    /// All names.
    pub(crate) fn all(&self) -> impl Iterator<Item = &'f str> {
        self.0.values().map(|(_, name)| *name)
    }

    /// What the innermost object around a field is called that has a name.
    pub(crate) fn around(&self, field: &Field) -> Option<&'f str> {
        let mut path = field.path.as_slice();
        while let Some((_, outer)) = path.split_last() {
            if let Some((_, name)) = self.0.get(outer) {
                return Some(name);
            }
            path = outer;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(path: &str, value: &str) -> Field {
        Field {
            path: path.split('/').map(str::to_owned).collect(),
            value: value.into(),
            place: LineRef {
                document: 0,
                line: 1,
            },
        }
    }

    #[test]
    fn the_innermost_object_with_a_name_is_meant() {
        let fields = [
            field("items/[0]/metadata/name", "web-1"),
            field("items/[0]/metadata/labels/app", "web"),
            field("items/[0]/status/phase", "Pending"),
            field("items/[1]/node", "b"),
            field("items/[1]/running", "false"),
            field("kind", "List"),
        ];
        let names = Names::of(&fields);
        assert_eq!(names.around(&fields[2]), Some("web-1"));
        assert_eq!(names.around(&fields[4]), Some("b"));
        assert_eq!(names.around(&fields[5]), None);
    }
}
