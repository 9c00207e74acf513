//! One shard of `qdrant-edge`, the only file that knows the engine.
//!
//! The engine panics where others return errors: on a write to a full disk, for one. Every call
//! into it is therefore caught, and the caller opens the shard again after a failed write.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use qdrant_edge::external::uuid::Uuid;
use qdrant_edge::{
    CountRequest, DEFAULT_VECTOR_NAME, Distance, EdgeConfig, EdgeShard, EdgeVectorParamsBuilder,
    NamedQuery, OperationResult, PointId, PointInsertOperations, PointOperations,
    PointStructPersisted, QueryEnum, Record, ScrollRequest, SearchRequest, UpdateOperation,
    VectorInternal, VectorStructInternal, VectorStructPersisted, WalOptions, WithPayloadInterface,
    WithVector,
};
use tocsin_domain::ports::StoreError;

use crate::vectors::key::PointKey;

/// Points written in one operation of the engine: one entry of its log.
const WRITE_BATCH: usize = 500;
/// Points read at a time.
const READ_BATCH: usize = 2000;
/// Bytes of one file of the engine's log.
const LOG_FILE_BYTES: usize = 4 << 20;

/// A point and its vector.
pub(super) type Point = (PointKey, Vec<f32>);

impl PointKey {
    fn id(self) -> PointId {
        PointId::Uuid(Uuid::from_u128(self.0))
    }

    fn of(id: PointId) -> Option<Self> {
        match id {
            PointId::Uuid(uuid) => Some(Self(uuid.as_u128())),
            PointId::NumId(_) => None,
        }
    }
}

pub(super) struct Shard(EdgeShard);

impl Shard {
    /// Opens the shard in a folder, or makes it.
    pub(super) fn open(path: &Path, dimensions: usize) -> Result<Self, StoreError> {
        let make = || std::fs::create_dir_all(path);
        make().map_err(|error| StoreError::Unavailable(Box::new(error)))?;
        let vectors = EdgeVectorParamsBuilder::new(dimensions, Distance::Dot).on_disk(true);
        let log = WalOptions {
            segment_capacity: LOG_FILE_BYTES,
            segment_queue_len: 0,
            retain_closed: NonZeroUsize::MIN,
        };
        let config = EdgeConfig::builder()
            .vector(DEFAULT_VECTOR_NAME, vectors.build())
            .wal_options(log)
            .build();
        let is_there = std::fs::read_dir(path.join("segments"))
            .is_ok_and(|mut entries| entries.next().is_some());
        caught(|| {
            if is_there {
                EdgeShard::load(path, Some(config))
            } else {
                EdgeShard::new(path, config)
            }
        })
        .map(Self)
        .map_err(|why| {
            if is_there {
                StoreError::Corrupt(why)
            } else {
                StoreError::Unavailable(why.into())
            }
        })
    }

    /// Adds or replaces points; durable on return.
    pub(super) fn upsert(&self, points: BTreeMap<PointKey, Vec<f32>>) -> Result<(), StoreError> {
        let mut points = points
            .into_iter()
            .map(|(key, vector)| PointStructPersisted {
                id: key.id(),
                vector: VectorStructPersisted::Single(vector),
                payload: None,
            });
        loop {
            let batch: Vec<_> = points.by_ref().take(WRITE_BATCH).collect();
            if batch.is_empty() {
                return self.flush();
            }
            let insert = PointInsertOperations::PointsList(batch);
            self.update(PointOperations::UpsertPoints(insert))?;
        }
    }

    /// Removes the points that `is_gone` selects; durable on return.
    pub(super) fn remove(&self, is_gone: impl Fn(PointKey) -> bool) -> Result<(), StoreError> {
        let keys = self.keys()?;
        let ids: Vec<_> = keys
            .into_iter()
            .filter(|key| is_gone(*key))
            .map(PointKey::id)
            .collect();
        if ids.is_empty() {
            return Ok(());
        }
        self.update(PointOperations::DeletePoints { ids })?;
        self.flush()
    }

