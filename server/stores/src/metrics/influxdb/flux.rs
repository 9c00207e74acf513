//! Queries in Flux: only what the engine's storage can answer by itself, so that it reads no more than is
//! asked for.

use std::fmt::Write;

/// The first nanosecond that InfluxDB knows.
pub(crate) const NS_MIN: i64 = i64::MIN + 2;
/// The last nanosecond that InfluxDB knows, and the end of ranges, which it is not in.
pub(crate) const NS_MAX: i64 = i64::MAX - 1;

/// A time in ms as InfluxDB's ns; what lies beyond is its first or last.
pub(crate) fn ns_of(at_ms: i64) -> i64 {
    at_ms.saturating_mul(1_000_000).clamp(NS_MIN, NS_MAX)
}

/// True if InfluxDB can keep a point of this time.
pub(crate) fn is_time(at_ms: i64) -> bool {
    at_ms
        .checked_mul(1_000_000)
        .is_some_and(|ns| (NS_MIN..NS_MAX).contains(&ns))
}

/// Text in quotes.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for one in text.chars() {
        match one {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // `${` begins an expression within text.
            '$' => out.push_str("\\x24"),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

/// `column` has one of these values.
pub(crate) fn any_of(column: &str, values: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let mut out = String::new();
    for value in values {
        let join = if out.is_empty() { "(" } else { " or " };
        // Writing to text cannot fail.
        let _written = write!(out, "{join}r.{column} == {}", quoted(value.as_ref()));
    }
    if out.is_empty() {
        return "false".into();
    }
    out.push(')');
    out
}

/// The rows of a bucket within `[from_ns, to_ns)` for which all conditions hold, with these steps after.
pub(crate) fn rows(
    bucket: &str,
    (from_ns, to_ns): (i64, i64),
    conditions: &[String],
    steps: &str,
) -> String {
    let holds = conditions.join(" and ");
    format!(
        "from(bucket: {}) |> range(start: time(v: {from_ns}), stop: time(v: {to_ns})) |> filter(fn: (r) => {holds}){steps}",
        quoted(bucket)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        assert_eq!(quoted("a\"b\\c\n${d}"), r#""a\"b\\c\n\x24{d}""#);
        assert_eq!(
            any_of("_field", ["a", "b"]),
            r#"(r._field == "a" or r._field == "b")"#
        );
        assert_eq!(any_of("_field", [""; 0]), "false");
        assert!(is_time(0) && is_time(9_223_372_036_854) && !is_time(9_223_372_036_855));
        assert_eq!(ns_of(i64::MIN), NS_MIN);
    }
}
