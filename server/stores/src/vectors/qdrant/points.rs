//! Points as Qdrant keeps them, and what is asked about them.

use std::collections::{BTreeMap, HashMap};

use qdrant_client::qdrant::{
    Condition, CountPointsBuilder, DeletePointsBuilder, Filter, PointId, PointStruct,
    QuantizationSearchParamsBuilder, Query, QueryPointsBuilder, RetrievedPoint, ScoredPoint,
    ScrollPointsBuilder, SearchParamsBuilder, UpsertPointsBuilder, Value, point_id, vector_output,
};
use tocsin_domain::TemplateId;
use tocsin_domain::ports::{StoreError, VectorHit, VectorPoint};

use super::{Inner, Quantisation};
use crate::vectors::key::PointKey;

/// The template of a point, as sixteen hexadecimal digits.
pub(super) const TEMPLATE: &str = "template";
/// The view of a point.
pub(super) const VIEW: &str = "view";
/// Points read at a time.
const READ_BATCH: u32 = 1000;
/// Templates removed at a time.
const REMOVE_BATCH: usize = 500;
/// How many times the wanted points are looked at again by their whole vectors.
const OVERSAMPLING: f64 = 2.0;

impl Inner {
    pub(super) async fn upsert(
        &self,
        points: BTreeMap<PointKey, Vec<f32>>,
    ) -> Result<(), StoreError> {
        let points: Vec<_> = points.into_iter().map(point_struct).collect();
        for some in points.chunks(self.settings.batch_points) {
            let upsert = || {
                let request = UpsertPointsBuilder::new(&self.collection, some.to_vec());
                self.client.upsert_points(request.wait(true))
            };
            self.with_collection(upsert).await?;
        }
        Ok(())
    }

    pub(super) async fn search(
        &self,
        vector: &[f32],
        limit: usize,
    ) -> Result<Vec<VectorHit>, StoreError> {
        let search = || {
            let request = QueryPointsBuilder::new(&self.collection)
                .query(Query::new_nearest(vector.to_vec()))
                .limit(limit as u64)
                .with_payload(false);
            self.client.query(match self.settings.quantisation {
                Quantisation::None => request,
                Quantisation::Int8 => request.params(rescored()),
            })
        };
        let found = self.with_collection(search).await?;
        Ok(found.result.into_iter().filter_map(hit).collect())
    }

    pub(super) async fn all(&self, view: u8) -> Result<Vec<VectorPoint>, StoreError> {
        let mut points = Vec::new();
        let mut offset: Option<PointId> = None;
        loop {
            let scroll = || {
                let of_view = Condition::matches(VIEW, i64::from(view));
                let request = ScrollPointsBuilder::new(&self.collection)
                    .filter(Filter::must([of_view]))
                    .limit(READ_BATCH)
                    .with_payload(false)
                    .with_vectors(true);
                self.client.scroll(match &offset {
                    Some(offset) => request.offset(offset.clone()),
                    None => request,
                })
            };
            let page = self.with_collection(scroll).await?;
            points.extend(page.result.into_iter().filter_map(point));
            match page.next_page_offset {
                Some(next) => offset = Some(next),
                None => return Ok(points),
            }
        }
    }

    pub(super) async fn remove(&self, templates: &[TemplateId]) -> Result<(), StoreError> {
        for some in templates.chunks(REMOVE_BATCH) {
            let remove = || {
                let names: Vec<String> = some.iter().map(ToString::to_string).collect();
                let of_templates = Filter::must([Condition::matches(TEMPLATE, names)]);
                let request = DeletePointsBuilder::new(&self.collection).points(of_templates);
                self.client.delete_points(request.wait(true))
            };
            self.with_collection(remove).await?;
        }
        Ok(())
    }

    pub(super) async fn count(&self) -> Result<u64, StoreError> {
        let count = || {
            let request = CountPointsBuilder::new(&self.collection).exact(true);
            self.client.count(request)
        };
        let counted = self.with_collection(count).await?;
        Ok(counted.result.map_or(0, |result| result.count))
    }
}

fn rescored() -> SearchParamsBuilder {
    let quantised = QuantizationSearchParamsBuilder::default()
        .rescore(true)
        .oversampling(OVERSAMPLING);
    SearchParamsBuilder::default().quantization(quantised)
}

fn point_struct((key, vector): (PointKey, Vec<f32>)) -> PointStruct {
    let payload: HashMap<String, Value> = HashMap::from([
        (TEMPLATE.to_owned(), key.template().to_string().into()),
        (VIEW.to_owned(), i64::from(key.view()).into()),
    ]);
    PointStruct::new(id(key), vector, payload)
}

/// The key in the form of a UUID.
pub(super) fn id(key: PointKey) -> String {
    let digits = format!("{:032x}", key.0);
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32];
    parts.map(|part| digits[part].to_owned()).join("-")
}

/// The key of a point; none of one that we did not write.
pub(super) fn key(id: Option<PointId>) -> Option<PointKey> {
    match id?.point_id_options? {
        point_id::PointIdOptions::Uuid(text) => {
            let digits = text.replace('-', "");
            u128::from_str_radix(&digits, 16).ok().map(PointKey)
        }
        point_id::PointIdOptions::Num(_) => None,
    }
}

fn hit(found: ScoredPoint) -> Option<VectorHit> {
    let key = key(found.id)?;
    Some(VectorHit {
        template: key.template(),
        view: key.view(),
        score: found.score.clamp(-1.0, 1.0),
    })
}

fn point(found: RetrievedPoint) -> Option<VectorPoint> {
    let key = key(found.id)?;
    let vector = match found.vectors?.get_vector()? {
        vector_output::Vector::Dense(dense) => dense.data,
        _ => return None,
    };
    Some(VectorPoint {
        template: key.template(),
        view: key.view(),
        vector,
    })
}
