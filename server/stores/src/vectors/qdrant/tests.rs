//! The suite on Qdrant, and what is its own: models side by side, a server that is away, keys.
//!
//! The server is a double: services generated from Qdrant's definitions over Qdrant's own engine.
//! That it speaks as Qdrant does is witnessed by the official client in the same run.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};
use tocsin_domain::Timestamp;
use tocsin_domain::ports::EngineErrorKind;

use super::*;
use crate::vectors::contract::{self, DIMENSIONS, unit_vectors};

/// Python with Qdrant's engine and client; none if `make tools` was not run.
fn python() -> Option<PathBuf> {
    let home = PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
    let tools = std::env::var_os("TOCSIN_TOOLS").map(PathBuf::from);
    let tools = tools.unwrap_or_else(|| home.join(".cache/tocsin/tools"));
    let python = Some(tools.join("qdrant/bin/python")).filter(|python| python.is_file());
    if python.is_none() {
        eprintln!("SKIPPED: there is no Qdrant in Python: run `make tools`");
    }
    python
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/qdrant")
        .join(name)
}

/// The double in a folder of its own.
struct Double {
    python: PathBuf,
    folder: tempfile::TempDir,
    child: Option<Child>,
    port: u16,
    arguments: Vec<String>,
}

impl Double {
    fn start(arguments: &[&str]) -> Option<Self> {
        let mut double = Self {
            python: python()?,
            folder: tempfile::tempdir().unwrap(),
            child: None,
            port: 0,
            arguments: arguments.iter().map(ToString::to_string).collect(),
        };
        double.go();
        Some(double)
    }

    /// Starts it; again at the same port if it ran before.
    fn go(&mut self) {
        let mut child = Command::new(&self.python)
            .arg(script("double.py"))
            .arg(self.folder.path())
            .args(["--port", &self.port.to_string()])
            .args(&self.arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        self.port = line.trim().parse().expect("the double did not start");
        self.child = Some(child);
    }

    /// Kills it, as a power cut would.
    fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _gone = child.kill();
            let _reaped = child.wait();
        }
    }

    fn config(&self) -> QdrantConfig {
        QdrantConfig {
            url: format!("http://127.0.0.1:{}", self.port),
            ..QdrantConfig::default()
        }
    }

    fn store(&self, model: &str) -> QdrantVectorStore {
        open(&self.config(), model)
    }

    /// What the official client says.
    async fn witness(&self, arguments: &[&str]) -> Value {
        let mut command = Command::new(&self.python);
        command.arg(script("witness.py")).arg(self.port.to_string());
        command.args(arguments);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await;
        let output = output.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{said}"))
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A clock that tests set.
#[derive(Default)]
struct Hours(AtomicI64);

impl Clock for Hours {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(1_800_000_000 + self.0.load(Ordering::Relaxed) * 3600)
    }
}

fn open(config: &QdrantConfig, model: &str) -> QdrantVectorStore {
    open_at(config, model, Arc::default())
}

