//! `/api/v1/logs`: a record for each line of NDJSON or each element of a JSON array. A record is
//! an object, or a string that is its body.
//!
//! This is the way in for most lines, so text is borrowed and objects are read member by member
//! without a tree. Objects may also follow one another on a line or take several lines.

#[cfg(test)]
mod tests;

use memchr::memchr;

use crate::attributes::Attributes;
use crate::decoded::{Collector, Context, Decoded, Draft, readable};
use crate::error::found;
use crate::fields::{self, Fields};
use crate::json::{Cursor, Json, JsonError};

/// What a record must look like.
const EXPECTED: &str = "a JSON object or string";

/// Decodes a body. Never fails as a whole: what cannot be read is an error of its item.
#[must_use]
pub fn decode(body: &[u8], context: &mut Context<'_>) -> Decoded {
    let mut reader = RecordReader {
        collector: Collector::new(context, std::str::from_utf8(body).is_ok()),
        attributes: Attributes::default(),
    };
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    if body.trim_ascii_start().first() == Some(&b'[') {
        reader.array(body);
    } else {
        reader.collector.expect(body.len() / 200, body.len());
        reader.lines(body);
    }
    reader.collector.finish()
}

struct RecordReader<'a> {
    collector: Collector<'a>,
    attributes: Attributes,
}

impl RecordReader<'_> {
    fn lines(&mut self, body: &[u8]) {
        let mut at = 0;
        while at < body.len() {
            let end = memchr(b'\n', &body[at..]).map_or(body.len(), |length| at + length);
            let mut next = end + 1;
            if let Err(error) = self.line(&body[at..end]) {
                match self.spread(&body[at..], end - at, error) {
                    Some(length) => next = at + length,
                    None => self.syntax_error(&body[..end], at + error.at, error),
                }
            }
            at = next;
        }
    }

    /// Reads the records of one line, commonly one. An error counts as one record.
    #[inline]
    fn line(&mut self, line: &[u8]) -> Result<(), JsonError> {
        let mut cursor = Cursor::new(line);
        while cursor.peek().is_some() {
            self.record(&mut cursor, line)?;
        }
        Ok(())
    }

    /// An object that ends on a later line; returns the length of it.
    fn spread(&mut self, rest: &[u8], line_end: usize, error: JsonError) -> Option<usize> {
        let opens = rest.trim_ascii_start().first() == Some(&b'{');
        if !opens || error.at < line_end || error.expected == "`\"` that ends the string" {
            return None;
        }
        let mut cursor = Cursor::new(rest);
        self.record(&mut cursor, rest).ok()?;
        Some(cursor.at())
    }

    #[inline]
    fn record<'a>(&mut self, cursor: &mut Cursor<'a>, text: &'a [u8]) -> Result<(), JsonError> {
        match cursor.peek() {
            Some(b'{') => self.object(cursor, text),
            Some(b'"') => {
                let body = cursor.string()?;
                self.attributes.clear();
                self.collector.push(&Draft::new(&body), &self.attributes);
                Ok(())
            }
            _ => Err(cursor.error(EXPECTED)),
        }
    }

    #[inline]
    fn object<'a>(&mut self, cursor: &mut Cursor<'a>, text: &'a [u8]) -> Result<(), JsonError> {
        let start = cursor.at();
        let mut fields = Fields::new(self.collector.now(), self.collector.zone_secs());
        self.attributes.clear();
        fields::read(
            cursor,
            &mut fields,
            &mut self.attributes,
            self.collector.limits,
        )?;
        let raw = &text[start..cursor.at()];
        fields.push(raw, &mut self.attributes, &mut self.collector);
        Ok(())
    }

    fn array(&mut self, body: &[u8]) {
        let mut cursor = Cursor::new(body);
        if let Err(error) = self.elements(&mut cursor, body) {
            self.syntax_error(body, error.at, error);
        }
    }

    fn elements<'a>(&mut self, cursor: &mut Cursor<'a>, body: &'a [u8]) -> Result<(), JsonError> {
        cursor.expect(b'[', "a JSON array")?;
        if cursor.eat(b']') {
            return Ok(());
        }
        loop {
            match cursor.peek() {
                Some(b'{' | b'"') => self.record(cursor, body)?,
                _ => {
                    let value = cursor.value()?;
                    self.wrong_kind(&value);
                }
            }
            if cursor.eat(b']') {
                break;
            }
            cursor.expect(b',', "`,` or `]`")?;
        }
        match cursor.peek() {
            None => Ok(()),
            Some(_) => Err(cursor.error("the end of the body after the array")),
        }
    }

    fn wrong_kind(&mut self, value: &Json<'_>) {
        let mut text = Vec::new();
        value.write(&mut text);
        let detail = format!("found `{}`", readable(&text));
        self.collector.reject(None, EXPECTED.into(), detail);
    }

    fn syntax_error(&mut self, body: &[u8], at: usize, error: JsonError) {
        let detail = format!("found {} at byte {at}", found(body, at));
        self.collector.reject(None, error.expected.into(), detail);
    }
}
