//! HTTP: every route, the wire types, live streams and the OpenAPI document.
//!
//! In come requests; what they ask is checked here and handed to the ports of `tocsin-domain` and
//! the decoders of `tocsin-ingest`; out go answers as `wire` lays them down. No rule about logs is
//! decided here, nothing is stored here, and no port is implemented here: `app` builds an
//! [`ApiState`] from [`ApiParts`] and serves [`router`].

mod assets;
mod audit;
mod config;
mod errors;
mod extract;
mod forward;
mod identity;
mod jobs;
mod limits;
mod middleware;
mod openapi;
mod router;
mod routes;
mod slack;
mod state;
mod stream;
mod unread;
mod views;
mod waiting;
mod wire;

pub use assets::{Asset, Assets};
pub use config::ApiConfig;
pub use forward::{Leader, forwarding};
pub use identity::Identity;
pub use jobs::delete::DeleteLogs;
pub use jobs::report::GenerateReport;
pub use limits::Limits;
pub use openapi::document as openapi_document;
pub use router::router;
pub use slack::SlackInbound;
pub use state::{ApiParts, ApiState};
pub use unread::reading_out;
pub use waiting::{Waits, waiting};

#[cfg(test)]
mod tests;