    /// The nearest points and their scores, nearest first.
    pub(super) fn search(
        &self,
        vector: &[f32],
        limit: usize,
    ) -> Result<Vec<(PointKey, f32)>, StoreError> {
        let request = SearchRequest {
            query: QueryEnum::Nearest(NamedQuery {
                query: VectorInternal::Dense(vector.to_vec()),
                using: None,
            }),
            filter: None,
            params: None,
            limit,
            offset: 0,
            with_payload: Some(WithPayloadInterface::Bool(false)),
            with_vector: Some(WithVector::Bool(false)),
            score_threshold: None,
        };
        let hits = caught(|| self.0.search(request)).map_err(unavailable)?;
        let hits = hits.into_iter();
        Ok(hits
            .filter_map(|hit| Some((PointKey::of(hit.id)?, hit.score)))
            .collect())
    }

    /// The points that `is_wanted` selects, in the order of their keys.
    pub(super) fn points(
        &self,
        is_wanted: impl Fn(PointKey) -> bool,
    ) -> Result<Vec<Point>, StoreError> {
        let keys = self.keys()?;
        let ids: Vec<_> = keys
            .into_iter()
            .filter(|key| is_wanted(*key))
            .map(PointKey::id)
            .collect();
        let mut points = Vec::with_capacity(ids.len());
        for ids in ids.chunks(READ_BATCH) {
            let payload = Some(WithPayloadInterface::Bool(false));
            let records = caught(|| self.0.retrieve(ids, payload, Some(WithVector::Bool(true))));
            points.extend(records.map_err(unavailable)?.into_iter().filter_map(point));
        }
        Ok(points)
    }

    pub(super) fn count(&self) -> Result<u64, StoreError> {
        let request = CountRequest {
            filter: None,
            exact: true,
        };
        let count = caught(|| self.0.count(request)).map_err(unavailable)?;
        Ok(count as u64)
    }

    /// Drops the shard: the engine writes once more then, and panics if it cannot, as on a full
    /// disk. What was upserted is in the engine's log by then.
    pub(super) fn close(self) {
        if let Err(why) = caught(|| {
            drop(self);
            Ok(())
        }) {
            tracing::warn!(why, "the vector store could not write when it was closed");
        }
    }

    fn keys(&self) -> Result<Vec<PointKey>, StoreError> {
        let mut keys = Vec::new();
        let mut offset = None;
        loop {
            let request = ScrollRequest {
                offset,
                limit: Some(READ_BATCH),
                filter: None,
                with_payload: Some(WithPayloadInterface::Bool(false)),
                with_vector: WithVector::Bool(false),
                order_by: None,
            };
            let (records, next) = caught(|| self.0.scroll(request)).map_err(unavailable)?;
            keys.extend(
                records
                    .into_iter()
                    .filter_map(|record| PointKey::of(record.id)),
            );
            match next {
                Some(_) => offset = next,
                None => return Ok(keys),
            }
        }
    }

    fn update(&self, operation: PointOperations) -> Result<(), StoreError> {
        let operation = UpdateOperation::PointOperation(operation);
        caught(|| self.0.update(operation)).map_err(unavailable)
    }

    fn flush(&self) -> Result<(), StoreError> {
        let flush = || {
            self.0.flush();
            Ok(())
        };
        caught(flush).map_err(unavailable)
    }
}

fn point(record: Record) -> Option<Point> {
    match record.vector? {
        VectorStructInternal::Single(vector) => Some((PointKey::of(record.id)?, vector)),
        _ => None,
    }
}

/// Calls into the engine; a panic there is an error here.
fn caught<T>(call: impl FnOnce() -> OperationResult<T>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(outcome) => outcome.map_err(|error| error.to_string()),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            Err(format!(
                "the engine gave up: {}",
                text.unwrap_or("no reason given")
            ))
        }
    }
}

fn unavailable(why: String) -> StoreError {
    StoreError::Unavailable(why.into())
}
