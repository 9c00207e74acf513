//! The suite on the embedded store, and what is its own: restarts, other models, damage.

use tocsin_domain::ports::{VectorPoint, VectorStore};

use super::*;
use crate::vectors::contract::{self, DIMENSIONS, unit_vectors};

#[tokio::test]
async fn the_embedded_store_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made/vectors");
    let store = EdgeVectorStore::open(&path, "minilm", DIMENSIONS).unwrap();
    contract::run(&store).await.unwrap();
}

fn points(count: usize) -> Vec<VectorPoint> {
    let vectors = unit_vectors(count, DIMENSIONS, 11).into_iter().enumerate();
    vectors
        .map(|(index, vector)| VectorPoint {
            template: TemplateId(index as u64 + 1),
            view: 0,
            vector,
        })
        .collect()
}

#[tokio::test]
async fn vectors_survive_being_opened_again_without_being_closed() {
    let folder = tempfile::tempdir().unwrap();
    let store = EdgeVectorStore::open(folder.path(), "minilm", DIMENSIONS).unwrap();
    store.upsert(points(100)).await.unwrap();
    store.remove(&[TemplateId(1)]).await.unwrap();
    // As after a kill: nothing is closed or written once more.
    let copy = tempfile::tempdir().unwrap();
    let copied = std::process::Command::new("cp")
        .arg("-r")
        .arg(folder.path().join("."))
        .arg(copy.path())
        .status();
    assert!(copied.unwrap().success());
    // One folder, one store: the server's lock on its data folder sees to that.
    drop(store);
    for path in [copy.path(), folder.path()] {
        let again = EdgeVectorStore::open(path, "minilm", DIMENSIONS).unwrap();
        assert_eq!(again.all(0).await.unwrap(), points(100)[1..]);
        again.upsert(points(2)).await.unwrap();
        assert_eq!(again.count().await.unwrap(), 100);
    }
}

#[tokio::test]
async fn another_model_begins_empty() {
    let folder = tempfile::tempdir().unwrap();
    for (model, dimensions) in [("a", DIMENSIONS), ("b", DIMENSIONS), ("b", 8)] {
        let store = EdgeVectorStore::open(folder.path(), model, dimensions).unwrap();
        assert_eq!(store.count().await.unwrap(), 0, "{model} {dimensions}");
        if dimensions == DIMENSIONS {
            store.upsert(points(3)).await.unwrap();
        }
    }
    assert!(EdgeVectorStore::open(folder.path(), "b", 0).is_err());
}

#[tokio::test]
async fn a_store_that_cannot_be_read_is_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    let store = EdgeVectorStore::open(folder.path(), "minilm", DIMENSIONS).unwrap();
    store.upsert(points(3)).await.unwrap();
    drop(store);
    let segments = std::fs::read_dir(folder.path().join("shard/segments")).unwrap();
    for segment in segments {
        std::fs::write(segment.unwrap().path().join("segment.json"), "{").unwrap();
    }
    let store = EdgeVectorStore::open(folder.path(), "minilm", DIMENSIONS).unwrap();
    assert_eq!(store.count().await.unwrap(), 0);
    store.upsert(points(3)).await.unwrap();
    assert!(folder.path().join("shard.corrupt").exists());
}
