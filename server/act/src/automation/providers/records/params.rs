//! The parameters of an action, read one by one; what is left over is an error.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use tocsin_domain::automation::{Param, Params};

use crate::automation::providers::json;

/// The most labels of a record.
const LABELS_MAX: usize = 50;

/// Reads parameters.
#[derive(Debug)]
pub(in crate::automation::providers) struct Reader<'a> {
    params: &'a Params,
    read: BTreeSet<&'a str>,
}

impl<'a> Reader<'a> {
    pub(in crate::automation::providers) fn new(params: &'a Params) -> Self {
        Self {
            params,
            read: BTreeSet::new(),
        }
    }

    fn get(&mut self, name: &str) -> Option<&'a Param> {
        let (name, param) = self.params.get_key_value(name)?;
        self.read.insert(name);
        (*param != Param::Null).then_some(param)
    }

    /// A text; a number and a truth are as they are written.
    pub(in crate::automation::providers) fn text(
        &mut self,
        name: &str,
    ) -> Result<Option<String>, String> {
        let param = self.get(name);
        param.map(|param| text_of(name, param)).transpose()
    }

    /// A text that is not empty.
    pub(in crate::automation::providers) fn needed(
        &mut self,
        name: &str,
    ) -> Result<String, String> {
        let text = self.text(name)?.filter(|text| !text.trim().is_empty());
        text.ok_or_else(|| format!("`params.{name}`: expected a text that is not empty"))
    }

    /// One of some words; the first one if none is given.
    pub(in crate::automation::providers) fn word(
        &mut self,
        name: &str,
        words: &[&'static str],
    ) -> Result<&'static str, String> {
        let given = self.text(name)?;
        let Some(given) = given else {
            return Ok(words.first().copied().unwrap_or_default());
        };
        let known = words.iter().find(|word| **word == given);
        known
            .copied()
            .ok_or_else(|| format!("`params.{name}`: expected one of {}", words.join(", ")))
    }

    /// What the action is: one of some words.
    pub(in crate::automation::providers) fn action(
        &mut self,
        words: &[&'static str],
    ) -> Result<&'static str, String> {
        match self.params.contains_key("action") {
            true => self.word("action", words),
            false => Err(format!(
                "`params.action`: expected one of {}",
                words.join(", ")
            )),
        }
    }

    /// A list of texts.
    pub(in crate::automation::providers) fn texts(
        &mut self,
        name: &str,
    ) -> Result<Vec<String>, String> {
        let values = match self.get(name) {
            None => return Ok(Vec::new()),
            Some(Param::List(values)) => values.as_slice(),
            Some(one) => std::slice::from_ref(one),
        };
        if values.len() > LABELS_MAX {
            return Err(format!("`params.{name}`: expected at most {LABELS_MAX}"));
        }
        values.iter().map(|value| text_of(name, value)).collect()
    }

    /// Values by name, as JSON.
    pub(in crate::automation::providers) fn map(
        &mut self,
        name: &str,
    ) -> Result<Map<String, Value>, String> {
        match self.get(name) {
            None => Ok(Map::new()),
            Some(Param::Map(values)) => Ok(values
                .iter()
                .map(|(name, value)| (name.clone(), json(value)))
                .collect()),
            Some(_) => Err(format!("`params.{name}`: expected names and values")),
        }
    }

    /// That nothing else was given.
    pub(in crate::automation::providers) fn end(self) -> Result<(), String> {
        let mut names = self.params.keys().map(String::as_str);
        match names.find(|name| !self.read.contains(name)) {
            None => Ok(()),
            Some(name) => Err(format!(
                "`params.{name}`: this action has no such parameter"
            )),
        }
    }
}

fn text_of(name: &str, param: &Param) -> Result<String, String> {
    match param {
        Param::Text(text) => Ok(text.clone()),
        Param::Int(number) => Ok(number.to_string()),
        Param::Number(number) => Ok(number.to_string()),
        Param::Bool(truth) => Ok(truth.to_string()),
        Param::Null | Param::List(_) | Param::Map(_) => {
            Err(format!("`params.{name}`: expected a text"))
        }
    }
}

/// A request as people see it: where it goes and, as JSON, what it says.
pub(in crate::automation::providers) fn shown(to: &str, body: &Value) -> String {
    match body {
        Value::Null => to.to_owned(),
        body => format!("{to}\n{body:#}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_read_is_an_error() {
        let params = Params::from([
            ("a".to_owned(), Param::Int(3)),
            ("b".to_owned(), Param::List(vec![Param::Text("x".into())])),
            ("c".to_owned(), Param::Null),
            ("d".to_owned(), Param::Text(" ".into())),
        ]);
        let mut reader = Reader::new(&params);
        assert_eq!(reader.text("a"), Ok(Some("3".into())));
        assert_eq!(reader.texts("b"), Ok(vec!["x".into()]));
        assert_eq!(reader.text("c"), Ok(None));
        assert!(reader.needed("d").is_err() && reader.needed("e").is_err());
        assert!(reader.text("b").is_err() && reader.map("b").is_err());
        assert_eq!(reader.word("c", &["one", "two"]), Ok("one"));
        assert!(reader.word("a", &["one", "two"]).is_err());
        assert_eq!(reader.end(), Ok(()));
        let mut reader = Reader::new(&params);
        reader.text("a").unwrap();
        let error = reader.end().unwrap_err();
        assert!(error.contains("`params.b`"), "{error}");
    }
}
