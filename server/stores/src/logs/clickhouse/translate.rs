//! From the query language to SQL. A part of a query becomes two conditions: `may` holds for every
//! record that satisfies it, `must` for none that does not. Nearly always they are one and the same
//! and SQL alone gives the exact answer. Between the two lie only numbers that SQL may read otherwise
//! than the language does; of those the rows are fetched and the language itself decides.

use tocsin_domain::RecordId;
use tocsin_domain::ports::log_store::LogQuery;
use tocsin_domain::query::{Expression, FieldTest, is_token_byte, test_severity};
use tocsin_domain::{Severity, TimeRange};

use super::fields::text_test;
use super::literal::{list, literal};

/// SQL that is always true and SQL that never is.
pub(super) const TRUE: &str = "1";
pub(super) const FALSE: &str = "0";

/// A condition, from above and from below.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Condition {
    /// Holds for every record that is meant.
    pub(super) may: String,
    /// Holds for no record that is not meant.
    pub(super) must: String,
}

impl Condition {
    /// A condition that SQL knows exactly.
    pub(super) fn exact(sql: impl Into<String>) -> Self {
        let sql = sql.into();
        Self {
            may: sql.clone(),
            must: sql,
        }
    }

    /// True if there is nothing between the two ends.
    pub(super) fn is_exact(&self) -> bool {
        self.may == self.must
    }

    /// Both ends through `change`, which keeps what holds more holding more.
    pub(super) fn map(self, change: impl Fn(&str) -> String) -> Self {
        Self {
            may: change(&self.may),
            must: change(&self.must),
        }
    }

    fn not(self) -> Self {
        Self {
            may: negated(&self.must),
            must: negated(&self.may),
        }
    }

    pub(super) fn all(parts: Vec<Self>) -> Self {
        let of = |side: fn(&Self) -> &String| joined(parts.iter().map(side), "AND", TRUE, FALSE);
        Self {
            may: of(|part| &part.may),
            must: of(|part| &part.must),
        }
    }

    pub(super) fn any(parts: Vec<Self>) -> Self {
        let of = |side: fn(&Self) -> &String| joined(parts.iter().map(side), "OR", FALSE, TRUE);
        Self {
            may: of(|part| &part.may),
            must: of(|part| &part.must),
        }
    }
}

fn negated(sql: &str) -> String {
    match sql {
        TRUE => FALSE.into(),
        FALSE => TRUE.into(),
        _ => format!("NOT {sql}"),
    }
}

/// Joins conditions; `neutral` says nothing, `settling` decides alone.
fn joined<'a>(
    parts: impl Iterator<Item = &'a String>,
    word: &str,
    neutral: &str,
    settling: &str,
) -> String {
    let parts: Vec<&str> = parts
        .map(String::as_str)
        .filter(|part| *part != neutral)
        .collect();
    match &*parts {
        [] => neutral.into(),
        [one] => (*one).into(),
        parts if parts.contains(&settling) => settling.into(),
        parts => format!("({})", parts.join(&format!(" {word} "))),
    }
}

/// What a query selects, as a condition of SQL.
pub(super) fn condition(query: &LogQuery) -> Condition {
    let mut parts = vec![Condition::exact(range(query.range))];
    if let Some(templates) = &query.templates {
        parts.push(Condition::exact(match &**templates {
            [] => FALSE.to_owned(),
            some => format!("template IN {}", list(some.iter().map(|one| one.0))),
        }));
    }
    parts.push(expression(&query.expression));
    Condition::all(parts)
}

fn range(range: TimeRange) -> String {
    let TimeRange { from, to } = range;
    match (from.0 == i64::MIN, to.0 == i64::MAX) {
        (true, true) => format!("timestamp != {}", i64::MAX),
        (true, false) => format!("timestamp < {}", number(to.0)),
        (false, true) => format!(
            "(timestamp >= {} AND timestamp != {})",
            number(from.0),
            i64::MAX
        ),
        (false, false) => {
            format!(
                "(timestamp >= {} AND timestamp < {})",
                number(from.0),
                number(to.0)
            )
        }
    }
}

