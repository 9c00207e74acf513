//! Which session does a line belong to?

use std::fmt;
use std::io::Write as _;

use regex::bytes::Regex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tocsin_domain::{ParsedBatch, RecordEntry};

/// The most bytes of a session's name.
const NAME_BYTES_MAX: usize = 200;

/// Which lines are one session, and how sessions are followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SessionsConfig {
    /// Whether sessions are judged. Default true.
    pub enabled: bool,
    /// Attributes that name a session, the best first; those of a line's text (`key=value`, JSON)
    /// count as well. Default: the usual names of requests, sessions, jobs and traces.
    pub attributes: Vec<String>,
    /// What names a session in the text of lines without such an attribute: regular expressions
    /// whose whole match is the name. Default: blocks of HDFS and requests of OpenStack.
    pub patterns: Vec<String>,
    /// Seconds without a line after which a session is over. Default 300.
    pub idle_secs: u64,
    /// Sessions followed at a time, for each source. Default 2000: at most some megabytes.
    pub open_max: usize,
    /// Sources whose sessions are followed, for each partition. Default 100.
    pub sources_max: usize,
}

impl Default for SessionsConfig {
    fn default() -> Self {
        let texts = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        Self {
            enabled: true,
            attributes: texts(&[
                "request_id",
                "requestId",
                "req_id",
                "request.id",
                "http.request_id",
                "correlation_id",
                "session_id",
                "session",
                "transaction_id",
                "job_id",
                "trace_id",
            ]),
            patterns: texts(&[r"blk_-?[0-9]+", r"req-[0-9a-f]{8}-[0-9a-f-]{27}"]),
            idle_secs: 300,
            open_max: 2000,
            sources_max: 100,
        }
    }
}

/// A pattern that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("`patterns`: expected regular expressions: {0}")]
pub struct PatternError(#[from] regex::Error);

/// Finds the session of a line.
pub struct SessionKeys {
    attributes: Vec<String>,
    pattern: Option<Regex>,
}

impl fmt::Debug for SessionKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionKeys")
            .field("attributes", &self.attributes)
            .finish_non_exhaustive()
    }
}

impl SessionKeys {
    /// The keys of a configuration.
    ///
    /// # Errors
    /// [`PatternError`].
    pub fn new(config: &SessionsConfig) -> Result<Self, PatternError> {
        let each: Vec<String> = config.patterns.iter().map(|p| format!("(?:{p})")).collect();
        let pattern = match each.is_empty() {
            true => None,
            false => Some(Regex::new(&each.join("|"))?),
        };
        Ok(Self {
            attributes: config.attributes.clone(),
            pattern,
        })
    }

    /// Finds the sessions of the lines of a batch.
    pub(super) fn of_batch<'a>(&'a self, batch: &'a ParsedBatch) -> BatchKeys<'a> {
        let rank = |name: &str| self.attributes.iter().position(|one| one == name);
        let slots = batch.templates.iter().map(|template| {
            let named = template.slots.iter().enumerate();
            let ranked = named.filter_map(|(at, slot)| Some((rank(slot.key.as_deref()?)?, at)));
            ranked.min().map(|(_, at)| at)
        });
        BatchKeys {
            keys: self,
            batch,
            ranks: batch.batch.keys.iter().map(|key| rank(key)).collect(),
            slots: slots.collect(),
        }
    }
}

/// The sessions of the lines of a batch; names were looked up once for all its lines.
pub(super) struct BatchKeys<'a> {
    keys: &'a SessionKeys,
    batch: &'a ParsedBatch,
    /// The rank of each of the batch's attribute names among those that name sessions.
    ranks: Vec<Option<usize>>,
    /// For each template the slot that names a session.
    slots: Vec<Option<usize>>,
}

impl BatchKeys<'_> {
    /// The name of the session of a line: an attribute beside it, one in its text, what a pattern
    /// finds, or the trace. None if nothing names one.
    pub(super) fn of(&self, index: usize, record: &RecordEntry, name: &mut Vec<u8>) -> bool {
        name.clear();
        if let Some(value) = self.beside(record).or_else(|| self.within(index)) {
            name.extend_from_slice(value);
        } else if let Some(found) = self.found(record) {
            name.extend_from_slice(found);
        } else if let Some(trace) = self.trace(record) {
            for byte in trace {
                // Writing into memory does not fail.
                let _ = write!(name, "{byte:02x}");
            }
        }
        name.truncate(NAME_BYTES_MAX);
        !name.is_empty()
    }

    fn beside(&self, record: &RecordEntry) -> Option<&[u8]> {
        if self.ranks.iter().all(Option::is_none) {
            return None;
        }
        let set = self
            .batch
            .batch
            .attribute_sets
            .get(record.attributes as usize)?;
        let ranked = set.iter().filter_map(|attribute| {
            let rank = self.ranks.get(attribute.key as usize).copied().flatten()?;
            Some((rank, attribute.value))
        });
        let (_, value) = ranked.min_by_key(|(rank, _)| *rank)?;
        Some(value.of(&self.batch.batch.arena))
    }

    fn within(&self, index: usize) -> Option<&[u8]> {
        let line = self.batch.lines.get(index)?;
        let slot = self.slots.get(line.template as usize).copied().flatten()?;
        self.batch.variables(index).nth(slot)
    }

    fn found(&self, record: &RecordEntry) -> Option<&[u8]> {
        let pattern = self.keys.pattern.as_ref()?;
        let found = pattern.find(self.batch.batch.body(record))?;
        Some(found.as_bytes())
    }

    fn trace(&self, record: &RecordEntry) -> Option<[u8; 16]> {
        let place = (record.trace as usize).checked_sub(1)?;
        let (trace, _) = self.batch.batch.traces.get(place)?;
        Some(trace.0)
    }
}
