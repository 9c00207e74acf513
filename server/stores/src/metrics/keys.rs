//! The keys of the engine. A group's blocks lie together in the order of time.

/// Series of a group: a few, so that reading one series does not read many others.
pub(crate) const GROUP: u32 = 32;

/// The kinds of key; the first byte of every key.
pub(crate) mod kind {
    /// Points of a group within a window.
    pub(crate) const RAW: u8 = b'b';
    /// Intervals of 5 minutes of a group.
    pub(crate) const FIVE_MINUTES: u8 = b'd';
    /// Intervals of an hour of a group.
    pub(crate) const HOUR: u8 = b'h';
    /// What is known of a partition.
    pub(crate) const PARTITION: u8 = b'p';
    /// When the series of a page have points.
    pub(crate) const RANGES: u8 = b'r';
    /// What the series of a page are.
    pub(crate) const SERIES: u8 = b's';
}

/// The key of what is known of a partition.
pub(crate) fn partition_key(partition: u16) -> Vec<u8> {
    let mut key = vec![kind::PARTITION];
    key.extend_from_slice(&partition.to_be_bytes());
    key
}

/// The key of a page of series.
pub(crate) fn page_key(kind: u8, partition: u16, page: u32) -> Vec<u8> {
    let mut key = vec![kind];
    key.extend_from_slice(&partition.to_be_bytes());
    key.extend_from_slice(&page.to_be_bytes());
    key
}

/// The partition and page of a page's key.
pub(crate) fn page_of(key: &[u8]) -> Option<(u16, u32)> {
    let partition = key.get(1..3)?.try_into().ok()?;
    let page = key.get(3..7)?.try_into().ok()?;
    Some((u16::from_be_bytes(partition), u32::from_be_bytes(page)))
}

/// Where a block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BlockKey {
    pub(crate) kind: u8,
    pub(crate) partition: u16,
    pub(crate) group: u32,
    /// The number of the window since the epoch.
    pub(crate) window: i64,
    /// Which write it came with; later ones hold where they differ.
    pub(crate) sequence: u32,
}

impl BlockKey {
    pub(crate) fn encode(self) -> Vec<u8> {
        let mut key = Vec::with_capacity(19);
        key.push(self.kind);
        key.extend_from_slice(&self.partition.to_be_bytes());
        key.extend_from_slice(&self.group.to_be_bytes());
        // With the sign turned, negative windows come first.
        key.extend_from_slice(&(self.window as u64 ^ 1 << 63).to_be_bytes());
        key.extend_from_slice(&self.sequence.to_be_bytes());
        key
    }

    pub(crate) fn decode(key: &[u8]) -> Option<Self> {
        let key: &[u8; 19] = key.try_into().ok()?;
        let number = |from: usize, to: usize| {
            let bytes = key[from..to].iter();
            bytes.fold(0u64, |all, byte| all << 8 | u64::from(*byte))
        };
        Some(Self {
            kind: key[0],
            partition: number(1, 3) as u16,
            group: number(3, 7) as u32,
            window: (number(7, 15) ^ 1 << 63) as i64,
            sequence: number(15, 19) as u32,
        })
    }

    /// The first and last key of a group's blocks in windows of `[from, to]`.
    pub(crate) fn span(kind: u8, partition: u16, group: u32, windows: (i64, i64)) -> [Vec<u8>; 2] {
        let key = |window, sequence| Self {
            kind,
            partition,
            group,
            window,
            sequence,
        };
        [
            key(windows.0, 0).encode(),
            key(windows.1, u32::MAX).encode(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_in_the_order_of_time() {
        let key = |window, sequence| BlockKey {
            kind: kind::RAW,
            partition: 3,
            group: 70_000,
            window,
            sequence,
        };
        let keys = [
            key(i64::MIN, 9),
            key(-1, 0),
            key(0, 5),
            key(0, 6),
            key(8, 1),
        ];
        let bytes: Vec<_> = keys.iter().map(|key| key.encode()).collect();
        assert!(bytes.is_sorted());
        assert!(
            keys.iter()
                .zip(&bytes)
                .all(|(key, bytes)| BlockKey::decode(bytes) == Some(*key))
        );
    }
}
