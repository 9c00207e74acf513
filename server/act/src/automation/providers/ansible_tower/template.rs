//! Templates of AWX: found by number or name, and asked what they let a launch say. AWX drops what a
//! template does not ask for without a word, so it is asked first.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use tocsin_domain::automation::{Param, Preview};

use super::wanted::{KEY, NameOrId, Wanted};
use crate::automation::provider::PlanError;
use crate::automation::providers::digits;
use crate::automation::providers::remote::{At, Failure};
use crate::trackers::encoded;

/// What of a template says what would run.
const DEFINITION: &[&str] = &[
    "id",
    "type",
    "name",
    "organization",
    "job_type",
    "inventory",
    "project",
    "playbook",
    "scm_branch",
    "limit",
    "extra_vars",
    "job_tags",
    "skip_tags",
    "start_at_task",
    "execution_environment",
    "become_enabled",
    "job_slice_count",
    "survey_enabled",
];
/// The most pages of a list that are read, of [`PAGE`] each.
const PAGES_MAX: usize = 50;
const PAGE: usize = 200;

/// A template of jobs, or of workflows.
#[derive(Debug, Clone)]
pub(super) struct Template {
    pub(super) id: i64,
    pub(super) is_workflow: bool,
    pub(super) name: String,
    /// The hash of what says what would run.
    pub(super) hash: String,
    detail: Value,
}

/// The path of a kind of templates.
pub(super) const fn path(is_workflow: bool) -> &'static str {
    match is_workflow {
        true => "workflow_job_templates",
        false => "job_templates",
    }
}

impl Template {
    /// The template that is wanted.
    pub(super) async fn find(at: Api<'_>, wanted: &Wanted) -> Result<Self, Failure> {
        let id = match &wanted.template {
            NameOrId::Id(id) => *id,
            NameOrId::Name(name) => {
                let of = wanted.organization.as_deref();
                at.id_of(path(wanted.is_workflow), name, of).await?
            }
        };
        Self::read(at, id, wanted.is_workflow).await
    }

    /// The template with a number.
    pub(super) async fn read(at: Api<'_>, id: i64, is_workflow: bool) -> Result<Self, Failure> {
        let detail = at.get(&format!("/{}/{id}/", path(is_workflow))).await?;
        let name = detail["name"].as_str().unwrap_or_default().to_owned();
        let mut definition = Map::new();
        for field in DEFINITION {
            definition.insert((*field).to_owned(), detail[*field].clone());
        }
        for (field, value) in detail.as_object().into_iter().flatten() {
            if field.starts_with("ask_") {
                definition.insert(field.clone(), value.clone());
            }
        }
        let credentials = detail["summary_fields"]["credentials"].as_array();
        let credentials = credentials
            .into_iter()
            .flatten()
            .map(|one| one["id"].clone());
        definition.insert("credentials".to_owned(), credentials.collect());
        if is_workflow {
            let nodes = format!("/workflow_job_templates/{id}/workflow_nodes/?order_by=id");
            let nodes = at.list(&nodes, PAGES_MAX).await?;
            definition.insert("nodes".to_owned(), nodes.iter().map(node).collect());
        }
        let definition = Value::Object(definition).to_string();
        Ok(Self {
            id,
            is_workflow,
            name,
            hash: digits(&Sha256::digest(definition.as_bytes())),
            detail,
        })
    }

    /// For people; the number at its end is read by [`id_of`].
    pub(super) fn words(&self) -> String {
        let kind = match self.is_workflow {
            true => "workflow template",
            false => "job template",
        };
        format!("{kind} {} ({})", self.name, self.id)
    }

    pub(super) fn base(&self) -> String {
        format!("/{}/{}", path(self.is_workflow), self.id)
    }

    /// Where its jobs are listed: a job that is cut into slices is a workflow.
    pub(super) fn jobs(&self) -> String {
        let slices = self.detail["job_slice_count"].as_i64().unwrap_or(1);
        match (self.is_workflow, slices > 1) {
            (true, _) => format!("{}/workflow_jobs/", self.base()),
            (false, true) => format!("{}/slice_workflow_jobs/", self.base()),
            (false, false) => format!("{}/jobs/", self.base()),
        }
    }

    /// The revision of the project; or why it is not known, or may be another one at the launch.
    pub(super) async fn revision(&self, at: Api<'_>) -> Result<Result<String, String>, Failure> {
        let Some(project) = self.detail["project"].as_i64() else {
            return Ok(Err("it has no project of its own".into()));
        };
        let project = match at.get(&format!("/projects/{project}/")).await {
            Ok(project) => project,
            // Who may launch a template need not see its project.
            Err(failure) if matches!(failure.status, Some(403 | 404)) => {
                return Ok(Err(failure.detail));
            }
            Err(failure) => return Err(failure),
        };
        if project["scm_update_on_launch"] == true {
            return Ok(Err(
                "its project is brought up to date at each launch".into()
            ));
        }
        Ok(match project["scm_revision"].as_str() {
            Some(revision) if !revision.is_empty() => Ok(revision.to_owned()),
            _ => Err("its project has no revision".into()),
        })
    }

