//! What went wrong with Redis, in words that say what to do.

use redis::{ErrorKind, RedisError};
use tocsin_domain::ports::{BusError, EngineError};

/// Redis refused or could not be asked.
#[derive(Debug, thiserror::Error)]
#[error("{advice}")]
pub struct RedisTrouble {
    advice: &'static str,
    source: RedisError,
}

impl From<RedisError> for RedisTrouble {
    fn from(source: RedisError) -> Self {
        Self {
            advice: advice(&source),
            source,
        }
    }
}

fn advice(error: &RedisError) -> &'static str {
    match error.code() {
        Some("NOAUTH") => {
            "Redis asks for a password: write it into `bus.redis.url`, or name a file by \
             `bus.redis.url_file` or REDIS_URL_FILE"
        }
        Some("WRONGPASS") => WRONG_PASSWORD,
        Some("NOPERM") => {
            "the user of `bus.redis.url` may not do this: docs/distributed-redis.md lists what it needs"
        }
        Some("OOM") => {
            "Redis is at its `maxmemory`: it must be well above `bus.bytes_max` of all buses together"
        }
        Some("LOADING") => "Redis is reading its data and answers as soon as that is done",
        Some("READONLY") => "the Redis of `bus.redis.url` is a replica: name the primary",
        Some("MASTERDOWN") => "the Redis of `bus.redis.url` is a replica that lost its primary",
        Some("MISCONF") => "Redis cannot write to its disk: is it full?",
        Some("MOVED" | "ASK" | "CLUSTERDOWN" | "CROSSSLOT") => {
            "the Redis of `bus.redis.url` is part of a cluster, which this version cannot follow: \
             name one that is not"
        }
        Some("BUSY") => "Redis is held up by a script of another program",
        Some(_) if error.detail().unwrap_or_default().contains("DB index") => {
            "Redis does not have the database number of `bus.redis.url`"
        }
        Some(_) => "Redis refused",
        None if error.kind() == ErrorKind::AuthenticationFailed => WRONG_PASSWORD,
        None if error.is_timeout() => "Redis did not answer in time",
        None if error.is_io_error() => "Redis cannot be reached",
        None => "Redis did not answer as expected",
    }
}

/// What people call it.
const ENGINE: &str = "Redis";
const WRONG_PASSWORD: &str = "Redis does not accept the user or password of `bus.redis.url`";

/// The error of the port for a Redis that cannot be asked, or refuses.
pub(super) fn failed(error: RedisError) -> BusError {
    let is_away = is_away(&error);
    let trouble = RedisTrouble::from(error);
    unavailable(if is_away {
        EngineError::away(ENGINE, trouble)
    } else {
        EngineError::refuses(ENGINE, trouble)
    })
}

/// Whether it cannot be reached, or will answer as soon as it is done with something.
fn is_away(error: &RedisError) -> bool {
    match error.code() {
        Some(code) => matches!(code, "LOADING" | "MASTERDOWN" | "BUSY"),
        None => error.is_io_error() || error.is_timeout() || error.is_connection_dropped(),
    }
}

/// The error of the port for whatever keeps the bus from its storage.
pub(super) fn unavailable(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> BusError {
    BusError::Unavailable(error.into())
}
