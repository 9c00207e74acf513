//! Batches for tests, split into templates by a rule simple enough to be seen through: runs of
//! digits and the values of `key=value` are variables.

use std::sync::Arc;

use tocsin_domain::batch::ValueType;
use tocsin_domain::{
    BatchBuilder, BatchId, NewRecord, ParsedBatch, ParsedLine, Severity, Slot, Span, SpanId,
    Template, TemplateId, Timestamp, TraceId, VariableKind,
};

/// One record to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The raw line.
    pub body: Vec<u8>,
    /// When it happened; the time of receipt if it does not say.
    pub timestamp: Option<Timestamp>,
    /// How bad it is.
    pub severity: Severity,
    /// The machine.
    pub host: String,
    /// Attributes beside the body.
    pub attributes: Vec<(String, ValueType, String)>,
    /// The trace, by one byte repeated; 0 for none.
    pub trace: u8,
    /// Which words are taken for variables as well: those whose length leaves this rest by 3.
    pub words: usize,
}

impl Line {
    /// A line without anything beside it.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self {
            body: text.as_bytes().to_vec(),
            timestamp: None,
            severity: Severity::INFO,
            host: String::new(),
            attributes: Vec::new(),
            trace: 0,
            words: usize::MAX,
        }
    }
}

/// Makes a parsed batch; batches of different numbers have different ids.
///
/// # Panics
/// If there are more lines than a batch takes.
#[must_use]
pub fn batch(number: u64, source: &str, lines: &[Line]) -> ParsedBatch {
    let observed = Timestamp::from_millis(1_700_000_000_000 + number as i64);
    let mut random = [0; 10];
    random[..8].copy_from_slice(&number.to_be_bytes());
    random.rotate_right(4);
    let id = BatchId::new(observed, random);
    let mut builder = BatchBuilder::new(id, observed, Arc::from(source));
    for line in lines {
        let attributes: Vec<(&str, ValueType, &[u8])> = line
            .attributes
            .iter()
            .map(|(key, value_type, value)| (key.as_str(), *value_type, value.as_bytes()))
            .collect();
        let span = (line.trace % 2 == 1).then_some(SpanId([line.trace; 8]));
        let record = NewRecord {
            body: &line.body,
            timestamp: line.timestamp,
            severity: line.severity,
            host: &line.host,
            attributes: &attributes,
            trace: (line.trace != 0).then_some((TraceId([line.trace; 16]), span)),
            ..NewRecord::default()
        };
        builder.push(record).expect("room for every line");
    }
    parsed(builder, lines)
}

fn parsed(builder: BatchBuilder, lines: &[Line]) -> ParsedBatch {
    let mut parsed = ParsedBatch {
        batch: builder.finish(),
        lines: Vec::new(),
        variables: Vec::new(),
        templates: Vec::new(),
    };
    for line in lines {
        let (template, spans) = split(&line.body, line.words);
        let known = parsed
            .templates
            .iter()
            .position(|known| known.id == template.id);
        let template = known.unwrap_or_else(|| {
            parsed.templates.push(Arc::new(template));
            parsed.templates.len() - 1
        });
        parsed.lines.push(ParsedLine {
            template: template as u32,
            variables: parsed.variables.len() as u32,
        });
        parsed.variables.extend(spans);
    }
    parsed
}

/// Splits a line into a template and the places of its variables.
fn split(body: &[u8], words: usize) -> (Template, Vec<Span>) {
    let mut slots: Vec<(usize, usize, Option<&[u8]>)> = Vec::new();
    let is_word = |byte: &u8| byte.is_ascii_alphabetic();
    let run = |from: usize, test: &dyn Fn(&u8) -> bool| {
        from + body[from..].iter().take_while(|byte| test(byte)).count()
    };
    let mut at = 0;
    while at < body.len() {
        let word = run(at, &is_word);
        let digits = run(at, &|byte| byte.is_ascii_digit());
        if word > at && body.get(word) == Some(&b'=') {
            let end = match body.get(word + 1) {
                Some(b'"') => (run(word + 2, &|byte| *byte != b'"') + 1).min(body.len()),
                _ => run(word + 1, &|byte| *byte != b' '),
            };
            slots.push((word + 1, end, Some(&body[at..word])));
            at = end;
        } else if word > at {
            if (word - at) % 3 == words {
                slots.push((at, word, None));
            }
            at = word;
        } else if digits > at {
            slots.push((at, digits, None));
            at = digits;
        } else {
            at += 1;
        }
    }
    let mut end = 0;
    let mut parts: Vec<Box<[u8]>> = Vec::new();
    for (start, after, _) in &slots {
        parts.push(body[end..*start].into());
        end = *after;
    }
    parts.push(body[end..].into());
    let spans = slots.iter().map(|(start, end, _)| Span {
        start: *start as u32,
        end: *end as u32,
    });
    let spans = spans.collect();
    let slots: Vec<Slot> = slots
        .iter()
        .map(|(_, _, key)| Slot {
            kind: VariableKind::Any,
            key: key.map(|key| String::from_utf8_lossy(key).into()),
        })
        .collect();
    let template = Template {
        id: TemplateId(hash_of(&parts, &slots)),
        parent: None,
        parts,
        slots,
    };
    (template, spans)
}

/// FNV-1a over the parts and keys.
fn hash_of(parts: &[Box<[u8]>], slots: &[Slot]) -> u64 {
    let keys = slots
        .iter()
        .map(|slot| slot.key.as_deref().unwrap_or("\0").as_bytes());
    let texts = parts.iter().map(|part| &**part).chain(keys);
    let bytes = texts.flat_map(|text| text.iter().copied().chain([0xff]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
