//! The steps that Redis carries out as one, each a file, and what they answer.

use bytes::Bytes;
use redis::{Script, Value};

/// The scripts; each is sent by its hash, and in full only where Redis does not know it.
pub(super) struct Scripts {
    pub(super) enter: Script,
    pub(super) look: Script,
    pub(super) append: Script,
    pub(super) read: Script,
    pub(super) claim: Script,
    pub(super) acknowledge: Script,
    pub(super) balance: Script,
    pub(super) release: Script,
    pub(super) watch: Script,
    pub(super) watched: Script,
    pub(super) hold: Script,
    pub(super) held: Script,
    pub(super) let_go: Script,
    pub(super) put_back: Script,
    pub(super) stand: Script,
}

/// A script that lets go of what nobody needs.
macro_rules! trimming {
    ($file:literal) => {
        concat!(
            "#!lua flags=allow-oom\n",
            include_str!("scripts/trim.lua"),
            include_str!($file)
        )
    };
}

impl Scripts {
    pub(super) fn new() -> Self {
        Self {
            enter: Script::new(include_str!("scripts/enter.lua")),
            look: Script::new(include_str!("scripts/look.lua")),
            append: Script::new(include_str!("scripts/append.lua")),
            read: Script::new(include_str!("scripts/read.lua")),
            claim: Script::new(include_str!("scripts/claim.lua")),
            acknowledge: Script::new(trimming!("scripts/acknowledge.lua")),
            balance: Script::new(include_str!("scripts/balance.lua")),
            release: Script::new(include_str!("scripts/release.lua")),
            watch: Script::new(include_str!("scripts/watch.lua")),
            watched: Script::new(include_str!("scripts/watched.lua")),
            hold: Script::new(include_str!("scripts/hold.lua")),
            held: Script::new(include_str!("scripts/held.lua")),
            let_go: Script::new(trimming!("scripts/let_go.lua")),
            put_back: Script::new(include_str!("scripts/put_back.lua")),
            stand: Script::new(include_str!("scripts/stand.lua")),
        }
    }
}

/// Redis answered something that no script of ours says.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error(
    "Redis answered something unexpected: do other programs write below `bus.redis.key_prefix`?"
)]
pub(super) struct Unexpected;

/// An answer, taken apart from its beginning.
#[derive(Debug)]
pub(super) struct Answer(std::vec::IntoIter<Value>);

impl Answer {
    pub(super) fn new(value: Value) -> Result<Self, Unexpected> {
        match value {
            Value::Array(values) => Ok(Self(values.into_iter())),
            _ => Err(Unexpected),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.len() == 0
    }

    pub(super) fn bytes(&mut self) -> Result<Bytes, Unexpected> {
        match self.0.next() {
            Some(Value::BulkString(bytes)) => Ok(bytes.into()),
            _ => Err(Unexpected),
        }
    }

    pub(super) fn text(&mut self) -> Result<String, Unexpected> {
        String::from_utf8(self.bytes()?.into()).map_err(|_| Unexpected)
    }

    /// A number that is not negative; one that is counts as 0.
    pub(super) fn number(&mut self) -> Result<u64, Unexpected> {
        match self.0.next() {
            Some(Value::Int(number)) => Ok(number.max(0) as u64),
            Some(Value::BulkString(text)) => {
                let number = std::str::from_utf8(&text)
                    .ok()
                    .and_then(|text| text.parse::<i64>().ok());
                Ok(number.ok_or(Unexpected)?.max(0) as u64)
            }
            Some(Value::Nil) => Ok(0),
            _ => Err(Unexpected),
        }
    }

    pub(super) fn list(&mut self) -> Result<Self, Unexpected> {
        Self::new(self.0.next().ok_or(Unexpected)?)
    }

    pub(super) fn totals(&mut self) -> Result<Totals, Unexpected> {
        Ok(Totals {
            events: self.number()?,
            bytes: self.number()?,
            changes: self.number()?,
        })
    }
}

/// How much waits on the bus.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Totals {
    pub(super) events: u64,
    pub(super) bytes: u64,
    /// Grows with every change, so that of two answers the later one is known.
    pub(super) changes: u64,
}
