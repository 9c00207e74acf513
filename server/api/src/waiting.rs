//! What is answered while the server waits for something it needs: that it lives, what is missing, and
//! to everything else that it cannot be done yet.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use tocsin_domain::ports::server_status::Readiness;

use crate::config::ApiConfig;
use crate::errors::{ApiError, ErrorKind};
use crate::middleware::guard;
use crate::routes::health;
use crate::wire::health::HealthAnswer;

/// Tells how far each of the things is that the server needs.
pub type Waits = Arc<dyn Fn() -> Vec<Readiness> + Send + Sync>;

#[derive(Clone)]
struct Waiting {
    config: Arc<ApiConfig>,
    waits: Waits,
}

/// The routes of a server that has not all it needs.
pub fn waiting(config: &ApiConfig, waits: Waits) -> Router {
    let state = Waiting {
        config: Arc::new(config.clone()),
        waits,
    };
    let mut routes = Router::new();
    for path in health::LIVE {
        routes = routes.route(path, get(health::live));
    }
    for path in health::READY {
        routes = routes.route(path, get(ready));
    }
    routes
        .fallback(not_yet)
        .layer(from_fn_with_state(state.clone(), guarded))
        .with_state(state)
}

/// Other sites see nothing of it, as later.
async fn guarded(State(state): State<Waiting>, request: Request, next: Next) -> Response {
    match guard::check(&state.config, &request) {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

async fn ready(State(state): State<Waiting>) -> (StatusCode, Json<HealthAnswer>) {
    let dependencies = (state.waits)().into_iter().map(Into::into).collect();
    (
        StatusCode::SERVICE_UNAVAILABLE,
        Json(HealthAnswer {
            status: "unavailable",
            dependencies,
        }),
    )
}

async fn not_yet(State(state): State<Waiting>) -> ApiError {
    let waits = (state.waits)();
    let missing = waits.iter().filter(|one| !one.is_ready);
    let missing: Vec<_> = missing.map(|one| one.dependency.as_str()).collect();
    let detail = match &missing[..] {
        [] => "the server is starting".to_owned(),
        missing => format!(
            "the server waits for what it needs: {}; it goes on by itself, and /health/ready says more",
            missing.join(", ")
        ),
    };
    ApiError::new(ErrorKind::Unavailable, detail)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use tower::ServiceExt;

    use super::*;

    async fn ask(path: &str, host: &str) -> (u16, serde_json::Value) {
        let waits: Waits = Arc::new(|| {
            ["bus", "logs"]
                .map(|name| Readiness {
                    dependency: name.into(),
                    is_ready: name == "bus",
                    detail: String::new(),
                })
                .into()
        });
        let request = Request::get(path).header("host", host);
        let request = request.body(Body::empty()).unwrap();
        let routes = waiting(&ApiConfig::default(), waits);
        let answer = routes.oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let body = axum::body::to_bytes(answer.into_body(), 10_000)
            .await
            .unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    #[tokio::test]
    async fn it_lives_is_not_ready_and_names_what_is_missing() {
        let local = "localhost:8080";
        assert_eq!(ask("/health/live", local).await.0, 200);
        let (status, ready) = ask("/readyz", local).await;
        assert_eq!((status, &ready["status"]), (503, &"unavailable".into()));
        assert_eq!(ready["dependencies"][1]["ready"], false);
        for path in ["/", "/api/v1/logs/search", "/metrics"] {
            let (status, problem) = ask(path, local).await;
            assert_eq!(status, 503);
            assert!(problem["type"].as_str().unwrap().ends_with("/unavailable"));
            let detail = problem["detail"].as_str().unwrap();
            assert!(detail.contains(": logs;"), "{detail}");
        }
        assert_eq!(ask("/health/ready", "evil.example").await.0, 421);
    }
}
