//! Arguments as they are written: times, counts, ids.

use std::str::FromStr;

use tocsin_domain::{TimeRange, Timestamp};

use super::error::ToolError;
use crate::understand::time::{Asker, DAY_MS, time};

/// First and last moment, in ms, of `from` and `to` as RFC 3339 or as people say it (`2 hours ago`,
/// `yesterday`). Without `from` it is `back_ms` before `to`, without `to` now. If both are the same words they
/// are one stretch.
pub(super) fn range_ms(
    asker: Asker,
    from: Option<&str>,
    to: Option<&str>,
    back_ms: i64,
) -> Result<(i64, i64), ToolError> {
    let read = |name: &str, text: &str| {
        time(text, asker).ok_or_else(|| {
            ToolError::Invalid(format!(
                "`{name}`: expected a time such as `2026-11-03T14:00:00Z` or `2 hours ago`"
            ))
        })
    };
    let to_ms = match to {
        None => asker.now_ms,
        Some(text) => {
            let span = read("to", text)?;
            span.at_ms.unwrap_or(span.to_ms)
        }
    };
    let from_ms = match from {
        None => to_ms - back_ms,
        Some(text) => {
            let span = read("from", text)?;
            span.at_ms.unwrap_or(span.from_ms)
        }
    };
    if from_ms > to_ms {
        return Err(ToolError::Invalid("`from` lies after `to`".into()));
    }
    Ok((from_ms, to_ms))
}

/// The same as a range that holds the last millisecond.
pub(super) const fn time_range((from_ms, to_ms): (i64, i64)) -> TimeRange {
    TimeRange {
        from: Timestamp::from_millis(from_ms),
        to: Timestamp::from_millis(to_ms.saturating_add(1)),
    }
}

/// A moment as an argument.
pub(crate) fn rfc3339(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).map_or_else(|_| ms.to_string(), |at| at.to_string())
}

/// A count within its bounds.
pub(super) fn limit(given: Option<usize>, default: usize, max: usize) -> Result<usize, ToolError> {
    match given {
        None => Ok(default),
        Some(count) if (1..=max).contains(&count) => Ok(count),
        Some(count) => Err(ToolError::Invalid(format!(
            "`limit`: expected 1 to {max}, not {count}"
        ))),
    }
}

/// An id.
pub(super) fn id<T: FromStr>(name: &str, text: &str) -> Result<T, ToolError> {
    text.trim()
        .parse()
        .map_err(|_| ToolError::Invalid(format!("`{name}`: expected an id")))
}

/// A word of a closed list.
pub(super) fn word<T>(
    name: &str,
    text: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<T, ToolError> {
    read(&text.trim().to_lowercase())
        .ok_or_else(|| ToolError::Invalid(format!("`{name}`: `{text}` is none of its values")))
}

/// How far back is looked where nothing is said.
pub(super) const BACK_MS: i64 = DAY_MS;
