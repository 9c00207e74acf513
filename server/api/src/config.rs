//! The bounds and rules of the HTTP side; those of decoding are `tocsin_ingest::Limits`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Bounds and rules of the HTTP side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ApiConfig {
    /// Whether requests must name this machine or one of `allowed_hosts` in their `Host` header.
    /// Default true: while there is no authentication, this is what keeps a web page that a person
    /// visits from reading their logs by pointing a name of its own at 127.0.0.1.
    pub check_host: bool,
    /// The most requests of a client in a minute: of a person where a proxy says who asks
    /// (`server.user_header`), else of an address. They may come at once, and are there again
    /// evenly within a minute. Beyond it, requests are answered 429. Where there is `bus.redis`, all
    /// processes count together. Default 0: any number, as there is nobody to be told apart behind a
    /// proxy that does not say who asks. What asks for health, metrics or the page does not count.
    pub requests_per_minute: u32,
    /// Names by which this server may be addressed beside localhost, without port. Default none.
    pub allowed_hosts: Vec<String>,
    /// The most bytes of request bodies in memory at a time. Default 96 MiB: three of the largest
    /// bodies, a dozen ordinary ones, and little beside the server's own memory. Beyond it, pushes
    /// wait and are then answered 429.
    pub body_bytes_in_flight_max: usize,
    /// The most bodies that are decoded at a time; 0 means one for each core. Default 0: decoding
    /// is pure computation, more at a time only costs memory.
    pub decodes_max: usize,
    /// How long a push waits for its turn before it is answered 429, in milliseconds. Default
    /// 5000: shorter than any agent's own timeout, long enough to ride out a burst.
    pub push_wait_ms_max: u64,
    /// How long a client may take to send a body, in seconds. Default 60: agents on slow links
    /// need some; one that stalls gives its room back.
    pub body_secs_max: u64,
    /// How long a read may take, in seconds. Default 60: longer than any query should, shorter
    /// than people wait.
    pub read_secs_max: u64,
    /// The most reads that are worked on at a time. Default 64: each may hold pages of records;
    /// beyond it, reads are answered 429.
    pub reads_max: usize,
    /// The most live tails at a time. Default 100: each costs a queue.
    pub live_clients_max: usize,
    /// The most streams of alerts and metrics at a time. Default 20,000: an idle one costs a few
    /// kilobytes, as all share what happens.
    pub stream_clients_max: usize,
    /// How long a client of such a stream may take to receive what it is sent before it is let go,
    /// in seconds. Default 10: it can come back and go on where it stopped.
    pub stream_send_secs_max: u64,
    /// The most different selections of metrics that are watched at a time. Default 200: each is
    /// read once a second, whatever the number of its clients.
    pub metric_feeds_max: usize,
    /// How often an idle live tail says that it is alive, in seconds. Default 15: below the idle
    /// timeout of common proxies.
    pub heartbeat_secs: u64,
    /// Records fetched at a time by an export. Default 500: constant memory even with long lines.
    pub export_page_records: usize,
}

impl Default for ApiConfig {
    fn default() -> Self {
        Self {
            check_host: true,
            requests_per_minute: 0,
            allowed_hosts: Vec::new(),
            body_bytes_in_flight_max: 96 << 20,
            decodes_max: 0,
            push_wait_ms_max: 5000,
            body_secs_max: 60,
            read_secs_max: 60,
            reads_max: 64,
            live_clients_max: 100,
            stream_clients_max: 20_000,
            stream_send_secs_max: 10,
            metric_feeds_max: 200,
            heartbeat_secs: 15,
            export_page_records: 500,
        }
    }
}
