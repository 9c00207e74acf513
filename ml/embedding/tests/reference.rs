//! Vectors of the real model against the reference fixture; skipped, loudly, without the model.

#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]
#![expect(clippy::print_stderr, reason = "a skipped test says so")]

use std::path::{Path, PathBuf};

use serde_json::Value;
use tocsin_embedding::{DIMENSIONS, Embedder, EmbeddingErrorKind, Precision};

const REFERENCE: &str = include_str!("fixtures/reference.json");
/// Largest difference of any component in the exact encoder.
const EXACT_TOLERANCE: f32 = 1e-4;
/// Least cosine of the quantised encoder.
const QUANTISED_COSINE: f32 = 0.99;

fn model_dir() -> Option<PathBuf> {
    let given = std::env::var_os("TOCSIN_MODEL_DIR").map(PathBuf::from);
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let dir = given.or_else(|| home.map(|home| home.join(".cache/tocsin/all-MiniLM-L6-v2")))?;
    if dir.join("model.safetensors").exists() {
        return Some(dir);
    }
    eprintln!(
        "SKIPPED: no model in {}; run scripts/fetch-model.sh",
        dir.display()
    );
    None
}

fn reference() -> Vec<(String, Vec<f32>)> {
    let cases: Vec<Value> = serde_json::from_str(REFERENCE).unwrap();
    cases
        .iter()
        .map(|case| {
            let numbers = case["vector"].as_array().unwrap().iter();
            let vector = numbers.map(|v| v.as_f64().unwrap() as f32).collect();
            (case["text"].as_str().unwrap().to_owned(), vector)
        })
        .collect()
}

fn embed_all(embedder: &Embedder, cases: &[(String, Vec<f32>)]) -> Vec<[f32; DIMENSIONS]> {
    let texts: Vec<&str> = cases.iter().map(|(text, _)| text.as_str()).collect();
    embedder.embed(&texts).unwrap()
}

#[test]
fn exact_vectors_equal_the_reference() {
    let Some(dir) = model_dir() else { return };
    let embedder = Embedder::load_with(&dir, Precision::Exact).unwrap();
    let cases = reference();
    for ((text, expect), got) in cases.iter().zip(embed_all(&embedder, &cases)) {
        let off = expect
            .iter()
            .zip(&got)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f32::max);
        assert!(off <= EXACT_TOLERANCE, "{text:?} is off by {off}");
    }
}

#[test]
fn quantised_vectors_point_where_the_reference_points() {
    let Some(dir) = model_dir() else { return };
    let embedder = Embedder::load(&dir).unwrap();
    let cases = reference();
    let together = embed_all(&embedder, &cases);
    for ((text, expect), got) in cases.iter().zip(&together) {
        let cosine: f32 = expect.iter().zip(got).map(|(a, b)| a * b).sum();
        assert!(cosine >= QUANTISED_COSINE, "{text:?} has cosine {cosine}");
        let length: f32 = got.iter().map(|v| v * v).sum();
        assert!(
            (length - 1.0).abs() < 1e-5,
            "{text:?} has squared length {length}"
        );
        assert_eq!(
            embedder.embed(&[text]).unwrap()[0],
            *got,
            "{text:?} depends on its batch"
        );
    }
}

#[test]
fn accepts_any_text() {
    let Some(dir) = model_dir() else { return };
    let embedder = Embedder::load(&dir).unwrap();
    assert!(embedder.embed(&[]).unwrap().is_empty());
    let long = "é\u{0}\u{fffd} 0x00".repeat(200_000);
    let vectors = embedder.embed(&["", "\u{0}", &long, "🔥"]).unwrap();
    assert!(vectors.iter().flatten().all(|value| value.is_finite()));
    let bound: fn() = || {
        fn shared<T: Send + Sync>() {}
        shared::<Embedder>();
    };
    bound();
}

#[test]
fn a_missing_or_damaged_model_is_refused_with_the_remedy() {
    let refused = |dir: &Path| {
        let error = Embedder::load(dir).unwrap_err();
        assert_eq!(error.kind(), EmbeddingErrorKind::ModelUnavailable);
        error.to_string()
    };
    let dir = std::env::temp_dir().join(format!("tocsin-embedding-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&dir);
    assert!(refused(&dir).contains("scripts/fetch-model.sh"));
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join("config.json"), "{").unwrap();
    assert!(refused(&dir).contains("is damaged"));
    std::fs::write(dir.join("config.json"), r#"{"hidden_size": 768}"#).unwrap();
    assert!(refused(&dir).contains("`hidden_size` is 768, expected 384"));
    if let Some(model) = model_dir() {
        std::fs::copy(model.join("config.json"), dir.join("config.json")).unwrap();
        std::fs::copy(model.join("tokenizer.json"), dir.join("tokenizer.json")).unwrap();
        std::fs::write(dir.join("model.safetensors"), [0; 64]).unwrap();
        assert!(refused(&dir).contains("model.safetensors is damaged"));
    }
    std::fs::remove_dir_all(&dir).unwrap();
}
