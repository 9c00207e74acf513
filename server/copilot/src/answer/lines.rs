//! How lines and templates are told in sentences.

use super::draft::{Draft, Stopped};
use crate::quotes::{inert, quote};
use crate::tools::{Line, Pattern};
use crate::words::moment;

/// A template as it is quoted: the message of one of its lines would hold numbers of that line alone.
pub(super) fn template(pattern: &Pattern) -> String {
    let said = quote(&pattern.text);
    if said.is_empty() {
        inert(&pattern.example)
    } else {
        said
    }
}

/// `1 line`, `20 lines`.
pub(super) fn lines(count: u64) -> String {
    if count == 1 {
        "1 line".into()
    } else {
        format!("{count} lines")
    }
}

/// Says of templates how often they come and when they came last.
pub(crate) async fn say_patterns(
    draft: &mut Draft<'_>,
    patterns: &[Pattern],
) -> Result<(), Stopped> {
    for pattern in patterns {
        let fresh = if pattern.is_new { ", which is new" } else { "" };
        let text = format!(
            "{} of `{}`{fresh}, the last at {}.",
            capital(&lines(pattern.count)),
            template(pattern),
            moment(pattern.last_ms)
        );
        draft.say(text, [&pattern.fact]).await?;
    }
    Ok(())
}

/// Says what a line says.
pub(crate) async fn say_line(
    draft: &mut Draft<'_>,
    lead: &str,
    line: &Line,
) -> Result<(), Stopped> {
    let whose = if line.host.is_empty() {
        inert(&line.source)
    } else {
        inert(&line.host)
    };
    let text = format!(
        "{lead} {} on `{whose}`: “{}”.",
        moment(line.at_ms),
        quote(&line.body)
    );
    draft.say(text, [&line.fact]).await
}

/// With a capital letter first.
pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}
