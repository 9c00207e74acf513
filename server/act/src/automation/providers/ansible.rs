//! `ansible`: playbooks on this machine, by `ansible-runner`.
//!
//! A rule names a playbook of the project, hosts and extra variables. The plan lists the hosts and
//! runs the playbook with `--check --diff`, so that people see what would change; it binds to the
//! hash of the whole project. Values are extra variables in a file, each text marked as unsafe:
//! Ansible never renders it. Each run has a folder of its own, in which the runner writes how it goes
//! and how it ended, also while no server looks.

use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tocsin_domain::automation::{Param, Params, Preview, PreviewKind, ProviderKind};

use super::jobs::{Jobs, Program, put};
use super::{digits, file_hash, is_approved};
use crate::automation::policy::Approval;
use crate::automation::provider::{
    Begun, CallError, Certainty, Draft, Order, PlanError, Planned, Provider, Status,
};

/// The most files of a project.
const FILES_MAX: usize = 10_000;
/// How long hosts may take to be listed.
const LIST_TIMEOUT: Duration = Duration::from_secs(60);
/// The name of the project's hash in a plan.
const PROJECT: &str = "project";

/// Ansible on this machine.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnsibleConfig {
    /// The folder with the playbooks and everything that they use.
    pub project: PathBuf,
    /// The inventory: a file or a folder.
    pub inventory: PathBuf,
    /// The folder with `ansible-playbook` and `ansible-runner`, such as the `bin` of a virtual
    /// environment. Default /usr/bin.
    #[serde(default = "usr_bin")]
    pub bin: PathBuf,
    /// A file with the password of the vault. Default none.
    pub vault_password_file: Option<PathBuf>,
    /// Whether the playbook is run with `--check --diff` before people are asked. Default true.
    #[serde(default = "yes")]
    pub dry_run: bool,
}

fn usr_bin() -> PathBuf {
    PathBuf::from("/usr/bin")
}

const fn yes() -> bool {
    true
}

pub(in crate::automation) struct Ansible {
    config: AnsibleConfig,
    folder: PathBuf,
    jobs: Jobs,
}

/// What parameters ask for.
struct Wanted {
    playbook: String,
    hosts: Vec<String>,
    variables: Params,
}

impl Ansible {
    pub(in crate::automation) fn new(config: AnsibleConfig, folder: PathBuf) -> Self {
        Self {
            config,
            jobs: Jobs::new(folder.clone()),
            folder,
        }
    }

