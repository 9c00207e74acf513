//! `label_replace` and `label_join`: new labels for the same values.

use tocsin_domain::metric::NAME_LABEL;

use crate::aggregate::is_label_name;
use crate::error::QueryError;
use crate::frame::{Row, SAME_LABELSET, merge};

fn check(function: &str, place: &str, name: &str) -> Result<(), QueryError> {
    if is_label_name(name) {
        return Ok(());
    }
    Err(QueryError::execution(format!(
        "invalid {place} label name in {function}(): {name}"
    )))
}

/// Sets a label from parts of another that matches a pattern as a whole. `args` are destination,
/// replacement, source and pattern.
pub(crate) fn replace(mut rows: Vec<Row>, args: &[String]) -> Result<Vec<Row>, QueryError> {
    let [to, replacement, from, pattern] = args else {
        return Err(QueryError::execution("label_replace takes four strings"));
    };
    let regex = regex::RegexBuilder::new(&format!("^(?:{pattern})$"))
        .size_limit(1 << 20)
        .build()
        .map_err(|_| {
            let what = "invalid regular expression in label_replace()";
            QueryError::execution(format!("{what}: {pattern}"))
        })?;
    check("label_replace", "destination", to)?;
    for row in &mut rows {
        if let Some(parts) = regex.captures(row.labels.get(from)) {
            let mut value = String::new();
            parts.expand(replacement, &mut value);
            row.labels = row.labels.with(to, &value);
        }
    }
    merge(rows, SAME_LABELSET)
}

/// Sets a label to others, joined. `args` are destination, separator and sources.
pub(crate) fn join(mut rows: Vec<Row>, args: &[String]) -> Result<Vec<Row>, QueryError> {
    let [to, separator, from @ ..] = args else {
        return Err(QueryError::execution(
            "label_join takes at least two strings",
        ));
    };
    for name in from {
        check("label_join", "source", name)?;
    }
    check("label_join", "destination", to)?;
    for row in &mut rows {
        let values: Vec<&str> = from.iter().map(|name| row.labels.get(name)).collect();
        row.labels = row.labels.with(to, &values.join(separator));
    }
    merge(rows, SAME_LABELSET)
}

/// The labels of `absent`: what equality matchers say, unless a label is matched twice.
pub(crate) fn absent_labels(
    matchers: &[tocsin_domain::metric::Matcher],
) -> crate::label_set::LabelSet {
    use tocsin_domain::metric::MatchOp;
    let mut pairs: Vec<(&str, &str)> = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for matcher in matchers.iter().filter(|matcher| matcher.name != NAME_LABEL) {
        if matcher.op == MatchOp::Equal && !seen.contains(&matcher.name.as_str()) {
            seen.push(&matcher.name);
            pairs.push((&matcher.name, &matcher.value));
        } else {
            pairs.retain(|(name, _)| *name != matcher.name);
        }
    }
    crate::label_set::LabelSet::new(pairs)
}