fn open_at(config: &QdrantConfig, model: &str, hours: Arc<Hours>) -> QdrantVectorStore {
    QdrantVectorStore::open(config, model, DIMENSIONS, hours).unwrap()
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

fn sorted(mut points: Vec<VectorPoint>) -> Vec<VectorPoint> {
    points.sort_by_key(|point| (point.template, point.view));
    points
}

#[tokio::test]
async fn qdrant_keeps_the_contract() {
    let Some(double) = Double::start(&[]) else {
        return;
    };
    contract::run(&double.store("minilm")).await.unwrap();
}

#[tokio::test]
async fn the_official_client_finds_at_the_double_what_it_finds_at_qdrant() {
    let Some(double) = Double::start(&[]) else {
        return;
    };
    let seen = double.witness(&["probe"]).await;
    let uuid = "c51c8d1e-0000-4000-8000-00000000002a";
    assert_eq!(
        seen["hits"],
        json!([["1", 1.0, {"view": 0}], [uuid, 0.6, {"view": 1}]])
    );
    assert_eq!(seen["page"][0][0], uuid);
    assert_eq!(
        (
            &seen["is_last"],
            &seen["size"],
            &seen["left"],
            &seen["exists"]
        ),
        (&json!(true), &json!(4), &json!(1), &json!(false))
    );
    assert_eq!(seen["indexes"], json!(["view"]));
    let errors = json!({"missing": "NOT_FOUND", "length": "INVALID_ARGUMENT"});
    assert_eq!(seen["errors"], errors);
}

#[tokio::test]
async fn the_official_client_reads_what_was_stored_behind_the_alias() {
    let Some(double) = Double::start(&[]) else {
        return;
    };
    let store = double.store("minilm");
    store.upsert(points(300)).await.unwrap();
    assert_eq!(
        double.witness(&["read", "tocsin_prototypes"]).await["aliases"],
        json!({})
    );
    store.completed().await.unwrap();
    let seen = double.witness(&["read", "tocsin_prototypes"]).await;
    assert_eq!(
        seen["aliases"],
        json!({"tocsin_prototypes": store.collection()})
    );
    assert_eq!(seen["size"], DIMENSIONS);
    assert_eq!(
        seen["indexes"],
        json!({"template": "keyword", "view": "integer"})
    );
    assert_eq!(seen["metadata"], json!({"tocsin_model": "minilm"}));
    assert_eq!(seen["quantised"], json!(false));
    let read = seen["points"].as_array().unwrap();
    assert_eq!(read.len(), 300);
    let one = read
        .iter()
        .find(|point| point[1]["template"] == "000000000000002a");
    let one = one.expect("the point of template 42");
    assert_eq!(one[0], "00000000-0000-002a-0000-000000000000");
    assert_eq!(one[1]["view"], 0);
    let wanted = &points(300)[41].vector;
    let vector: Vec<f32> = serde_json::from_value(one[2].clone()).unwrap();
    assert!(vector.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-6));
}

#[cfg(feature = "vectors")]
#[tokio::test]
async fn both_engines_find_the_same() {
    let Some(double) = Double::start(&[]) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let here = crate::vectors::EdgeVectorStore::open(folder.path(), "minilm", DIMENSIONS).unwrap();
    let there = double.store("minilm");
    for store in [&here as &dyn VectorStore, &there] {
        store.upsert(points(2000)).await.unwrap();
        store
            .remove(&[TemplateId(5), TemplateId(1999)])
            .await
            .unwrap();
    }
    assert_eq!(here.count().await.unwrap(), there.count().await.unwrap());
    assert_eq!(
        sorted(here.all(0).await.unwrap()),
        sorted(there.all(0).await.unwrap())
    );
    for query in unit_vectors(50, DIMENSIONS, 21) {
        let (ours, theirs) = (here.search(&query, 20), there.search(&query, 20));
        let (ours, theirs) = (ours.await.unwrap(), theirs.await.unwrap());
        let names = |hits: &[VectorHit]| -> Vec<_> {
            hits.iter().map(|hit| (hit.template, hit.view)).collect()
        };
        assert_eq!(names(&ours), names(&theirs));
        let pairs = ours.iter().zip(&theirs);
        let apart = pairs
            .map(|(a, b)| (a.score - b.score).abs())
            .fold(0.0, f32::max);
        assert!(apart < 1e-5, "scores differ by {apart}");
    }
}

