//! What the parameters of a rule ask of HCP Terraform.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use tocsin_domain::automation::{Param, Params};

use super::hcl;
use crate::automation::providers::digits;

/// What is to be planned.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    pub(super) workspace: String,
    vars: Params,
    targets: Vec<String>,
    replaced: Vec<String>,
    pub(super) destroys: bool,
}

impl Wanted {
    /// Reads parameters.
    ///
    /// # Errors
    /// Which one cannot be, and what was expected.
    pub(super) fn of(params: &Params) -> Result<Self, String> {
        let mut wanted = Self::default();
        for (name, value) in params {
            match (name.as_str(), value) {
                ("workspace", Param::Text(text)) => wanted.workspace.clone_from(text),
                ("vars", Param::Map(values)) => wanted.vars.clone_from(values),
                ("target_addrs", Param::List(values)) => wanted.targets = texts(name, values)?,
                ("replace_addrs", Param::List(values)) => wanted.replaced = texts(name, values)?,
                ("is_destroy", Param::Bool(truth)) => wanted.destroys = *truth,
                _ => {
                    let expected = "expected `workspace`, `vars`, `target_addrs`, \
                        `replace_addrs` and `is_destroy`";
                    return Err(format!("`params.{name}`: {expected}"));
                }
            }
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
        if wanted.workspace.is_empty() || !wanted.workspace.chars().all(plain) {
            return Err("`params.workspace`: expected the name of a workspace".into());
        }
        for name in wanted.vars.keys() {
            if name.starts_with(|c: char| !c.is_ascii_alphabetic() && c != '_')
                || !name.chars().all(plain)
            {
                return Err(format!("`params.vars`: `{name}` is no name of a variable"));
            }
        }
        Ok(wanted)
    }

    /// The attributes of a run, but for how it is made.
    pub(super) fn attributes(&self) -> Map<String, Value> {
        let variable =
            |(name, value): (&String, &Param)| json!({ "key": name, "value": hcl::literal(value) });
        let mut attributes = Map::new();
        let mut put = |name: &str, value: Value| drop(attributes.insert(name.to_owned(), value));
        put("variables", self.vars.iter().map(variable).collect());
        put("is-destroy", self.destroys.into());
        if !self.targets.is_empty() {
            put("target-addrs", json!(self.targets));
        }
        if !self.replaced.is_empty() {
            put("replace-addrs", json!(self.replaced));
        }
        attributes
    }

    /// The message of a run under a key: with other values it is another one.
    pub(super) fn message(&self, key: &str) -> String {
        let attributes = Value::Object(self.attributes()).to_string();
        let hash = digits(&Sha256::digest(attributes.as_bytes()));
        let beginning = super::run::beginning(key);
        format!("{beginning}[{}]", hash.get(..8).unwrap_or_default())
    }

    /// For people.
    pub(super) fn words(&self) -> String {
        let mut words = format!("workspace {}", self.workspace);
        if self.destroys {
            words.push_str(", destroyed");
        }
        words
    }

    /// The values, for people.
    pub(super) fn values(&self) -> String {
        serde_json::to_string_pretty(&self.attributes()).unwrap_or_default()
    }
}

fn texts(name: &str, values: &[Param]) -> Result<Vec<String>, String> {
    let texts = values.iter().map(|value| value.text().map(str::to_owned));
    let texts: Option<Vec<String>> = texts.collect();
    texts.ok_or_else(|| format!("`params.{name}`: expected addresses of resources"))
}
