//! Numbers to bytes and back for models that outlive the process. Little-endian, behind a version
//! byte; reading checks every length. Knows no model.

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

/// Bytes written so far.
#[derive(Debug)]
pub(crate) struct Writer(pub(crate) Vec<u8>);

impl Writer {
    pub(crate) fn new(version: u8) -> Self {
        Self(vec![version])
    }

    pub(crate) fn u16(&mut self, n: u16) {
        self.0.extend(n.to_le_bytes());
    }

    pub(crate) fn u32(&mut self, n: u32) {
        self.0.extend(n.to_le_bytes());
    }

    pub(crate) fn f32(&mut self, n: f32) {
        self.0.extend(n.to_le_bytes());
    }

    pub(crate) fn f64(&mut self, n: f64) {
        self.0.extend(n.to_le_bytes());
    }
}

/// Reads numbers in the order they were written.
#[derive(Debug)]
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    /// Bytes behind a version that must be `version`.
    pub(crate) fn new(bytes: &'a [u8], version: u8) -> Result<Self, SnapshotError> {
        match bytes.split_first() {
            None => Err(SnapshotError::Length),
            Some((first, rest)) if *first == version => Ok(Self(rest)),
            Some((first, _)) => Err(SnapshotError::Version(*first)),
        }
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], SnapshotError> {
        let (head, rest) = self
            .0
            .split_first_chunk::<N>()
            .ok_or(SnapshotError::Length)?;
        self.0 = rest;
        Ok(*head)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, SnapshotError> {
        self.take().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, SnapshotError> {
        self.take().map(u32::from_le_bytes)
    }

    pub(crate) fn f32(&mut self) -> Result<f32, SnapshotError> {
        self.take().map(f32::from_le_bytes)
    }

    pub(crate) fn f64(&mut self) -> Result<f64, SnapshotError> {
        self.take().map(f64::from_le_bytes)
    }

    /// Bytes not read yet.
    pub(crate) fn left(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn end(&self) -> Result<(), SnapshotError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(SnapshotError::Length)
        }
    }
}