#[tokio::test]
async fn what_is_quantised_is_scored_by_whole_vectors() {
    let Some(double) = Double::start(&["--index-from-kb", "1"]) else {
        return;
    };
    let config = QdrantConfig {
        quantisation: Quantisation::Int8,
        ..double.config()
    };
    let (exact, small) = (points(1500), open(&config, "minilm"));
    small.upsert(exact.clone()).await.unwrap();
    small.completed().await.unwrap();
    let seen = double.witness(&["read", "tocsin_prototypes"]).await;
    assert_eq!(seen["quantised"], json!(true));
    let mut found = 0;
    for query in unit_vectors(20, DIMENSIONS, 22) {
        let dot = |point: &VectorPoint| point.vector.iter().zip(&query).map(|(a, b)| a * b).sum();
        let mut best: Vec<(f32, TemplateId)> = exact
            .iter()
            .map(|point| (dot(point), point.template))
            .collect();
        best.sort_by(|a, b| b.0.total_cmp(&a.0));
        let hits = small.search(&query, 10).await.unwrap();
        for hit in &hits {
            let (score, _) = best.iter().find(|each| each.1 == hit.template).unwrap();
            assert!(
                (hit.score - score).abs() < 1e-4,
                "{} for {score}",
                hit.score
            );
        }
        let best = &best[..10];
        found += hits
            .iter()
            .filter(|hit| best.iter().any(|each| each.1 == hit.template))
            .count();
    }
    assert!(found >= 190, "recall {found} of 200");
    // Set otherwise later, the collection follows.
    double.store("minilm").count().await.unwrap();
    let seen = double.witness(&["read", "tocsin_prototypes"]).await;
    assert_eq!(seen["quantised"], json!(false));
}

#[tokio::test]
async fn a_server_that_is_away_is_told_and_found_again() {
    let Some(mut double) = Double::start(&[]) else {
        return;
    };
    let store = double.store("minilm");
    double.kill();
    let away = store.upsert(points(3)).await.unwrap_err();
    assert!(matches!(away, StoreError::Unavailable(_)), "{away:?}");
    double.go();
    for round in 1..=3 {
        store.upsert(points(100 * round)).await.unwrap();
        double.kill();
        let away = store.search(&points(1)[0].vector, 1).await.unwrap_err();
        let why = format!("{away:?}");
        let engine = EngineError::behind(&away).map(|error| (error.engine, error.kind));
        assert_eq!(engine, Some((ENGINE, EngineErrorKind::Away)), "{why}");
        assert!(why.contains(&double.port.to_string()), "{why}");
        double.go();
        assert_eq!(sorted(store.all(0).await.unwrap()), points(100 * round));
    }
}

#[tokio::test]
async fn another_model_takes_over_when_it_is_complete_and_the_old_goes_later() {
    let Some(double) = Double::start(&[]) else {
        return;
    };
    let hours = Arc::<Hours>::default();
    let (config, at) = (double.config(), &hours);
    let (old, new) = (
        open_at(&config, "minilm", at.clone()),
        open_at(&config, "other", at.clone()),
    );
    assert_ne!(old.collection(), new.collection());
    old.upsert(points(50)).await.unwrap();
    old.completed().await.unwrap();
    // What only looks like ours stays in any case.
    let foreign = "tocsin_prototypes_0123456789abcdef";
    let made = old.inner.client.create_collection(
        qdrant_client::qdrant::CreateCollectionBuilder::new(foreign).vectors_config(
            qdrant_client::qdrant::VectorParamsBuilder::new(
                4,
                qdrant_client::qdrant::Distance::Dot,
            ),
        ),
    );
    made.await.unwrap();
    let alias = || async { double.witness(&["read", "tocsin_prototypes"]).await };
    new.upsert(points(20)).await.unwrap();
    assert_eq!(
        alias().await["points"].as_array().unwrap().len(),
        50,
        "the old one serves"
    );
    assert_eq!(
        (old.count().await.unwrap(), new.count().await.unwrap()),
        (50, 20)
    );
    new.upsert(points(50)).await.unwrap();
    new.completed().await.unwrap();
    let moved = alias().await;
    assert_eq!(moved["aliases"]["tocsin_prototypes"], new.collection());
    assert_eq!(
        moved["collections"].as_array().unwrap().len(),
        3,
        "the way back is open"
    );
    hours.0.store(23, Ordering::Relaxed);
    new.completed().await.unwrap();
    assert_eq!(old.count().await.unwrap(), 50);
    hours.0.store(24, Ordering::Relaxed);
    new.completed().await.unwrap();
    let mut left = vec![foreign, new.collection()];
    left.sort_unstable();
    assert_eq!(alias().await["collections"], json!(left));
    // A process of the old model that still runs begins anew instead of failing for ever.
    assert_eq!(old.count().await.unwrap(), 0);
}

