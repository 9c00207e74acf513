//! What every vector store must do: one suite, called with an empty store of vectors of
//! [`DIMENSIONS`]. A failed check is a panic with the place and the values.

use std::collections::HashSet;

use tocsin_domain::TemplateId;
use tocsin_domain::ports::{StoreError, VectorHit, VectorPoint, VectorStore};

/// The length of the suite's vectors.
pub const DIMENSIONS: usize = 48;

/// Unit vectors that look random and are the same in every run.
#[must_use]
pub fn unit_vectors(count: usize, dimensions: usize, seed: u64) -> Vec<Vec<f32>> {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    let mut vector = || {
        let numbers: Vec<f32> = (0..dimensions).map(|_| next()).collect();
        let norm = numbers
            .iter()
            .map(|number| number * number)
            .sum::<f32>()
            .sqrt();
        numbers.iter().map(|number| number / norm).collect()
    };
    (0..count).map(|_| vector()).collect()
}

/// Runs the whole suite.
///
/// # Errors
/// What the store answers when it should not refuse.
///
/// # Panics
/// If the store breaks the contract.
pub async fn run(store: &dyn VectorStore) -> Result<(), StoreError> {
    begins_empty(store).await?;
    finds_what_brute_force_finds(store).await?;
    replaces_and_removes(store).await?;
    refuses_vectors_of_another_length(store).await
}

fn template(index: usize) -> TemplateId {
    TemplateId((index as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

async fn begins_empty(store: &dyn VectorStore) -> Result<(), StoreError> {
    let query = &unit_vectors(1, DIMENSIONS, 9)[0];
    assert_eq!(store.count().await?, 0);
    assert_eq!(store.search(query, 5).await?, []);
    assert_eq!(store.all(0).await?, []);
    store.remove(&[template(1)]).await?;
    store.upsert(Vec::new()).await
}

async fn finds_what_brute_force_finds(store: &dyn VectorStore) -> Result<(), StoreError> {
    let vectors = unit_vectors(1200, DIMENSIONS, 1);
    let points = vectors.chunks(2).enumerate().flat_map(|(index, views)| {
        (0..).zip(views).map(move |(view, vector)| VectorPoint {
            template: template(index),
            view,
            vector: vector.clone(),
        })
    });
    let points: Vec<_> = points.collect();
    store.upsert(points.clone()).await?;
    assert_eq!(store.count().await?, 1200);
    let (mut found, mut wanted) = (0, 0);
    for query in unit_vectors(20, DIMENSIONS, 2) {
        let dot = |point: &VectorPoint| {
            point
                .vector
                .iter()
                .zip(&query)
                .map(|(a, b)| a * b)
                .sum::<f32>()
        };
        let mut best: Vec<_> = points.iter().map(|point| (point, dot(point))).collect();
        best.sort_by(|a, b| b.1.total_cmp(&a.1));
        let hits = store.search(&query, 10).await?;
        assert!(
            hits.is_sorted_by(|a, b| a.score >= b.score),
            "nearest first"
        );
        assert_eq!(hits.len(), 10);
        let name = |hit: &VectorHit| (hit.template, hit.view);
        let names: HashSet<_> = hits.iter().map(name).collect();
        let expected = best[..10]
            .iter()
            .map(|(point, _)| (point.template, point.view));
        found += expected.filter(|name| names.contains(name)).count();
        wanted += 10;
        assert!(
            (hits[0].score - best[0].1).abs() < 1e-4,
            "scores are cosines"
        );
    }
    assert!(found * 100 >= wanted * 99, "recall {found} of {wanted}");
    Ok(())
}

async fn replaces_and_removes(store: &dyn VectorStore) -> Result<(), StoreError> {
    let new = &unit_vectors(1, DIMENSIONS, 3)[0];
    let point = |view, vector: &[f32]| VectorPoint {
        template: template(7),
        view,
        vector: vector.to_vec(),
    };
    let other = &unit_vectors(1, DIMENSIONS, 4)[0];
    store.upsert(vec![point(1, other), point(1, new)]).await?;
    assert_eq!(store.count().await?, 1200, "an upsert replaces");
    let hits = store.search(new, 1).await?;
    assert_eq!((hits[0].template, hits[0].view), (template(7), 1));
    assert!(
        hits[0].score > 0.9999,
        "the later of two points of one name holds"
    );
    let all = store.all(1).await?;
    assert_eq!(all.len(), 600);
    let found = all.iter().find(|found| found.template == template(7));
    let found = found.map(|found| &found.vector);
    let near = |found: &Vec<f32>| found.iter().zip(new).all(|(a, b)| (a - b).abs() < 1e-6);
    assert!(found.is_some_and(near), "vectors come back as they were");
    store
        .remove(&[template(7), template(8), TemplateId(42)])
        .await?;
    assert_eq!(store.count().await?, 1196);
    let hits = store.search(new, 1200).await?;
    assert!(hits.iter().all(|hit| hit.template != template(7)));
    assert_eq!(store.all(200).await?, []);
    Ok(())
}

async fn refuses_vectors_of_another_length(store: &dyn VectorStore) -> Result<(), StoreError> {
    let point = |vector| VectorPoint {
        template: template(0),
        view: 0,
        vector,
    };
    for vector in [
        vec![],
        vec![1.0; DIMENSIONS - 1],
        vec![f32::NAN; DIMENSIONS],
    ] {
        let refused = store.search(&vector, 1).await;
        assert!(
            matches!(refused, Err(StoreError::Invalid(_))),
            "{refused:?}"
        );
        let refused = store.upsert(vec![point(vector)]).await;
        assert!(
            matches!(refused, Err(StoreError::Invalid(_))),
            "{refused:?}"
        );
    }
    assert_eq!(
        store.search(&unit_vectors(1, DIMENSIONS, 5)[0], 0).await?,
        []
    );
    assert_eq!(store.count().await?, 1196);
    Ok(())
}
