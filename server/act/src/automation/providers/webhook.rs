//! `webhook`: a signed request. The parameters are a JSON object of the body; nothing of them is ever
//! part of the address or of a header.
//!
//! The signature is the HMAC-SHA256 of `timestamp.body` under the secret, in hexadecimal digits after
//! `v1=`, as of notifications. `Idempotency-Key` is the same for one action however often it is sent;
//! `X-Tocsin-Correlation-Id` is the run. With `status_url` the receiver can be asked by that key
//! what became of it; without, what was not answered is not known, and is not sent again.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tocsin_domain::automation::{Plan, Preview, PreviewKind, ProviderKind};
use tocsin_domain::ports::Clock;
use tocsin_domain::subscription::Secret;

use super::json as json_of;
use crate::automation::policy::{Approval, hash};
use crate::automation::provider::{
    Begun, CallError, Certainty, Draft, Order, PlanError, Planned, Provider, Status,
};
use crate::channels::sign;
use crate::http::{Call, Http, HttpConfig, Method};
use crate::trackers::{ConfigSecret, TrackerConfigError, secret};

/// Where a signed request goes.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookConfig {
    /// Where to: `http` or `https`.
    pub url: String,
    /// Other addresses that rules may name in `base_url`.
    #[serde(default)]
    pub also: Vec<String>,
    /// What requests are signed with.
    #[serde(default)]
    pub secret: ConfigSecret,
    /// A file with the secret, in place of `secret`.
    pub secret_file: Option<PathBuf>,
    /// Where the receiver is asked what became of something: `GET STATUS_URL/KEY` answers
    /// `{"state": "running"}`, `succeeded`, `failed` or `cancelled`, with a `detail`; 404: it was
    /// never told.
    pub status_url: Option<String>,
}

pub(in crate::automation) struct Webhook {
    config: WebhookConfig,
    secret: Secret,
    http: Http,
    clock: Arc<dyn Clock>,
    /// Keys that surely never arrived.
    refused: Mutex<BTreeSet<String>>,
}

impl Webhook {
    pub(in crate::automation) fn new(
        config: WebhookConfig,
        http: &HttpConfig,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, TrackerConfigError> {
        let secret = secret("secret", &config.secret, config.secret_file.as_deref())?;
        let is_address = |url: &String| url.starts_with("http://") || url.starts_with("https://");
        let mut urls = std::iter::once(&config.url)
            .chain(&config.also)
            .chain(&config.status_url);
        if !urls.all(is_address) {
            let expected = "an address such as `https://example.org`";
            return Err(TrackerConfigError::new("url", expected));
        }
        Ok(Self {
            secret: secret.ok_or_else(|| TrackerConfigError::new("secret", "a secret"))?,
            config,
            http: Http::new(http),
            clock,
            refused: Mutex::default(),
        })
    }

    /// The address that a rule names, if the configuration knows it.
    fn url<'a>(&'a self, base_url: Option<&'a str>) -> Result<&'a str, String> {
        match base_url {
            None => Ok(&self.config.url),
            Some(url) if url == self.config.url || self.config.also.iter().any(|o| o == url) => {
                Ok(url)
            }
            Some(_) => Err("the configuration does not know the `base_url`".into()),
        }
    }

    fn call(&self, url: &str, key: &str, plan: &Plan, body: &Value) -> Result<Call, String> {
        let timestamp = self.clock.now().millis().div_euclid(1000).to_string();
        let body = body.to_string();
        let signature = sign(&self.secret.0, &timestamp, &body);
        Ok(Call {
            url: url.to_owned(),
            headers: vec![
                ("Idempotency-Key", key.to_owned()),
                ("X-Tocsin-Correlation-Id", plan.run.to_string()),
                ("X-Tocsin-Timestamp", timestamp),
                (
                    "X-Tocsin-Signature",
                    signature.ok_or("the secret cannot be used")?,
                ),
            ],
            body,
            ..Call::default()
        })
    }

    fn note(&self, key: &str, is_refused: bool) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        match is_refused {
            true => refused.insert(key.to_owned()),
            false => refused.remove(key),
        };
    }
}

fn body(approval: &Approval) -> Value {
    let plan = approval.plan();
    let params = &approval.action().params;
    let params: serde_json::Map<String, Value> = params
        .iter()
        .map(|(name, value)| (name.clone(), json_of(value)))
        .collect();
    json!({
        "action": approval.kind().name(),
        "run": plan.run.to_string(),
        "rule": plan.rule,
        "rule_version": plan.rule_version,
        "plan": hash(plan).to_string(),
        "alert": plan.episode.alert.to_string(),
        "targets": plan.targets,
        "approved_by": approval.by(),
        "params": params,
    })
}

