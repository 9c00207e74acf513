//! Identities. Records and batches carry UUIDv7; templates carry a hash of what they say.

use std::fmt;
use std::str::FromStr;

use crate::time::Timestamp;

/// The number of low bits of a record's id that count the record within its batch.
const ORDINAL_BITS: u32 = 24;
/// The most records one batch may hold: 2^24.
pub const BATCH_RECORDS_MAX: u32 = 1 << ORDINAL_BITS;

/// The identity of a batch of records: a UUIDv7 whose low 24 bits are zero.
///
/// The records of the batch are `base + 0`, `base + 1`, …, so that a million ids cost a store one
/// number, and a batch that is delivered twice brings the same ids twice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BatchId(u128);

impl BatchId {
    /// Makes a batch id from the time of receipt and 10 random bytes.
    #[must_use]
    pub fn new(observed: Timestamp, random: [u8; 10]) -> Self {
        let millis = u64::try_from(observed.millis()).unwrap_or(0);
        let uuid = uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid();
        Self::from_bits(uuid.as_u128())
    }

    /// Restores a batch id from its 128 bits; the low 24 bits are cleared.
    #[must_use]
    pub const fn from_bits(bits: u128) -> Self {
        Self(bits & !((BATCH_RECORDS_MAX as u128) - 1))
    }

    /// The 128 bits, low 24 zero.
    #[must_use]
    pub const fn bits(self) -> u128 {
        self.0
    }

    /// The id of the record at `ordinal` (below [`BATCH_RECORDS_MAX`]).
    #[must_use]
    pub const fn record(self, ordinal: u32) -> RecordId {
        RecordId(self.0 | (ordinal & (BATCH_RECORDS_MAX - 1)) as u128)
    }
}

impl fmt::Debug for BatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BatchId({})", uuid::Uuid::from_u128(self.0))
    }
}

/// The identity of one log record: a UUIDv7 made at ingest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId(u128);

impl RecordId {
    /// Restores an id from its 128 bits.
    #[must_use]
    pub const fn from_bits(bits: u128) -> Self {
        Self(bits)
    }

    /// The 128 bits.
    #[must_use]
    pub const fn bits(self) -> u128 {
        self.0
    }

    /// The batch the record came in.
    #[must_use]
    pub const fn batch(self) -> BatchId {
        BatchId::from_bits(self.0)
    }

    /// The place of the record within its batch.
    #[must_use]
    pub const fn ordinal(self) -> u32 {
        (self.0 & ((BATCH_RECORDS_MAX as u128) - 1)) as u32
    }

    /// The time of receipt that the id carries, to the millisecond.
    #[must_use]
    pub fn observed(self) -> Timestamp {
        Timestamp::from_millis(i64::try_from(self.0 >> 80).unwrap_or(i64::MAX))
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", uuid::Uuid::from_u128(self.0))
    }
}

impl fmt::Debug for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordId({self})")
    }
}

/// An identity that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct IdError {
    text: String,
    expected: &'static str,
}

impl FromStr for RecordId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        uuid::Uuid::parse_str(text)
            .map(|uuid| Self(uuid.as_u128()))
            .map_err(|_| IdError {
                text: text.into(),
                expected: "a record id (a UUID)",
            })
    }
}

/// The identity of a template: a 64-bit hash of its parts, slot kinds and keys.
///
/// The same pattern has the same id in every partition and every run, so templates need no
/// coordination between workers. Written as 16 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TemplateId(pub u64);

impl fmt::Display for TemplateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for TemplateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TemplateId({self})")
    }
}

impl FromStr for TemplateId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() == 16
            && let Ok(bits) = u64::from_str_radix(text, 16)
        {
            return Ok(Self(bits));
        }
        Err(IdError {
            text: text.into(),
            expected: "a template id (16 hexadecimal digits)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_ids_count_up_within_their_batch_and_remember_it() {
        let batch = BatchId::new(Timestamp::from_millis(1_700_000_000_123), [0xff; 10]);
        let record = batch.record(77);
        assert_eq!(record.batch(), batch);
        assert_eq!(record.ordinal(), 77);
        assert_eq!(record.observed(), Timestamp::from_millis(1_700_000_000_123));
        assert_eq!(record.to_string().parse::<RecordId>(), Ok(record));
        assert_eq!(
            &record.to_string()[14..15],
            "7",
            "the version digit says UUIDv7"
        );
    }

    #[test]
    fn template_ids_are_sixteen_hexadecimal_digits() {
        let id = TemplateId(0xab);
        assert_eq!(id.to_string(), "00000000000000ab");
        assert_eq!(id.to_string().parse::<TemplateId>(), Ok(id));
        assert!("ab".parse::<TemplateId>().is_err());
    }
}
