//! Snapshots: what a store holds at one moment, in items that can be written down elsewhere and
//! put back.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::log_store::StoreError;
use crate::template::ParsedBatch;

/// Keys and values; what a key means is the form's own matter, and it may be empty.
pub type SnapshotEntries = Vec<(Vec<u8>, Vec<u8>)>;

/// A piece of a snapshot: some megabytes at most, so that it can be held in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotItem {
    /// Its name, which no other item of the snapshot has.
    pub name: String,
    /// Two items of one name and stamp from the same data folder are equal. None: that must be
    /// found out by reading.
    pub stamp: Option<String>,
    /// What it holds; none if its stamp was among those that are known.
    pub entries: Option<SnapshotEntries>,
    /// How many records it stands for.
    pub records: u64,
}

/// What a store holds at one moment. What is written to the store meanwhile is not seen.
#[async_trait]
pub trait Snapshot: Send {
    /// The next item; none after the last. Of an item whose name and stamp are in `known` (stamps
    /// by name) the entries are not read.
    ///
    /// # Errors
    /// [`StoreError`]; the snapshot is of no use then.
    async fn next(
        &mut self,
        known: &BTreeMap<String, String>,
    ) -> Result<Option<SnapshotItem>, StoreError>;
}

/// A store of which snapshots can be taken while it is at work.
#[async_trait]
pub trait Snapshots: Send + Sync {
    /// What the items are called in a backup, with a version: `log-blocks/1`. Only a restoration
    /// that says it reads this form is given them.
    fn form(&self) -> &'static str;

    /// Has everything that is there from now on stay readable until a snapshot was taken and read,
    /// for as long as somebody reads it; false if this store cannot. A bus can where others work on
    /// it meanwhile: what they acknowledge is kept then.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn hold(&self) -> Result<bool, StoreError> {
        Ok(false)
    }

    /// Takes a snapshot. It is as of a moment within the call; of a store that holds what was there
    /// before, it goes back to that.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn take(&self) -> Result<Box<dyn Snapshot>, StoreError>;
}

/// Puts the items of a snapshot into a store that holds nothing yet.
#[async_trait]
pub trait Restoration: Send {
    /// Whether it can read items of a form.
    fn reads(&self, form: &str) -> bool;

    /// Puts an item in, with its entries. Items come in the order of the snapshot.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::Invalid`] if the item is none of this form.
    async fn put(&mut self, item: SnapshotItem) -> Result<(), StoreError>;

    /// Ends it; everything is durable on return.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn finish(&mut self) -> Result<(), StoreError>;
}

/// A log store whose lines can be taken out as they were put in: to put them into another.
#[async_trait]
pub trait LogExport: Send + Sync {
    /// The pieces and how many records each has, in the order in which lines came. The same, in the
    /// same order, as long as nothing is written.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn pieces(&self) -> Result<Vec<(u64, u64)>, StoreError>;

    /// The lines of a piece in the order in which they came, with what the parser found in them.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::Corrupt`] if there is no such piece.
    async fn batches(&self, piece: u64) -> Result<Vec<ParsedBatch>, StoreError>;
}
