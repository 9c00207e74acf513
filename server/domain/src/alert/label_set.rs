//! The labels of an alert: names and values, of which a fingerprint is made.

use std::collections::BTreeMap;
use std::fmt;

use super::id::Fingerprint;
use crate::metric::Matcher;

/// The most labels of an alert.
const LABELS_MAX: usize = 64;
/// The most bytes of a value; what is longer is cut.
const VALUE_BYTES_MAX: usize = 1024;

/// A label that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` cannot be the name of a label: expected letters, digits and underscores, no digit first"
)]
pub struct LabelSetError(pub String);

/// Labels or annotations: sorted by name, none empty. Unlike a series, an alert has no name among
/// them, only `alertname`, its rule.
#[derive(Debug, Clone, PartialEq, Eq, Default, PartialOrd, Ord, Hash)]
pub struct LabelSet(BTreeMap<String, String>);

impl LabelSet {
    /// Makes a set of pairs in any order; later ones take the place of earlier ones. What cannot be
    /// in the name of a label becomes `_` (so `service.name` is `service_name`), empty values are
    /// left out, long ones cut, and beyond 64 labels none is added.
    pub fn new<N: AsRef<str>, V: Into<String>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let mut set = BTreeMap::new();
        for (name, value) in pairs {
            let mut value: String = value.into();
            if value.is_empty() || (set.len() >= LABELS_MAX && !set.contains_key(name.as_ref())) {
                continue;
            }
            if value.len() > VALUE_BYTES_MAX {
                value.truncate(value.floor_char_boundary(VALUE_BYTES_MAX));
            }
            set.insert(label_name(name.as_ref()), value);
        }
        Self(set)
    }

    /// A set of pairs from people, who are told of a name that cannot be.
    ///
    /// # Errors
    /// [`LabelSetError`] names it.
    pub fn parse<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, LabelSetError> {
        let pairs: Vec<(&str, &str)> = pairs.into_iter().collect();
        match pairs.iter().find(|(name, _)| label_name(name) != *name) {
            Some((wrong, _)) => Err(LabelSetError((*wrong).to_owned())),
            None => Ok(Self::new(pairs)),
        }
    }

    /// The value of a label; empty if it is not there.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// All pairs in the order of their names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether all matchers hold. A label that is not there has an empty value.
    #[must_use]
    pub fn satisfies(&self, matchers: &[Matcher]) -> bool {
        matchers
            .iter()
            .all(|matcher| matcher.is_match(self.get(&matcher.name)))
    }

    /// The hash of the whole set.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let mut bytes = Vec::with_capacity(64);
        for (name, value) in self.iter() {
            // A byte that is in no UTF-8 text ends each part.
            bytes.extend_from_slice(name.as_bytes());
            bytes.push(0xff);
            bytes.extend_from_slice(value.as_bytes());
            bytes.push(0xff);
        }
        Fingerprint(xxhash_rust::xxh3::xxh3_64(&bytes))
    }
}

/// `alertname="disk_full", host="web-1"`
impl fmt::Display for LabelSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, value)) in self.iter().enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            write!(f, "{comma}{name}={value:?}")?;
        }
        Ok(())
    }
}

/// The nearest name that a label may have.
fn label_name(name: &str) -> String {
    let valid = |c: char| {
        if c.is_ascii_alphanumeric() || c == '_' {
            c
        } else {
            '_'
        }
    };
    let mut safe: String = name.chars().map(valid).collect();
    if safe.is_empty() || safe.starts_with(|c: char| c.is_ascii_digit()) {
        safe.insert(0, '_');
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::MatchOp;

    #[test]
    fn the_fingerprint_is_of_the_set_and_not_of_its_order() {
        let one = LabelSet::new([("host", "a"), ("alertname", "x")]);
        let two = LabelSet::new([("alertname", "x"), ("host", "a"), ("empty", "")]);
        assert_eq!(one.fingerprint(), two.fingerprint());
        let other = LabelSet::new([("alertname", "xhost"), ("a", "a")]);
        assert_ne!(one.fingerprint(), other.fingerprint());
        assert_eq!(one.to_string(), r#"alertname="x", host="a""#);
    }

    #[test]
    fn names_are_made_valid_or_refused() {
        let set = LabelSet::new([("service.name", "shop"), ("9lives", "yes"), ("", "x")]);
        let names: Vec<_> = set.iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["_", "_9lives", "service_name"]);
        assert_eq!(
            LabelSet::parse([("a b", "x")]),
            Err(LabelSetError("a b".into()))
        );
        assert!(LabelSet::parse([("team", "db")]).is_ok());
    }

    #[test]
    fn long_values_are_cut_at_a_character() {
        let set = LabelSet::new([("path", "é".repeat(1000))]);
        assert_eq!(set.get("path").len(), 1024);
    }

    #[test]
    fn matchers_hold_for_what_is_there_and_what_is_not() {
        let set = LabelSet::new([("team", "db")]);
        let holds = |op, name, value| set.satisfies(&[Matcher::new(op, name, value).unwrap()]);
        assert!(holds(MatchOp::Equal, "team", "db") && holds(MatchOp::Matches, "team", "d.|web"));
        assert!(holds(MatchOp::NotEqual, "host", "a") && !holds(MatchOp::Equal, "host", "a"));
    }
}
