//! Elasticsearch's `_bulk`: lines in pairs, an action and the document it is for.
//!
//! `index` and `create` are taken; `delete` has no document; `update` and `delete` are refused item
//! by item with 400, because a log is never changed. The source of a record is `es:<index>`. The
//! answer has one item for each action, in order: some senders repeat the batch forever otherwise.

#[cfg(test)]
mod tests;

use memchr::memchr;
use serde_json::{Value, json};

use crate::attributes::Attributes;
use crate::decoded::{Collector, Context, Decoded};
use crate::error::{DecodeError, found};
use crate::fields::{self, Fields};
use crate::json::{Cursor, Json, JsonError};

/// What became of one action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkItem {
    /// `index`, `create`, `update` or `delete`.
    pub action: &'static str,
    /// The index it named, or that of the path.
    pub index: String,
    /// The id it gave; none if it is missing or empty.
    pub id: Option<String>,
    /// Why it was not taken: the error's type and reason; none if it was.
    pub error: Option<(&'static str, String)>,
}

/// What came out of a `_bulk` body.
#[derive(Debug, Clone, Default)]
pub struct Bulk {
    /// The records.
    pub decoded: Decoded,
    /// One for each action, in order.
    pub items: Vec<BulkItem>,
}

/// Decodes a body, decompressed. `path_index` is the index of the path, empty if it has none.
///
/// # Errors
/// [`DecodeError::Empty`] without any action, [`DecodeError::Malformed`] if a line that should be
/// an action is none (what follows cannot be told apart then).
pub fn decode(
    body: &[u8],
    path_index: &str,
    context: &mut Context<'_>,
) -> Result<Bulk, DecodeError> {
    let mut reader = BulkReader {
        body,
        at: 0,
        collector: Collector::new(context, false),
        attributes: Attributes::default(),
        items: Vec::new(),
    };
    while let Some((start, line)) = reader.line() {
        let mut item = action(line, path_index)
            .map_err(|error| DecodeError::malformed(body, start + error.at, error.expected))?;
        reader.document(&mut item);
        reader.items.push(item);
    }
    if reader.items.is_empty() {
        return Err(DecodeError::Empty {
            expected: "lines in pairs of an action and a document",
        });
    }
    Ok(Bulk {
        decoded: reader.collector.finish(),
        items: reader.items,
    })
}

struct BulkReader<'a, 'b> {
    body: &'b [u8],
    at: usize,
    collector: Collector<'a>,
    attributes: Attributes,
    items: Vec<BulkItem>,
}

impl<'b> BulkReader<'_, 'b> {
    /// The next line that is not blank, and where it starts.
    fn line(&mut self) -> Option<(usize, &'b [u8])> {
        while self.at < self.body.len() {
            let start = self.at;
            let rest = &self.body[start..];
            let length = memchr(b'\n', rest).unwrap_or(rest.len());
            self.at = start + length + 1;
            if !rest[..length].trim_ascii().is_empty() {
                return Some((start, &rest[..length]));
            }
        }
        None
    }

    /// Reads what belongs to an action and notes in `item` why it was not taken.
    fn document(&mut self, item: &mut BulkItem) {
        if item.action == "delete" {
            self.refuse(
                item,
                "illegal_argument_exception",
                "logs cannot be deleted here".into(),
            );
            return;
        }
        let Some((_, line)) = self.line() else {
            let reason = "the document after the action is missing".to_owned();
            self.refuse(item, "illegal_argument_exception", reason);
            return;
        };
        if item.action == "update" {
            self.refuse(
                item,
                "illegal_argument_exception",
                "logs cannot be changed".into(),
            );
            return;
        }
        let source = match item.index.as_str() {
            "" => String::new(),
            index => format!("es:{index}"),
        };
        if let Err(error) = self.record(line, &source) {
            let reason = format!(
                "expected {} at byte {}, found {}",
                error.expected,
                error.at,
                found(line, error.at)
            );
            self.refuse(item, "document_parsing_exception", reason);
        }
    }

    fn record(&mut self, line: &[u8], source: &str) -> Result<(), JsonError> {
        let mut cursor = Cursor::new(line);
        let mut fields = Fields::new(self.collector.now(), self.collector.zone_secs());
        self.attributes.clear();
        cursor.peek();
        let start = cursor.at();
        fields::read(
            &mut cursor,
            &mut fields,
            &mut self.attributes,
            self.collector.limits,
        )?;
        let raw = &line[start..cursor.at()];
        if cursor.peek().is_some() {
            return Err(cursor.error("the end of the document"));
        }
        fields.push_from(source, raw, &mut self.attributes, &mut self.collector);
        Ok(())
    }

    fn refuse(&mut self, item: &mut BulkItem, kind: &'static str, reason: String) {
        self.collector
            .reject(None, "an indexed document".into(), reason.clone());
        item.error = Some((kind, reason));
    }
}