/// A number of 64 bits; the smallest has no literal of its own.
pub(super) fn number(number: i64) -> String {
    match number {
        i64::MIN => "toInt64('-9223372036854775808')".into(),
        _ => number.to_string(),
    }
}

/// An expression as a condition.
pub(super) fn expression(of: &Expression) -> Condition {
    match of {
        Expression::All => Condition::exact(TRUE),
        Expression::And(all) => Condition::all(all.iter().map(expression).collect()),
        Expression::Or(any) => Condition::any(any.iter().map(expression).collect()),
        Expression::Not(inner) => expression(inner).not(),
        Expression::Phrase(words) => Condition::exact(phrase(words)),
        Expression::Prefix(prefix) => Condition::exact(prefix_of_word(prefix)),
        Expression::Field { key, test } => field(key, test),
    }
}

/// The body with what separates words as blanks and ASCII letters in lower case.
fn words_of_body() -> String {
    let separators: Vec<u8> = (0..0x80).filter(|byte| !is_token_byte(*byte)).collect();
    let blanks = vec![b' '; separators.len()];
    format!(
        "translate(lower(body), {}, {})",
        literal(&separators),
        literal(&blanks)
    )
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_token_byte)
}

fn phrase(words: &[String]) -> String {
    if !words.iter().all(|word| is_word(word)) {
        return FALSE.into();
    }
    let words: Vec<String> = words.iter().map(|word| word.to_ascii_lowercase()).collect();
    let exact = match &*words {
        [] => return TRUE.into(),
        [word] => {
            let padded = literal(format!(" {word} ").as_bytes());
            format!(
                "position(concat(' ', {}, ' '), {padded}) > 0",
                words_of_body()
            )
        }
        words => {
            let wanted: Vec<String> = words.iter().map(|word| literal(word.as_bytes())).collect();
            format!(
                "hasSubstr(arrayFilter(w -> w != '', splitByChar(' ', {})), [{}])",
                words_of_body(),
                wanted.join(",")
            )
        }
    };
    // Our words are made of ClickHouse's own, which end at `_` too: these it can look up.
    let mut parts: Vec<String> = words
        .iter()
        .flat_map(|word| word.split('_'))
        .filter(|part| !part.is_empty())
        .map(|part| format!("hasToken(lower(body), {})", literal(part.as_bytes())))
        .collect();
    parts.sort();
    parts.dedup();
    parts.push(exact);
    format!("({})", parts.join(" AND "))
}

fn prefix_of_word(prefix: &str) -> String {
    let prefix = prefix.to_ascii_lowercase();
    if prefix.is_empty() {
        return format!("({} != '')", format_args!("trimBoth({})", words_of_body()));
    }
    if !is_word(&prefix) {
        return FALSE.into();
    }
    let padded = literal(format!(" {prefix}").as_bytes());
    format!("(position(concat(' ', {}), {padded}) > 0)", words_of_body())
}

fn field(key: &str, test: &FieldTest) -> Condition {
    match key {
        "source" => text_test(test, "source"),
        "host" => Condition::all(vec![
            Condition::exact("host != ''"),
            text_test(test, "host"),
        ]),
        "severity" => severity(test),
        "template" => template(test),
        "id" => Condition::exact(id(test)),
        "trace_id" => bytes_of(test, "trace_id", 16),
        "span_id" => bytes_of(test, "span_id", 8),
        _ => attribute(key, test),
    }
}

fn severity(test: &FieldTest) -> Condition {
    let numbers: Vec<u8> = (0..=u8::MAX)
        .filter(|number| {
            Severity::from_number(*number).is_some_and(|severity| test_severity(test, severity))
        })
        .collect();
    Condition::exact(match numbers.len() {
        0 => FALSE.to_owned(),
        _ => format!("severity IN {}", list(numbers)),
    })
}

fn template(test: &FieldTest) -> Condition {
    match test {
        FieldTest::Exists => Condition::exact(TRUE),
        FieldTest::Equals(text) => Condition::exact(match hex_span(text, 16) {
            Some((low, _)) if text.len() == 16 => format!("template = {low}"),
            _ => FALSE.into(),
        }),
        FieldTest::StartsWith(text) => Condition::exact(match hex_span(text, 16) {
            Some((low, high)) => format!("(template BETWEEN {low} AND {high})"),
            None => FALSE.into(),
        }),
        FieldTest::Range { .. } => text_test(test, "leftPad(lower(hex(template)), 16, '0')"),
    }
}

