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
mod identity;
mod jobs;
mod middleware;
mod openapi;
mod router;
mod routes;
mod slack;
mod state;
mod stream;
mod views;
mod wire;

pub use assets::{Asset, Assets};
pub use config::ApiConfig;
pub use identity::Identity;
pub use openapi::document as openapi_document;
pub use router::router;
pub use slack::SlackInbound;
pub use state::{ApiParts, ApiState};

#[cfg(test)]
mod tests;
