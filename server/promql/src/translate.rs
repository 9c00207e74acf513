//! From a query's text to a checked [`Plan`].
//!
//! The syntax tree is the parser's; whatever Tocsin cannot evaluate is refused here, by name.
//! Nothing is evaluated.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, SystemTime};

use promql_parser::parser::{self, AtModifier, Expr, Offset, VectorSelector};
use tocsin_domain::metric::{MatchOp, Matcher, NAME_LABEL};

use crate::error::QueryError;
use crate::plan::{At, Kind, Plan, Selector, Source, Subquery, When};
use crate::{translate_call, translate_operator};

/// The longest query in bytes: dashboards put long lists of names into patterns.
const QUERY_BYTES_MAX: usize = 64 << 10;
/// The most operators, parentheses and commas: they bound how deep the tree can be.
const OPERATORS_MAX: usize = 500;
/// The step of a subquery that names none, in ms: Prometheus' default evaluation interval.
const SUBQUERY_STEP_MS: i64 = 60_000;
/// The longest range or offset, in ms: a hundred years.
const DURATION_MS_MAX: i64 = 100 * 365 * 86_400_000;

/// Parses and checks a query.
pub(crate) fn translate(query: &str) -> Result<Plan, QueryError> {
    plan(&parse(query)?)
}

/// Parses the selector of a `match[]` parameter, such as `up{job="node"}`.
///
/// # Errors
/// [`QueryError::BadData`] if the text is no selector, or selects everything.
pub fn parse_selector(text: &str) -> Result<Vec<Matcher>, QueryError> {
    match parse(text)? {
        Expr::VectorSelector(selector) if selector.offset.is_none() && selector.at.is_none() => {
            matchers(&selector)
        }
        _ => Err(QueryError::parse(format!(
            "`{text}` is not a selector of series"
        ))),
    }
}

fn parse(query: &str) -> Result<Expr, QueryError> {
    if query.len() > QUERY_BYTES_MAX {
        let bytes = query.len();
        return Err(QueryError::parse(format!(
            "the query has {bytes} bytes, over {QUERY_BYTES_MAX}"
        )));
    }
    if query.trim().is_empty() {
        return Err(QueryError::parse("no expression found in input"));
    }
    if operators(query) > OPERATORS_MAX {
        return Err(QueryError::parse(format!(
            "the query has over {OPERATORS_MAX} operators and parentheses"
        )));
    }
    // The parser is not ours: should it ever panic on a text, that is an error of the text.
    match catch_unwind(AssertUnwindSafe(|| parser::parse(query))) {
        Ok(parsed) => parsed.map_err(|error| match unbalanced(query) {
            // The parser says no more than that it is no query.
            Some(where_and_what) => QueryError::parse(where_and_what),
            None => QueryError::parse(error),
        }),
        Err(_) => Err(QueryError::parse("the query cannot be parsed")),
    }
}

/// The letters of a query outside of strings and comments, with their places in bytes; a string
/// that does not end is the last letter, its quote.
fn code(query: &str) -> Vec<(usize, char)> {
    let mut letters = Vec::new();
    let mut open: Option<(usize, char)> = None;
    let (mut escaped, mut comment) = (false, false);
    for (at, letter) in query.char_indices() {
        if comment {
            comment = letter != '\n';
        } else if let Some((_, quote)) = open {
            if letter == quote && !escaped {
                open = None;
            }
            escaped = letter == '\\' && !escaped && quote != '`';
        } else {
            match letter {
                '"' | '\'' | '`' => open = Some((at, letter)),
                '#' => comment = true,
                _ => letters.push((at, letter)),
            }
        }
    }
    letters.extend(open);
    letters
}

/// How many characters and words can deepen the tree.
fn operators(query: &str) -> usize {
    let mut count = 0;
    let mut word = String::new();
    for (_, letter) in code(query).into_iter().chain([(0, ' ')]) {
        if letter.is_alphanumeric() || letter == '_' {
            word.push(letter);
            continue;
        }
        let named = ["and", "or", "unless", "atan2", "offset"];
        count += usize::from(named.iter().any(|name| word.eq_ignore_ascii_case(name)));
        word.clear();
        count += usize::from("+-*/%^=<>!([".contains(letter));
    }
    count
}

