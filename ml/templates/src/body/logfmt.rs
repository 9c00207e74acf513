//! logfmt: a line of nothing but `key=value` pairs, three or more, values in quotes if they hold
//! white space.

use super::{Key, Outline, Record};
use crate::scan::Sink;

/// Fewest pairs that make a record.
const MIN_PAIRS: usize = 3;

/// Whether the line begins with a pair.
#[inline]
pub(super) fn begins(line: &[u8]) -> bool {
    let length = line.iter().take(40).take_while(|b| is_key(**b)).count();
    line.get(length) == Some(&b'=')
}

/// Scans a line that is nothing but pairs; false when it is not.
pub(super) fn scan(line: &[u8], limit: usize, sink: &mut Sink<'_>, outline: &mut Outline) -> bool {
    let mut record = Record {
        sink,
        outline,
        limit,
        over: false,
    };
    let (mut at, mut pairs) = (0, 0);
    while at < line.len() {
        if line[at] == b' ' {
            at += 1;
            continue;
        }
        let start = at;
        at += line[at..].iter().take_while(|b| is_key(**b)).count();
        if at == start || line.get(at) != Some(&b'=') {
            return false;
        }
        let key = Key {
            name: &line[start..at],
            path: "",
            top: true,
        };
        let Some((range, next)) = value(line, at + 1) else {
            return false;
        };
        super::text(line, key, range, &mut record);
        at = next;
        pairs += 1;
    }
    pairs >= MIN_PAIRS && !record.over
}

#[inline]
fn is_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'@' | b'/')
}

/// Range of the value without quotes, and where the next pair may begin.
fn value(line: &[u8], start: usize) -> Option<((usize, usize), usize)> {
    if line.get(start) != Some(&b'"') {
        let length = line[start..]
            .iter()
            .take_while(|b| !matches!(b, b' ' | b'"' | b'='))
            .count();
        let end = start + length;
        return line
            .get(end)
            .is_none_or(|b| *b == b' ')
            .then_some(((start, end), end));
    }
    let mut at = start + 1;
    loop {
        match line.get(at)? {
            b'"' => break,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    line.get(at + 1)
        .is_none_or(|b| *b == b' ')
        .then_some(((start + 1, at), at + 1))
}

#[cfg(test)]
mod tests {
    use crate::{Miner, MinerConfig};

    fn pattern(line: &str) -> String {
        let mut miner = Miner::new(MinerConfig::default());
        let index = miner.parse(line.as_bytes(), &mut Vec::new());
        miner.template(index).pattern()
    }

    #[test]
    fn values_are_variables_and_the_message_is_mined() {
        let line =
            r#"ts=2024-05-01T10:00:00Z level=warn msg="slow query 35ms on db1" rows=12 user="a b""#;
        let expect =
            r#"ts=<time> level=warn msg="slow query <duration> on db1" rows=<num> user="<quoted>""#;
        assert_eq!(pattern(line), expect);
    }

    #[test]
    fn prose_with_pairs_is_no_record() {
        assert_eq!(pattern("a=1 b=2 then c=3"), "a=<num> b=<num> then c=<num>");
    }
}
