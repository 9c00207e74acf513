//! What a line says, without what every line says: its message if it is a record, otherwise all that comes
//! after its time. For titles, which have a time and labels of their own beside them.

use std::borrow::Cow;

/// Members that hold the message, the likeliest first.
const MESSAGES: [&str; 6] = ["msg", "message", "body", "log", "text", "event"];
/// A token of a time has so many digits at least: a year, or hours and minutes.
const TIME_DIGITS_MIN: usize = 4;

/// The part of a line that is worth being a title; the whole line if nothing of it is.
pub(super) fn gist(line: &str) -> Cow<'_, str> {
    let said = if line.starts_with('{') {
        of_json(line).map(Cow::Owned)
    } else {
        of_logfmt(line).map(Cow::Owned)
    };
    let said = said.unwrap_or_else(|| Cow::Borrowed(without_time(line)));
    if said.trim().is_empty() {
        Cow::Borrowed(line)
    } else {
        said
    }
}

fn of_json(line: &str) -> Option<String> {
    let record: serde_json::Value = serde_json::from_str(line).ok()?;
    let message = MESSAGES.iter().find_map(|name| record.get(name)?.as_str());
    message.map(str::to_owned)
}

/// The value of the first message member, if that is a whole quoted text in a line that begins with a pair.
fn of_logfmt(line: &str) -> Option<String> {
    let first = line.split_once('=')?.0;
    if first.is_empty()
        || !first
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
    {
        return None;
    }
    let begins = |name: &&str| {
        let (inner, first) = (format!(" {name}=\""), format!("{name}=\""));
        let at_start = line.starts_with(&first).then_some(first.len());
        at_start.or_else(|| line.find(&inner).map(|at| at + inner.len()))
    };
    let rest = line.get(MESSAGES.iter().find_map(begins)?..)?;
    let mut message = String::new();
    let mut signs = rest.chars();
    loop {
        match signs.next()? {
            '"' => return Some(message),
            '\\' => message.push(signs.next()?),
            sign => message.push(sign),
        }
    }
}

/// The line after the tokens at its begin that are nothing but a time.
fn without_time(line: &str) -> &str {
    let mut rest = line;
    loop {
        let token = rest.split(' ').next().unwrap_or_default();
        let digits = token.chars().filter(char::is_ascii_digit).count();
        let is_time = token.contains([':', '-', '/'])
            && digits >= TIME_DIGITS_MIN
            && token
                .chars()
                .all(|c| c.is_ascii_digit() || "-:.,/TZ+[]".contains(c));
        if !is_time {
            return rest;
        }
        rest = rest.get(token.len()..).unwrap_or_default().trim_start();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_what_the_line_says_and_not_when_or_where() {
        let cases = [
            ("disk is full", "disk is full"),
            (
                "2026-11-29T01:46:15.607Z [web] ERROR: no",
                "[web] ERROR: no",
            ),
            ("2026-11-29 01:46:15,607 Timeout", "Timeout"),
            ("[2026/11/29 01:46:15] 4711 failed", "4711 failed"),
            ("10.0.0.1 - - GET /", "10.0.0.1 - - GET /"),
            (
                r#"time=2026-11-29T01:46:15Z level=error msg="a \"b\" c" x=1"#,
                r#"a "b" c"#,
            ),
            (r#"msg="late" level=warn"#, "late"),
            (r#"a=1 b=2"#, "a=1 b=2"),
            (
                r#"the query was: x msg="no""#,
                r#"the query was: x msg="no""#,
            ),
            (
                r#"{"level":"error","message":"no price","n":1}"#,
                "no price",
            ),
            (r#"{"broken"#, r#"{"broken"#),
            ("2026-11-29T01:46:15Z", "2026-11-29T01:46:15Z"),
        ];
        for (line, expected) in cases {
            assert_eq!(gist(line), expected, "{line}");
        }
    }
}
