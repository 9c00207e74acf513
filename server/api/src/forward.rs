//! Where several processes serve, one of them leads: it alone writes alerts, tickets and runs. What
//! it alone can answer, the others hand on to it, streams and WebSockets included.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::uri::{Authority, Scheme};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

use crate::errors::{ApiError, ErrorKind};
use crate::identity::Identity;
use crate::limits::Limits;

/// The beginnings of paths that the process that leads answers.
const OF_THE_LEADER: [&str; 13] = [
    "/api/v1/alerts",
    "/api/v1/alert-rules",
    "/api/v1/automation",
    "/api/v1/classification-rules",
    "/api/v1/deliveries",
    "/api/v1/digest",
    "/api/v1/incidents",
    "/api/v1/live",
    "/api/v1/silences",
    "/api/v1/subscriptions",
    "/api/v1/tickets",
    "/webhooks/slack",
    "/ws/alerts",
];
/// Headers that are of one connection alone.
const OF_A_CONNECTION: [HeaderName; 6] = [
    header::CONNECTION,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
];
/// How often a request went from one process to another; a second time is one too many.
pub(crate) const FORWARDED: HeaderName = HeaderName::from_static("x-tocsin-forwarded");

/// Which process leads, as far as this one knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leader {
    /// The one at this address.
    At(Authority),
    /// None does.
    Nobody,
    /// The store that would say does not answer.
    Unknown,
}

#[derive(Clone)]
struct Forwarding {
    client: Client<HttpConnector, Body>,
    leader: watch::Receiver<Leader>,
    identity: Identity,
    limits: Option<Limits>,
    tasks: TaskTracker,
}

/// Puts the way to the leader in front of the routes. `leader` says where it is; it has to trust this
/// process as it trusts a proxy, since it is told who asks as `identity` has it. What is handed on counts
/// here towards `limits`. `tasks` own what goes on after a request.
pub fn forwarding(
    routes: Router,
    leader: watch::Receiver<Leader>,
    (identity, limits): (Identity, Option<Limits>),
    tasks: TaskTracker,
) -> Router {
    let forwarding = Forwarding {
        client: Client::builder(TokioExecutor::new()).build_http(),
        leader,
        identity,
        limits,
        tasks,
    };
    routes.layer(from_fn_with_state(forwarding, hand_on))
}

/// Whether the process that leads has to answer.
fn is_of_the_leader(path: &str) -> bool {
    OF_THE_LEADER.iter().any(|prefix| {
        path.strip_prefix(prefix)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

async fn hand_on(State(to): State<Forwarding>, request: Request, next: Next) -> Response {
    if !is_of_the_leader(request.uri().path()) || request.method() == Method::OPTIONS {
        return next.run(request).await;
    }
    let leader = to.leader.borrow().clone();
    let leader = match leader {
        Leader::At(leader) if !request.headers().contains_key(&FORWARDED) => leader,
        Leader::Unknown => {
            return nobody_leads(
                "the relational store (PostgreSQL) does not answer just now, and without it no \
                 process leads; this works again by itself once it does",
            );
        }
        Leader::At(_) | Leader::Nobody => {
            return nobody_leads("no process leads at the moment; one takes over within seconds");
        }
    };
    let counted = match &to.limits {
        Some(limits) => limits.admit(&request).await,
        None => Ok(HeaderMap::new()),
    };
    let told = match counted {
        Ok(told) => told,
        Err(refused) => return refused,
    };
    match ask(&to, request, leader).await {
        Ok(mut response) => {
            response.headers_mut().extend(told);
            response
        }
        Err(error) => {
            tracing::warn!(%error, "the process that leads could not be asked");
            nobody_leads(
                "the process that leads does not answer; another takes over within seconds",
            )
        }
    }
}

fn nobody_leads(detail: &str) -> Response {
    ApiError::new(ErrorKind::Unavailable, detail).into_response()
}

async fn ask(
    to: &Forwarding,
    mut request: Request,
    leader: Authority,
) -> Result<Response, Box<dyn std::error::Error + Send + Sync>> {
    let mut parts = request.uri().clone().into_parts();
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = Some(leader);
    *request.uri_mut() = Uri::from_parts(parts)?;
    let is_upgrade = request.headers().contains_key(header::UPGRADE);
    let ours = is_upgrade.then(|| hyper::upgrade::on(&mut request));
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map(|ConnectInfo(address)| address.ip());
    let headers = request.headers_mut();
    to.identity.cleanse(headers, peer);
    for_another(headers, is_upgrade);
    headers.insert(FORWARDED, header::HeaderValue::from_static("1"));
    let mut response = to.client.request(request).await?;
    if response.status() == StatusCode::SWITCHING_PROTOCOLS
        && let Some(ours) = ours
    {
        let theirs = hyper::upgrade::on(&mut response);
        to.tasks.spawn(async move {
            let (Ok(ours), Ok(theirs)) = (ours.await, theirs.await) else {
                return;
            };
            let (mut ours, mut theirs) = (TokioIo::new(ours), TokioIo::new(theirs));
            // Either side may end it at any time.
            drop(tokio::io::copy_bidirectional(&mut ours, &mut theirs).await);
        });
    } else {
        for_another(response.headers_mut(), false);
    }
    Ok(response.map(Body::new).into_response())
}

/// Takes away what was meant for the connection it came on.
fn for_another(headers: &mut HeaderMap, is_upgrade: bool) {
    for name in &OF_A_CONNECTION {
        if !(is_upgrade && *name == header::CONNECTION) {
            headers.remove(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_segments_make_a_path_the_leaders() {
        for path in [
            "/api/v1/alerts",
            "/api/v1/alerts/1/acknowledge",
            "/ws/alerts",
        ] {
            assert!(is_of_the_leader(path), "{path}");
        }
        for path in [
            "/api/v1/alertsx",
            "/api/v1/logs/search",
            "/health/ready",
            "/",
        ] {
            assert!(!is_of_the_leader(path), "{path}");
        }
    }
}
