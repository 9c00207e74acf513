//! Label sets in one canonical form: sorted by name, no empty values, one run of bytes.

use std::fmt;
use std::sync::Arc;

use super::{METRIC_SHARDS, NAME_LABEL};

/// Ends each name and each value. It is not a byte of UTF-8, so it is in neither.
const END: u8 = 0xff;
/// The most bytes a label set may have in its canonical form.
pub const LABELS_BYTES_MAX: usize = 64 << 10;

/// The identity of a series: a 64-bit hash (XXH3) of its labels in canonical form, as 16
/// hexadecimal digits in text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeriesId(pub u64);

impl SeriesId {
    /// The identity of the labels with these canonical bytes.
    #[must_use]
    pub fn of(canonical: &[u8]) -> Self {
        Self(xxhash_rust::xxh3::xxh3_64(canonical))
    }

    /// Which partition its points go to: `[0, METRIC_SHARDS)`.
    #[must_use]
    pub const fn shard(self) -> u16 {
        // The top bits, since hash tables use the low ones.
        (self.0 >> 48) as u16 % METRIC_SHARDS
    }
}

impl fmt::Display for SeriesId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for SeriesId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SeriesId({self})")
    }
}

impl std::str::FromStr for SeriesId {
    type Err = LabelError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = (text.len() == 16).then(|| u64::from_str_radix(text, 16));
        match digits {
            Some(Ok(bits)) => Ok(Self(bits)),
            _ => Err(LabelError::SeriesId(text.into())),
        }
    }
}

/// Labels that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LabelError {
    /// A series has to have a name.
    #[error("there is no name: expected the label `__name__`")]
    NameMissing,
    /// A label without a name.
    #[error("a label has an empty name")]
    Empty,
    /// The same label twice.
    #[error("the label `{0}` is there twice")]
    Duplicate(String),
    /// More text than anyone means to send.
    #[error("the labels have over {LABELS_BYTES_MAX} bytes")]
    TooLong,
    /// Bytes that are no canonical label set.
    #[error("the bytes are no label set")]
    Bytes,
    /// Text that is no identity of a series.
    #[error("`{0}` is not a series id (16 hexadecimal digits)")]
    SeriesId(String),
}

/// A series' name and labels: sorted by label name, `__name__` among them, no empty values.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Labels(Arc<[u8]>);

impl Labels {
    /// Makes a label set of pairs in any order. Labels with an empty value are left out, as if
    /// they were not there.
    ///
    /// # Errors
    /// [`LabelError`] if there is no `__name__`, a label without a name or twice, or too much.
    pub fn new<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, LabelError> {
        let mut scratch = Vec::new();
        Self::encode(pairs, &mut scratch)?;
        Ok(Self(scratch.into()))
    }

    /// Appends the canonical form of pairs to `out`; nothing is appended on an error.
    ///
    /// # Errors
    /// As [`Labels::new`].
    pub fn encode<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
        out: &mut Vec<u8>,
    ) -> Result<(), LabelError> {
        let mut pairs: Vec<(&str, &str)> = pairs
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .collect();
        pairs.sort_unstable_by_key(|(name, _)| *name);
        if let Some(twice) = pairs.windows(2).find(|two| two[0].0 == two[1].0) {
            return Err(LabelError::Duplicate(twice[0].0.into()));
        }
        if pairs.first().is_some_and(|(name, _)| name.is_empty()) {
            return Err(LabelError::Empty);
        }
        if !pairs.iter().any(|(name, _)| *name == NAME_LABEL) {
            return Err(LabelError::NameMissing);
        }
        let bytes: usize = pairs.iter().map(|(n, v)| n.len() + v.len() + 2).sum();
        if bytes > LABELS_BYTES_MAX {
            return Err(LabelError::TooLong);
        }
        out.reserve(bytes);
        for (name, value) in pairs {
            out.extend_from_slice(name.as_bytes());
            out.push(END);
            out.extend_from_slice(value.as_bytes());
            out.push(END);
        }
        Ok(())
    }

    /// Takes bytes that are said to be canonical, and checks that they are.
    ///
    /// # Errors
    /// [`LabelError`] if they are not.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, LabelError> {
        if bytes.last() != Some(&END) {
            return Err(LabelError::Bytes);
        }
        let mut parts = bytes[..bytes.len() - 1].split(|byte| *byte == END);
        let mut pairs = Vec::new();
        while let Some(name) = parts.next() {
            let value = parts.next().ok_or(LabelError::Bytes)?;
            let text = |part| std::str::from_utf8(part).map_err(|_| LabelError::Bytes);
            pairs.push((text(name)?, text(value)?));
        }
        let mut canonical = Vec::with_capacity(bytes.len());
        Self::encode(pairs, &mut canonical)?;
        if canonical != bytes {
            return Err(LabelError::Bytes);
        }
        Ok(Self(canonical.into()))
    }

    /// The canonical bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The identity of the series with these labels.
    #[must_use]
    pub fn id(&self) -> SeriesId {
        SeriesId::of(&self.0)
    }

    /// The pairs in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> + Clone {
        let mut parts = self.0[..self.0.len().saturating_sub(1)].split(|byte| *byte == END);
        // Constructors take nothing but UTF-8.
        let text = |part| std::str::from_utf8(part).unwrap_or_default();
        std::iter::from_fn(move || Some((text(parts.next()?), text(parts.next()?))))
    }

    /// The value of a label; empty if it is not there.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.iter()
            .find(|(have, _)| *have == name)
            .map_or("", |(_, value)| value)
    }

    /// The name of the metric.
    #[must_use]
    pub fn name(&self) -> &str {
        self.get(NAME_LABEL)
    }
}

/// As Prometheus writes it: `name{label="value"}`.
impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        let mut open = "{";
        for (name, value) in self.iter().filter(|(name, _)| *name != NAME_LABEL) {
            write!(f, "{open}{name}={value:?}")?;
            open = ",";
        }
        if open == "," {
            f.write_str("}")
        } else {
            Ok(())
        }
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Labels({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_the_same_in_any_order() {
        let one = Labels::new([("__name__", "up"), ("job", "a"), ("host", "h"), ("e", "")]);
        let two = Labels::new([("host", "h"), ("job", "a"), ("__name__", "up")]);
        assert_eq!(one, two);
        let labels = one.unwrap();
        assert_eq!(labels.to_string(), r#"up{host="h",job="a"}"#);
        assert_eq!(
            (labels.name(), labels.get("job"), labels.get("x")),
            ("up", "a", "")
        );
        assert_eq!(Labels::from_bytes(labels.as_bytes()), Ok(labels.clone()));
        assert_eq!(labels.id().to_string().parse(), Ok(labels.id()));
    }

    #[test]
    fn what_is_no_label_set_is_refused() {
        assert_eq!(Labels::new([("a", "b")]), Err(LabelError::NameMissing));
        let twice = Labels::new([("__name__", "m"), ("a", "1"), ("a", "2")]);
        assert_eq!(twice, Err(LabelError::Duplicate("a".into())));
        assert_eq!(
            Labels::new([("__name__", "m"), ("", "1")]),
            Err(LabelError::Empty)
        );
        for bytes in [
            &b""[..],
            b"a",
            b"\xff",
            b"__name__\xffm",
            b"b\xff1\xffa\xff1\xff",
        ] {
            assert!(Labels::from_bytes(bytes).is_err(), "{bytes:?}");
        }
    }
}