/// The first bracket or quote that has no partner, with its line and column.
fn unbalanced(query: &str) -> Option<String> {
    let mut open: Vec<(usize, char)> = Vec::new();
    let place = |at: usize| {
        let before = &query[..at];
        let line = before.matches('\n').count() + 1;
        let column = before
            .rsplit('\n')
            .next()
            .map_or(0, |last| last.chars().count())
            + 1;
        format!("{line}:{column}")
    };
    for (at, letter) in code(query) {
        let partner = match letter {
            '(' | '[' | '{' => {
                open.push((at, letter));
                continue;
            }
            '"' | '\'' | '`' => return Some(format!("{}: unterminated quoted string", place(at))),
            ')' => '(',
            ']' => '[',
            '}' => '{',
            _ => continue,
        };
        if open.pop().is_none_or(|(_, opened)| opened != partner) {
            return Some(format!("{}: unexpected \"{letter}\"", place(at)));
        }
    }
    let (at, letter) = open.pop()?;
    Some(format!("{}: unclosed \"{letter}\"", place(at)))
}

/// Translates an expression and checks its parts.
pub(crate) fn plan(expr: &Expr) -> Result<Plan, QueryError> {
    match expr {
        Expr::NumberLiteral(number) => Ok(Plan::Number(number.val)),
        Expr::StringLiteral(text) => Ok(Plan::Text(text.val.clone())),
        Expr::Paren(paren) => plan(&paren.expr),
        Expr::VectorSelector(selector) => Ok(Plan::Instant(instant(selector)?)),
        Expr::MatrixSelector(_) | Expr::Subquery(_) => Ok(Plan::Window(source(expr)?)),
        Expr::Unary(unary) => {
            let inner = plan(&unary.expr)?;
            if !matches!(inner.kind(), Kind::Scalar | Kind::Vector) {
                return Err(QueryError::parse(format!(
                    "unary expression only allowed on expressions of type scalar or instant vector, got {}",
                    inner.kind().documented()
                )));
            }
            Ok(match inner {
                Plan::Number(value) => Plan::Number(-value),
                inner => Plan::Negate(Box::new(inner)),
            })
        }
        Expr::Binary(binary) => translate_operator::binary(binary),
        Expr::Aggregate(aggregate) => translate_operator::aggregate(aggregate),
        Expr::Call(call) => translate_call::call(call),
        Expr::Extension(_) => Err(QueryError::parse("extensions are not supported")),
    }
}

/// What a function over time reads: a range selector or a subquery.
pub(crate) fn source(expr: &Expr) -> Result<Source, QueryError> {
    match expr {
        Expr::Paren(paren) => source(&paren.expr),
        Expr::MatrixSelector(matrix) => Ok(Source::Selector(Selector {
            range_ms: Some(positive_ms(matrix.range)?),
            ..instant(&matrix.vs)?
        })),
        Expr::Subquery(subquery) => {
            let inner = plan(&subquery.expr)?;
            if inner.kind() != Kind::Vector {
                return Err(QueryError::parse(format!(
                    "subquery is only allowed on instant vector, got {} instead",
                    inner.kind().documented()
                )));
            }
            Ok(Source::Subquery(Box::new(Subquery {
                plan: inner,
                when: when(subquery.offset.as_ref(), subquery.at.as_ref())?,
                range_ms: positive_ms(subquery.range)?,
                step_ms: match subquery.step {
                    Some(step) => positive_ms(step)?,
                    None => SUBQUERY_STEP_MS,
                },
            })))
        }
        other => Err(QueryError::parse(format!(
            "expected a range vector, got `{other}`"
        ))),
    }
}

