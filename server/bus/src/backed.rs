//! A bus in a backup: keys and values, the same in every bus.
//!
//! Offsets are kept, so stores that are put back beside it resume at their positions and pass over
//! what they have.

/// The form of the items.
pub(crate) const FORM: &str = "bus-events/1";
/// Events of an item: a batch of lines has some 100 KB.
pub(crate) const EVENTS_MAX: usize = 64;

/// What stands under a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    /// How many partitions the events were spread over.
    Partitions,
    /// The last acknowledged offset of a partition.
    Acknowledged(u16),
    /// The event of a partition at an offset.
    Event(u16, u64),
}

impl Key {
    pub(crate) fn write(&self) -> Vec<u8> {
        match self {
            Self::Partitions => vec![0, b'p'],
            Self::Acknowledged(partition) => {
                [&[0, b'a'], partition.to_be_bytes().as_slice()].concat()
            }
            Self::Event(partition, offset) => [
                [1].as_slice(),
                &partition.to_be_bytes(),
                &offset.to_be_bytes(),
            ]
            .concat(),
        }
    }

    pub(crate) fn read(key: &[u8]) -> Option<Self> {
        match key {
            [0, b'p'] => Some(Self::Partitions),
            [0, b'a', high, low] => Some(Self::Acknowledged(u16::from_be_bytes([*high, *low]))),
            [1, high, low, offset @ ..] if offset.len() == 8 => Some(Self::Event(
                u16::from_be_bytes([*high, *low]),
                number(offset)?,
            )),
            _ => None,
        }
    }
}

/// A number as it is written under a key.
pub(crate) fn number(value: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(*value.first_chunk::<8>()?))
}
