//! `ansible_tower`: job and workflow templates of AWX, Tower and Ansible Automation Platform.
//!
//! A template is asked first what a launch may say, since AWX drops without a word what it does not
//! ask for. Where it may be asked for, the plan is a job in check mode with its differences: a job of
//! its own, under a key of its own. AWX has no key by which a launch is done once, so ours is an extra
//! variable, by which the template's jobs are looked through before anything is launched again.

mod job;
mod literal;
mod template;
mod wanted;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use tocsin_domain::automation::{CallKind, Preview, PreviewKind, ProviderKind, RunId};

use self::job::{Job, Launched, Seen, as_asked, find, launch};
use self::template::{Api, Asked, Template};
use self::wanted::Wanted;
use super::remote::{Failure, Remote};
use super::{digits, is_approved};
use crate::automation::policy::Approval;
use crate::automation::provider::{
    Begun, CallError, Draft, Order, PlanError, Planned, Provider, Status,
};
use crate::http::{Auth, HttpConfig};
use crate::trackers::{ConfigSecret, TrackerConfigError, secret};

/// How long AWX may work on a request whose sender is gone: its own limit is 120 s.
const SETTLES_WITHIN: Duration = Duration::from_secs(125);
/// How often in a row a question may fail before a plan is put off.
const FAILURES_MAX: u32 = 5;
/// The names of hashes in a plan.
const TEMPLATE: &str = "template";
const REVISION: &str = "project revision";

/// AWX, Tower, or the controller of Ansible Automation Platform.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnsibleTowerConfig {
    /// Its address, such as `https://awx.example.org`.
    pub url: String,
    /// Other addresses that rules may name in `base_url`.
    #[serde(default)]
    pub also: Vec<String>,
    /// The path of its API. Default `/api/v2`; newer platforms have `/api/controller/v2`.
    #[serde(default = "api_v2")]
    pub api_path: String,
    /// A token of an account that may execute the templates.
    #[serde(default)]
    pub token: ConfigSecret,
    /// A file with the token, in place of `token`.
    pub token_file: Option<PathBuf>,
    /// The account, where there is no token.
    #[serde(default)]
    pub user: String,
    /// Its password.
    #[serde(default)]
    pub password: ConfigSecret,
    /// A file with the password, in place of `password`.
    pub password_file: Option<PathBuf>,
    /// Whether a job in check mode is run before people are asked, where the template lets it.
    /// Default true.
    #[serde(default = "yes")]
    pub dry_run: bool,
}

fn api_v2() -> String {
    "/api/v2".to_owned()
}

const fn yes() -> bool {
    true
}

pub(in crate::automation) struct AnsibleTower {
    remote: Remote,
    path: String,
    dry_run: bool,
    settles_within: Duration,
    /// How soon a job is asked how it goes, and how late.
    pace: (Duration, Duration),
}

/// What is planned, before anything is launched.
struct Prepared {
    wanted: Wanted,
    template: Template,
    asked: Asked,
    inventory: Option<i64>,
    planned: Planned,
}

impl AnsibleTower {
    pub(in crate::automation) fn new(
        config: AnsibleTowerConfig,
        http: &HttpConfig,
    ) -> Result<Self, TrackerConfigError> {
        let token = secret("token", &config.token, config.token_file.as_deref())?;
        let password = secret(
            "password",
            &config.password,
            config.password_file.as_deref(),
        )?;
        let auth = match (token, password, config.user.trim()) {
            (Some(token), None, "") => Auth::Bearer(token),
            (None, Some(password), user) if !user.is_empty() => {
                Auth::Basic(user.to_owned(), password)
            }
            _ => {
                let expected = "either a token, or `user` and `password`";
                return Err(TrackerConfigError::new("token", expected));
            }
        };
        let path = config.api_path.trim_end_matches('/').to_owned();
        let plain = |c: char| c.is_ascii_alphanumeric() || "/_-.".contains(c);
        if !path.starts_with('/') || !path.chars().all(plain) {
            let expected = "a path such as `/api/v2` or `/api/controller/v2`";
            return Err(TrackerConfigError::new("api_path", expected));
        }
        Ok(Self {
            remote: Remote::new("AWX", http, (&config.url, &config.also), auth, &[])?,
            path,
            dry_run: config.dry_run,
            settles_within: SETTLES_WITHIN,
            pace: (Duration::from_millis(500), Duration::from_secs(5)),
        })
    }