    fn wanted(&self, params: &Params) -> Result<Wanted, String> {
        let mut wanted = Wanted {
            playbook: String::new(),
            hosts: Vec::new(),
            variables: Params::new(),
        };
        for (name, value) in params {
            match (name.as_str(), value) {
                ("playbook", Param::Text(text)) => wanted.playbook.clone_from(text),
                ("limit", Param::Text(text)) => wanted.hosts = vec![text.clone()],
                ("limit", Param::List(values)) => {
                    let hosts = values.iter().map(|value| value.text().map(str::to_owned));
                    let hosts: Option<Vec<String>> = hosts.collect();
                    wanted.hosts = hosts.ok_or("`params.limit`: expected names of hosts")?;
                }
                ("extra_vars", Param::Map(values)) => wanted.variables.clone_from(values),
                _ => {
                    let expected = "expected `playbook`, `limit` and `extra_vars`";
                    return Err(format!("`params.{name}`: {expected}"));
                }
            }
        }
        let plain = |name: &str| {
            name.chars()
                .all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c))
        };
        let path = Path::new(&wanted.playbook);
        let is_inside = path
            .components()
            .all(|part| matches!(part, std::path::Component::Normal(_)));
        let is_yaml = path
            .extension()
            .is_some_and(|end| end == "yml" || end == "yaml");
        if !plain(&wanted.playbook) || !is_inside || !is_yaml {
            return Err("`params.playbook`: expected a playbook of the project".into());
        }
        // A pattern would mean more hosts than people think of.
        let is_host = |host: &String| {
            let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
            !host.is_empty() && !host.starts_with('-') && host.chars().all(plain)
        };
        if let Some(odd) = wanted.hosts.iter().find(|host| !is_host(host)) {
            return Err(format!("`params.limit`: `{odd}` is no name of a host"));
        }
        for name in wanted.variables.keys() {
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if !name.chars().all(plain) || name.starts_with(|c: char| !c.is_ascii_alphabetic()) {
                return Err(format!(
                    "`params.extra_vars`: `{name}` is no name of a variable"
                ));
            }
        }
        if wanted.variables.values().any(is_mark) {
            return Err("`params.extra_vars`: a name may not begin with `__ansible`".into());
        }
        Ok(wanted)
    }

    fn program(&self, name: &str, args: Vec<String>, home: &Path) -> Program {
        let home = home.display().to_string();
        let path = format!("{}:/usr/local/bin:/usr/bin:/bin", self.config.bin.display());
        let ansible_home = format!("{home}/ansible");
        let mut env = vec![
            ("PATH", path.as_str()),
            ("HOME", &home),
            ("ANSIBLE_HOME", &ansible_home),
            ("ANSIBLE_HOST_KEY_CHECKING", "True"),
            ("ANSIBLE_NOCOLOR", "1"),
            ("ANSIBLE_RETRY_FILES_ENABLED", "0"),
            ("LANG", "C.UTF-8"),
            ("LC_ALL", "C.UTF-8"),
        ];
        let password = self.config.vault_password_file.as_ref();
        let password = password.map(|path| path.display().to_string());
        if let Some(password) = &password {
            env.push(("ANSIBLE_VAULT_PASSWORD_FILE", password));
        }
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Program {
            path: self.config.bin.join(name),
            args,
            env: env.into_iter().map(owned).collect(),
            folder: self.config.project.clone(),
        }
    }

    /// The arguments of `ansible-playbook` for what is wanted.
    fn args(&self, wanted: &Wanted, variables: &Path) -> Vec<String> {
        let mut args = vec![
            "-i".to_owned(),
            self.config.inventory.display().to_string(),
            "-e".to_owned(),
            format!("@{}", variables.display()),
        ];
        if !wanted.hosts.is_empty() {
            args.extend(["--limit".to_owned(), wanted.hosts.join(",")]);
        }
        args
    }

    /// The hash of every file of the project, and of the inventory.
    fn project_hash(&self) -> Result<String, String> {
        let mut hasher = Sha256::new();
        let mut files = Vec::new();
        gather(&self.config.project, &mut files)?;
        gather(&self.config.inventory, &mut files)?;
        files.sort();
        for path in files {
            let hash = file_hash(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            hasher.update(path.display().to_string().as_bytes());
            hasher.update([0xff]);
            hasher.update(hash.as_bytes());
        }
        Ok(digits(&hasher.finalize()))
    }

    /// What is common to a plan and to what is only checked: no host is touched.
    async fn described(&self, draft: &Draft) -> Result<(Wanted, PathBuf, Planned), PlanError> {
        if draft.base_url.is_some() {
            return Err(PlanError::permanent("Ansible has no `base_url`"));
        }
        let wanted = self.wanted(&draft.params).map_err(PlanError::permanent)?;
        let hash = self.project_hash().map_err(PlanError::permanent)?;
        let folder = self.folder.join(format!("{}-plan", draft.run));
        let written = std::fs::create_dir_all(&folder);
        let written =
            written.and_then(|()| put(&folder.join("vars.json"), &literals(&wanted.variables)));
        written.map_err(|error| PlanError::temporary(error.to_string()))?;
        let mut args = self.args(&wanted, &folder.join("vars.json"));
        args.extend(["--list-hosts".to_owned(), wanted.playbook.clone()]);
        let listed = self
            .program("ansible-playbook", args, &folder)
            .finish(LIST_TIMEOUT)
            .await;
        let (code, text) = listed.map_err(PlanError::temporary)?;
        if code != 0 {
            return Err(PlanError::permanent(format!(
                "the hosts cannot be listed: {text}"
            )));
        }
        let hosts = hosts_of(&text);
        if hosts.is_empty() {
            let why = format!("the playbook has no host to run on: {}", text.trim());
            return Err(PlanError::permanent(why));
        }
        let planned = Planned {
            template: format!("playbook {}", wanted.playbook),
            preview: Preview {
                kind: PreviewKind::Described,
                text: String::new(),
                counts: None,
                hosts,
                artifacts: vec![(PROJECT.to_owned(), hash)],
            },
        };
        Ok((wanted, folder, planned))
    }

    /// How a run ended, as the runner wrote it down; none: it did not yet.
    fn written(&self, key: &str) -> Option<Status> {
        let artifacts = self.folder.join(key).join("artifacts").join(key);
        let code = std::fs::read_to_string(artifacts.join("rc")).ok()?;
        let tail = self.jobs.tail(key, &format!("artifacts/{key}/stdout"));
        Some(match code.trim() {
            "0" => Status::Succeeded(tail),
            "2" => Status::Failed(format!("a host failed\n{tail}")),
            "4" => Status::Failed(format!("a host could not be reached\n{tail}")),
            code => Status::Failed(format!("exit code {code}\n{tail}")),
        })
    }
}

