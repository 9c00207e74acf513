//! The routes that are served now: they change once the server has what it needs, and when this process
//! begins or ceases to lead.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::response::IntoResponse;
use parking_lot::RwLock;
use tocsin_api::Leader;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use super::duties::Duties;
use crate::config::Config;

/// The routes that are served now. Cloning costs one reference count.
#[derive(Clone)]
pub(super) struct Served {
    config: Arc<Config>,
    tasks: TaskTracker,
    stop: CancellationToken,
    now: Arc<RwLock<Now>>,
}

struct Now {
    routes: Router,
    /// Ends the streams of these routes.
    stop: CancellationToken,
}

impl Served {
    /// Serves these routes until there are duties. `tasks` own what goes on after a request, until
    /// `stop`.
    pub(super) fn new(
        config: &Arc<Config>,
        waiting: Router,
        tasks: &TaskTracker,
        stop: &CancellationToken,
    ) -> Self {
        Self {
            config: config.clone(),
            tasks: tasks.clone(),
            stop: stop.clone(),
            now: Arc::new(RwLock::new(Now {
                routes: waiting,
                stop: stop.child_token(),
            })),
        }
    }

    /// Serves these duties from now on; what only the leader can answer is handed on to it, if it is
    /// another. Streams of what was served before end, and their clients come again.
    ///
    /// # Errors
    /// What of the configuration cannot be.
    pub(super) fn change(
        &self,
        duties: &Duties,
        leader: Option<watch::Receiver<Leader>>,
    ) -> anyhow::Result<()> {
        let stop = self.stop.child_token();
        duties.start_answers(&self.tasks, &stop);
        let with = (self.tasks.clone(), stop.clone());
        let state = duties.api_state(&self.config, with)?;
        let state_limits = duties.client_limits(&self.config)?;
        let mut routes = tocsin_api::router(state);
        if let Some(leader) = leader {
            routes = tocsin_api::forwarding(
                routes,
                leader,
                (self.config.server.identity()?, state_limits),
                self.tasks.clone(),
            );
        }
        let before = std::mem::replace(&mut *self.now.write(), Now { routes, stop });
        before.stop.cancel();
        Ok(())
    }

    /// Serves until `stop`.
    pub(super) async fn serve(self, listener: TcpListener, stop: CancellationToken) {
        let now = self.now;
        let routes = Router::new().fallback(move |request: Request| {
            let routes = now.read().routes.clone();
            async move { routes.oneshot(request).await.into_response() }
        });
        let bytes_max = self.config.ingest.limits.body_bytes_max;
        let routes = tocsin_api::reading_out(routes, bytes_max);
        // Routes see who asks, and whether it is a proxy that is trusted.
        let service = routes.into_make_service_with_connect_info::<SocketAddr>();
        let served = axum::serve(listener, service).with_graceful_shutdown(stop.cancelled_owned());
        if let Err(error) = served.await {
            tracing::error!(%error, "the HTTP server ended");
        }
    }
}