/// Reads `{"create":{"_index":"logs","_id":"1"}}`.
fn action(line: &[u8], path_index: &str) -> Result<BulkItem, JsonError> {
    let mut cursor = Cursor::new(line);
    let value = cursor.value()?;
    if cursor.peek().is_some() {
        return Err(cursor.error("the end of the action"));
    }
    let named = ["index", "create", "update", "delete"]
        .into_iter()
        .find_map(|name| Some((name, value.get(name)?)));
    let Some((action, parameters @ Json::Object(_))) = named else {
        return Err(JsonError {
            at: 0,
            expected: "an action: `index`, `create`, `update` or `delete` with an object",
        });
    };
    let text = |key: &str| match parameters.get(key) {
        Some(Json::Text(text)) => Some(String::from_utf8_lossy(text).into_owned()),
        Some(Json::Number(digits)) => Some((*digits).to_owned()),
        _ => None,
    };
    Ok(BulkItem {
        action,
        index: text("_index")
            .filter(|index| !index.is_empty())
            .unwrap_or_else(|| path_index.into()),
        id: text("_id").filter(|id| !id.is_empty()),
        error: None,
    })
}

/// The answer (200) to a bulk whose records are durable. `id_of` gives ids to the documents that
/// came without.
#[must_use]
pub fn answer(bulk: &Bulk, took_ms: u64, id_of: &mut dyn FnMut() -> String) -> Vec<u8> {
    let errors = bulk.items.iter().any(|item| item.error.is_some());
    let items: Vec<Value> = bulk
        .items
        .iter()
        .map(|item| answer_item(item, id_of))
        .collect();
    json!({"took": took_ms, "errors": errors, "items": items})
        .to_string()
        .into_bytes()
}

fn answer_item(item: &BulkItem, id_of: &mut dyn FnMut() -> String) -> Value {
    let id = item.id.clone().unwrap_or_else(&mut *id_of);
    let outcome = match &item.error {
        None => json!({
            "_index": item.index, "_id": id, "_version": 1, "result": "created",
            "_shards": {"total": 1, "successful": 1, "failed": 0},
            "_seq_no": 0, "_primary_term": 1, "status": 201,
        }),
        Some((kind, reason)) => json!({
            "_index": item.index, "_id": id, "status": 400,
            "error": {"type": kind, "reason": reason},
        }),
    };
    json!({ item.action: outcome })
}

/// The answer to a body that was not taken as a whole, with the status that it goes with.
#[must_use]
pub fn refused(status: u16, reason: &str) -> Vec<u8> {
    let kind = match status {
        413 => "content_too_long_exception",
        429 | 503 => "es_rejected_execution_exception",
        _ => "illegal_argument_exception",
    };
    let cause = json!({"type": kind, "reason": reason});
    json!({"error": {"root_cause": [cause], "type": kind, "reason": reason}, "status": status})
        .to_string()
        .into_bytes()
}

/// What `GET /` answers, for clients that ask who is there before they send.
#[must_use]
pub fn greeting() -> Vec<u8> {
    json!({
        "name": "tocsin", "cluster_name": "tocsin", "cluster_uuid": "tocsin",
        "version": {
            "number": "8.19.0", "build_flavor": "default", "build_type": "docker",
            "build_hash": "unknown", "build_date": "2026-01-01T00:00:00Z",
            "build_snapshot": false, "lucene_version": "9.12.2",
            "minimum_wire_compatibility_version": "7.17.0",
            "minimum_index_compatibility_version": "7.0.0",
        },
        "tagline": "You Know, for Search",
    })
    .to_string()
    .into_bytes()
}
