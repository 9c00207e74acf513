//! Looking ahead when somebody asks, and not only when its time has come.

use async_trait::async_trait;
use tocsin_domain::Timestamp;
use tocsin_domain::job::Progress;
use tocsin_domain::ports::{JobError, JobHandler, JobRun, StoreError};
use tokio::sync::{mpsc, oneshot};

use super::CapacityRule;

/// Questions that may wait.
const WAITING_MAX: usize = 8;

/// Somebody wants a rule looked at now.
pub(super) struct Asked {
    pub(super) rule: String,
    /// Is told how many series there were.
    pub(super) answer: oneshot::Sender<Result<usize, StoreError>>,
}

/// Does the jobs that look ahead now. The stage itself looks, between two of its rounds, so that its
/// scorecards stay one.
#[derive(Debug)]
pub struct ReForecast {
    rules: Vec<String>,
    sender: mpsc::Sender<Asked>,
}

impl ReForecast {
    /// The handler, and where the stage hears it.
    pub(super) fn new(rules: &[CapacityRule]) -> (Self, mpsc::Receiver<Asked>) {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        let rules = rules.iter().map(|rule| rule.name.clone()).collect();
        (Self { rules, sender }, receiver)
    }

    fn rule(&self, parameters: &str) -> Result<Option<String>, String> {
        let given: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(parameters).map_err(|error| error.to_string())?;
        if let Some(key) = given.keys().find(|key| *key != "rule") {
            return Err(format!("`{key}`: expected `rule` or nothing"));
        }
        match given.get("rule") {
            None | Some(serde_json::Value::Null) => Ok(None),
            Some(serde_json::Value::String(name)) if self.rules.contains(name) => {
                Ok(Some(name.clone()))
            }
            Some(_) => Err(format!("`rule`: expected one of {}", self.rules.join(", "))),
        }
    }

    async fn look(&self, rule: String) -> Result<usize, JobError> {
        let away = || JobError::Failed("the stage that looks ahead does not run here now".into());
        let (answer, answered) = oneshot::channel();
        let asked = self.sender.send(Asked { rule, answer });
        asked.await.map_err(|_| away())?;
        Ok(answered.await.map_err(|_| away())??)
    }
}

#[async_trait]
impl JobHandler for ReForecast {
    fn kind(&self) -> &'static str {
        "re_forecast"
    }

    fn about(&self) -> &'static str {
        "Looks now, and not only at its time, when what is watched will be full: for one rule, or all."
    }

    fn example(&self) -> String {
        serde_json::json!({ "rule": self.rules.first() }).to_string()
    }

    fn check(&self, parameters: &str, _: Timestamp) -> Result<String, String> {
        let rule = self.rule(parameters)?;
        let parameters = match rule {
            Some(rule) => serde_json::json!({ "rule": rule }),
            None => serde_json::json!({}),
        };
        Ok(parameters.to_string())
    }

    async fn run(&self, run: &dyn JobRun) -> Result<String, JobError> {
        let rule = self
            .rule(&run.job().parameters)
            .map_err(JobError::Refused)?;
        let rules = rule.map_or_else(|| self.rules.clone(), |rule| vec![rule]);
        let (mut series, total) = (0, rules.len() as u64);
        for (done, rule) in (0..).zip(rules) {
            run.progress(Progress::of(done, total, rule.as_str()));
            series += tokio::select! {
                () = run.stopped() => return Err(JobError::Stopped),
                found = self.look(rule) => found?,
            };
        }
        run.progress(Progress::of(total, total, ""));
        Ok(serde_json::json!({ "rules": total, "series": series }).to_string())
    }
}
