//! Finds the header of a raw line: timestamps, level, host, process, thread and component in the
//! orders and the punctuation that logging libraries and syslog use. What it does not recognise it
//! leaves to the message. Only lines of new shape come here.

mod element;

use crate::template::VariableKind;
use element::{Element, Form, Reader};

/// Elements before the first timestamp, in elements.
const MAX_LEADING: usize = 6;
/// Elements between two timestamps, in elements.
const MAX_BETWEEN: usize = 3;
/// Words between timestamp and level, or timestamp and separator, in elements.
const MAX_PENDING: usize = 4;

/// A scanned line that the header code may refine: it joins the variables of a timestamp into one.
pub(crate) struct Scanned<'a> {
    pub line: &'a [u8],
    pub spans: &'a mut Vec<(u32, u32)>,
    pub kinds: &'a mut Vec<VariableKind>,
}

/// Finds the header; writes the byte ranges of its elements, ascending, and returns where it ends:
/// 0 when there is none.
pub(crate) fn find(scanned: &mut Scanned<'_>, elements: &mut Vec<(u32, u32)>) -> usize {
    elements.clear();
    let mut found = Vec::new();
    if !timestamps(scanned, &mut found) {
        return 0;
    }
    let time = found.len();
    let rest = found.last().map_or(0, |e| e.end);
    if scanned.line.get(rest) == Some(&b'|') {
        columns(scanned, rest, &mut found);
    } else if found.last().is_some_and(|e| e.form == Form::SyslogTime) {
        syslog(scanned, rest, &mut found);
    } else {
        application(scanned, rest, &mut found);
    }
    leave_a_message(scanned.line, time, &mut found);
    for element in &found {
        if element.form.is_time() {
            join_spans(scanned, element);
        }
        elements.push((element.start as u32, element.end as u32));
    }
    found.last().map_or(0, |e| e.end)
}

/// A header never takes the whole line, unless there is nothing but a timestamp.
fn leave_a_message(line: &[u8], time: usize, found: &mut Vec<Element>) {
    while found.len() > time {
        let end = found.last().map_or(0, |e| e.end);
        if line[end..].iter().any(|b| !b.is_ascii_whitespace()) {
            return;
        }
        found.pop();
    }
}

/// Reads up to the last timestamp at the start of the line.
fn timestamps(scanned: &Scanned<'_>, found: &mut Vec<Element>) -> bool {
    let reader = Reader::new(scanned.line, scanned.spans, scanned.kinds, 0);
    let mut kept = 0;
    let mut seen = Vec::new();
    for element in reader {
        let between = seen.len() - kept;
        seen.push(element);
        if element.form.is_time() {
            kept = seen.len();
            continue;
        }
        let bound = if kept == 0 { MAX_LEADING } else { MAX_BETWEEN };
        let name = matches!(element.form, Form::Number | Form::Name | Form::Separator)
            || (kept == 0 && matches!(element.form, Form::Level | Form::Bracket));
        if between >= bound || !name || scanned.line.get(element.end) == Some(&b'|') {
            break;
        }
    }
    let only_epochs = seen[..kept].iter().all(|e| matches!(e.form, Form::Epoch));
    if only_epochs && kept > 0 {
        let next = Reader::new(
            scanned.line,
            scanned.spans,
            scanned.kinds,
            seen[kept - 1].end,
        )
        .next();
        if next.is_none_or(|e| e.form == Form::Word) {
            return false;
        }
    }
    seen.truncate(kept);
    found.append(&mut seen);
    kept > 0
}

/// `|Step_LSC|30002312|`: fields without white space.
fn columns(scanned: &Scanned<'_>, start: usize, found: &mut Vec<Element>) {
    let reader = Reader::new(scanned.line, scanned.spans, scanned.kinds, start);
    let mut at = start + 1;
    for _ in 0..MAX_LEADING {
        let end = reader.walk(at, |b| b == b'|' || b.is_ascii_whitespace());
        let bar = |e: &usize| scanned.line.get(*e) == Some(&b'|') && !reader.cuts(e + 1);
        let Some(end) = end.filter(bar).filter(|_| !reader.cuts(at)) else {
            return;
        };
        found.push(Element {
            start: at,
            end: end + 1,
            form: Form::Name,
        });
        at = end + 1;
    }
}

