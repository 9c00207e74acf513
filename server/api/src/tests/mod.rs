//! The router over small in-memory ports, asked as a client would.

mod alerts;
mod automation;
mod automation_rules;
mod automation_safety;
mod automation_stream;
mod bad_input;
mod changes;
mod chat_completions;
mod copilot;
mod deletion;
mod export;
mod fakes;
mod identity;
mod incidents;
mod jobs;
mod limits;
mod live;
mod live_alerts;
mod live_metrics;
mod markdown;
mod mcp;
mod metrics;
mod openapi;
mod page;
mod push;
mod push_metrics;
mod root_causes;
mod rules;
mod searches;
mod silences;
mod slack;
mod subscriptions;
mod threads;
mod tickets;
mod tickets_aliases;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::request::Builder;
use axum::http::{HeaderMap, Request, StatusCode};
use bytes::Bytes;
use futures_util::StreamExt;
use serde_json::Value;
use tocsin_ingest::metrics::{MetricLimits, SeriesRegistry};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::{ApiConfig, ApiParts, ApiState, Identity, Limits};
use fakes::Fakes;

/// A router over fakes that the test can look into.
struct Server {
    router: Router,
    state: ApiState,
    fakes: Arc<Fakes>,
    tasks: TaskTracker,
    shutdown: CancellationToken,
}

/// An answer, read whole.
#[derive(Debug)]
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

/// The header in which the proxy says who asks.
const USER: &str = "x-forwarded-user";

/// Who is believed about who asks: a proxy on this machine.
fn proxied() -> Identity {
    let here = std::net::Ipv4Addr::LOCALHOST;
    Identity::new(Some(USER), &[here.to_string()]).unwrap()
}

/// A request that comes from the proxy.
fn proxied_for(user: &str, request: Builder) -> Builder {
    let peer = std::net::SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, 9));
    let request = request.extension(ConnectInfo(peer));
    match user {
        "" => request,
        user => request.header(USER, user),
    }
}

impl Server {
    fn new() -> Self {
        Self::with(ApiConfig::default(), tocsin_ingest::Limits::default())
    }

    fn with(config: ApiConfig, limits: tocsin_ingest::Limits) -> Self {
        let fakes = Arc::new(Fakes::default());
        let metric_limits = MetricLimits::default();
        let (tasks, shutdown) = (TaskTracker::new(), CancellationToken::new());
        let state = ApiState::new(ApiParts {
            client_limits: Limits::new(
                config.requests_per_minute,
                fakes.clone(),
                proxied(),
                fakes.clone(),
            ),
            logs: fakes.clone(),
            templates: fakes.clone(),
            search: fakes.clone(),
            intake: fakes.clone(),
            live: fakes.clone(),
            jobs: fakes.clone(),
            job_desk: Arc::new(fakes::jobs::FakeDesk(fakes.clone())),
            audit: fakes.clone(),
            metrics: fakes.clone(),
            engine: tocsin_promql::Engine::new(
                fakes.clone(),
                tocsin_promql::EngineConfig::default(),
            ),
            insight: fakes.clone(),
            anomalies: fakes.clone(),
            predictions: fakes.clone(),
            alerts: fakes.clone(),
            desk: fakes.clone(),
            rules: fakes.clone(),
            classifier: fakes.clone(),
            subscriptions: fakes.clone(),
            notifier: fakes.clone(),
            tickets: fakes.clone(),
            ticket_desk: fakes.clone(),
            automation: fakes.clone(),
            copilot: fakes.clone(),
            threads: fakes.clone(),
            root_causes: fakes.clone(),
            changes: fakes.clone(),
            ledger: fakes.clone(),
            slack: Some(slack::inbound(&fakes.slack)),
            status: fakes.clone(),
            telemetry: fakes.clone(),
            clock: fakes.clone(),
            assets: fakes.clone(),
            config,
            identity: proxied(),
            limits,
            registry: Arc::new(SeriesRegistry::new(&metric_limits)),
            metric_limits,
            deltas: Arc::new(tocsin_ingest::metrics::otlp::DeltaTotals::new(1000)),
            tasks: tasks.clone(),
            shutdown: shutdown.clone(),
        });
        Self {
            router: crate::router(state.clone()),
            state,
            fakes,
            tasks,
            shutdown,
        }
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let mut bytes = Vec::new();
        let mut pieces = body.into_data_stream();
        while let Some(piece) = pieces.next().await {
            bytes.extend_from_slice(&piece.unwrap());
        }
        Answer {
            status: head.status,
            headers: head.headers,
            body: bytes.into(),
        }
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap())
            .await
    }

    async fn post(&self, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
        let mut request = Request::post(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(body.into()).unwrap()).await
    }

    /// Sends a body of JSON by any method.
    async fn ask(&self, method: &str, path: &str, body: Value) -> Answer {
        let request = Request::builder().method(method).uri(path);
        let request = request.header("content-type", "application/json");
        self.send(request.body(Body::from(body.to_string())).unwrap())
            .await
    }

    /// Sends a body of JSON through a proxy that says who asks; nobody, if the name is empty.
    async fn ask_as(&self, user: &str, method: &str, path: &str, body: Value) -> Answer {
        let request = Request::builder().method(method).uri(path);
        let request = request.header("content-type", "application/json");
        self.send(
            proxied_for(user, request)
                .body(Body::from(body.to_string()))
                .unwrap(),
        )
        .await
    }

    /// Asks through a proxy that says who asks; nobody, if the name is empty.
    async fn get_as(&self, user: &str, path: &str) -> Answer {
        let request = proxied_for(user, Request::get(path));
        self.send(request.body(Body::empty()).unwrap()).await
    }

    async fn json(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        answer.json()
    }
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// Asserts a status and returns the body.
    fn ok(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        self.json()
    }

    /// Asserts a problem with one field and returns the field's name.
    fn wrong(&self) -> String {
        let problem = self.problem(400, "bad-request");
        let error = &problem["errors"][0];
        assert!(error["expected"].is_string(), "{problem}");
        error["field"].as_str().unwrap().to_owned()
    }

    /// Asserts a problem of this kind and returns it.
    fn problem(&self, status: u16, kind: &str) -> Value {
        let text = self.text();
        assert_eq!(self.status.as_u16(), status, "{text}");
        assert_eq!(
            self.header("content-type"),
            "application/problem+json",
            "{text}"
        );
        let problem = self.json();
        assert_eq!(
            problem["type"],
            format!("https://tocsin.dev/problems/{kind}"),
            "{text}"
        );
        assert_eq!(problem["status"], status);
        assert!(
            problem["detail"]
                .as_str()
                .is_some_and(|detail| !detail.is_empty()),
            "{text}"
        );
        problem
    }
}