/// The smallest and largest numbers of so many hexadecimal digits that begin with `text`.
fn hex_span(text: &str, digits: usize) -> Option<(u128, u128)> {
    if text.len() > digits || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let filled = |with: char| {
        let rest = std::iter::repeat_n(with, digits - text.len());
        u128::from_str_radix(&text.chars().chain(rest).collect::<String>(), 16).ok()
    };
    Some((filled('0')?, filled('f')?))
}

/// A record's id is written as a UUID, which is no number.
fn id(test: &FieldTest) -> String {
    let text = match test {
        FieldTest::Exists => return TRUE.into(),
        FieldTest::Range { .. } => return FALSE.into(),
        FieldTest::Equals(text) | FieldTest::StartsWith(text) => text,
    };
    let has_hyphens = text
        .bytes()
        .enumerate()
        .all(|(at, byte)| (byte == b'-') == matches!(at, 8 | 13 | 18 | 23));
    let digits: String = text.chars().filter(|sign| *sign != '-').collect();
    let span = hex_span(&digits, 32).filter(|_| has_hyphens && text.len() <= 36);
    match (span, test) {
        (Some((low, _)), FieldTest::Equals(_)) if text.len() == 36 => format!("id = {}", wide(low)),
        (Some((low, high)), FieldTest::StartsWith(_)) => {
            format!("(id BETWEEN {} AND {})", wide(low), wide(high))
        }
        _ => FALSE.into(),
    }
}

/// A number of 128 bits, for which there is no literal.
pub(super) fn wide(number: u128) -> String {
    format!("toUInt128('{number}')")
}

/// An id as SQL has it.
pub(super) fn id_of(id: RecordId) -> String {
    wide(id.bits())
}

/// A field of bytes that people write in hexadecimal digits; empty where it is not there.
fn bytes_of(test: &FieldTest, column: &str, length: usize) -> Condition {
    match test {
        FieldTest::Exists => Condition::exact(format!("{column} != ''")),
        FieldTest::Equals(text) => Condition::exact(match hex_span(text, length * 2) {
            Some((value, _)) if text.len() == length * 2 => {
                let bytes = value.to_be_bytes();
                format!("{column} = {}", literal(&bytes[16 - length..]))
            }
            _ => FALSE.into(),
        }),
        FieldTest::StartsWith(_) | FieldTest::Range { .. } => Condition::all(vec![
            Condition::exact(format!("{column} != ''")),
            text_test(test, &format!("lower(hex({column}))")),
        ]),
    }
}

/// An attribute is among those that came beside the body or among the variables whose slots have
/// its key. Of the latter quotes are stripped; where escapes would have to be undone, the text
/// stands beside the body already (see [`ATTRIBUTE_OF_SLOT`](super::fields::ATTRIBUTE_OF_SLOT)).
fn attribute(key: &str, test: &FieldTest) -> Condition {
    let key = literal(key.as_bytes());
    let beside = text_test(test, "v").map(|test| match test {
        FALSE => FALSE.into(),
        _ => {
            format!("arrayExists((k, v) -> k = {key} AND {test}, attribute_keys, attribute_values)")
        }
    });
    let quoted = "(length(v) > 1 AND ((startsWith(v, '\\x22') AND endsWith(v, '\\x22')) OR \
                  (startsWith(v, '\\x27') AND endsWith(v, '\\x27'))))";
    let text = format!("if({quoted}, substring(v, 2, length(v) - 2), v)");
    let is_escaped = "(length(v) > 1 AND startsWith(v, '\\x22') AND endsWith(v, '\\x22') AND \
                      position(v, '\\x5C') > 0)";
    let read = text_test(test, &text).map(|test| match test {
        FALSE => FALSE.into(),
        _ => format!(
            "arrayExists((k, y, v) -> k = {key} AND y > 0 AND NOT {is_escaped} AND {test}, \
             variable_keys, variable_types, variables)"
        ),
    });
    Condition::any(vec![beside, read])
}
