//! What an error of ClickHouse means: whether it may help to wait.

use clickhouse::error::Error;
use tocsin_domain::ports::{EngineError, StoreError};

/// What people call it.
pub(super) const ENGINE: &str = "ClickHouse";
/// Codes of a server that is there but lacks others: shards, or who keeps what replicas agree on.
const AWAY: [u32; 7] = [198, 209, 210, 225, 242, 279, 999];
/// Codes of a server that does not let us in, or not do this.
const REFUSES: [u32; 5] = [192, 193, 194, 497, 516];

/// The error of the port.
pub(super) fn unavailable(error: Error) -> StoreError {
    StoreError::Unavailable(match &error {
        Error::Network(_) | Error::TimedOut => EngineError::away(ENGINE, error).into(),
        Error::BadResponse(text) => match code(text) {
            // Something before the server answers in its place.
            None => EngineError::away(ENGINE, error).into(),
            Some(code) if AWAY.contains(&code) => EngineError::away(ENGINE, error).into(),
            Some(code) if REFUSES.contains(&code) => EngineError::refuses(ENGINE, error).into(),
            Some(_) => error.into(),
        },
        _ => error.into(),
    })
}

/// The number in `Code: 516. DB::Exception: …`.
fn code(text: &str) -> Option<u32> {
    let (_, after) = text.split_once("Code: ")?;
    let digits = after.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use tocsin_domain::ports::EngineErrorKind;

    use super::*;

    #[test]
    fn who_is_away_is_told_from_who_refuses() {
        let kind = |text: &str| {
            let error = unavailable(Error::BadResponse(text.into()));
            EngineError::behind(&error).map(|error| error.kind)
        };
        let away = Some(EngineErrorKind::Away);
        assert_eq!(kind("<html>502 Bad Gateway"), away);
        assert_eq!(
            kind("Code: 242. DB::Exception: Table is in readonly mode"),
            away
        );
        assert_eq!(
            kind("Code: 516. DB::Exception: u: Authentication failed"),
            Some(EngineErrorKind::Refuses)
        );
        assert_eq!(
            kind("Code: 241. DB::Exception: Memory limit exceeded"),
            None
        );
        let silent = unavailable(Error::TimedOut);
        assert_eq!(EngineError::behind(&silent).map(|error| error.kind), away);
    }
}
