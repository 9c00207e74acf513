//! Templates that are filled in. Whatever is put into one cannot end or begin a fence: evidence stays
//! within its own.

use std::fmt::Write;
use std::sync::LazyLock;

use minijinja::{Environment, UndefinedBehavior};
use regex::Regex;
use serde_json::Value;

use super::files::{REPAIR_FILE, Task};
use super::{PromptError, Rendered};

/// The most bytes of a prompt that was filled in.
const BYTES_MAX: usize = 4 * 1024 * 1024;

/// The begin or end of a fence, as templates write them and however sloppily.
static FENCE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)<(\s*/?\s*(?:evidence|question)\b)").ok());

/// The templates of a prompt.
#[derive(Debug)]
pub(super) struct Templates {
    task: Task,
    environment: Environment<'static>,
}

/// A file of a template: where it is from, and what it says.
pub(super) struct Source {
    pub(super) file: String,
    pub(super) text: String,
}

impl Templates {
    /// Compiles templates; each may use only what `fields` names.
    pub(super) fn new(
        task: Task,
        (system, user, repair): (&Source, &Source, &Source),
        fields: &[&str],
    ) -> Result<Self, PromptError> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_trim_blocks(true);
        environment.set_lstrip_blocks(true);
        environment.set_formatter(|out, _state, value| {
            let text = value.to_string();
            let fenced = FENCE.as_ref().map(|fence| fence.replace_all(&text, "‹$1"));
            let written = out.write_str(fenced.as_deref().unwrap_or(""));
            written.map_err(|_| {
                let what = "it cannot be written";
                minijinja::Error::new(minijinja::ErrorKind::WriteFailure, what)
            })
        });
        for (name, source) in [("system", system), ("user", user), (REPAIR_FILE, repair)] {
            let added = environment.add_template_owned(name, source.text.clone());
            added.map_err(|error| wrong(source, &error))?;
            let template = environment.get_template(name);
            let template = template.map_err(|error| wrong(source, &error))?;
            let known = match name {
                REPAIR_FILE => &["problem", "schema"],
                _ => fields,
            };
            let mut used: Vec<String> = template.undeclared_variables(false).into_iter().collect();
            used.sort();
            if let Some(unknown) = used.iter().find(|name| !known.contains(&name.as_str())) {
                let what = format!(
                    "`{unknown}` is not among what it is given: {}",
                    known.join(", ")
                );
                return Err(PromptError::File {
                    file: source.file.clone(),
                    line: source
                        .text
                        .lines()
                        .position(|line| line.contains(unknown))
                        .map(|at| at + 1),
                    what,
                });
            }
        }
        Ok(Self { task, environment })
    }

    pub(super) fn render(&self, input: &Value) -> Result<Rendered, PromptError> {
        Ok(Rendered {
            system: self.filled("system", input)?,
            user: self.filled("user", input)?,
        })
    }

    /// What is said to a model whose answer was none.
    pub(super) fn repair(&self, problem: &str, schema: &str) -> Result<String, PromptError> {
        let input = serde_json::json!({"problem": problem, "schema": schema});
        self.filled(REPAIR_FILE, &input)
    }

    fn filled(&self, name: &str, input: &Value) -> Result<String, PromptError> {
        let template = self.environment.get_template(name);
        let filled = template.and_then(|template| template.render(input));
        let failed = |line, what: String| PromptError::File {
            file: format!("{}/{name}", self.task.name()),
            line,
            what,
        };
        let text = filled.map_err(|error| failed(error.line(), error.to_string()))?;
        match text.len() <= BYTES_MAX {
            true => Ok(text.trim().to_owned()),
            false => Err(failed(None, "it is longer than 4 MB when filled in".into())),
        }
    }
}

fn wrong(source: &Source, error: &minijinja::Error) -> PromptError {
    let mut what = String::new();
    // Writing to a string does not fail.
    let _written = write!(what, "{}", error.kind());
    if let Some(detail) = error.detail() {
        let _written = write!(what, ": {detail}");
    }
    PromptError::File {
        file: source.file.clone(),
        line: error.line(),
        what,
    }
}
