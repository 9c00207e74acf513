//! `terraform`: the command line on this machine. What people agree to is a plan file, and exactly
//! that file is applied.
//!
//! Values are variables in a file of JSON, in which Terraform takes every text as it is. A plan that
//! destroys something is refused unless the configuration allows it. How something is undone is
//! planned when it is to be undone, from the values that were agreed to, under the same rule.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tocsin_domain::automation::{
    CallKind, ChangeCounts, Param, Params, Plan, Preview, PreviewKind, ProviderKind, RunId,
};

use super::jobs::{Jobs, Program, put};
use super::{file_hash, is_approved, json};
use crate::automation::policy::Approval;
use crate::automation::provider::{
    Begun, CallError, Certainty, Draft, Order, PlanError, Planned, Provider, Status,
};

/// How long a plan may take.
const PLAN_TIMEOUT: Duration = Duration::from_secs(300);
/// The name of the plan file's hash in a plan.
const PLAN_FILE: &str = "plan file";

/// Terraform on this machine.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TerraformConfig {
    /// The folder of the module; it must be initialised (`terraform init`).
    pub module: PathBuf,
    /// Where the program is. Default /usr/bin/terraform.
    #[serde(default = "usr_bin_terraform")]
    pub program: PathBuf,
    /// Whether a plan may destroy or replace something. Default false.
    #[serde(default)]
    pub may_destroy: bool,
}

fn usr_bin_terraform() -> PathBuf {
    PathBuf::from("/usr/bin/terraform")
}

pub(in crate::automation) struct Terraform {
    config: TerraformConfig,
    jobs: Jobs,
}

/// A plan file, and what it would do.
struct Made {
    hash: String,
    counts: ChangeCounts,
    text: String,
}

impl Terraform {
    pub(in crate::automation) fn new(config: TerraformConfig, folder: PathBuf) -> Self {
        Self {
            config,
            jobs: Jobs::new(folder),
        }
    }

    fn program(&self, args: &[&str], home: &Path) -> Program {
        let home = home.display().to_string();
        let env = [
            ("PATH", "/usr/local/bin:/usr/bin:/bin"),
            ("HOME", home.as_str()),
            ("LANG", "C.UTF-8"),
            ("TF_IN_AUTOMATION", "1"),
            ("TF_INPUT", "0"),
            ("CHECKPOINT_DISABLE", "1"),
        ];
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Program {
            path: self.config.program.clone(),
            args: args.iter().map(|&one| one.to_owned()).collect(),
            env: env.into_iter().map(owned).collect(),
            folder: self.config.module.clone(),
        }
    }

    /// Makes a plan file in a folder.
    async fn make(&self, folder: &Path, variables: &Params) -> Result<Made, PlanError> {
        let values = json(&Param::Map(variables.clone())).to_string();
        let written = put(&folder.join("vars.tfvars.json"), &values);
        written.map_err(|error| PlanError::temporary(error.to_string()))?;
        let file = folder.join("plan.tfplan");
        let out = format!("-out={}", file.display());
        let values = format!("-var-file={}", folder.join("vars.tfvars.json").display());
        let args = [
            "plan",
            "-input=false",
            "-no-color",
            "-lock-timeout=30s",
            "-detailed-exitcode",
        ];
        let args = [&args[..], &[out.as_str(), values.as_str()]].concat();
        let planned = self.program(&args, folder).finish(PLAN_TIMEOUT).await;
        let (code, text) = planned.map_err(PlanError::temporary)?;
        match code {
            2 => {}
            0 => return Err(PlanError::permanent("there is nothing to change")),
            // It may be the lock of another one, or a service that is away.
            _ => return Err(PlanError::temporary(format!("there is no plan: {text}"))),
        }
        let path = file.display().to_string();
        let shown = self
            .program(&["show", "-json", &path], folder)
            .finish(PLAN_TIMEOUT)
            .await;
        let (_, shown) = shown.map_err(PlanError::temporary)?;
        let counts =
            counts_of(&shown).ok_or_else(|| PlanError::permanent("the plan is no JSON"))?;
        if counts.destroy > 0 && !self.config.may_destroy {
            let destroys = counts.destroy;
            let why =
                format!("it would destroy {destroys}, which the configuration forbids: {text}");
            return Err(PlanError::permanent(why));
        }
        let hash = file_hash(&file).map_err(|error| PlanError::temporary(error.to_string()))?;
        Ok(Made { hash, counts, text })
    }

    fn folder(&self, key: &str) -> Result<PathBuf, PlanError> {
        let folder = self.jobs.folder(key);
        folder.map_err(|error| PlanError::temporary(error.to_string()))
    }
}

/// The variables that parameters ask for.
fn variables(params: &Params) -> Result<Params, String> {
    let mut variables = Params::new();
    for (name, value) in params {
        match (name.as_str(), value) {
            ("vars", Param::Map(values)) => variables.clone_from(values),
            _ => return Err(format!("`params.{name}`: expected `vars`")),
        }
    }
    Ok(variables)
}

