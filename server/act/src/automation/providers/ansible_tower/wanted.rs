//! What the parameters of a rule ask of AWX.

use serde_json::{Map, Value, json};
use tocsin_domain::automation::{Param, Params};

use super::literal;
use crate::automation::providers::json as json_of;

/// The extra variable by which a job is known again.
pub(super) const KEY: &str = "tocsin_run";
/// The most characters of a name.
const NAME_MAX: usize = 512;

/// A thing of AWX, by its number or its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NameOrId {
    Id(i64),
    Name(String),
}

/// What is to be launched, and with what.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) is_workflow: bool,
    pub(super) template: NameOrId,
    pub(super) organization: Option<String>,
    pub(super) inventory: Option<NameOrId>,
    /// Names of hosts.
    pub(super) limit: Vec<String>,
    pub(super) job_tags: Option<String>,
    pub(super) skip_tags: Option<String>,
    pub(super) variables: Params,
}

impl Wanted {
    /// Reads parameters.
    ///
    /// # Errors
    /// Which one cannot be, and what was expected.
    pub(super) fn of(params: &Params) -> Result<Self, String> {
        let mut wanted = Self {
            is_workflow: params.contains_key("workflow_job_template"),
            template: NameOrId::Id(0),
            organization: None,
            inventory: None,
            limit: Vec::new(),
            job_tags: None,
            skip_tags: None,
            variables: Params::new(),
        };
        let mut templates = 0;
        for (name, value) in params {
            match (name.as_str(), value) {
                ("job_template" | "workflow_job_template", value) => {
                    wanted.template = name_or_id(name, value)?;
                    templates += 1;
                }
                ("organization", Param::Text(text)) => {
                    wanted.organization = Some(plain(name, text)?)
                }
                ("inventory", value) => wanted.inventory = Some(name_or_id(name, value)?),
                ("limit", Param::Text(host)) => wanted.limit = vec![host.clone()],
                ("limit", Param::List(hosts)) => {
                    let hosts = hosts.iter().map(|host| host.text().map(str::to_owned));
                    let hosts: Option<Vec<String>> = hosts.collect();
                    wanted.limit = hosts.ok_or("`params.limit`: expected names of hosts")?;
                }
                ("job_tags", Param::Text(text)) => wanted.job_tags = Some(tags(name, text)?),
                ("skip_tags", Param::Text(text)) => wanted.skip_tags = Some(tags(name, text)?),
                ("extra_vars", Param::Map(values)) => wanted.variables.clone_from(values),
                _ => {
                    let expected = "expected `job_template` or `workflow_job_template`, and \
                        `organization`, `inventory`, `limit`, `job_tags`, `skip_tags`, `extra_vars`";
                    return Err(format!("`params.{name}`: {expected}"));
                }
            }
        }
        if templates != 1 {
            return Err("expected either `job_template` or `workflow_job_template`".into());
        }
        // A pattern would mean more hosts than people think of.
        if let Some(odd) = wanted.limit.iter().find(|host| !is_host(host)) {
            return Err(format!("`params.limit`: `{odd}` is no name of a host"));
        }
        check_variables(&wanted.variables)?;
        Ok(wanted)
    }

    /// The body of a launch, but for the inventory, of which the number is not known here.
    pub(super) fn body(&self, key: &str, inventory: Option<i64>) -> Map<String, Value> {
        let mut variables: Map<String, Value> = self
            .variables
            .iter()
            .map(|(name, value)| (name.clone(), json_of(value)))
            .collect();
        variables.insert(KEY.to_owned(), key.into());
        let mut body = Map::from_iter([("extra_vars".to_owned(), Value::Object(variables))]);
        let mut put = |name: &str, value: Value| drop(body.insert(name.to_owned(), value));
        if !self.limit.is_empty() {
            put("limit", self.limit.join(",").into());
        }
        for (name, text) in [("job_tags", &self.job_tags), ("skip_tags", &self.skip_tags)] {
            if let Some(text) = text {
                put(name, text.as_str().into());
            }
        }
        if let Some(id) = inventory {
            put("inventory", json!(id));
        }
        body
    }
}

fn plain(name: &str, text: &str) -> Result<String, String> {
    let is_plain = !text.trim().is_empty()
        && text.chars().count() <= NAME_MAX
        && !text.chars().any(char::is_control);
    match is_plain {
        true => Ok(text.to_owned()),
        false => Err(format!(
            "`params.{name}`: expected a name of 1 to {NAME_MAX} characters"
        )),
    }
}

fn name_or_id(name: &str, value: &Param) -> Result<NameOrId, String> {
    match value {
        Param::Int(id) if *id > 0 => Ok(NameOrId::Id(*id)),
        Param::Text(text) => plain(name, text).map(NameOrId::Name),
        _ => Err(format!("`params.{name}`: expected a name or a number")),
    }
}

fn tags(name: &str, text: &str) -> Result<String, String> {
    let is_tag = |c: char| c.is_ascii_alphanumeric() || "_-,.".contains(c);
    match !text.is_empty() && text.chars().all(is_tag) {
        true => Ok(text.to_owned()),
        false => Err(format!("`params.{name}`: expected tags, joined by commas")),
    }
}

fn is_host(host: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    !host.is_empty() && !host.starts_with('-') && host.chars().all(plain)
}

fn check_variables(variables: &Params) -> Result<(), String> {
    for (name, value) in variables {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if !name.chars().all(plain) || name.starts_with(|c: char| !c.is_ascii_alphabetic()) {
            return Err(format!(
                "`params.extra_vars`: `{name}` is no name of a variable"
            ));
        }
        if name == KEY {
            return Err(format!(
                "`params.extra_vars`: `{KEY}` is the variable by which the job is known again"
            ));
        }
        check_value(name, value)?;
    }
    Ok(())
}

/// Whether Ansible takes a value as it is.
fn check_value(name: &str, value: &Param) -> Result<(), String> {
    let check_text = |text: &str| {
        let checked = literal::check(text);
        checked.map_err(|why| format!("`params.extra_vars.{name}`: {why}"))
    };
    match value {
        Param::Text(text) => check_text(text),
        Param::List(values) => values.iter().try_for_each(|value| check_value(name, value)),
        Param::Map(values) => values.iter().try_for_each(|(inner, value)| {
            check_text(inner)?;
            // By such names Ansible marks values.
            if inner.starts_with("__ansible") {
                let why = "a name may not begin with `__ansible`";
                return Err(format!("`params.extra_vars.{name}`: {why}"));
            }
            check_value(name, value)
        }),
        _ => Ok(()),
    }
}