    /// The same for tests, which are in a hurry.
    #[cfg(test)]
    pub(super) fn hasty(mut self, settles_within: Duration) -> Self {
        self.settles_within = settles_within;
        self.pace = (Duration::from_millis(5), Duration::from_millis(20));
        self
    }

    fn api(&self, base_url: Option<&str>) -> Result<Api<'_>, String> {
        Ok(Api {
            at: self.remote.at(base_url)?,
            path: &self.path,
        })
    }

    /// What is planned, as far as nothing is launched.
    async fn prepared(&self, draft: &Draft) -> Result<Prepared, PlanError> {
        let at = self.api(draft.base_url.as_deref());
        let at = at.map_err(PlanError::permanent)?;
        let wanted = Wanted::of(&draft.params).map_err(PlanError::permanent)?;
        let template = Template::find(at, &wanted).await?;
        let asked = template.check(at, &wanted).await?;
        let (inventory, used) = template.inventory(at, &wanted).await?;
        let hosts = match used {
            Some(id) => at.hosts(id, &wanted.limit).await?,
            None => wanted.limit.clone(),
        };
        let mut artifacts = vec![(TEMPLATE.to_owned(), template.hash.clone())];
        let mut text = String::new();
        match template.revision(at).await? {
            Ok(revision) => artifacts.push((REVISION.to_owned(), revision)),
            Err(why) => text = format!("The playbook may be another one by then: {why}.\n"),
        }
        let mut body = wanted.body("", inventory);
        if let Some(Value::Object(variables)) = body.get_mut("extra_vars") {
            variables.remove(wanted::KEY);
        }
        let sent = serde_json::to_string_pretty(&body).unwrap_or_default();
        text.push_str(&format!("Launched with {sent}\n"));
        let planned = Planned {
            template: template.words(),
            preview: Preview {
                kind: PreviewKind::Described,
                text,
                counts: None,
                hosts,
                artifacts,
            },
        };
        Ok(Prepared {
            wanted,
            template,
            asked,
            inventory,
            planned,
        })
    }

    /// Runs a template in check mode, or follows the job that does already.
    async fn try_out(&self, at: Api<'_>, draft: &Draft, it: &Prepared) -> Result<Seen, PlanError> {
        let values = Value::Object(it.wanted.body("", it.inventory)).to_string();
        let hash = digits(&Sha256::digest(values.as_bytes()));
        // Never the key of the execution: with other values it is another one too.
        let key = format!("{}-check-{}", draft.run, hash.get(..8).unwrap_or_default());
        let known = find(at, &it.template.jobs(), (draft.run, &key)).await?;
        let useful = known.filter(|seen| !matches!(seen.status(), "canceled" | "error"));
        let job = match useful {
            Some(seen) => seen.job,
            None => {
                let mut body = it.wanted.body(&key, it.inventory);
                body.insert("job_type".to_owned(), "check".into());
                if it.asked.diff_mode {
                    body.insert("diff_mode".to_owned(), true.into());
                }
                match launch(at, &it.template, &body).await? {
                    Launched::Job(job) => job,
                    Launched::Otherwise(_, why) => return Err(PlanError::permanent(why)),
                }
            }
        };
        let within = Duration::from_secs(u64::from(draft.timeout_secs));
        self.followed(at, job, within).await
    }

    /// A job once it is over, and all that it printed is there.
    async fn followed(&self, at: Api<'_>, job: Job, within: Duration) -> Result<Seen, PlanError> {
        let began = Instant::now();
        let mut failures = 0;
        let (mut wait, most) = self.pace;
        loop {
            match job.clone().see(at).await {
                Ok(seen) if seen.is_complete() => return Ok(seen),
                Ok(_) => failures = 0,
                Err(failure) => {
                    failures += 1;
                    if failures >= FAILURES_MAX {
                        return Err(failure.into());
                    }
                    tokio::time::sleep(failure.wait_or(wait)).await;
                }
            }
            if began.elapsed() >= within {
                let stopped = job.cancel(at).await;
                let stopped = stopped
                    .err()
                    .unwrap_or_else(|| "it was told to stop".into());
                let secs = within.as_secs();
                return Err(PlanError::temporary(format!(
                    "{} in check mode took longer than {secs} s; {stopped}",
                    job.handle()
                )));
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(most);
        }
    }

    /// What an order is about, as its job; none: there is none, and never was.
    async fn job_of(&self, order: &Order<'_>) -> Result<(Api<'_>, Option<Seen>), String> {
        let action = match (order.kind, &order.plan.rollback) {
            (CallKind::Rollback, Some(rollback)) => rollback,
            _ => &order.plan.action,
        };
        let at = self.api(action.base_url.as_deref())?;
        if let Some(job) = order.handle.and_then(Job::of_handle) {
            let seen = job.see(at).await.map_err(|failure| failure.detail)?;
            return Ok((at, Some(seen)));
        }
        let seen = self
            .known(at, (order.plan.run, &order.key()), &action.template)
            .await;
        Ok((at, seen.map_err(|failure| failure.detail)?))
    }

    async fn known(
        &self,
        at: Api<'_>,
        key: (RunId, &str),
        words: &str,
    ) -> Result<Option<Seen>, Failure> {
        let template = approved_template(at, words).await?;
        find(at, &template.jobs(), key).await
    }
}

