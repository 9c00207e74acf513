//! Which values Ansible takes as they are when they come through AWX.
//!
//! Two things stand between. Ansible renders extra variables that have a template in them; AWX marks
//! those of a launch as unsafe, unless its administrator switched that off, which it does not tell. And
//! AWX writes them as YAML with that mark, under which ansible-core 2.19 reads a text such as `yes` or
//! `010` as YAML 1.1 does: as true, and as eight. Neither can be prevented from here, since AWX writes the file.
//! So a text with the beginning of a template in it is refused, and one that would be printed as
//! another text; what is left arrives as one literal, however AWX is set up.

/// What a template begins with, and what would have Ansible look for other beginnings.
const TEMPLATE_SIGNS: [&str; 4] = ["{{", "{%", "{#", "#jinja2:"];
/// What YAML 1.1 reads as nothing, as a truth, or as an instruction, in three ways of writing.
const WORDS: [&str; 7] = ["null", "yes", "no", "true", "false", "on", "off"];
const SIGNS: [&str; 4] = ["", "~", "=", "<<"];
const NUMBERS: [&str; 2] = [".inf", ".nan"];

/// Whether a text arrives as it is.
///
/// # Errors
/// What would become of it.
pub(super) fn check(text: &str) -> Result<(), String> {
    if let Some(sign) = TEMPLATE_SIGNS.iter().find(|sign| text.contains(*sign)) {
        return Err(format!(
            "the value has `{sign}` in it, which Ansible may render"
        ));
    }
    match is_other(text) {
        false => Ok(()),
        true => Err(format!(
            "Ansible would read the text `{text}` as something else; give it as a number or a truth, or \
            within a longer text"
        )),
    }
}

/// Whether YAML 1.1 reads a text as something that is printed otherwise.
fn is_other(text: &str) -> bool {
    let is_written = |word: &str| {
        let mut first = word.to_owned();
        if let Some(letter) = first.get_mut(..1) {
            letter.make_ascii_uppercase();
        }
        text == word || text == first || text == word.to_ascii_uppercase()
    };
    if SIGNS.contains(&text) || WORDS.iter().any(|word| is_written(word)) {
        return true;
    }
    let body = text.strip_prefix(['-', '+']).unwrap_or(text);
    let lower = body.to_ascii_lowercase();
    if NUMBERS.contains(&lower.as_str()) {
        return true;
    }
    let prefixed = body.strip_prefix("0x").or_else(|| body.strip_prefix("0b"));
    if let Some(digits) = prefixed {
        return digits.bytes().all(|b| b.is_ascii_hexdigit() || b == b'_');
    }
    is_number(text, body) || is_time(text)
}

/// Whether it is a number, or one of base sixty, that is printed otherwise.
fn is_number(text: &str, body: &str) -> bool {
    let has_digit = body.bytes().any(|b| b.is_ascii_digit());
    let is_digit_or = |also: &[u8]| {
        has_digit
            && body
                .bytes()
                .all(|b| b.is_ascii_digit() || also.contains(&b))
    };
    if is_digit_or(b"_") {
        // As it is printed: no sign but a minus, no zero before it.
        let is_plain = body.bytes().all(|b| b.is_ascii_digit());
        let is_short = body == "0" || !body.starts_with('0');
        return text.starts_with('+') || text == "-0" || !(is_plain && is_short);
    }
    let starts_so = body.starts_with(|c: char| c.is_ascii_digit());
    if starts_so && body.contains(':') && is_digit_or(b"_:.") {
        return true;
    }
    let is_fraction = body.bytes().filter(|&b| b == b'.').count() == 1 && is_digit_or(b"_.eE+-");
    // Python prints short ones as we do.
    let is_printed_so = text.len() <= 15
        && !text.contains(['e', 'E'])
        && text
            .parse::<f64>()
            .is_ok_and(|number| format!("{number:?}") == text);
    is_fraction && !is_printed_so
}

/// Whether it is a date with a time.
fn is_time(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let (year, month, rest) = (parts.next(), parts.next(), parts.next());
    let is_number = |text: &str, most: usize| {
        (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
    };
    let Some((day, _)) = rest.and_then(|rest| rest.split_once(['T', 't', ' ', '\t'])) else {
        return false;
    };
    year.is_some_and(|year| year.len() == 4 && is_number(year, 4))
        && month.is_some_and(|month| is_number(month, 2))
        && is_number(day, 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_another_text_is_told_apart() {
        for other in [
            "",
            "~",
            "null",
            "NULL",
            "Null",
            "yes",
            "On",
            "FALSE",
            "=",
            "<<",
            "0x1F",
            "-0b11",
            "010",
            "1_000",
            "+5",
            "-0",
            "12:30:45",
            "1:30.5",
            "1.50",
            "1.",
            ".5",
            "1.5e+3",
            "-.inf",
            ".NaN",
            "2026-11-29T10:00:00Z",
            "2026-1-2 3:04:05",
        ] {
            assert!(check(other).is_err(), "{other}");
        }
        for same in [
            "web-1",
            "0",
            "1234",
            "-7",
            "1.5",
            "10.0.0.1",
            "2026-11-29",
            "yEs",
            "y",
            "1e3",
            "v1.50",
            "a:b",
            "::1",
            "::",
            "-",
            "+",
            ".",
            "/var/log",
            "5f-3",
            "1.2.3",
        ] {
            assert_eq!(check(same), Ok(()), "{same}");
        }
        for template in ["{{ x }}", "a{%b", "{#", "#jinja2: x"] {
            assert!(
                check(template).unwrap_err().contains("render"),
                "{template}"
            );
        }
    }
}
