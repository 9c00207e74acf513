//! What can be configured of the syslog listeners.

use std::net::{Ipv4Addr, SocketAddr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The syslog listeners.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SyslogConfig {
    /// Whether to listen at all. Default true: on loopback it harms nobody and the first line of
    /// `logger` arrives without any configuration.
    pub enabled: bool,
    /// The address for UDP. Default 127.0.0.1:5514: 514 needs privileges.
    pub udp: SocketAddr,
    /// The address for TCP. Default 127.0.0.1:5514.
    pub tcp: SocketAddr,
    /// The most TCP connections at a time; more are closed at once. Default 256: one for each
    /// machine of a fair-sized site.
    pub connections_max: usize,
    /// The most bytes of one message; a longer line is cut, a longer counted frame closes the
    /// connection. Default 64 KiB: the most that a datagram holds.
    pub frame_bytes_max: usize,
    /// The most messages of one batch. Default 500: decoding them takes well below a millisecond.
    pub batch_records_max: usize,
    /// How long, in milliseconds, a batch waits for more messages. Default 100: below what a
    /// person notices.
    pub batch_wait_ms: u64,
    /// The most bytes of messages that wait to be accepted; beyond it TCP senders wait and
    /// datagrams are dropped and counted. Default 16 MiB.
    pub waiting_bytes_max: usize,
    /// Where times without a zone are from, in minutes east of UTC. Default 0: servers should run
    /// on UTC, and RFC 3164 has no zone.
    pub zone_offset_minutes: i32,
}

impl Default for SyslogConfig {
    fn default() -> Self {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 5514));
        Self {
            enabled: true,
            udp: address,
            tcp: address,
            connections_max: 256,
            frame_bytes_max: 64 << 10,
            batch_records_max: 500,
            batch_wait_ms: 100,
            waiting_bytes_max: 16 << 20,
            zone_offset_minutes: 0,
        }
    }
}