/// How much a plan changes; a replacement is one that is destroyed and one that is added.
pub(super) fn counts_of(shown: &str) -> Option<ChangeCounts> {
    let start = shown.find('{')?;
    let mut values = serde_json::Deserializer::from_str(&shown[start..]).into_iter::<Value>();
    let shown = values.next()?.ok()?;
    let mut counts = ChangeCounts::default();
    for change in shown.get("resource_changes")?.as_array()? {
        for action in change.pointer("/change/actions")?.as_array()? {
            match action.as_str()? {
                "create" => counts.add += 1,
                "update" => counts.change += 1,
                "delete" => counts.destroy += 1,
                _ => {}
            }
        }
    }
    Some(counts)
}

fn said(error: PlanError) -> CallError {
    CallError {
        detail: error.detail,
        certainty: match error.is_temporary {
            true => Certainty::NotNow,
            false => Certainty::Never,
        },
    }
}

#[async_trait]
impl Provider for Terraform {
    fn kind(&self) -> ProviderKind {
        ProviderKind::Terraform
    }

    async fn check(&self) -> Result<String, String> {
        let home = self
            .jobs
            .folder("check")
            .map_err(|error| error.to_string())?;
        let (code, text) = self
            .program(&["version"], &home)
            .finish(PLAN_TIMEOUT)
            .await?;
        let version = text.lines().find(|line| line.starts_with("Terraform"));
        let version = version.filter(|_| code == 0).ok_or_else(|| text.clone())?;
        let valid = self
            .program(&["validate", "-no-color"], &home)
            .finish(PLAN_TIMEOUT)
            .await?;
        match valid {
            (0, _) => Ok(version.to_owned()),
            (_, text) => Err(format!("the module is not valid: {text}")),
        }
    }

    async fn plan(&self, draft: &Draft) -> Result<Planned, PlanError> {
        let planned = self.describe(draft).await?;
        let variables = variables(&draft.params).map_err(PlanError::permanent)?;
        let folder = self.folder(&draft.run.to_string())?;
        let made = self.make(&folder, &variables).await?;
        Ok(Planned {
            preview: Preview {
                kind: PreviewKind::Plan,
                text: made.text,
                counts: Some(made.counts),
                hosts: Vec::new(),
                artifacts: vec![(PLAN_FILE.to_owned(), made.hash)],
            },
            ..planned
        })
    }

    async fn describe(&self, draft: &Draft) -> Result<Planned, PlanError> {
        if draft.base_url.is_some() {
            return Err(PlanError::permanent(
                "Terraform on this machine has no `base_url`",
            ));
        }
        let variables = variables(&draft.params).map_err(PlanError::permanent)?;
        let module = self.config.module.file_name().unwrap_or_default();
        Ok(Planned {
            template: format!("module {}", module.to_string_lossy()),
            preview: Preview {
                kind: PreviewKind::Described,
                text: json(&Param::Map(variables)).to_string(),
                counts: None,
                hosts: Vec::new(),
                artifacts: Vec::new(),
            },
        })
    }

    async fn execute(&self, approval: &Approval) -> Result<Begun, CallError> {
        let key = approval.key();
        let folder = self.folder(&key).map_err(said)?;
        let file = folder.join("plan.tfplan");
        match approval.kind() {
            CallKind::Execute => {
                let hash = file_hash(&file).map_err(|error| CallError::never(error.to_string()))?;
                let approved = is_approved(approval.plan(), CallKind::Execute, PLAN_FILE, &hash);
                approved.map_err(CallError::never)?;
            }
            CallKind::Rollback => {
                let variables = variables(&approval.action().params).map_err(CallError::never)?;
                self.make(&folder, &variables).await.map_err(said)?;
            }
        }
        let path = file.display().to_string();
        let args = [
            "apply",
            "-input=false",
            "-no-color",
            "-lock-timeout=30s",
            path.as_str(),
        ];
        self.jobs.begin(&key, &self.program(&args, &folder))
    }

    async fn status(&self, order: &Order<'_>) -> Result<Status, String> {
        let key = order.key();
        Ok(match self.jobs.status(&key)? {
            Status::Failed(why) => {
                Status::Failed(format!("{why}\n{}", self.jobs.tail(&key, "out")))
            }
            Status::Succeeded(said) => {
                let (text, _) = self.jobs.read(&key, "out", 0)?;
                let sum = text
                    .lines()
                    .find(|line| line.starts_with("Apply complete!"));
                Status::Succeeded(sum.map_or(said, str::to_owned))
            }
            status => status,
        })
    }

    async fn cancel(&self, order: &Order<'_>) -> Result<(), String> {
        self.jobs.cancel(&order.key())
    }

    /// A plan file may hold secrets in plain text.
    async fn discard(&self, run: RunId, _: Option<&Plan>) -> Result<Option<String>, String> {
        let folder = self.folder(&run.to_string()).map_err(|e| e.detail)?;
        match std::fs::remove_file(folder.join("plan.tfplan")) {
            Ok(()) => Ok(Some("the plan file is removed".into())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.to_string()),
        }
    }

    async fn output(&self, order: &Order<'_>, from: u64) -> Result<(String, u64), String> {
        self.jobs.read(&order.key(), "out", from)
    }
}