fn instant(selector: &VectorSelector) -> Result<Selector, QueryError> {
    Ok(Selector {
        matchers: matchers(selector)?,
        when: when(selector.offset.as_ref(), selector.at.as_ref())?,
        range_ms: None,
    })
}

fn matchers(selector: &VectorSelector) -> Result<Vec<Matcher>, QueryError> {
    use promql_parser::label::MatchOp as Parsed;
    if !selector.matchers.or_matchers.is_empty() {
        return Err(QueryError::Unsupported {
            what: "`or` between matchers is".into(),
            supported: "supported are matchers that all hold, separated by commas".into(),
        });
    }
    let mut matchers = Vec::new();
    for parsed in &selector.matchers.matchers {
        let op = match parsed.op {
            Parsed::Equal => MatchOp::Equal,
            Parsed::NotEqual => MatchOp::NotEqual,
            Parsed::Re(_) => MatchOp::Matches,
            Parsed::NotRe(_) => MatchOp::MatchesNot,
        };
        matchers.push(Matcher::new(op, &parsed.name, &parsed.value).map_err(QueryError::parse)?);
    }
    if let Some(name) = &selector.name {
        let matcher = Matcher::new(MatchOp::Equal, NAME_LABEL, name).map_err(QueryError::parse)?;
        if !matchers.contains(&matcher) {
            matchers.push(matcher);
        }
    }
    if matchers.iter().all(|matcher| matcher.is_match("")) {
        return Err(QueryError::parse(
            "vector selector must contain at least one non-empty matcher",
        ));
    }
    Ok(matchers)
}

fn when(offset: Option<&Offset>, at: Option<&AtModifier>) -> Result<When, QueryError> {
    let offset_ms = match offset {
        None => 0,
        Some(Offset::Pos(ahead)) => duration_ms(*ahead)?,
        Some(Offset::Neg(back)) => -duration_ms(*back)?,
    };
    let at = match at {
        None => None,
        Some(AtModifier::Start) => Some(At::Start),
        Some(AtModifier::End) => Some(At::End),
        Some(AtModifier::At(time)) => {
            Some(At::Ms(match time.duration_since(SystemTime::UNIX_EPOCH) {
                Ok(after) => duration_ms(after)?,
                Err(before) => -duration_ms(before.duration())?,
            }))
        }
    };
    Ok(When { at, offset_ms })
}

fn duration_ms(duration: Duration) -> Result<i64, QueryError> {
    i64::try_from(duration.as_millis())
        .ok()
        .filter(|ms| *ms <= DURATION_MS_MAX)
        .ok_or_else(|| QueryError::parse("duration out of range"))
}

fn positive_ms(duration: Duration) -> Result<i64, QueryError> {
    match duration_ms(duration)? {
        0 => Err(QueryError::parse("duration must be greater than 0")),
        ms => Ok(ms),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(query: &str) -> String {
        translate(query).unwrap_err().to_string()
    }

    #[test]
    fn what_is_outside_the_subset_is_named() {
        assert!(
            refusal("first_over_time(up[5m])").contains("`first_over_time` is outside the subset")
        );
        assert!(refusal("limitk(1, up)").contains("`limitk`"));
        assert!(refusal("nothing(up)").contains("unknown function"));
        assert!(refusal("{job=~\".*\"}").contains("non-empty matcher"));
        assert!(refusal("").contains("no expression found"));
        assert!(refusal(&"-".repeat(600)).contains("over 500 operators"));
        assert!(refusal("sum(up").ends_with("1:4: unclosed \"(\""));
        assert!(refusal("sum(up))").ends_with("1:8: unexpected \")\""));
        assert!(refusal("up # (\n + up{a=\"b}").ends_with("2:9: unterminated quoted string"));
    }

    #[test]
    fn a_selector_is_parsed_for_match_parameters() {
        let matchers = parse_selector(r#"up{job=~"a.*",host!="b"}"#).unwrap();
        assert_eq!(matchers.len(), 3);
        assert!(parse_selector("rate(up[5m])").is_err());
        assert!(parse_selector("up offset 5m").is_err());
    }
}
