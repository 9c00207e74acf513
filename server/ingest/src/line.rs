//! Reads the time and the severity of one line of text, whatever it came by.

use tocsin_domain::{Issues, Severity, Timestamp};

use crate::fields;
use crate::severity;
use crate::timestamp::{Learner, Reading};

/// Looks in the body for what the record did not say itself: its time, its severity.
#[inline]
pub(crate) fn complete(
    body: &[u8],
    (time, severity): (Reading, Severity),
    learner: &mut Learner,
    now: Timestamp,
) -> (Option<Timestamp>, Severity, Issues) {
    if let Reading::At(at) = time
        && severity != Severity::UNSPECIFIED
    {
        return (Some(at), severity, Issues::NONE);
    }
    let (found, level) = look(body, learner, now);
    let severity = if severity == Severity::UNSPECIFIED {
        level.unwrap_or_default()
    } else {
        severity
    };
    let invalid = match (time, found) {
        (Reading::At(at), _) => return (Some(at), severity, Issues::NONE),
        (Reading::Invalid, _) | (_, Reading::Invalid) => Issues::TIMESTAMP_INVALID,
        _ => Issues::NONE,
    };
    match found {
        Reading::At(at) => (Some(at), severity, invalid),
        // The receipt time is given here, so that the record is not marked as without any.
        _ if invalid != Issues::NONE => (Some(now), severity, invalid),
        _ => (None, severity, Issues::NONE),
    }
}

fn look(body: &[u8], learner: &mut Learner, now: Timestamp) -> (Reading, Option<Severity>) {
    if body.first() == Some(&b'{')
        && let Some(found) = fields::time_and_severity(body, now, learner.zone_secs())
    {
        return found;
    }
    let found = learner.find(body, now);
    let level = found
        .severity
        .or_else(|| severity::find(body.get(found.end..).unwrap_or_default()));
    (found.time, level)
}
