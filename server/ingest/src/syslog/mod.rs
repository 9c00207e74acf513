//! Syslog: RFC 3164 and RFC 5424, told apart message by message.
//!
//! The body of an RFC 5424 message is its MSG, the header becomes attributes. The body of any other
//! is all that follows the priority, because its header is a custom rather than a format; what can
//! be told of it becomes attributes as well. The source is `syslog:<host>`.

mod config;
mod framing;
mod listener;
mod rfc3164;
mod rfc5424;
#[cfg(test)]
mod tests;

use tocsin_domain::batch::ValueType;
use tocsin_domain::{Issues, Severity};

pub use config::SyslogConfig;
pub use framing::{Frame, FrameError, Framer};
pub use listener::{SyslogListener, SyslogStatus};

use crate::attributes::Attributes;
use crate::decoded::{Collector, Context, Decoded, Draft};
use crate::limits::Limits;
use crate::severity;
use crate::timestamp::Reading;

/// A message as it came off the wire, and from whom.
#[derive(Debug, Clone, Copy)]
pub struct Received<'a> {
    /// The message without its framing.
    pub message: &'a [u8],
    /// True if it was longer and was cut.
    pub is_cut: bool,
    /// The address of the sender, the host of messages that name none.
    pub peer: &'a str,
}

/// Decodes messages. Never fails: what cannot be told of a message is left out.
#[must_use]
pub fn decode<'a>(
    messages: impl IntoIterator<Item = Received<'a>>,
    context: &mut Context<'_>,
) -> Decoded {
    let mut collector = Collector::new(context, false);
    let mut attributes = Attributes::default();
    let mut source = String::new();
    for received in messages {
        let text = trim_end(received.message);
        if text.is_empty() {
            continue;
        }
        let (priority, text) = priority(text);
        let now = (collector.now(), collector.zone_secs());
        let header = rfc5424::parse(text, now).unwrap_or_else(|| rfc3164::parse(text, now));
        attributes.clear();
        header.attributes(priority, &mut attributes, collector.limits);
        let host = if header.host.is_empty() {
            received.peer.into()
        } else {
            String::from_utf8_lossy(header.host)
        };
        source.clear();
        source.push_str("syslog");
        if !host.is_empty() {
            source.push(':');
            source.push_str(&host);
        }
        let cut = if received.is_cut {
            Issues::TRUNCATED
        } else {
            Issues::NONE
        };
        let draft = Draft {
            source: &source,
            host: &host,
            time: header.time,
            severity: severity_of(priority, header.body),
            issues: cut,
            ..Draft::new(header.body)
        };
        collector.push(&draft, &attributes);
    }
    collector.finish()
}

/// What was told of a message beside its priority.
#[derive(Debug, PartialEq)]
struct Header<'a> {
    time: Reading,
    /// Empty if it names none, as are the following.
    host: &'a [u8],
    appname: &'a [u8],
    process: &'a [u8],
    message_id: &'a [u8],
    /// Names as `id.name`, values without escapes.
    structured_data: Vec<(Vec<u8>, Vec<u8>)>,
    body: &'a [u8],
}

impl<'a> Header<'a> {
    const fn new(body: &'a [u8]) -> Self {
        Self {
            time: Reading::Missing,
            host: b"",
            appname: b"",
            process: b"",
            message_id: b"",
            structured_data: Vec::new(),
            body,
        }
    }

    fn attributes(&self, priority: Option<u8>, to: &mut Attributes, limits: &Limits) {
        if let Some(priority) = priority {
            let facility = FACILITIES[usize::from(priority >> 3) % FACILITIES.len()];
            to.text("syslog.facility", facility.as_bytes(), limits);
        }
        if !self.appname.is_empty() {
            to.text("syslog.appname", self.appname, limits);
        }
        let number = std::str::from_utf8(self.process)
            .ok()
            .and_then(|digits| digits.parse::<u32>().ok());
        match number {
            Some(pid) => to.integer("process.pid", pid.into(), limits),
            None if !self.process.is_empty() => to.text("syslog.procid", self.process, limits),
            None => {}
        }
        if !self.message_id.is_empty() {
            to.text("syslog.msgid", self.message_id, limits);
        }
        for (name, value) in &self.structured_data {
            to.push(name, ValueType::Text, value, limits);
        }
    }
}

/// RFC 5424, table 1, by the names that syslog daemons use.
const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv",
    "ftp", "ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4",
    "local5", "local6", "local7",
];

/// Reads `<PRI>`, 0 to 191; none if it is missing or nonsense.
fn priority(text: &[u8]) -> (Option<u8>, &[u8]) {
    let Some(rest) = text.strip_prefix(b"<") else {
        return (None, text);
    };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number = std::str::from_utf8(&rest[..digits])
        .ok()
        .and_then(|digits| digits.parse::<u8>().ok())
        .filter(|number| *number <= 191);
    match (number, rest.get(digits)) {
        (Some(number), Some(b'>')) => (Some(number), &rest[digits + 1..]),
        _ => (None, text),
    }
}

/// A message without priority is `user.notice` (13), unless its text says more.
fn severity_of(priority: Option<u8>, body: &[u8]) -> Severity {
    match priority {
        Some(priority) => Severity::from_syslog(priority & 7),
        None => severity::find(body).unwrap_or(Severity::NOTICE),
    }
}

/// Some senders end a message with a line end or NUL.
fn trim_end(mut text: &[u8]) -> &[u8] {
    while let [rest @ .., b'\n' | b'\r' | 0] = text {
        text = rest;
    }
    text
}
