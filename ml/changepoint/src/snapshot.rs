//! Numbers to bytes and back for state that outlives the process. Little-endian, behind a version
//! byte; reading checks every length. Knows no detector.

/// Why bytes are no snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// The first byte names a version that this build does not know.
    #[error("snapshot of version {0} is not known")]
    Version(u8),
    /// The bytes end early, or there are more than the snapshot needs.
    #[error("snapshot has a wrong length")]
    Length,
    /// A number is outside of its range.
    #[error("snapshot holds a number out of range")]
    Range,
}

/// Reads numbers in the order they were written.
#[derive(Debug)]
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], SnapshotError> {
        let (head, rest) = self
            .0
            .split_first_chunk::<N>()
            .ok_or(SnapshotError::Length)?;
        self.0 = rest;
        Ok(*head)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, SnapshotError> {
        self.take::<1>().map(|b| b[0])
    }

    pub(crate) fn u32(&mut self) -> Result<u32, SnapshotError> {
        self.take().map(u32::from_le_bytes)
    }

    pub(crate) fn f64(&mut self) -> Result<f64, SnapshotError> {
        self.take().map(f64::from_le_bytes)
    }

    pub(crate) fn end(&self) -> Result<(), SnapshotError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(SnapshotError::Length)
        }
    }
}
