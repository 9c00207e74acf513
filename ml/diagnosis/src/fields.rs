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
const NAMES: [&str; 24] = [
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
    "groupid",
    "container",
    "database",
    "target",
    "endpoint",
    "resource",
    "job",
    "device",
    "alertname",
    "consumergroup",
    "cluster",
    "clusterid",
];

/// What the objects among fields are called.
#[derive(Debug, Default)]
pub(crate) struct Names<'f> {
    /// By the path of the object, with how sure the name is.
    inner: BTreeMap<&'f [String], (usize, &'f str)>,
    /// Of objects that say their name in `metadata`; their parts have names too, and are not meant.
    objects: BTreeMap<&'f [String], &'f str>,
}

impl<'f> Names<'f> {
    pub(crate) fn of(fields: &'f [Field]) -> Self {
        let mut names = Self::default();
        for field in fields {
            let Some(rank) = rank(&field.plain_key()) else {
                continue;
            };
            let Some((_, owner)) = field.path.split_last() else {
                continue;
            };
            let is_name = !field.value.is_empty()
                && field.value.len() <= 253
                && !field.value.starts_with('<')
                && !field.value.contains(char::is_whitespace);
            if !is_name {
                continue;
            }
            match owner.split_last() {
                Some((last, outer)) if last == "metadata" && rank == 0 => {
                    names.objects.entry(outer).or_insert(&field.value);
                }
                _ if names
                    .inner
                    .get(owner)
                    .is_none_or(|(known, _)| rank < *known) =>
                {
                    names.inner.insert(owner, (rank, &field.value));
                }
                _ => {}
            }
        }
        names
    }

    /// All names.
    pub(crate) fn all(&self) -> impl Iterator<Item = &'f str> {
        let inner = self.inner.values().map(|(_, name)| *name);
        self.objects.values().copied().chain(inner)
    }

    /// What the object around a field is called: the innermost that says so in `metadata`, or else that has a name.
    pub(crate) fn around(&self, field: &Field) -> Option<&'f str> {
        let outer = || {
            (0..field.path.len())
                .rev()
                .filter_map(|end| field.path.get(..end))
        };
        let object = outer().find_map(|path| self.objects.get(path).copied());
        object.or_else(|| outer().find_map(|path| self.inner.get(path).map(|(_, name)| *name)))
    }
}

/// How sure a key names the object it stands in; 0 is the surest.
fn rank(key: &str) -> Option<usize> {
    let known = NAMES.iter().position(|name| *name == key);
    known.or_else(|| key.ends_with("identifier").then_some(NAMES.len()))
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
            field("items/[0]/status/containerStatuses/[0]/name", "app"),
            field("items/[0]/status/containerStatuses/[0]/ready", "false"),
        ];
        let names = Names::of(&fields);
        assert_eq!(names.around(&fields[2]), Some("web-1"));
        assert_eq!(names.around(&fields[4]), Some("b"));
        assert_eq!(names.around(&fields[5]), None);
        assert_eq!(names.around(&fields[7]), Some("web-1"));
    }
}
