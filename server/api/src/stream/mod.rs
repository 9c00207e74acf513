//! Live tails: one loop over a subscription, spoken as Server-Sent Events or over a WebSocket.

pub(crate) mod sse;
pub(crate) mod tail;
pub(crate) mod ws;
