//! Vectors of prototypes as rows. They can be made again from the templates, if a model is there.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tocsin_domain::TemplateId;
use tocsin_domain::ports::{
    Restoration, Snapshot, SnapshotEntries, SnapshotItem, Snapshots, StoreError, VectorPoint,
    VectorStore,
};

use super::odd;

/// The form of the items.
const FORM: &str = "vector-points/1";
/// Points of an item: 384 numbers each.
const POINTS_MAX: usize = 2_000;
/// The item that says of which model the vectors are.
const MODEL: &str = "model";

/// Of which model vectors are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Model {
    name: String,
    dimensions: usize,
}

/// A vector store whose points are the rows.
pub struct PointRows {
    store: Arc<dyn VectorStore>,
    model: Model,
}

impl std::fmt::Debug for PointRows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PointRows({:?})", self.model)
    }
}

impl PointRows {
    /// The points of a store, which are of a model whose vectors have so many numbers.
    #[must_use]
    pub fn new(store: Arc<dyn VectorStore>, model: &str, dimensions: usize) -> Self {
        let name = model.to_owned();
        let model = Model { name, dimensions };
        Self { store, model }
    }
}

#[async_trait]
impl Snapshots for PointRows {
    fn form(&self) -> &'static str {
        FORM
    }

    async fn take(&self) -> Result<Box<dyn Snapshot>, StoreError> {
        let model = serde_json::to_vec(&self.model).map_err(|_| odd(MODEL))?;
        let mut items = vec![SnapshotItem {
            name: MODEL.into(),
            stamp: None,
            entries: Some(vec![(Vec::new(), model)]),
            records: 0,
        }];
        let total = self.store.count().await?;
        let (mut found, mut view) = (0, 0);
        while found < total {
            let mut points = self.store.all(view).await?;
            points.sort_by_key(|point| point.template);
            found += points.len() as u64;
            for (at, points) in points.chunks(POINTS_MAX).enumerate() {
                items.push(SnapshotItem {
                    name: format!("{view}/{at:06}"),
                    stamp: None,
                    entries: Some(points.iter().map(entry).collect()),
                    records: points.len() as u64,
                });
            }
            let Some(next) = u8::checked_add(view, 1) else {
                break;
            };
            view = next;
        }
        Ok(Box::new(PointSnapshot(items.into_iter())))
    }
}

fn entry(point: &VectorPoint) -> (Vec<u8>, Vec<u8>) {
    let mut key = point.template.0.to_be_bytes().to_vec();
    key.push(point.view);
    let numbers = point.vector.iter();
    (
        key,
        numbers.flat_map(|number| number.to_le_bytes()).collect(),
    )
}

fn point(key: &[u8], value: &[u8]) -> Option<VectorPoint> {
    let (template, view) = key.split_first_chunk::<8>()?;
    let (numbers, rest) = value.as_chunks::<4>();
    Some(VectorPoint {
        template: TemplateId(u64::from_be_bytes(*template)),
        view: *view.first().filter(|_| view.len() == 1)?,
        vector: numbers
            .iter()
            .map(|bytes| f32::from_le_bytes(*bytes))
            .collect(),
    })
    .filter(|_| rest.is_empty())
}

struct PointSnapshot(std::vec::IntoIter<SnapshotItem>);

#[async_trait]
impl Snapshot for PointSnapshot {
    async fn next(
        &mut self,
        _known: &BTreeMap<String, String>,
    ) -> Result<Option<SnapshotItem>, StoreError> {
        Ok(self.0.next())
    }
}

/// Opens a vector store for the vectors of a model of so many numbers; none if it has no use for them.
pub type OpenPoints =
    Box<dyn FnMut(&str, usize) -> Result<Option<Arc<dyn VectorStore>>, StoreError> + Send>;

/// Puts points into a vector store, which is opened when it is known of which model they are.
pub struct PointRestoration {
    open: OpenPoints,
    store: Option<Arc<dyn VectorStore>>,
}

impl std::fmt::Debug for PointRestoration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PointRestoration").finish_non_exhaustive()
    }
}

impl PointRestoration {
    /// Begins with the store that `open` gives.
    #[must_use]
    pub fn new(open: OpenPoints) -> Self {
        Self { open, store: None }
    }
}

#[async_trait]
impl Restoration for PointRestoration {
    fn reads(&self, form: &str) -> bool {
        form == FORM
    }

    async fn put(&mut self, item: SnapshotItem) -> Result<(), StoreError> {
        let entries: SnapshotEntries = item.entries.ok_or_else(|| odd(&item.name))?;
        if item.name == MODEL {
            let model = entries.first().ok_or_else(|| odd(MODEL))?;
            let model: Model = serde_json::from_slice(&model.1).map_err(|_| odd(MODEL))?;
            self.store = (self.open)(&model.name, model.dimensions)?;
            return Ok(());
        }
        let points = entries.iter().map(|(key, value)| point(key, value));
        let points: Option<Vec<VectorPoint>> = points.collect();
        let points = points.ok_or_else(|| odd(&item.name))?;
        match &self.store {
            Some(store) => store.upsert(points).await,
            None => Ok(()),
        }
    }

    async fn finish(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}
