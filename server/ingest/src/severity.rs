//! Finds the severity in the head of a line. It guesses nothing from prose: only words in the
//! place and form in which programs write a level count.
//!
//! What counts, within the first bytes after the time:
//! * a level in capitals standing alone: `INFO`, `[WARN]`, `ERROR:`, `| FATAL |`;
//! * a level in any case in brackets, angle brackets or bars: `[error]`, `<warn>`, `|debug|`;
//! * a level in any case that opens the text: `error: no such file`, `warning: …`, `info - …`;
//! * `level=…`, `lvl=…`, `severity=…` of logfmt;
//! * the letters of glog and Android.

use tocsin_domain::Severity;

/// How many bytes after the time the level may begin.
const WINDOW: usize = 96;

/// Reads the severity in `text`, which begins after the time of the line.
#[must_use]
pub fn find(text: &[u8]) -> Option<Severity> {
    let text = &text[..text.len().min(WINDOW + 16)];
    let last = text.len().min(WINDOW);
    let mut at = 0;
    let mut before = b' ';
    let mut opening = true;
    while at < last {
        let first = text[at];
        at += 1;
        if !IS_WORD[first as usize] {
            before = first;
            continue;
        }
        let start = at - 1;
        while at < text.len() && IS_WORD[text[at] as usize] {
            at += 1;
        }
        if first.is_ascii_digit() {
            before = first;
            continue;
        }
        if may_be_level(&text[start..at], before, opening)
            && let Some(found) = level(text, start, at, opening)
        {
            return Some(found);
        }
        opening = false;
        before = text[at - 1];
    }
    None
}

/// Letters, digits, `_` and what is not ASCII.
const IS_WORD: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = (byte as u8).is_ascii_alphanumeric() || byte as u8 == b'_' || byte >= 0x80;
        byte += 1;
    }
    table
};

fn word_length(text: &[u8]) -> usize {
    text.iter()
        .position(|byte| !IS_WORD[*byte as usize])
        .unwrap_or(text.len())
}

/// A quick look before the slow one, which most words do not pass.
fn may_be_level(word: &[u8], before: u8, opening: bool) -> bool {
    let marked = opening || matches!(before, b'[' | b'<' | b'|' | b'(');
    let letters = match word {
        [b'l' | b's', ..] => true,
        [first, second, ..] if first.is_ascii_uppercase() => marked || second.is_ascii_uppercase(),
        _ => marked,
    };
    letters
        && word.len() <= 13
        && matches!(
            word[0] | 0x20,
            b'i' | b'w'
                | b'e'
                | b'f'
                | b'd'
                | b't'
                | b'n'
                | b's'
                | b'c'
                | b'a'
                | b'p'
                | b'l'
                | b'v'
        )
}

fn level(text: &[u8], at: usize, end: usize, opening: bool) -> Option<Severity> {
    let before = if at == 0 { b' ' } else { text[at - 1] };
    let after = text.get(end).copied().unwrap_or(b' ');
    let word = &text[at..end];
    if after == b'=' && matches!(word, b"level" | b"lvl" | b"severity" | b"loglevel") {
        return value_of(&text[end + 1..]);
    }
    let bracketed = matches!(
        (before, after),
        (b'[', b']') | (b'<', b'>') | (b'|', b'|') | (b'(', b')')
    ) || (before == b'[' && after == b' ');
    if !bracketed && !stands_alone(before, after) {
        return None;
    }
    let capitals = word.iter().all(u8::is_ascii_uppercase);
    if word.len() == 1 {
        return if bracketed && capitals {
            of_letter(word[0])
        } else {
            None
        };
    }
    let opens = opening && matches!(after, b':' | b' ') && (after == b':' || at > 0);
    if !(capitals || bracketed || opens) || !is_level(word, bracketed, after) {
        return None;
    }
    Severity::from_word(std::str::from_utf8(word).ok()?)
}

/// White space or punctuation of a header on both sides.
const fn stands_alone(before: u8, after: u8) -> bool {
    matches!(
        before,
        b' ' | b'\t' | b'[' | b'|' | b'-' | b']' | b':' | b'<' | b'(' | b';' | b','
    ) && matches!(
        after,
        b' ' | b'\t' | b']' | b':' | b'|' | b',' | b'-' | b'>' | b')' | b';'
    )
}