/// The files below a folder, or the file.
fn gather(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let said = |error: std::io::Error| format!("{}: {error}", path.display());
    if !path.metadata().map_err(said)?.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in std::fs::read_dir(path).map_err(said)? {
        let entry = entry.map_err(said)?;
        if files.len() >= FILES_MAX {
            return Err(format!("{}: over {FILES_MAX} files", path.display()));
        }
        let kind = entry.file_type().map_err(said)?;
        // What a link points to is hashed, but no folder behind one is entered, so that this ends.
        if kind.is_dir() {
            gather(&entry.path(), files)?;
        } else if entry.path().is_file() {
            files.push(entry.path());
        }
    }
    Ok(())
}

/// The hosts of what `--list-hosts` prints.
fn hosts_of(text: &str) -> Vec<String> {
    let mut hosts: Vec<String> = Vec::new();
    let mut is_list = false;
    for line in text.lines() {
        let is_deep = line.starts_with("      ");
        if is_list && is_deep {
            hosts.push(line.trim().to_owned());
        }
        is_list = line.trim_start().starts_with("hosts (") || (is_list && is_deep);
    }
    hosts.sort();
    hosts.dedup();
    hosts.truncate(Preview::HOSTS_MAX);
    hosts
}

/// Variables as JSON in which every text is marked: Ansible takes it as it is. (YAML's `!unsafe` will
/// not do: with it a quoted `"yes"` becomes true.)
fn literals(variables: &Params) -> String {
    let pairs = variables
        .iter()
        .map(|(name, value)| (name.clone(), literal(value)));
    Value::Object(pairs.collect()).to_string()
}

fn literal(value: &Param) -> Value {
    match value {
        Param::Text(text) => json!({ "__ansible_unsafe": text }),
        Param::List(values) => values.iter().map(literal).collect(),
        Param::Map(values) => {
            let pairs = values
                .iter()
                .map(|(name, value)| (name.clone(), literal(value)));
            Value::Object(pairs.collect())
        }
        other => super::json(other),
    }
}

/// Whether a name within a value is one by which Ansible marks values.
fn is_mark(value: &Param) -> bool {
    match value {
        Param::List(values) => values.iter().any(is_mark),
        Param::Map(values) => values
            .iter()
            .any(|(name, value)| name.starts_with("__ansible") || is_mark(value)),
        _ => false,
    }
}

#[async_trait]
impl Provider for Ansible {
    fn kind(&self) -> ProviderKind {
        ProviderKind::Ansible
    }

    async fn check(&self) -> Result<String, String> {
        let home = self.folder.join("check");
        std::fs::create_dir_all(&home).map_err(|error| error.to_string())?;
        self.project_hash()?;
        let mut said = Vec::new();
        for name in ["ansible-playbook", "ansible-runner"] {
            let program = self.program(name, vec!["--version".to_owned()], &home);
            let (code, text) = program.finish(LIST_TIMEOUT).await?;
            let first = text.lines().next().unwrap_or_default().to_owned();
            if code != 0 {
                return Err(format!("{name}: {first}"));
            }
            said.push(first);
        }
        Ok(said.join(", "))
    }

