//! Cursors on the wire: opaque to clients, so that what a page begins after can change.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tocsin_domain::ports::log_store::Cursor;
use tocsin_domain::{RecordId, Timestamp};

use crate::errors::ApiError;

/// Where a page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PageStart {
    /// After a record, in the order of time.
    Record(Cursor),
    /// Where the search by meaning says.
    Ranked(String),
    /// After so many items of a list that is small enough to be made whole.
    Offset(usize),
    /// After the entry of this id.
    Id(u128),
    /// After the entry of this time, in ms, and id.
    Moment(i64, u128),
}

impl PageStart {
    pub(crate) fn encode(&self) -> String {
        let text = match self {
            Self::Record(cursor) => {
                format!("t{}:{:x}", cursor.timestamp.nanos(), cursor.id.bits())
            }
            Self::Ranked(opaque) => format!("r{opaque}"),
            Self::Offset(offset) => format!("o{offset}"),
            Self::Id(id) => format!("i{id:x}"),
            Self::Moment(ms, id) => format!("m{ms}:{id:x}"),
        };
        URL_SAFE_NO_PAD.encode(text)
    }

    /// Reads the parameter `cursor`; an empty one is none.
    pub(crate) fn decode(cursor: Option<&str>) -> Result<Option<Self>, ApiError> {
        match cursor {
            None | Some("") => Ok(None),
            Some(text) => Self::read(text).map(Some).ok_or_else(Self::foreign),
        }
    }

    /// The error for a cursor that belongs to another list.
    pub(crate) fn foreign() -> ApiError {
        ApiError::field(
            "cursor",
            "the next_cursor of an earlier page",
            "this is not a cursor of ours",
        )
    }

    fn read(text: &str) -> Option<Self> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let kind = text.chars().next()?;
        let rest = &text[kind.len_utf8()..];
        match kind {
            't' => {
                let (nanos, id) = rest.split_once(':')?;
                Some(Self::Record(Cursor {
                    timestamp: Timestamp(nanos.parse().ok()?),
                    id: RecordId::from_bits(u128::from_str_radix(id, 16).ok()?),
                }))
            }
            'r' => Some(Self::Ranked(rest.to_owned())),
            'o' => rest.parse().ok().map(Self::Offset),
            'i' => u128::from_str_radix(rest, 16).ok().map(Self::Id),
            'm' => {
                let (ms, id) = rest.split_once(':')?;
                let id = u128::from_str_radix(id, 16).ok()?;
                Some(Self::Moment(ms.parse().ok()?, id))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_come_back_and_others_are_refused() {
        let record = Cursor {
            timestamp: Timestamp(-7),
            id: RecordId::from_bits(u128::MAX),
        };
        for start in [
            PageStart::Record(record),
            PageStart::Ranked("a:ü".into()),
            PageStart::Offset(200),
            PageStart::Id(9),
            PageStart::Moment(-5, u128::MAX),
        ] {
            assert_eq!(
                PageStart::decode(Some(&start.encode())).unwrap(),
                Some(start)
            );
        }
        assert_eq!(PageStart::decode(Some("")).unwrap(), None);
        for text in [
            "x",
            "AAAA",
            "dA",
            "ü",
            "bzEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MA",
        ] {
            assert!(PageStart::decode(Some(text)).is_err(), "{text}");
        }
    }
}
