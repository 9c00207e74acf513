//! Matchers of labels: `team="db"` in a query string, `{name, value, is_regex, is_equal}` in JSON,
//! both as in Alertmanager.

use serde::{Deserialize, Serialize};
use tocsin_domain::metric::{MatchOp, Matcher};
use utoipa::ToSchema;

use crate::errors::ApiError;

/// The most matchers of one request.
const MATCHERS_MAX: usize = 50;
const EXPECTED: &str =
    "a label, `=`, `!=`, `=~` or `!~`, and a value, such as `team=\"db\"` or `host=~\"web-.*\"`";

/// What a label must be.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MatcherItem {
    /// The label.
    pub(crate) name: String,
    /// The value, or a regular expression of the whole value.
    pub(crate) value: String,
    /// Whether `value` is a regular expression. Default false.
    #[serde(default, alias = "isRegex")]
    pub(crate) is_regex: bool,
    /// False if the label must not be so. Default true.
    #[serde(default = "yes", alias = "isEqual")]
    pub(crate) is_equal: bool,
}

const fn yes() -> bool {
    true
}

impl From<&Matcher> for MatcherItem {
    fn from(matcher: &Matcher) -> Self {
        Self {
            name: matcher.name.clone(),
            value: matcher.value.clone(),
            is_regex: matches!(matcher.op, MatchOp::Matches | MatchOp::MatchesNot),
            is_equal: matches!(matcher.op, MatchOp::Equal | MatchOp::Matches),
        }
    }
}

/// The matchers of a body.
pub(crate) fn read_items(field: &str, items: &[MatcherItem]) -> Result<Vec<Matcher>, ApiError> {
    bounded(field, items.len())?;
    let read = |item: &MatcherItem| {
        let op = match (item.is_equal, item.is_regex) {
            (true, false) => MatchOp::Equal,
            (false, false) => MatchOp::NotEqual,
            (true, true) => MatchOp::Matches,
            (false, true) => MatchOp::MatchesNot,
        };
        make(field, op, &item.name, &item.value)
    };
    items.iter().map(read).collect()
}

/// The matchers of a query string, one a line.
pub(crate) fn read_lines(field: &str, lines: Option<&str>) -> Result<Vec<Matcher>, ApiError> {
    let lines = lines.unwrap_or_default().lines();
    let texts: Vec<&str> = lines.map(str::trim).filter(|t| !t.is_empty()).collect();
    bounded(field, texts.len())?;
    texts.into_iter().map(|text| read(field, text)).collect()
}

fn bounded(field: &str, count: usize) -> Result<(), ApiError> {
    if count <= MATCHERS_MAX {
        return Ok(());
    }
    let expected = format!("at most {MATCHERS_MAX} matchers");
    Err(ApiError::field(field, &expected, "too many matchers"))
}

fn make(field: &str, op: MatchOp, name: &str, value: &str) -> Result<Matcher, ApiError> {
    let is_first = |c: char| c.is_ascii_alphabetic() || c == '_';
    let is_name =
        name.starts_with(is_first) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !is_name {
        let detail = format!("`{name}` cannot be the name of a label");
        return Err(ApiError::field(field, EXPECTED, detail));
    }
    Matcher::new(op, name, value)
        .map_err(|error| ApiError::field(field, "a regular expression", error.to_string()))
}

/// Reads `team="db"`; the quotes may be left out.
fn read(field: &str, text: &str) -> Result<Matcher, ApiError> {
    let wrong = || ApiError::field(field, EXPECTED, format!("`{text}` is not a matcher"));
    let end = text.find(['=', '!']).ok_or_else(wrong)?;
    let (name, rest) = (text[..end].trim(), &text[end..]);
    let ops = [
        ("=~", MatchOp::Matches),
        ("!~", MatchOp::MatchesNot),
        ("!=", MatchOp::NotEqual),
        ("=", MatchOp::Equal),
    ];
    let found = ops
        .iter()
        .find_map(|(sign, op)| Some((rest.strip_prefix(sign)?, *op)));
    let (value, op) = found.ok_or_else(wrong)?;
    let value = unquote(value.trim()).ok_or_else(wrong)?;
    make(field, op, name, &value)
}

/// The value within quotes, with `\\`, `\"` and `\n`; or the text as it is if there are none.
fn unquote(text: &str) -> Option<String> {
    let Some(inner) = text.strip_prefix('"') else {
        return (!text.contains('"')).then(|| text.to_owned());
    };
    let mut value = String::with_capacity(inner.len());
    let mut rest = inner.chars();
    loop {
        match rest.next()? {
            '"' => return rest.as_str().is_empty().then_some(value),
            '\\' => match rest.next()? {
                'n' => value.push('\n'),
                quoted @ ('"' | '\\') => value.push(quoted),
                // `\.` and `\d` of a regular expression.
                other => value.extend(['\\', other]),
            },
            plain => value.push(plain),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matchers_are_read_with_and_without_quotes() {
        let read = |text| format!("{:?}", read("label", text).unwrap());
        assert_eq!(read(r#"team="db""#), r#"team="db""#);
        assert_eq!(read("team = db"), r#"team="db""#);
        assert_eq!(read(r#"host!~"web-\d+\.x""#), r#"host!~"web-\\d+\\.x""#);
        assert_eq!(read(r#"q!="a\"b""#), r#"q!="a\"b""#);
        assert_eq!(read("none="), r#"none="""#);
    }

    #[test]
    fn what_is_no_matcher_is_refused() {
        for text in [
            "",
            "team",
            "=db",
            "9a=b",
            r#"a="b"#,
            r#"a="b"c"#,
            "a=~(",
            "a!b",
            "a b=c",
        ] {
            assert!(read("label", text).is_err(), "{text}");
        }
    }
}