/// The template that a plan names.
async fn approved_template(at: Api<'_>, words: &str) -> Result<Template, Failure> {
    let id = template::id_of(words).ok_or_else(|| Failure::never("the plan names no template"))?;
    Template::read(at, id, words.starts_with("workflow")).await
}

fn begun(launched: Launched) -> Begun {
    match launched {
        Launched::Job(job) => Begun {
            handle: job.handle(),
            over: None,
        },
        // Something else than what was agreed to began.
        Launched::Otherwise(job, why) => Begun {
            handle: job.handle(),
            over: Some(Status::Failed(why)),
        },
    }
}

#[async_trait]
impl Provider for AnsibleTower {
    fn kind(&self) -> ProviderKind {
        ProviderKind::AnsibleTower
    }

    fn settles_within(&self) -> Duration {
        self.settles_within
    }

    async fn check(&self) -> Result<String, String> {
        let at = self.api(None)?;
        let ping = at.get("/ping/").await.map_err(|failure| failure.detail)?;
        let version = ping["version"].as_str().ok_or_else(|| {
            let path = &self.path;
            format!("there is something else at `{path}`: is `api_path` right?")
        })?;
        let me = at.get("/me/").await.map_err(|failure| failure.detail)?;
        let name = me["results"][0]["username"].as_str();
        let name = name.ok_or("the answer names no account")?;
        Ok(format!("version {version}, as {name}"))
    }