    /// Whether a launch may say what is wanted.
    ///
    /// # Errors
    /// What it may not, and what to switch on; or what is missing.
    pub(super) async fn check(&self, at: Api<'_>, wanted: &Wanted) -> Result<Asked, PlanError> {
        let launch = at.get(&format!("{}/launch/", self.base())).await?;
        let asks = |name: &str| launch[name] == true;
        let survey = match launch["survey_enabled"] == true {
            true => {
                let spec = at.get(&format!("{}/survey_spec/", self.base())).await?;
                spec["spec"].as_array().cloned().unwrap_or_default()
            }
            false => Vec::new(),
        };
        for (is_wanted, name, field) in [
            (!wanted.limit.is_empty(), "ask_limit_on_launch", "limit"),
            (
                wanted.inventory.is_some(),
                "ask_inventory_on_launch",
                "inventory",
            ),
            (wanted.job_tags.is_some(), "ask_tags_on_launch", "job_tags"),
            (
                wanted.skip_tags.is_some(),
                "ask_skip_tags_on_launch",
                "skip_tags",
            ),
        ] {
            if is_wanted && !asks(name) {
                return Err(self.not_asked(field, name));
            }
        }
        let of_survey = |name: &str| survey.iter().any(|one| one["variable"] == name);
        let mut variables = wanted.variables.keys().map(String::as_str).chain([KEY]);
        let odd = variables.find(|name| !asks("ask_variables_on_launch") && !of_survey(name));
        if let Some(odd) = odd {
            return Err(self.not_asked(odd, "ask_variables_on_launch"));
        }
        let passwords = launch["passwords_needed_to_start"].as_array();
        if passwords.is_some_and(|names| !names.is_empty()) {
            return Err(self.refuse("it asks for passwords, which nobody can give it here"));
        }
        if launch["inventory_needed_to_start"] == true && wanted.inventory.is_none() {
            return Err(self.refuse("it has no inventory: `params.inventory` is missing"));
        }
        if launch["credential_needed_to_start"] == true {
            return Err(self.refuse("it has no credential"));
        }
        for question in &survey {
            let answered = check_answer(question, wanted);
            answered.map_err(|why| self.refuse(&why))?;
        }
        Ok(Asked {
            job_type: asks("ask_job_type_on_launch") && !self.is_workflow,
            diff_mode: asks("ask_diff_mode_on_launch"),
        })
    }

    fn refuse(&self, why: &str) -> PlanError {
        PlanError::permanent(format!("{}: {why}", self.words()))
    }

    fn not_asked(&self, field: &str, name: &str) -> PlanError {
        self.refuse(&format!(
            "it would ignore `{field}`: switch on its prompt on launch (`{name}`)"
        ))
    }

    /// The number of the inventory that is wanted, and that which would be used.
    pub(super) async fn inventory(
        &self,
        at: Api<'_>,
        wanted: &Wanted,
    ) -> Result<(Option<i64>, Option<i64>), Failure> {
        let of_template = self.detail["inventory"].as_i64();
        let id = match &wanted.inventory {
            None => return Ok((None, of_template)),
            Some(NameOrId::Id(id)) => *id,
            Some(NameOrId::Name(name)) => {
                let of = wanted.organization.as_deref();
                at.id_of("inventories", name, of).await?
            }
        };
        Ok((Some(id), Some(id)))
    }
}

/// What a launch may say beside what is wanted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub(super) job_type: bool,
    pub(super) diff_mode: bool,
}

/// The number of a template, from [`Template::words`].
pub(super) fn id_of(words: &str) -> Option<i64> {
    let (_, rest) = words.rsplit_once('(')?;
    rest.strip_suffix(')')?.parse().ok()
}

fn node(node: &Value) -> Value {
    json!([
        node["id"],
        node["unified_job_template"],
        node["extra_data"],
        node["inventory"],
        node["limit"],
        node["success_nodes"],
        node["failure_nodes"],
        node["always_nodes"],
    ])
}