#[async_trait]
impl Provider for Webhook {
    fn kind(&self) -> ProviderKind {
        ProviderKind::Webhook
    }

    async fn check(&self) -> Result<String, String> {
        let call = Call {
            method: Method::Get,
            url: self
                .config
                .status_url
                .clone()
                .unwrap_or_else(|| self.config.url.clone()),
            ..Call::default()
        };
        let answer = self.http.send(call).await.map_err(|error| error.detail)?;
        Ok(format!("it answers (HTTP {})", answer.status))
    }

    async fn plan(&self, draft: &Draft) -> Result<Planned, PlanError> {
        let url = self
            .url(draft.base_url.as_deref())
            .map_err(PlanError::permanent)?;
        let params: serde_json::Map<String, Value> = draft
            .params
            .iter()
            .map(|(name, value)| (name.clone(), json_of(value)))
            .collect();
        let text = serde_json::to_string_pretty(&params).unwrap_or_default();
        Ok(Planned {
            template: format!("POST {}", host_of(url)),
            preview: Preview {
                kind: PreviewKind::Described,
                text,
                counts: None,
                hosts: Vec::new(),
                artifacts: Vec::new(),
            },
        })
    }

    async fn execute(&self, approval: &Approval) -> Result<Begun, CallError> {
        let (plan, action, key) = (approval.plan(), approval.action(), approval.key());
        let url = self
            .url(action.base_url.as_deref())
            .map_err(CallError::never)?;
        let body = body(approval);
        let call = self
            .call(url, &key, plan, &body)
            .map_err(CallError::never)?;
        let failed = |certainty: Certainty, detail: String| {
            self.note(&key, certainty == Certainty::NotNow);
            Err(CallError { detail, certainty })
        };
        self.note(&key, false);
        let answer = match self.http.send(call).await {
            Ok(answer) => answer,
            Err(error) if error.is_unsure => return failed(Certainty::Unsure, error.detail),
            Err(error) if error.is_temporary => return failed(Certainty::NotNow, error.detail),
            Err(error) => return failed(Certainty::Never, error.detail),
        };
        let said = format!("HTTP {}", answer.status);
        match answer.status {
            202 if self.config.status_url.is_some() => Ok(Begun {
                handle: said,
                over: None,
            }),
            200..=299 => Ok(Begun {
                handle: said.clone(),
                over: Some(Status::Succeeded(said)),
            }),
            429 => failed(Certainty::NotNow, said),
            // It may have been done before it went wrong, or another one is on its way.
            408 | 409 | 500..=599 => failed(Certainty::Unsure, said),
            _ => failed(Certainty::Never, said),
        }
    }

    async fn status(&self, order: &Order<'_>) -> Result<Status, String> {
        let key = order.key();
        let Some(status_url) = &self.config.status_url else {
            let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
            return match refused.contains(&key) {
                true => Ok(Status::Unknown),
                false => Err("it has no address at which it can be asked".into()),
            };
        };
        let call = Call {
            url: format!("{}/{key}", status_url.trim_end_matches('/')),
            method: Method::Get,
            body: String::new(),
            ..self.call("", &key, order.plan, &Value::Null)?
        };
        let answer = self.http.send(call).await.map_err(|error| error.detail)?;
        if answer.status == 404 {
            return Ok(Status::Unknown);
        }
        if answer.status != 200 {
            return Err(format!("HTTP {}", answer.status));
        }
        let said: Value =
            serde_json::from_str(&answer.body).map_err(|_| "the answer is no JSON")?;
        let detail = said["detail"].as_str().unwrap_or("");
        let detail: String = detail.chars().take(1000).collect();
        match said["state"].as_str() {
            Some("running") => Ok(Status::Running),
            Some("succeeded") => Ok(Status::Succeeded(detail)),
            Some("failed") => Ok(Status::Failed(detail)),
            Some("cancelled") => Ok(Status::Cancelled(detail)),
            _ => Err("expected a `state` of running, succeeded, failed or cancelled".into()),
        }
    }

    async fn cancel(&self, order: &Order<'_>) -> Result<(), String> {
        let url = self.url(order.plan.action.base_url.as_deref())?;
        let body =
            json!({ "action": "cancel", "run": order.plan.run.to_string(), "key": order.key() });
        let call = self.call(url, &format!("{}-cancel", order.key()), order.plan, &body)?;
        match self.http.send(call).await {
            Ok(answer) if (200..300).contains(&answer.status) => Ok(()),
            Ok(answer) => Err(format!("HTTP {}", answer.status)),
            Err(error) => Err(error.detail),
        }
    }
}

/// The host of an address: what else is in it may be a secret.
fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    host.rsplit_once('@').map_or(host, |(_, host)| host)
}