    async fn plan(&self, draft: &Draft) -> Result<Planned, PlanError> {
        let it = self.prepared(draft).await?;
        let why_not = match (self.dry_run, it.template.is_workflow, it.asked.job_type) {
            (false, _, _) => Some("the configuration says so"),
            (true, true, _) => Some("a workflow has no check mode"),
            (true, false, false) => Some(
                "the template does not let a launch choose check mode (`ask_job_type_on_launch`)",
            ),
            (true, false, true) => None,
        };
        let mut planned = it.planned.clone();
        if let Some(why) = why_not {
            planned
                .preview
                .text
                .push_str(&format!("It was not tried: {why}.\n"));
            return Ok(planned);
        }
        let at = self.api(draft.base_url.as_deref());
        let at = at.map_err(PlanError::permanent)?;
        let seen = self.try_out(at, draft, &it).await?;
        let handle = seen.job.handle();
        match seen.status() {
            "successful" => {}
            "failed" => {
                let why = seen
                    .why(at, &format!("{handle} in check mode failed"))
                    .await;
                return Err(PlanError::permanent(why));
            }
            status => {
                let why = format!("{handle} in check mode ended as `{status}`");
                return Err(PlanError::temporary(seen.why(at, &why).await));
            }
        }
        let preview = &mut planned.preview;
        preview.kind = PreviewKind::DryRun;
        preview.hosts = seen.job.hosts(at).await?;
        if preview.hosts.is_empty() {
            return Err(PlanError::permanent(format!(
                "{handle} in check mode met no host"
            )));
        }
        let diff = match it.asked.diff_mode {
            true => "",
            false => ", without differences, which the template does not let a launch ask for",
        };
        let printed = seen.job.stdout(at).await?;
        preview
            .text
            .push_str(&format!("{handle} in check mode{diff}:\n{printed}"));
        Ok(planned)
    }

    async fn describe(&self, draft: &Draft) -> Result<Planned, PlanError> {
        self.prepared(draft).await.map(|it| it.planned)
    }

    async fn execute(&self, approval: &Approval) -> Result<Begun, CallError> {
        let (action, plan, kind) = (approval.action(), approval.plan(), approval.kind());
        let at = self.api(action.base_url.as_deref());
        let at = at.map_err(CallError::never)?;
        let wanted = Wanted::of(&action.params).map_err(CallError::never)?;
        let question = |failure: Failure| CallError::from(failure.of_question());
        let template = approved_template(at, &action.template)
            .await
            .map_err(question)?;
        is_approved(plan, kind, TEMPLATE, &template.hash).map_err(CallError::never)?;
        let name = match kind {
            CallKind::Execute => REVISION.to_owned(),
            CallKind::Rollback => format!("{}{REVISION}", super::UNDO),
        };
        if plan
            .preview
            .artifacts
            .iter()
            .any(|(known, _)| *known == name)
        {
            let revision = template.revision(at).await.map_err(question)?;
            let revision = revision.map_err(CallError::never)?;
            is_approved(plan, kind, REVISION, &revision).map_err(CallError::never)?;
        }
        let key = approval.key();
        let (inventory, _) = template.inventory(at, &wanted).await.map_err(question)?;
        let body: Map<String, Value> = wanted.body(&key, inventory);
        let known = find(at, &template.jobs(), (plan.run, &key))
            .await
            .map_err(question)?;
        Ok(begun(match known {
            Some(seen) => as_asked(at, seen, &body).await?,
            None => launch(at, &template, &body).await?,
        }))
    }

    async fn status(&self, order: &Order<'_>) -> Result<Status, String> {
        Ok(match self.job_of(order).await? {
            (at, Some(seen)) => seen.told(at).await,
            (_, None) => Status::Unknown,
        })
    }

    async fn cancel(&self, order: &Order<'_>) -> Result<(), String> {
        match self.job_of(order).await? {
            (at, Some(seen)) => seen.job.cancel(at).await,
            (_, None) => Ok(()),
        }
    }

    async fn output(&self, order: &Order<'_>, from: u64) -> Result<(String, u64), String> {
        let (at, Some(seen)) = self.job_of(order).await? else {
            return Ok((String::new(), from));
        };
        let printed = seen
            .job
            .stdout(at)
            .await
            .map_err(|failure| failure.detail)?;
        Ok(super::part_of(&printed, from))
    }
}
