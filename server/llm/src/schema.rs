//! The part of JSON Schema that prompts use. A schema with anything else in it is refused, so that
//! nothing is thought to be checked that is not.

use serde_json::Value;

/// Words that say something to people, and nothing to check.
const WORDS: [&str; 5] = ["$schema", "$id", "title", "description", "default"];
/// The deepest nesting of a schema.
const DEPTH_MAX: usize = 32;

/// A schema.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Schema {
    kinds: Vec<Kind>,
    one_of: Option<Vec<Value>>,
    fields: Vec<(String, Schema)>,
    required: Vec<String>,
    is_closed: bool,
    items: Option<Box<Schema>>,
    items_min: u64,
    items_max: u64,
    chars_min: u64,
    chars_max: u64,
    least: f64,
    most: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Null,
    Boolean,
    Integer,
    Number,
    String,
    Array,
    Object,
}

impl Kind {
    fn of_name(name: &str) -> Option<Self> {
        Some(match name {
            "null" => Self::Null,
            "boolean" => Self::Boolean,
            "integer" => Self::Integer,
            "number" => Self::Number,
            "string" => Self::String,
            "array" => Self::Array,
            "object" => Self::Object,
            _ => return None,
        })
    }

    fn fits(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Null, Value::Null)
            | (Self::Boolean, Value::Bool(_))
            | (Self::Number, Value::Number(_))
            | (Self::String, Value::String(_))
            | (Self::Array, Value::Array(_))
            | (Self::Object, Value::Object(_)) => true,
            (Self::Integer, Value::Number(number)) => {
                number.is_i64()
                    || number.is_u64()
                    || number.as_f64().is_some_and(|n| n.fract() == 0.0)
            }
            _ => false,
        }
    }
}

impl Schema {
    /// A schema from its JSON.
    ///
    /// # Errors
    /// What is not understood, with the path to it.
    pub(crate) fn new(value: &Value) -> Result<Self, String> {
        Self::at(value, "", 0)
    }