#[tokio::test]
async fn a_way_back_to_the_model_before_keeps_its_vectors() {
    let Some(double) = Double::start(&[]) else {
        return;
    };
    let hours = Arc::<Hours>::default();
    let old = open_at(&double.config(), "minilm", hours.clone());
    let new = open_at(&double.config(), "other", hours.clone());
    old.upsert(points(5)).await.unwrap();
    old.completed().await.unwrap();
    new.completed().await.unwrap();
    old.completed().await.unwrap();
    hours.0.store(48, Ordering::Relaxed);
    old.completed().await.unwrap();
    assert_eq!(old.count().await.unwrap(), 5);
    let seen = double.witness(&["read", "tocsin_prototypes"]).await;
    assert_eq!(seen["collections"], json!([old.collection()]));
}

#[tokio::test]
async fn many_processes_begin_at_once() {
    let Some(double) = Double::start(&[]) else {
        return;
    };
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let store = double.store("minilm");
        tasks.spawn(async move { store.upsert(points(20)).await });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap().unwrap();
    }
    assert_eq!(double.store("minilm").count().await.unwrap(), 20);
}

#[tokio::test]
async fn a_key_is_needed_where_the_server_has_one() {
    let Some(double) = Double::start(&["--api-key", "right"]) else {
        return;
    };
    let with = |key: &str| QdrantConfig {
        api_key: QdrantKey::new(key.to_owned()),
        ..double.config()
    };
    assert_eq!(open(&with("right"), "minilm").count().await.unwrap(), 0);
    for key in ["", "wrong"] {
        let refused = open(&with(key), "minilm").count().await.unwrap_err();
        let why = format!("{refused:?}");
        assert!(matches!(refused, StoreError::Unavailable(_)), "{why}");
        assert!(why.contains("`vectors.qdrant.api_key`"), "{why}");
    }
}

#[tokio::test]
async fn a_collection_that_is_gone_is_made_anew_and_a_strange_one_is_refused() {
    let Some(double) = Double::start(&[]) else {
        return;
    };
    let store = double.store("minilm");
    store.upsert(points(3)).await.unwrap();
    store
        .inner
        .client
        .delete_collection(store.collection())
        .await
        .unwrap();
    assert_eq!(store.count().await.unwrap(), 0);
    store.upsert(points(3)).await.unwrap();
    assert_eq!(store.count().await.unwrap(), 3);
    store
        .inner
        .client
        .delete_collection(store.collection())
        .await
        .unwrap();
    let strange = qdrant_client::qdrant::CreateCollectionBuilder::new(store.collection());
    let vectors =
        qdrant_client::qdrant::VectorParamsBuilder::new(7, qdrant_client::qdrant::Distance::Cosine);
    let made = store
        .inner
        .client
        .create_collection(strange.vectors_config(vectors));
    made.await.unwrap();
    let refused = double
        .store("minilm")
        .count()
        .await
        .unwrap_err()
        .to_string();
    assert!(refused.contains("`vectors.qdrant.prefix`"), "{refused}");
}

#[test]
fn ids_are_uuids_and_come_back() {
    let made = PointKey::new(TemplateId(0x9e37_79b9_7f4a_7c15), 7);
    let text = points::id(made);
    assert_eq!(text, "9e3779b9-7f4a-7c15-0000-000000000007");
    assert_eq!(points::key(Some(text.into())), Some(made));
    assert_eq!(points::key(Some(42.into())), None);
    let names = ["a", "b"].map(|model| collection::name("p", model, 8));
    assert_eq!(names[0].len(), 18);
    assert_ne!(names[0], names[1]);
    assert_ne!(names[0], collection::name("p", "a", 9));
}
