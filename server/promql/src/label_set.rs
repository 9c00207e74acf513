//! The labels of a result: like a stored series', but the name may be gone.
//!
//! Labels are made once per series of an expression, never per step.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use tocsin_domain::metric::{Labels, NAME_LABEL};

/// No UTF-8 text has this byte.
const END: u8 = 0xff;

/// Labels sorted by name, without empty values; `__name__` only where the expression kept it.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct LabelSet(Arc<[u8]>);

impl LabelSet {
    /// Makes a label set of pairs in any order. Empty values are left out; of two pairs with the
    /// same name the last holds.
    #[must_use]
    pub fn new<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut pairs: Vec<(&str, &str)> = pairs.into_iter().collect();
        pairs.sort_by_key(|(name, _)| *name);
        let mut bytes = Vec::new();
        for (at, (name, value)) in pairs.iter().enumerate() {
            let replaced = pairs.get(at + 1).is_some_and(|(next, _)| next == name);
            if !replaced && !value.is_empty() {
                push(&mut bytes, name, value);
            }
        }
        Self(bytes.into())
    }

    /// The pairs in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> + Clone {
        let mut parts = self.0[..self.0.len().saturating_sub(1)].split(|byte| *byte == END);
        let empty = self.0.is_empty();
        // Constructors take nothing but UTF-8.
        let text = |part| std::str::from_utf8(part).unwrap_or_default();
        std::iter::from_fn(move || {
            if empty {
                return None;
            }
            Some((text(parts.next()?), text(parts.next()?)))
        })
    }

    /// The value of a label; empty if it is not there.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.iter()
            .find(|(have, _)| *have == name)
            .map_or("", |(_, value)| value)
    }

    /// True if there is no label.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Only the labels for which `keep` holds.
    pub(crate) fn filter(&self, keep: impl Fn(&str) -> bool) -> Self {
        let mut bytes = Vec::with_capacity(self.0.len());
        for (name, value) in self.iter().filter(|(name, _)| keep(name)) {
            push(&mut bytes, name, value);
        }
        Self(bytes.into())
    }

    /// Without `__name__`.
    pub(crate) fn without_name(&self) -> Self {
        if self.get(NAME_LABEL).is_empty() {
            return self.clone();
        }
        self.filter(|name| name != NAME_LABEL)
    }

    /// With one label set; an empty value takes it away.
    pub(crate) fn with(&self, name: &str, value: &str) -> Self {
        Self::new(self.iter().chain([(name, value)]))
    }
}

fn push(bytes: &mut Vec<u8>, name: &str, value: &str) {
    bytes.extend_from_slice(name.as_bytes());
    bytes.push(END);
    bytes.extend_from_slice(value.as_bytes());
    bytes.push(END);
}

impl From<&Labels> for LabelSet {
    fn from(labels: &Labels) -> Self {
        Self(labels.as_bytes().into())
    }
}

impl PartialOrd for LabelSet {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// As Prometheus sorts them: pair by pair, name before value.
impl Ord for LabelSet {
    fn cmp(&self, other: &Self) -> Ordering {
        self.iter().cmp(other.iter())
    }
}

/// As Prometheus writes it: `name{label="value"}`, and `{}` for none.
impl fmt::Display for LabelSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.get(NAME_LABEL);
        f.write_str(name)?;
        let mut open = "{";
        for (label, value) in self.iter().filter(|(label, _)| *label != NAME_LABEL) {
            write!(f, "{open}{label}={value:?}")?;
            open = ", ";
        }
        match (open, name) {
            ("{", "") => f.write_str("{}"),
            ("{", _) => Ok(()),
            _ => f.write_str("}"),
        }
    }
}

impl fmt::Debug for LabelSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LabelSet({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_sorted_and_the_last_of_a_name_holds() {
        let set = LabelSet::new([
            ("b", "1"),
            ("__name__", "m"),
            ("a", "x"),
            ("b", "2"),
            ("c", ""),
        ]);
        assert_eq!(set.to_string(), r#"m{a="x", b="2"}"#);
        assert_eq!(set.without_name().to_string(), r#"{a="x", b="2"}"#);
        assert_eq!(set.with("a", "").get("a"), "");
        assert_eq!(LabelSet::default().iter().count(), 0);
        assert_eq!(LabelSet::default().to_string(), "{}");
    }

    #[test]
    fn the_order_is_that_of_pairs_not_of_bytes() {
        let short = LabelSet::new([("a", "x")]);
        let long = LabelSet::new([("a", "xy")]);
        assert!(short < long);
        assert!(LabelSet::default() < short);
    }
}