    async fn plan(&self, draft: &Draft) -> Result<Planned, PlanError> {
        let (wanted, folder, mut planned) = self.described(draft).await?;
        if !self.config.dry_run {
            return Ok(planned);
        }
        let mut args = self.args(&wanted, &folder.join("vars.json"));
        args.extend([
            "--check".to_owned(),
            "--diff".to_owned(),
            wanted.playbook.clone(),
        ]);
        let within = Duration::from_secs(u64::from(draft.timeout_secs));
        let tried = self
            .program("ansible-playbook", args, &folder)
            .finish(within)
            .await;
        let (code, text) = tried.map_err(PlanError::temporary)?;
        match code {
            0 => {}
            // The same bit stands for a mistake in the playbook, which another attempt would repeat
            // a few times only.
            4 => {
                return Err(PlanError::temporary(format!(
                    "a host cannot be reached: {text}"
                )));
            }
            _ => return Err(PlanError::permanent(format!("the dry run failed: {text}"))),
        }
        planned.preview.kind = PreviewKind::DryRun;
        planned.preview.text = text;
        Ok(planned)
    }

    async fn describe(&self, draft: &Draft) -> Result<Planned, PlanError> {
        self.described(draft).await.map(|(_, _, planned)| planned)
    }

    async fn execute(&self, approval: &Approval) -> Result<Begun, CallError> {
        let wanted = self
            .wanted(&approval.action().params)
            .map_err(CallError::never)?;
        let hash = self.project_hash().map_err(CallError::never)?;
        let approved = is_approved(approval.plan(), approval.kind(), PROJECT, &hash);
        approved.map_err(CallError::never)?;
        let key = approval.key();
        let not_now = |error: std::io::Error| CallError {
            detail: error.to_string(),
            certainty: Certainty::NotNow,
        };
        let folder = self.jobs.folder(&key).map_err(not_now)?;
        std::fs::create_dir_all(folder.join("env")).map_err(not_now)?;
        put(&folder.join("env/extravars"), &literals(&wanted.variables)).map_err(not_now)?;
        let text = |path: &Path| path.display().to_string();
        let mut args = vec![
            "run".to_owned(),
            text(&folder),
            "--ident".to_owned(),
            key.clone(),
        ];
        args.extend(["--playbook".to_owned(), wanted.playbook.clone()]);
        args.extend(["--project-dir".to_owned(), text(&self.config.project)]);
        args.extend(["--inventory".to_owned(), text(&self.config.inventory)]);
        if !wanted.hosts.is_empty() {
            args.extend(["--limit".to_owned(), wanted.hosts.join(",")]);
        }
        let program = self.program("ansible-runner", args, &folder);
        self.jobs.begin(&key, &program)
    }

    async fn status(&self, order: &Order<'_>) -> Result<Status, String> {
        let key = order.key();
        Ok(match self.jobs.status(&key)? {
            // What the runner wrote is said more exactly than its own exit code does, and is there
            // also if no server was.
            Status::Succeeded(said) => self.written(&key).unwrap_or(Status::Succeeded(said)),
            Status::Failed(said) => match self.written(&key) {
                Some(Status::Succeeded(_)) | None => {
                    Status::Failed(format!("{said}\n{}", self.jobs.tail(&key, "out")))
                }
                Some(status) => status,
            },
            Status::Lost(why) => self.written(&key).unwrap_or(Status::Lost(why)),
            status => status,
        })
    }

    async fn cancel(&self, order: &Order<'_>) -> Result<(), String> {
        self.jobs.cancel(&order.key())
    }

    async fn output(&self, order: &Order<'_>, from: u64) -> Result<(String, u64), String> {
        let key = order.key();
        self.jobs
            .read(&key, &format!("artifacts/{key}/stdout"), from)
    }
}
