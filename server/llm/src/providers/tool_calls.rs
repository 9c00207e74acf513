//! Calls of tools, put together from the parts in which they arrive.

use serde_json::Value;
use tocsin_domain::ports::{ModelError, ToolCall};

use super::failure::malformed;

/// The most calls of one answer.
const CALLS_MAX: usize = 64;
/// The most bytes of the arguments of a call.
const ARGUMENTS_BYTES_MAX: usize = 256 * 1024;

/// Calls of one answer.
#[derive(Debug, Default)]
pub(super) struct ToolCalls {
    calls: Vec<Part>,
}

#[derive(Debug, Default)]
struct Part {
    index: Option<u64>,
    id: String,
    name: String,
    arguments: String,
}

impl ToolCalls {
    pub(super) const fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// A part of a call: `{index, id, function: {name, arguments}}`, where all but the first part
    /// leave out what they do not add to.
    pub(super) fn add(&mut self, part: &Value) -> Result<(), ModelError> {
        let index = part.get("index").and_then(Value::as_u64);
        let id = part.get("id").and_then(Value::as_str).unwrap_or_default();
        let function = part.get("function").unwrap_or(&Value::Null);
        let name = function
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let call = self.call(index, id, !name.is_empty())?;
        if call.id.is_empty() {
            id.clone_into(&mut call.id);
        }
        if call.name.is_empty() {
            name.clone_into(&mut call.name);
        }
        match function.get("arguments") {
            Some(Value::String(text)) => call.arguments.push_str(text),
            Some(Value::Null) | None => {}
            Some(whole) => call.arguments = whole.to_string(),
        }
        match call.arguments.len() <= ARGUMENTS_BYTES_MAX {
            true => Ok(()),
            false => Err(malformed("the arguments of a call are too long", "")),
        }
    }

    /// The call that a part belongs to. Some servers number none of them, or all alike.
    fn call(
        &mut self,
        index: Option<u64>,
        id: &str,
        is_named: bool,
    ) -> Result<&mut Part, ModelError> {
        let is_same = |call: &Part| match index {
            Some(_) => {
                call.index == index && (id.is_empty() || call.id.is_empty() || call.id == id)
            }
            None => !is_named && (id.is_empty() || call.id == id),
        };
        let place = match self.calls.iter().rposition(is_same) {
            Some(place) => place,
            None if self.calls.len() >= CALLS_MAX => {
                return Err(malformed("the answer has too many calls of tools", ""));
            }
            None => {
                self.calls.push(Part {
                    index,
                    ..Part::default()
                });
                self.calls.len() - 1
            }
        };
        let call = self.calls.get_mut(place);
        call.ok_or_else(|| malformed("a part of a call belongs to none", ""))
    }

    /// All calls, whole.
    pub(super) fn take(&mut self) -> Result<Vec<ToolCall>, ModelError> {
        let calls = std::mem::take(&mut self.calls);
        calls
            .into_iter()
            .enumerate()
            .map(|(place, call)| call.whole(place))
            .collect()
    }
}

impl Part {
    fn whole(self, place: usize) -> Result<ToolCall, ModelError> {
        if self.name.is_empty() {
            return Err(malformed("a call names no tool", &self.arguments));
        }
        let arguments_json = match self.arguments.trim() {
            "" => "{}".to_owned(),
            text => object(text).ok_or_else(|| {
                let detail = format!("the arguments of `{}` are no JSON object", self.name);
                malformed(&detail, text)
            })?,
        };
        let id = match self.id.is_empty() {
            true => format!("call_{}", place + 1),
            false => self.id,
        };
        Ok(ToolCall {
            id,
            name: self.name,
            arguments_json,
        })
    }
}

/// A JSON object; also one that was written as a string once more.
fn object(text: &str) -> Option<String> {
    match serde_json::from_str::<Value>(text).ok()? {
        Value::Object(_) => Some(text.to_owned()),
        Value::Null => Some("{}".to_owned()),
        Value::String(inner) => match serde_json::from_str::<Value>(&inner).ok()? {
            Value::Object(_) => Some(inner),
            _ => None,
        },
        _ => None,
    }
}
