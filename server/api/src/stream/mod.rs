//! What happens, as it happens: tails of logs, alerts and metrics, and answers that are being made,
//! spoken as Server-Sent Events or over a WebSocket.

pub(crate) mod alerts;
pub(crate) mod answer;
pub(crate) mod chat;
pub(crate) mod events;
pub(crate) mod feed;
pub(crate) mod metrics;
pub(crate) mod metrics_poll;
pub(crate) mod monitoring;
pub(crate) mod runs;
pub(crate) mod socket;
pub(crate) mod sse;
pub(crate) mod tail;
pub(crate) mod ws;
