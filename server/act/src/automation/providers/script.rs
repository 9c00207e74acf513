//! `script`: programs of a list that the owner of the machine made, in the configuration. A rule names
//! one of them; its arguments go to it as they are, and no shell reads them.
//!
//! A program must be root's, and nobody else may be able to write it or a folder on the way to it. It
//! is the same by its hash when it is run as when people agreed to it.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tocsin_domain::automation::{Param, Params, Preview, PreviewKind, ProviderKind};

use super::jobs::{Jobs, Program};
use super::{file_hash, is_approved};
use crate::automation::policy::Approval;
use crate::automation::provider::{
    Begun, CallError, Draft, Order, PlanError, Planned, Provider, Status,
};

/// The most arguments of a script.
const ARGS_MAX: usize = 100;

/// Programs that rules may run.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScriptsConfig {
    /// The programs, by the name that rules use.
    pub scripts: BTreeMap<String, ScriptConfig>,
}

/// A program that rules may run.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScriptConfig {
    /// Where it is: an absolute path. It must be root's, and nobody else may be able to write it.
    pub path: PathBuf,
    /// Options that rules may give it. Any other argument that begins with `-` is refused, so that
    /// what came from outside is never taken for an option.
    #[serde(default)]
    pub options: Vec<String>,
}

pub(in crate::automation) struct Scripts {
    config: ScriptsConfig,
    jobs: Jobs,
    /// Whose programs must be.
    owner: u32,
}

impl Scripts {
    pub(in crate::automation) fn new(config: ScriptsConfig, folder: PathBuf) -> Self {
        Self {
            config,
            jobs: Jobs::new(folder),
            owner: 0,
        }
    }

    #[cfg(test)]
    pub(super) fn owned_by(self, owner: u32) -> Self {
        Self { owner, ..self }
    }

    /// The program that parameters name, with its arguments.
    fn program(&self, params: &Params) -> Result<(String, &ScriptConfig, Vec<String>), String> {
        let mut name = None;
        let mut args = Vec::new();
        for (param, value) in params {
            match (param.as_str(), value) {
                ("script", Param::Text(text)) => name = Some(text.clone()),
                ("args", Param::List(values)) => args = values.iter().collect(),
                _ => {
                    let expected = "expected `script`, a name, and `args`, a list";
                    return Err(format!("`params.{param}`: {expected}"));
                }
            }
        }
        let name = name.ok_or("`params.script`: expected the name of a script")?;
        let Some(script) = self.config.scripts.get(&name) else {
            let known = self
                .config
                .scripts
                .keys()
                .cloned()
                .collect::<Vec<_>>()
                .join(", ");
            return Err(format!("there is no script `{name}`; there are: {known}"));
        };
        if args.len() > ARGS_MAX {
            return Err(format!("`params.args`: expected at most {ARGS_MAX}"));
        }
        let args = args.into_iter().map(|value| argument(value, script));
        let args = args.collect::<Result<_, _>>()?;
        Ok((name, script, args))
    }

    /// The hash of a program that may be run.
    fn hash(&self, path: &Path) -> Result<String, String> {
        if !path.is_absolute() {
            return Err(format!("{}: expected an absolute path", path.display()));
        }
        let said = |error: std::io::Error| format!("{}: {error}", path.display());
        let real = path.canonicalize().map_err(said)?;
        for (at, part) in real.ancestors().enumerate() {
            let about = part.metadata().map_err(said)?;
            // In a folder like /tmp nobody can put another in the place of what is not theirs.
            let is_sticky = about.is_dir() && about.mode() & 0o1000 != 0;
            let is_open = about.mode() & 0o022 != 0 && !is_sticky;
            let is_theirs = about.uid() != self.owner && about.uid() != 0;
            if is_open || is_theirs {
                let part = part.display();
                return Err(format!(
                    "{part}: expected it to be root's, and nobody else to write it"
                ));
            }
            if at == 0 && (!about.is_file() || about.mode() & 0o111 == 0) {
                return Err(format!("{}: expected a program", path.display()));
            }
        }
        file_hash(&real).map_err(said)
    }
}

/// A value as one argument.
fn argument(value: &Param, script: &ScriptConfig) -> Result<String, String> {
    let text = match value {
        Param::Text(text) => text.clone(),
        Param::Int(number) => number.to_string(),
        Param::Number(number) => number.to_string(),
        Param::Bool(truth) => truth.to_string(),
        Param::Null | Param::List(_) | Param::Map(_) => {
            return Err("`params.args`: expected texts and numbers".into());
        }
    };
    let is_option = text.starts_with('-') && matches!(value, Param::Text(_));
    if is_option && !script.options.contains(&text) {
        return Err(format!(
            "`params.args`: `{text}` is no option that rules may give"
        ));
    }
    Ok(text)
}

#[async_trait]
impl Provider for Scripts {
    fn kind(&self) -> ProviderKind {
        ProviderKind::Script
    }

    async fn check(&self) -> Result<String, String> {
        for script in self.config.scripts.values() {
            self.hash(&script.path)?;
        }
        self.jobs
            .folder("check")
            .map_err(|error| error.to_string())?;
        Ok(format!("{} scripts", self.config.scripts.len()))
    }

    async fn plan(&self, draft: &Draft) -> Result<Planned, PlanError> {
        let program = self.program(&draft.params);
        let (name, script, args) = program.map_err(PlanError::permanent)?;
        if draft.base_url.is_some() {
            return Err(PlanError::permanent("a script has no `base_url`"));
        }
        let hash = self.hash(&script.path).map_err(PlanError::permanent)?;
        let words = std::iter::once(script.path.display().to_string()).chain(args);
        // As JSON, so that it is seen where each argument begins and ends.
        let text = serde_json::Value::from_iter(words).to_string();
        Ok(Planned {
            template: format!("script {name}"),
            preview: Preview {
                kind: PreviewKind::Described,
                text,
                counts: None,
                hosts: Vec::new(),
                artifacts: vec![(format!("script {name}"), hash)],
            },
        })
    }

    async fn execute(&self, approval: &Approval) -> Result<Begun, CallError> {
        let program = self.program(&approval.action().params);
        let (name, script, args) = program.map_err(CallError::never)?;
        let hash = self.hash(&script.path).map_err(CallError::never)?;
        let is_approved = is_approved(
            approval.plan(),
            approval.kind(),
            &format!("script {name}"),
            &hash,
        );
        is_approved.map_err(CallError::never)?;
        let key = approval.key();
        let env = [
            (
                "PATH",
                "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            ),
            ("LANG", "C.UTF-8"),
            ("TOCSIN_RUN", key.as_str()),
        ];
        let program = Program {
            path: script.path.clone(),
            args,
            env: env
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .to_vec(),
            folder: PathBuf::from("/"),
        };
        self.jobs.begin(&key, &program)
    }

    async fn status(&self, order: &Order<'_>) -> Result<Status, String> {
        let key = order.key();
        Ok(match self.jobs.status(&key)? {
            Status::Failed(why) => {
                Status::Failed(format!("{why}\n{}", self.jobs.tail(&key, "out")))
            }
            status => status,
        })
    }

    async fn cancel(&self, order: &Order<'_>) -> Result<(), String> {
        self.jobs.cancel(&order.key())
    }

    async fn output(&self, order: &Order<'_>, from: u64) -> Result<(String, u64), String> {
        self.jobs.read(&order.key(), "out", from)
    }
}