    /// The names of the fields of an object.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|(name, _)| name.as_str())
    }

    fn at(value: &Value, path: &str, depth: usize) -> Result<Self, String> {
        let wrong = |what: &str| Err(format!("`{path}`: {what}"));
        let Some(parts) = value.as_object() else {
            return wrong("expected an object");
        };
        if depth > DEPTH_MAX {
            return wrong("it is nested too deeply");
        }
        let mut schema = Self {
            kinds: Vec::new(),
            one_of: None,
            fields: Vec::new(),
            required: Vec::new(),
            is_closed: false,
            items: None,
            items_min: 0,
            items_max: u64::MAX,
            chars_min: 0,
            chars_max: u64::MAX,
            least: f64::NEG_INFINITY,
            most: f64::INFINITY,
        };
        for (word, value) in parts {
            let inner = format!("{path}/{word}");
            if schema.take(word, value, &inner, depth)?.is_none() {
                return Err(format!("`{inner}` is not understood here"));
            }
        }
        let is_known = |name: &&String| schema.fields.iter().any(|(field, _)| field == *name);
        match schema.required.iter().find(|name| !is_known(name)) {
            Some(name) => wrong(&format!("`{name}` is required and not described")),
            None => Ok(schema),
        }
    }

    /// Takes one word of a schema; none if it is unknown or its value is odd.
    fn take(
        &mut self,
        word: &str,
        value: &Value,
        path: &str,
        depth: usize,
    ) -> Result<Option<()>, String> {
        let strings = |value: &Value| -> Option<Vec<String>> {
            let all = value.as_array()?.iter();
            all.map(|item| item.as_str().map(str::to_owned)).collect()
        };
        let taken = match word {
            "type" => {
                let names = strings(value).or_else(|| Some(vec![value.as_str()?.to_owned()]));
                let kinds = names.unwrap_or_default();
                let kinds: Option<Vec<Kind>> =
                    kinds.iter().map(|name| Kind::of_name(name)).collect();
                kinds
                    .filter(|kinds| !kinds.is_empty())
                    .map(|kinds| self.kinds = kinds)
            }
            "properties" => {
                for (name, field) in value.as_object().into_iter().flatten() {
                    let field = Self::at(field, &format!("{path}/{name}"), depth + 1)?;
                    self.fields.push((name.clone(), field));
                }
                value.is_object().then_some(())
            }
            "items" => {
                self.items = Some(Box::new(Self::at(value, path, depth + 1)?));
                Some(())
            }
            "required" => strings(value).map(|names| self.required = names),
            "additionalProperties" => value.as_bool().map(|is_open| self.is_closed = !is_open),
            "enum" => value
                .as_array()
                .map(|values| self.one_of = Some(values.clone())),
            "const" => {
                self.one_of = Some(vec![value.clone()]);
                Some(())
            }
            "minItems" => value.as_u64().map(|min| self.items_min = min),
            "maxItems" => value.as_u64().map(|max| self.items_max = max),
            "minLength" => value.as_u64().map(|min| self.chars_min = min),
            "maxLength" => value.as_u64().map(|max| self.chars_max = max),
            "minimum" => value.as_f64().map(|least| self.least = least),
            "maximum" => value.as_f64().map(|most| self.most = most),
            word if WORDS.contains(&word) => Some(()),
            _ => None,
        };
        Ok(taken)
    }

    /// Whether a value keeps to the schema.
    ///
    /// # Errors
    /// The first thing that does not, with the path to it.
    pub(crate) fn check(&self, value: &Value) -> Result<(), String> {
        self.check_at(value, "")
    }

    fn check_at(&self, value: &Value, path: &str) -> Result<(), String> {
        let wrong = |what: String| {
            let place = if path.is_empty() { "/" } else { path };
            Err(format!("`{place}`: {what}"))
        };
        if !self.kinds.is_empty() && !self.kinds.iter().any(|kind| kind.fits(value)) {
            let kinds = self
                .kinds
                .iter()
                .map(|kind| format!("{kind:?}").to_lowercase());
            return wrong(format!(
                "expected {}",
                kinds.collect::<Vec<_>>().join(" or ")
            ));
        }
        if let Some(one_of) = self
            .one_of
            .as_ref()
            .filter(|one_of| !one_of.contains(value))
        {
            return wrong(format!("expected one of {}", Value::from(one_of.clone())));
        }
        match value {
            Value::String(text) => {
                let chars = text.chars().count() as u64;
                if !(self.chars_min..=self.chars_max).contains(&chars) {
                    return wrong(format!("it has {chars} characters"));
                }
            }
            Value::Number(number) => {
                let number = number.as_f64().unwrap_or(f64::NAN);
                if !(self.least..=self.most).contains(&number) {
                    return wrong(format!("{number} is too small or too large"));
                }
            }
            Value::Array(items) => {
                let count = items.len() as u64;
                if !(self.items_min..=self.items_max).contains(&count) {
                    return wrong(format!("it has {count} items"));
                }
                for (place, item) in items.iter().enumerate() {
                    if let Some(schema) = &self.items {
                        schema.check_at(item, &format!("{path}/{place}"))?;
                    }
                }
            }
            Value::Object(fields) => {
                if let Some(name) = self
                    .required
                    .iter()
                    .find(|name| !fields.contains_key(*name))
                {
                    return wrong(format!("`{name}` is missing"));
                }
                for (name, value) in fields {
                    let known = self.fields.iter().find(|(field, _)| field == name);
                    match known {
                        Some((_, schema)) => schema.check_at(value, &format!("{path}/{name}"))?,
                        None if self.is_closed => return wrong(format!("`{name}` is not known")),
                        None => {}
                    }
                }
            }
            Value::Null | Value::Bool(_) => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_held_to_their_schema() {
        let schema = Schema::new(&json!({
            "type": "object",
            "properties": {
                "a": {"type": "string", "minLength": 1, "maxLength": 3},
                "n": {"type": ["integer", "null"], "minimum": 0, "maximum": 9},
                "l": {"type": "array", "items": {"enum": ["x", 1]}, "minItems": 1, "maxItems": 2},
                "o": {"type": "object"},
            },
            "required": ["a"],
            "additionalProperties": false,
        }))
        .unwrap();
        for fine in [
            json!({"a": "äöü"}),
            json!({"a": "x", "n": null, "l": ["x", 1], "o": {"any": [1]}}),
            json!({"a": "x", "n": 9.0}),
        ] {
            schema.check(&fine).unwrap();
        }
        for (wrong, expected) in [
            (json!([]), "`/`: expected object"),
            (json!({}), "`/`: `a` is missing"),
            (json!({"a": ""}), "`/a`: it has 0 characters"),
            (json!({"a": "abcd"}), "`/a`: it has 4 characters"),
            (json!({"a": 1}), "`/a`: expected string"),
            (
                json!({"a": "x", "n": 1.5}),
                "`/n`: expected integer or null",
            ),
            (
                json!({"a": "x", "n": 10}),
                "`/n`: 10 is too small or too large",
            ),
            (json!({"a": "x", "l": []}), "`/l`: it has 0 items"),
            (
                json!({"a": "x", "l": ["x", "y"]}),
                "`/l/1`: expected one of [\"x\",1]",
            ),
            (json!({"a": "x", "b": 1}), "`/`: `b` is not known"),
        ] {
            assert_eq!(schema.check(&wrong).unwrap_err(), expected);
        }
    }

    #[test]
    fn a_schema_that_is_not_understood_is_refused() {
        for (schema, expected) in [
            (json!([]), "``: expected an object"),
            (json!({"type": "strng"}), "`/type` is not understood here"),
            (json!({"pattern": "a"}), "`/pattern` is not understood here"),
            (
                json!({"properties": {"a": {"anyOf": []}}}),
                "`/properties/a/anyOf` is not understood here",
            ),
            (
                json!({"required": ["a"]}),
                "``: `a` is required and not described",
            ),
            (
                json!({"additionalProperties": {}}),
                "`/additionalProperties` is not understood here",
            ),
        ] {
            assert_eq!(Schema::new(&schema).unwrap_err(), expected);
        }
    }
}