/// Words of [`Severity::from_word`] that are levels wherever they stand in a header; the others
/// (`log`, `note`, `failed`, …) are words of prose as well.
fn is_level(word: &[u8], bracketed: bool, after: u8) -> bool {
    let mut lower = [0; 16];
    for (to, from) in lower.iter_mut().zip(word) {
        *to = from.to_ascii_lowercase();
    }
    match &lower[..word.len().min(16)] {
        b"trace" | b"debug" | b"info" | b"notice" | b"warn" | b"warning" | b"error" | b"severe"
        | b"critical" | b"fatal" | b"crit" | b"emerg" => true,
        b"log" | b"panic" => after == b':',
        b"err" | b"alert" | b"inf" | b"wrn" | b"dbg" | b"ftl" | b"trc" | b"fine" | b"finer"
        | b"finest" | b"verbose" => bracketed || after == b':',
        _ => false,
    }
}

/// The value of `level=`, perhaps in quotes.
fn value_of(text: &[u8]) -> Option<Severity> {
    let text = text.strip_prefix(b"\"").unwrap_or(text);
    let word = &text[..word_length(text)];
    Severity::from_word(std::str::from_utf8(word).ok()?)
}

/// The severity of glog's and Android's letters.
#[must_use]
pub const fn of_letter(letter: u8) -> Option<Severity> {
    Some(match letter {
        b'V' | b'T' => Severity::TRACE,
        b'D' => Severity::DEBUG,
        b'I' => Severity::INFO,
        b'W' => Severity::WARN,
        b'E' => Severity::ERROR,
        b'F' => Severity::FATAL,
        _ => return None,
    })
}

/// Reads `  1702  2395 D Tag: …`, what follows the time in Android's log.
pub(crate) fn android(text: &[u8]) -> Option<Severity> {
    let mut words = text
        .split(|byte| *byte == b' ')
        .filter(|word| !word.is_empty());
    for _ in 0..2 {
        words.next()?.iter().all(u8::is_ascii_digit).then_some(())?;
    }
    match words.next()? {
        [letter] => of_letter(*letter),
        _ => None,
    }
}

/// Reads a field that holds a severity as text: a word, or a number as [`of_number`].
#[must_use]
pub fn read_text(text: &[u8], key: &str) -> Option<Severity> {
    let text = std::str::from_utf8(text.trim_ascii()).ok()?;
    Severity::from_word(text).or_else(|| of_number(text.parse().ok()?, key))
}

/// Reads a field that holds a severity as a number. `level` is of pino and bunyan from 10 on and
/// of syslog below 8; any other key holds OpenTelemetry's number.
#[must_use]
pub fn of_number(number: u8, key: &str) -> Option<Severity> {
    if key != "level" {
        return Severity::from_number(number);
    }
    Some(match number {
        0..8 => Severity::from_syslog(number),
        10..20 => Severity::TRACE,
        20..30 => Severity::DEBUG,
        30..40 => Severity::INFO,
        40..50 => Severity::WARN,
        50..60 => Severity::ERROR,
        60..70 => Severity::FATAL,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_in_the_head_of_a_line_are_found() {
        for (text, severity) in [
            (" INFO [main] org.apache", Severity::INFO),
            (" - WARN  [SendWorker:1]", Severity::WARN),
            (" R02-M1-N0 RAS KERNEL FATAL data", Severity::FATAL),
            ("] [error] mod_jk child", Severity::ERROR),
            (" - root - ERROR - failed", Severity::ERROR),
            (" level=warn msg=x", Severity::WARN),
            (" msg=x level=\"error\"", Severity::ERROR),
            ("error: no such file", Severity::ERROR),
            (" [12:34] <crit> x", Severity::CRITICAL),
            (" UTC [12] LOG:  checkpoint", Severity::INFO),
            (" [ERR] disk", Severity::ERROR),
            (" [W] slow", Severity::WARN),
            (" combo app[7]: Warning: x", Severity::UNSPECIFIED),
            (" no error here, all is fine", Severity::UNSPECIFIED),
            (" POSSIBLE BREAK-IN ATTEMPT", Severity::UNSPECIFIED),
            (" 3 errors found", Severity::UNSPECIFIED),
            ("", Severity::UNSPECIFIED),
        ] {
            assert_eq!(
                find(text.as_bytes()).unwrap_or_default(),
                severity,
                "{text}"
            );
        }
    }

    #[test]
    fn numbers_are_read_by_the_custom_of_their_key() {
        assert_eq!(of_number(30, "level"), Some(Severity::INFO));
        assert_eq!(of_number(3, "level"), Some(Severity::ERROR));
        assert_eq!(of_number(17, "severity"), Some(Severity::ERROR));
        assert_eq!(of_number(99, "severity"), None);
        assert_eq!(read_text(b" 50 ", "level"), Some(Severity::ERROR));
    }
}
