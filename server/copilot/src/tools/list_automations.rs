//! `list_automations`: which rules that people wrote match an alert, and what each would do. Nothing is proposed by
//! asking: the answer has a link by which a person does.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tocsin_domain::alert::{Alert, AlertId, Evidence};
use tocsin_domain::automation::AutomationMatch;
use tocsin_domain::ports::RuleTest;

use super::arguments::{id, limit};
use super::error::ToolError;
use super::lines::data;
use super::list_alerts;
use super::toolbox::{Desk, Found, Tool};

/// The most rules of an answer.
const FOUND_MAX: usize = 20;
/// The most rules that are tried on an alert.
const TRIED_MAX: usize = 500;

/// What could be done.
pub(crate) struct ListAutomations;

/// About which alert.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Arguments {
    /// The id of the alert.
    pub(crate) alert: String,
    /// How many: 1 to 20. Default 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<usize>,
}

/// A rule that matches.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct AutomationFound {
    /// The fact; none if the answer cites as many as it may.
    pub(crate) fact: Option<String>,
    pub(crate) rule: String,
    pub(crate) name: String,
    /// What it would do, and to what; none: it cannot be made, `problem` says why.
    pub(crate) action: Option<String>,
    /// Whether someone would have to agree, and why.
    pub(crate) approval: String,
    pub(crate) risk: &'static str,
    pub(crate) is_enabled: bool,
    /// Whether it only plans.
    pub(crate) is_dry_run: bool,
    pub(crate) problem: Option<String>,
    /// How many of its runs were executed, and how many were seen to help.
    pub(crate) executed: u64,
    pub(crate) verified: u64,
    /// Where a person may propose it.
    pub(crate) link: String,
}

/// What was found, by id.
#[derive(Debug, Serialize)]
pub(crate) struct Automations {
    /// The alert's title.
    pub(crate) alert: String,
    /// The fact of the alert.
    pub(crate) alert_fact: Option<String>,
    /// True if there are more than are told, or were tried.
    pub(crate) is_more: bool,
    pub(crate) automations: Vec<AutomationFound>,
}

#[async_trait]
impl Tool for ListAutomations {
    const NAME: &'static str = "list_automations";
    const ABOUT: &'static str = "Says which rules of automation match an alert and what each would do, with a link by which a person may propose it. It proposes, starts and approves nothing.";
    type Arguments = Arguments;
    type Found = Automations;

    async fn ask(desk: &mut Desk<'_>, given: &Arguments) -> Result<Found<Automations>, ToolError> {
        let limit = limit(given.limit, 10, FOUND_MAX)?;
        let id: AlertId = id("alert", &given.alert)?;
        let alert = list_alerts::alert(desk, id).await?;
        let automation = desk.tools.parts.automation.clone();
        let mut rules = automation.rules().await?;
        rules.retain(|one| may_match(&one.rule.matches, &alert));
        let mut is_more = rules.len() > TRIED_MAX;
        let mut automations = Vec::new();
        for one in rules.into_iter().take(TRIED_MAX) {
            let (rule, record) = (one.rule, one.record);
            let Some(test) = automation.test_rule(rule.clone(), id).await? else {
                break;
            };
            if !test.is_match {
                continue;
            }
            if automations.len() == limit {
                is_more = true;
                break;
            }
            let mut found = AutomationFound {
                fact: None,
                link: link(&rule.id, id),
                rule: data(&rule.id),
                name: data(&rule.name),
                action: action(&test),
                approval: data(&test.approval),
                risk: rule.risk.level.name(),
                is_enabled: rule.is_enabled,
                is_dry_run: rule.is_dry_run,
                problem: test.problem.as_deref().map(data),
                executed: record.executed,
                verified: record.verified,
            };
            let evidence = Evidence::Alert {
                id,
                title: data(&alert.title),
            };
            found.fact = desk.book.cite(evidence, None, &text(&found, &test));
            automations.push(found);
        }
        let summary = match automations.len() {
            0 => "no automation matches".to_owned(),
            1 => "1 automation matches".to_owned(),
            count => format!("{count} automations match"),
        };
        let found = Automations {
            alert: data(&alert.title),
            alert_fact: list_alerts::cited(&alert, desk.book).fact,
            is_more,
            automations,
        };
        Ok(Found::new(summary, found))
    }
}

/// Whether a rule can match, by what is looked at fast: the desk says whether it does.
fn may_match(wanted: &AutomationMatch, alert: &Alert) -> bool {
    let is_type = wanted.failure_types.is_empty()
        || alert
            .failure_type
            .as_ref()
            .is_some_and(|name| wanted.failure_types.contains(name));
    let is_severity = wanted.severities.is_empty() || wanted.severities.contains(&alert.severity);
    let is_kind = wanted.kinds.is_empty() || wanted.kinds.contains(&alert.kind);
    is_type && is_severity && is_kind
}

/// What would be done, and to what.
fn action(test: &RuleTest) -> Option<String> {
    let template = &test.action.as_ref()?.template;
    Some(match test.targets.is_empty() {
        true => data(template),
        false => data(&format!("{template} on {}", test.targets.join(", "))),
    })
}

/// Where a person may propose what a rule says about an alert.
fn link(rule: &str, alert: AlertId) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let rule: String = rule
        .bytes()
        .map(|byte| match plain(byte) {
            true => char::from(byte).to_string(),
            false => format!("%{byte:02X}"),
        })
        .collect();
    format!("/automation?view=rules&rule={rule}&alert={alert}")
}

fn text(found: &AutomationFound, test: &RuleTest) -> String {
    let state = match (found.is_enabled, found.is_dry_run) {
        (false, _) => "switched off",
        (true, true) => "dry run: it only plans",
        (true, false) => "at work",
    };
    let would = match (&found.action, &found.problem) {
        (Some(action), None) => format!("it would do {action}"),
        (_, Some(problem)) => format!("it cannot be done: {problem}"),
        (None, None) => "what it would do is not known".to_owned(),
    };
    format!(
        "Automation {} ({}, {state}, {} risk) matches, since {}; {would}; {}; executed {} times, {} times \
         seen to help; a person proposes it at {}",
        found.rule,
        found.name,
        found.risk,
        data(&test.because),
        found.approval,
        found.executed,
        found.verified,
        found.link,
    )
}