/// Whether a question of a survey has an answer that it takes.
fn check_answer(question: &Value, wanted: &Wanted) -> Result<(), String> {
    let name = question["variable"].as_str().unwrap_or_default();
    let kind = question["type"].as_str().unwrap_or_default();
    let Some(answer) = wanted.variables.get(name) else {
        let has_default = match &question["default"] {
            Value::Null => false,
            Value::String(text) => !text.is_empty(),
            _ => true,
        };
        let is_missing = question["required"] == true && !has_default && name != KEY;
        return match is_missing {
            true => Err(format!("its survey asks for `{name}`")),
            false => Ok(()),
        };
    };
    let choices = choices_of(&question["choices"]);
    let bound = |name: &str| question[name].as_f64();
    let is_within = |size: f64| {
        bound("min").is_none_or(|min| size >= min) && bound("max").is_none_or(|max| size <= max)
    };
    let is_choice = |one: &Param| {
        one.text()
            .is_some_and(|one| choices.iter().any(|c| c == one))
    };
    #[expect(clippy::cast_precision_loss, reason = "bounds of surveys are small")]
    let is_good = match (kind, answer) {
        ("text" | "textarea" | "password", Param::Text(text)) => {
            is_within(text.chars().count() as f64)
        }
        ("integer" | "float", Param::Int(number)) => is_within(*number as f64),
        ("float", Param::Number(number)) => is_within(*number),
        ("multiplechoice", one) => is_choice(one),
        ("multiselect", Param::List(all)) => all.iter().all(is_choice),
        _ => false,
    };
    match is_good {
        true => Ok(()),
        false => Err(format!(
            "its survey does not take the value of `{name}` (a {kind})"
        )),
    }
}

fn choices_of(choices: &Value) -> Vec<String> {
    match choices {
        Value::String(lines) => lines.lines().map(str::to_owned).collect(),
        Value::Array(all) => all
            .iter()
            .filter_map(|one| one.as_str().map(str::to_owned))
            .collect(),
        _ => Vec::new(),
    }
}

/// AWX at an address, below the path of its API.
#[derive(Clone, Copy)]
pub(super) struct Api<'a> {
    pub(super) at: At<'a>,
    pub(super) path: &'a str,
}

impl Api<'_> {
    pub(super) async fn get(&self, path: &str) -> Result<Value, Failure> {
        self.at.get(&format!("{}{path}", self.path)).await
    }

    /// All of a list, page by page.
    pub(super) async fn list(&self, path: &str, pages_max: usize) -> Result<Vec<Value>, Failure> {
        let mut all = Vec::new();
        for page in 1..=pages_max {
            let joined = if path.contains('?') { '&' } else { '?' };
            let path = format!("{path}{joined}page_size={PAGE}&page={page}");
            let answer = self.get(&path).await?;
            all.extend(answer["results"].as_array().into_iter().flatten().cloned());
            if answer["next"].is_null() {
                return Ok(all);
            }
        }
        Err(Failure::never(format!(
            "AWX: there are over {} in {path}",
            PAGE * pages_max
        )))
    }

    /// The number of the one thing with a name.
    async fn id_of(
        &self,
        kind: &str,
        name: &str,
        organization: Option<&str>,
    ) -> Result<i64, Failure> {
        let mut path = format!("/{kind}/?page_size=2&name={}", encoded(name));
        if let Some(organization) = organization {
            path.push_str(&format!("&organization__name={}", encoded(organization)));
        }
        let answer = self.get(&path).await?;
        let found = answer["results"].as_array().cloned().unwrap_or_default();
        let what = format!("{} `{name}`", kind.replace('_', " "));
        match found.as_slice() {
            [one] if one["name"] == name => one["id"]
                .as_i64()
                .ok_or_else(|| Failure::not_now("AWX: the answer cannot be read")),
            [] => Err(Failure::never(format!(
                "AWX has no {what}, or the account may not see it"
            ))),
            _ => Err(Failure::never(format!(
                "AWX has several {what}: say its `organization` or its number"
            ))),
        }
    }

    /// The names of the hosts of an inventory that a job would run on.
    ///
    /// # Errors
    /// If one that is wanted is not there.
    pub(super) async fn hosts(&self, id: i64, limit: &[String]) -> Result<Vec<String>, Failure> {
        let mut path = format!("/inventories/{id}/hosts/?enabled=true&order_by=name");
        if !limit.is_empty() {
            path.push_str(&format!("&name__in={}", encoded(&limit.join(","))));
        }
        let pages_max = Preview::HOSTS_MAX / PAGE;
        let found = self.list(&path, pages_max).await?;
        let names = found.iter().filter_map(|host| host["name"].as_str());
        let names: Vec<String> = names.map(str::to_owned).collect();
        let missing = limit.iter().find(|host| !names.contains(host));
        match missing {
            Some(host) => Err(Failure::never(format!(
                "`params.limit`: the inventory has no enabled host `{host}`"
            ))),
            None if names.is_empty() => Err(Failure::never("the inventory has no enabled host")),
            None => Ok(names),
        }
    }
}
