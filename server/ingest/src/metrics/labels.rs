//! Labels on their way to a canonical form: names made valid, values made text.
//!
//! Names follow Prometheus: `[a-zA-Z_:][a-zA-Z0-9_:]*` for metrics, without `:` for labels. What
//! else there is becomes `_`, as Prometheus' own exporters and its OTLP intake do, so that
//! `system.cpu-time` is `system_cpu_time`; a digit at the beginning gets a `_` before it.

use tocsin_domain::Labels;
use tocsin_domain::metric::NAME_LABEL;

use super::limits::MetricLimits;

/// A place in the text.
type Range = (u32, u32);

/// Gathers the labels of one series; used again for the next.
#[derive(Debug, Default)]
pub struct LabelScratch {
    text: String,
    pairs: Vec<(Range, Range)>,
}

impl LabelScratch {
    /// Forgets all labels.
    pub fn clear(&mut self) {
        self.text.clear();
        self.pairs.clear();
    }

    /// Names the metric; what no name may have becomes `_`.
    pub fn name(&mut self, name: &str) {
        self.name_of(&[name]);
    }

    /// Names the metric by parts that are joined with `_`; empty parts are left out.
    pub fn name_of(&mut self, parts: &[&str]) {
        let name = self.put(NAME_LABEL);
        let start = self.text.len();
        for part in parts.iter().filter(|part| !part.is_empty()) {
            if self.text.len() > start {
                self.text.push('_');
            }
            self.text.push_str(part);
        }
        let value = self.sanitised(start, true);
        self.pairs.push((name, value));
    }

    /// Adds a label. The name `__name__` names the metric.
    pub fn label(&mut self, name: &str, value: &str) {
        if name == NAME_LABEL {
            return self.name(value);
        }
        let start = self.text.len();
        self.text.push_str(name);
        let name = self.sanitised(start, false);
        let value = self.put(value);
        self.pairs.push((name, value));
    }

    /// Adds a label whose value or name may not be UTF-8; what is not becomes U+FFFD.
    pub fn label_bytes(&mut self, name: &[u8], value: &[u8]) {
        let (name, value) = (
            String::from_utf8_lossy(name),
            String::from_utf8_lossy(value),
        );
        self.label(&name, &value);
    }

    /// How many labels there are, the name among them.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.pairs.len()
    }

    /// True if there is no label.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The metric's name; empty if there is none.
    #[must_use]
    pub fn metric(&self) -> &str {
        self.iter()
            .find(|(name, _)| *name == NAME_LABEL)
            .map_or("", |(_, value)| value)
    }

    /// The pairs in the order they came.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs
            .iter()
            .map(|(name, value)| (self.get(*name), self.get(*value)))
    }

    /// Writes the canonical form over `out`, or says what was expected and what was there.
    pub(crate) fn encode(
        &self,
        limits: &MetricLimits,
        out: &mut Vec<u8>,
    ) -> Result<(), (String, String)> {
        let (count, most) = (self.pairs.len(), limits.labels_max);
        if count > most {
            return Err((format!("at most {most} labels"), format!("{count} labels")));
        }
        let bytes_max = limits.label_bytes_max;
        if let Some((name, _)) = self
            .iter()
            .find(|(name, value)| name.len() > bytes_max || value.len() > bytes_max)
        {
            let shown: String = name.chars().take(64).collect();
            let expected = format!("labels of at most {bytes_max} bytes");
            return Err((expected, format!("the label `{shown}` is longer")));
        }
        out.clear();
        Labels::encode(self.iter(), out)
            .map_err(|error| ("labels as Prometheus has them".into(), error.to_string()))
    }

    fn get(&self, (start, end): Range) -> &str {
        &self.text[start as usize..end as usize]
    }

    fn put(&mut self, text: &str) -> Range {
        let start = self.text.len() as u32;
        self.text.push_str(text);
        (start, self.text.len() as u32)
    }

    /// Makes the text from `start` on a valid name.
    fn sanitised(&mut self, start: usize, colons: bool) -> Range {
        let valid =
            |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || (colons && byte == b':');
        let name = &self.text.as_bytes()[start..];
        let digit_first = name.first().is_some_and(u8::is_ascii_digit);
        if digit_first || !name.iter().all(|byte| valid(*byte)) {
            let made: String = self.text[start..]
                .chars()
                .map(|c| {
                    if c.is_ascii() && valid(c as u8) {
                        c
                    } else {
                        '_'
                    }
                })
                .collect();
            self.text.truncate(start);
            if digit_first {
                self.text.push('_');
            }
            self.text.push_str(&made);
        }
        (start as u32, self.text.len() as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(pairs: &[(&str, &str)]) -> Result<String, (String, String)> {
        let mut scratch = LabelScratch::default();
        for (name, value) in pairs {
            scratch.label(name, value);
        }
        let mut out = Vec::new();
        scratch.encode(&MetricLimits::default(), &mut out)?;
        Ok(Labels::from_bytes(&out).unwrap().to_string())
    }

    #[test]
    fn names_are_made_valid_and_values_are_left() {
        let pairs = [
            ("host.name", "a.b"),
            ("__name__", "system.cpu-time:x"),
            ("1st", "é"),
        ];
        let text = r#"system_cpu_time:x{_1st="é",host_name="a.b"}"#;
        assert_eq!(encoded(&pairs).unwrap(), text);
        assert_eq!(encoded(&[("__name__", "größe")]).unwrap(), "gr__e");
    }

    #[test]
    fn what_is_too_much_or_ambiguous_is_refused() {
        let two = encoded(&[("__name__", "m"), ("a.b", "1"), ("a-b", "2")]);
        assert!(two.unwrap_err().1.contains("`a_b` is there twice"));
        assert!(encoded(&[("a", "1")]).unwrap_err().1.contains("no name"));
        let long = "x".repeat(5000);
        assert!(encoded(&[("__name__", "m"), ("a", &long)]).is_err());
    }
}
