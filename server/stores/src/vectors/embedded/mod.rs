//! Vectors in this process.
//!
//! [`EdgeVectorStore`] stands behind [`VectorStore`] on `qdrant-edge`. A point's id is made of its
//! template and view, so nothing is stored beside the vectors. Search compares with every vector:
//! exact, and some ten milliseconds at 30,000 vectors of 384 numbers. Everything here can be made
//! again from the templates, so what cannot be read is set aside and the store begins empty.

mod folder;
mod shard;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::RwLock;
use tocsin_domain::TemplateId;
use tocsin_domain::ports::{StoreError, VectorHit, VectorPoint, VectorStore};

use super::key::PointKey;
use folder::Folder;
use shard::{Point, Shard};

/// Embeddings in a folder of this machine.
#[derive(Clone)]
pub struct EdgeVectorStore {
    inner: Arc<Inner>,
}

struct Inner {
    dimensions: usize,
    folder: Folder,
    /// None after a failed write, until it is opened again.
    shard: RwLock<Option<Shard>>,
}

impl fmt::Debug for EdgeVectorStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EdgeVectorStore")
            .field("dimensions", &self.inner.dimensions)
            .finish_non_exhaustive()
    }
}

impl EdgeVectorStore {
    /// Opens the store in a folder, which is made if it is not there. Vectors of another model or
    /// length are removed, since they cannot be compared with those to come.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the folder cannot be used; [`StoreError::Invalid`] if
    /// `dimensions` is 0.
    pub fn open(path: &Path, model_id: &str, dimensions: usize) -> Result<Self, StoreError> {
        if dimensions == 0 {
            return Err(StoreError::Invalid("vectors need a length".to_owned()));
        }
        let folder = Folder::prepare(path, model_id, dimensions)?;
        let shard = folder.open_or_set_aside(dimensions)?;
        let inner = Inner {
            dimensions,
            folder,
            shard: RwLock::new(Some(shard)),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    async fn run<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Inner) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let inner = Arc::clone(&self.inner);
        let done = tokio::task::spawn_blocking(move || act(&inner)).await;
        done.map_err(|error| StoreError::Unavailable(Box::new(error)))?
    }
}

impl Inner {
    fn check(&self, vector: &[f32]) -> Result<(), StoreError> {
        super::check(vector, self.dimensions)
    }

    fn read<T>(&self, act: impl Fn(&Shard) -> Result<T, StoreError>) -> Result<T, StoreError> {
        if let Some(shard) = &*self.shard.read() {
            return act(shard);
        }
        act(self.reopened(&mut self.shard.write())?)
    }

    /// Runs a write; after a failed one the shard is opened again before the next use.
    fn write(&self, act: impl FnOnce(&Shard) -> Result<(), StoreError>) -> Result<(), StoreError> {
        let mut place = self.shard.write();
        let outcome = act(self.reopened(&mut place)?);
        if outcome.is_err()
            && let Some(shard) = place.take()
        {
            shard.close();
        }
        outcome
    }

    fn reopened<'a>(&self, place: &'a mut Option<Shard>) -> Result<&'a Shard, StoreError> {
        let shard = match place.take() {
            Some(shard) => shard,
            None => Shard::open(&self.folder.shard(), self.dimensions)?,
        };
        Ok(place.insert(shard))
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(shard) = self.shard.get_mut().take() {
            shard.close();
        }
    }
}

#[async_trait]
impl VectorStore for EdgeVectorStore {
    async fn upsert(&self, points: Vec<VectorPoint>) -> Result<(), StoreError> {
        for point in &points {
            self.inner.check(&point.vector)?;
        }
        if points.is_empty() {
            return Ok(());
        }
        // Of two points of one template and view, the later holds.
        let points: BTreeMap<_, _> = points
            .into_iter()
            .map(|point| (PointKey::new(point.template, point.view), point.vector))
            .collect();
        self.run(move |inner| inner.write(|shard| shard.upsert(points)))
            .await
    }

    async fn search(&self, vector: &[f32], limit: usize) -> Result<Vec<VectorHit>, StoreError> {
        self.inner.check(vector)?;
        if limit == 0 {
            return Ok(Vec::new());
        }
        let vector = vector.to_vec();
        let hits = self
            .run(move |inner| inner.read(|shard| shard.search(&vector, limit)))
            .await?;
        let hit = |(key, score): (PointKey, f32)| VectorHit {
            template: key.template(),
            view: key.view(),
            score: score.clamp(-1.0, 1.0),
        };
        Ok(hits.into_iter().map(hit).collect())
    }

    async fn all(&self, view: u8) -> Result<Vec<VectorPoint>, StoreError> {
        let points = self
            .run(move |inner| inner.read(|shard| shard.points(|key| key.view() == view)))
            .await?;
        let point = |(key, vector): Point| VectorPoint {
            template: key.template(),
            view: key.view(),
            vector,
        };
        Ok(points.into_iter().map(point).collect())
    }

    async fn remove(&self, templates: &[TemplateId]) -> Result<(), StoreError> {
        if templates.is_empty() {
            return Ok(());
        }
        let templates: HashSet<_> = templates.iter().copied().collect();
        self.run(move |inner| {
            inner.write(|shard| shard.remove(|key| templates.contains(&key.template())))
        })
        .await
    }

    async fn count(&self) -> Result<u64, StoreError> {
        self.run(|inner| inner.read(Shard::count)).await
    }
}
