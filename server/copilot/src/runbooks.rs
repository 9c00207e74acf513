//! What to do about a type of failure, as people wrote it down in `rules/runbooks.yml`.

use std::collections::BTreeMap;

use serde::Deserialize;
use tocsin_domain::copilot::{Fact, Runbook};

/// The runbooks that come with the server.
const BUILT_IN: &str = include_str!("../../../rules/runbooks.yml");
/// The most steps of a runbook.
const STEPS_MAX: usize = 20;
/// The most bytes of title, steps and what shows that they helped, together: a fact holds all of it.
const TEXT_BYTES_MAX: usize = Fact::TEXT_BYTES_MAX - 64;

/// Runbooks that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RunbookError {
    /// The text is no YAML of the form expected.
    #[error("{name}: cannot be read")]
    Syntax {
        /// Where it stands.
        name: String,
        /// What the reader says.
        #[source]
        source: serde_yaml_ng::Error,
    },
    /// A runbook that cannot be.
    #[error("{name}: runbook `{failure_type}`: {detail}")]
    Runbook {
        /// Where it stands.
        name: String,
        /// The type of failure it is for.
        failure_type: String,
        /// What was expected.
        detail: String,
    },
}

/// Runbooks by type of failure.
#[derive(Debug, Default)]
pub struct Runbooks(BTreeMap<String, Runbook>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    runbooks: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    failure_type: String,
    title: String,
    steps: Vec<String>,
    verify: String,
    url: Option<String>,
}

impl Runbooks {
    /// Those that come with the server.
    ///
    /// # Errors
    /// None that the tests would let through.
    pub fn built_in() -> Result<Self, RunbookError> {
        Self::load(BUILT_IN, "rules/runbooks.yml")
    }

    /// Reads runbooks; `name` is where the text stands, for errors.
    ///
    /// # Errors
    /// [`RunbookError`] names the runbook and what was expected.
    pub fn load(text: &str, name: &str) -> Result<Self, RunbookError> {
        let file: File = serde_yaml_ng::from_str(text).map_err(|source| RunbookError::Syntax {
            name: name.to_owned(),
            source,
        })?;
        let mut all = BTreeMap::new();
        for entry in file.runbooks {
            let runbook =
                checked(entry).map_err(|(failure_type, detail)| RunbookError::Runbook {
                    name: name.to_owned(),
                    failure_type,
                    detail,
                })?;
            let failure_type = runbook.failure_type.clone();
            if all.insert(failure_type.clone(), runbook).is_some() {
                return Err(RunbookError::Runbook {
                    name: name.to_owned(),
                    failure_type,
                    detail: "it is there twice".into(),
                });
            }
        }
        Ok(Self(all))
    }

    /// The runbook for a type of failure.
    #[must_use]
    pub fn get(&self, failure_type: &str) -> Option<&Runbook> {
        self.0.get(failure_type)
    }

    /// All of them, by type of failure.
    pub fn all(&self) -> impl ExactSizeIterator<Item = &Runbook> {
        self.0.values()
    }
}

/// A runbook within its bounds, or its type of failure and what was expected.
fn checked(entry: Entry) -> Result<Runbook, (String, String)> {
    let is_said = |text: &String| !text.trim().is_empty();
    let is_link = |url: &String| url.starts_with("https://") || url.starts_with("http://");
    let steps_bytes: usize = entry.steps.iter().map(|step| step.len() + 1).sum();
    let bytes = entry.title.len() + steps_bytes + entry.verify.len();
    let wrong = if !is_said(&entry.failure_type) {
        Some("expected a `failure_type`")
    } else if !is_said(&entry.title) || !is_said(&entry.verify) {
        Some("expected a `title` and what shows that it helped in `verify`")
    } else if !(1..=STEPS_MAX).contains(&entry.steps.len()) || !entry.steps.iter().all(is_said) {
        Some("expected 1 to 20 `steps`, none of them empty")
    } else if bytes > TEXT_BYTES_MAX {
        Some("expected at most 960 bytes of `title`, `steps` and `verify` together")
    } else if entry.url.as_ref().is_some_and(|url| !is_link(url)) {
        Some("expected a `url` of http or https")
    } else {
        None
    };
    match wrong {
        Some(detail) => Err((entry.failure_type, detail.to_owned())),
        None => Ok(Runbook {
            failure_type: entry.failure_type,
            title: entry.title,
            steps: entry.steps,
            verify: entry.verify,
            url: entry.url,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_of_failure_is_one_that_is_recognised() {
        let runbooks = Runbooks::built_in().unwrap();
        let rules = include_str!("../../../rules/classification.yml");
        let rules: serde_yaml_ng::Value = serde_yaml_ng::from_str(rules).unwrap();
        let rules = rules["rules"].as_sequence().unwrap().iter();
        let known: Vec<&str> = rules
            .filter_map(|rule| rule["failure_type"].as_str())
            .collect();
        assert!(runbooks.all().len() >= 20);
        for runbook in runbooks.all() {
            let name = runbook.failure_type.as_str();
            assert!(known.contains(&name), "{name}");
            // Steps stand as sentences in reports, whose numbers must stand in their evidence.
            assert!(
                runbook.steps.iter().all(|step| step.ends_with('.')),
                "{name}"
            );
        }
    }

    #[test]
    fn what_cannot_be_is_named() {
        let load = |body: &str| {
            let text = format!("runbooks:\n  - {{failure_type: disk_full, title: t, {body}}}");
            Runbooks::load(&text, "mine.yml").map_err(|error| error.to_string())
        };
        assert!(
            load("steps: [a], verify: v")
                .unwrap()
                .get("disk_full")
                .is_some()
        );
        assert!(load("steps: [], verify: v").unwrap_err().contains("steps"));
        assert!(
            load("steps: [a], verify: ''")
                .unwrap_err()
                .contains("verify")
        );
        let script = load("steps: [a], verify: v, url: 'javascript:alert(1)'").unwrap_err();
        assert!(
            script.starts_with("mine.yml: runbook `disk_full`"),
            "{script}"
        );
        assert!(load("steps: [a], verify: v, also: x").is_err());
        let long = load(&format!("steps: [{}], verify: v", "a".repeat(1000)));
        assert!(long.unwrap_err().contains("960 bytes"));
    }
}
