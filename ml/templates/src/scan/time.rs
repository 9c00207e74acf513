//! Dates and times of day, inside one word and across words (`Jun 14 15:16:01`, `Fri Jun 17
//! 07:07:00 2005`).

use super::class::{DELIMITER, DIGIT, class};

/// `15:16`, `15:16:01`, `15:16:01.123`, `100:02:03`: two or three groups of digits.
pub(crate) fn is_clock(bytes: &[u8]) -> bool {
    let mut groups = 0;
    for (i, group) in bytes.split(|b| *b == b':').enumerate() {
        let (whole, fraction) = match group.iter().position(|b| *b == b'.') {
            Some(dot) if i >= 1 => (&group[..dot], Some(&group[dot + 1..])),
            _ => (group, None),
        };
        let width = if i == 0 { 1..=3 } else { 2..=2 };
        if !width.contains(&whole.len()) || !whole.iter().all(u8::is_ascii_digit) {
            return false;
        }
        if fraction.is_some_and(|f| f.is_empty() || !f.iter().all(u8::is_ascii_digit)) {
            return false;
        }
        groups += 1;
    }
    groups == 2 || groups == 3
}

/// A word that begins with a date and holds nothing but digits and the punctuation of dates:
/// `2015-10-18`,
/// `17/06/09`, `2005-06-03-15.42.50.675872`, `2015-10-18T18:01:47Z`, `20171223-22:15:29:606`.
pub(crate) fn is_date(bytes: &[u8]) -> bool {
    if bytes.len() < 8 || class(bytes[0]) & DIGIT == 0 {
        return false;
    }
    let (mut groups, mut letters, mut digits) = (0, 0, 0);
    let mut run = 0;
    let mut first = 0;
    for &b in bytes {
        match b {
            b'0'..=b'9' => {
                run += 1;
                digits += 1;
            }
            b'-' | b'/' | b'.' | b':' | b'+' | b'T' | b'Z' | b'_' | b'@' => {
                letters += usize::from(b == b'T' || b == b'Z');
                if run > 0 {
                    first = if groups == 0 { run } else { first };
                    groups += 1;
                }
                run = 0;
            }
            _ => return false,
        }
    }
    groups += usize::from(run > 0);
    let year_first = first == 4 && (bytes.starts_with(b"19") || bytes.starts_with(b"20"));
    let day_first = first <= 2 && matches!(bytes.get(first), Some(b'/'));
    let packed = first == 8 && bytes.starts_with(b"20") && groups >= 3;
    groups >= 3 && digits >= 6 && letters <= 2 && (year_first || day_first || packed)
}

/// Three-letter English month.
pub(crate) fn is_month(word: &[u8]) -> bool {
    matches!(
        word,
        b"Jan"
            | b"Feb"
            | b"Mar"
            | b"Apr"
            | b"May"
            | b"Jun"
            | b"Jul"
            | b"Aug"
            | b"Sep"
            | b"Oct"
            | b"Nov"
            | b"Dec"
    )
}

/// Three-letter English day of the week.
pub(crate) fn is_weekday(word: &[u8]) -> bool {
    matches!(
        word,
        b"Mon" | b"Tue" | b"Wed" | b"Thu" | b"Fri" | b"Sat" | b"Sun"
    )
}

/// Where a date written in words before the clock at `start` begins: `Fri Jun 17 `, `Jun  4 `, `17
/// Jun 2005 `.
pub(crate) fn start_of_words(line: &[u8], start: usize) -> usize {
    let Some((day, day_start)) = word_before(line, start) else {
        return start;
    };
    if day.len() > 4 || !day.iter().all(u8::is_ascii_digit) {
        return start;
    }
    let Some((month, month_start)) = word_before(line, day_start) else {
        return start;
    };
    if !is_month(month) {
        return start;
    }
    match word_before(line, month_start) {
        Some((word, at)) if is_weekday(word.strip_suffix(b",").unwrap_or(word)) => at,
        Some((word, at))
            if day.len() == 4 && word.len() <= 2 && word.iter().all(u8::is_ascii_digit) =>
        {
            at
        }
        _ => month_start,
    }
}

/// Where year and zone after a clock that ends at `end` end: ` 2005`, ` PDT 2005`, ` UTC`, `
/// +0000`.
pub(crate) fn end_of_words(line: &[u8], end: usize, has_day: bool) -> usize {
    let mut at = end;
    if let Some(word) = word_after(line, at) {
        let zone = matches!(
            word,
            b"UTC"
                | b"GMT"
                | b"PDT"
                | b"PST"
                | b"EDT"
                | b"EST"
                | b"CDT"
                | b"CST"
                | b"MDT"
                | b"MST"
                | b"CET"
                | b"CEST"
                | b"BST"
                | b"IST"
                | b"JST"
        );
        let offset = word.len() == 5
            && matches!(word[0], b'+' | b'-')
            && word[1..].iter().all(u8::is_ascii_digit);
        if zone || offset {
            at += 1 + word.len();
        }
    }
    match word_after(line, at) {
        Some(year) if has_day && is_year(year) => at + 1 + year.len(),
        _ => at,
    }
}

fn is_year(word: &[u8]) -> bool {
    word.len() == 4
        && (word.starts_with(b"19") || word.starts_with(b"20"))
        && word.iter().all(u8::is_ascii_digit)
}

fn word_before(line: &[u8], end: usize) -> Option<(&[u8], usize)> {
    let mut stop = end;
    while stop > 0 && line[stop - 1] == b' ' && end - stop < 2 {
        stop -= 1;
    }
    if stop == end {
        return None;
    }
    let mut start = stop;
    while start > 0
        && (line[start - 1].is_ascii_alphanumeric() || line[start - 1] == b',')
        && stop - start < 5
    {
        start -= 1;
    }
    let whole = start == 0 || class(line[start - 1]) & DELIMITER != 0;
    (start < stop && whole).then(|| (&line[start..stop], start))
}

fn word_after(line: &[u8], end: usize) -> Option<&[u8]> {
    let rest = line.get(end..)?.strip_prefix(b" ")?;
    let length = rest
        .iter()
        .take(6)
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-'))
        .count();
    let whole = rest.get(length).is_none_or(|b| !b.is_ascii_alphanumeric());
    (length > 0 && whole).then(|| &rest[..length])
}