/// Host, then a tag that ends in a colon, perhaps after one more word.
fn syslog(scanned: &Scanned<'_>, start: usize, found: &mut Vec<Element>) {
    let mut reader = Reader::new(scanned.line, scanned.spans, scanned.kinds, start);
    let Some(host) = reader
        .next()
        .filter(|e| e.form != Form::Tag || !scanned.line[e.start..e.end].ends_with(b"]:"))
    else {
        return application(scanned, start, found);
    };
    found.push(host);
    let mut pending = Vec::new();
    for element in reader.take(3) {
        pending.push(element);
        if element.form == Form::Tag {
            found.append(&mut pending);
            return;
        }
    }
}

/// Level, thread, component, process in any order, as logging libraries write them.
fn application(scanned: &Scanned<'_>, start: usize, found: &mut Vec<Element>) {
    let line = scanned.line;
    let reader = Reader::new(line, scanned.spans, scanned.kinds, start);
    let mut pending: Vec<Element> = Vec::new();
    let mut level = false;
    let mut elements = reader.take(16).peekable();
    while let Some(element) = elements.next() {
        let next = elements.peek().map_or(Form::Word, |e| e.form);
        let padded = line.get(element.end..element.end + 2) == Some(b"  ");
        let commit = match element.form {
            Form::Level | Form::Letter if level => break,
            Form::Level => true,
            Form::Letter => {
                pending.is_empty() && matches!(next, Form::Tag | Form::Word | Form::Name)
            }
            Form::Separator => {
                let names = pending.iter().all(|e| e.form != Form::Word);
                if !pending.is_empty() && !names && pending.len() > 1 {
                    break;
                }
                glue(&mut pending);
                true
            }
            Form::Bracket => pending.is_empty() || (level && pending.len() == 1),
            Form::Number | Form::Time | Form::SyslogTime | Form::Epoch => {
                pending.is_empty()
                    && (!level || matches!(next, Form::Separator | Form::Bracket | Form::Tag))
            }
            Form::Tag => {
                let tagged = pending.len() <= 1 || (level && pending.len() <= 2);
                if tagged {
                    found.append(&mut pending);
                    found.push(element);
                }
                return;
            }
            Form::Name | Form::Word if level && pending.is_empty() && padded => true,
            Form::Name | Form::Word => false,
        };
        if commit {
            level |= matches!(element.form, Form::Level | Form::Letter);
            found.append(&mut pending);
            found.push(element);
        } else {
            let bound = if level { 1 } else { MAX_PENDING };
            if pending.len() >= bound || (level && element.form == Form::Word) {
                return;
            }
            pending.push(element);
        }
    }
}

/// Makes one element of several words before a separator: `chrome.exe *64 -`.
fn glue(pending: &mut Vec<Element>) {
    if let (Some(first), Some(last)) = (pending.first().copied(), pending.last().copied()) {
        pending.clear();
        pending.push(Element {
            start: first.start,
            end: last.end,
            form: Form::Name,
        });
    }
}

/// Makes one variable of the digits of a timestamp.
fn join_spans(scanned: &mut Scanned<'_>, element: &Element) {
    let inside = |s: &(u32, u32)| s.0 as usize >= element.start && s.1 as usize <= element.end;
    let Some(first) = scanned.spans.iter().position(inside) else {
        return;
    };
    let count = scanned.spans[first..]
        .iter()
        .take_while(|s| inside(s))
        .count();
    let end = scanned.spans[first + count - 1].1;
    let start = scanned.spans[first].0;
    scanned.spans.splice(first..first + count, [(start, end)]);
    scanned
        .kinds
        .splice(first..first + count, [VariableKind::Time]);
}
