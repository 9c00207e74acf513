//! Embedders against a server that plays OpenAI and Ollama, and one that goes away.

use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine as _;
use serde_json::{Value, json};

use tocsin_domain::ports::EngineErrorKind;

use super::*;
use crate::config::ModelSecret;
use crate::double::{Double, Reply, Seen};

/// Three numbers of each text, that tell texts apart.
fn numbers(text: &str) -> [f32; 3] {
    let bytes = text.bytes().map(f32::from).sum::<f32>();
    [bytes, text.len() as f32, 1.0]
}

fn texts_of(seen: &Seen) -> Vec<String> {
    serde_json::from_value(seen.json()["input"].clone()).unwrap()
}

/// What people call the one behind an error, and whether it may help to wait.
fn engine(error: &EmbedderError) -> Option<(&'static str, EngineErrorKind)> {
    EngineError::behind(error).map(|error| (error.engine, error.kind))
}

/// As OpenAI's servers answer, in an order of their own.
fn openai(seen: &Seen) -> Reply {
    let rows = texts_of(seen).into_iter().enumerate().rev();
    let data: Vec<Value> = rows
        .map(|(index, text)| json!({"object": "embedding", "index": index, "embedding": numbers(&text)}))
        .collect();
    let usage = json!({"prompt_tokens": 1, "total_tokens": 1});
    let answer = json!({"object": "list", "data": data, "model": "m", "usage": usage});
    Reply::new(answer.to_string())
}

fn ollama(seen: &Seen) -> Reply {
    let vectors: Vec<_> = texts_of(seen).iter().map(|text| numbers(text)).collect();
    Reply::new(json!({"model": "m", "embeddings": vectors, "prompt_eval_count": 1}).to_string())
}

fn config(provider: EmbedderProvider, double: &Double) -> EmbedderConfig {
    EmbedderConfig {
        provider,
        base_url: double.url.clone(),
        ..EmbedderConfig::default()
    }
}

fn no_hosts() -> KnownHosts {
    Arc::new(Vec::new)
}

fn is_unit_of(vector: &[f32], text: &str) -> bool {
    let wanted = numbers(text);
    let norm = wanted.iter().map(|x| x * x).sum::<f32>().sqrt();
    vector
        .iter()
        .zip(wanted)
        .all(|(a, b)| (a - b / norm).abs() < 1e-6)
}

#[tokio::test(flavor = "multi_thread")]
async fn both_kinds_of_servers_give_unit_vectors_in_the_order_of_the_texts() {
    for (provider, answer, name, target) in [
        (
            EmbedderProvider::OpenAi,
            openai as fn(&Seen) -> Reply,
            "openai:text-embedding-3-small",
            "POST /embeddings",
        ),
        (
            EmbedderProvider::Ollama,
            ollama,
            "ollama:all-minilm",
            "POST /api/embed",
        ),
    ] {
        let double = Double::answering(answer).await;
        let config = EmbedderConfig {
            batch_texts: 4,
            ..config(provider, &double)
        };
        let embedder = RemoteEmbedder::connect(&config, no_hosts()).await.unwrap();
        assert_eq!((embedder.model(), embedder.dimensions()), (name, 3));
        let texts: Vec<String> = (0..10).map(|n| format!("text {n}")).collect();
        let borrowed: Vec<&str> = texts.iter().map(String::as_str).collect();
        let vectors = embedder.embed(&borrowed).unwrap();
        assert_eq!(vectors.len(), 10);
        for (vector, text) in vectors.iter().zip(&texts) {
            assert!(is_unit_of(vector, text), "{text}: {vector:?}");
        }
        let seen = double.seen();
        assert!(seen.iter().all(|request| request.target == target));
        let batches: Vec<usize> = seen.iter().map(|request| texts_of(request).len()).collect();
        assert_eq!(batches, [1, 4, 4, 2], "a probe, then no more than four");
        assert!(embedder.embed(&[]).unwrap().is_empty());
        assert_eq!(double.seen().len(), 4);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_length_is_asked_for_and_held_to() {
    let double = Double::answering(openai).await;
    let with = |dimensions| EmbedderConfig {
        dimensions: Some(dimensions),
        ..config(EmbedderProvider::OpenAi, &double)
    };
    let embedder = RemoteEmbedder::connect(&with(3), no_hosts()).await.unwrap();
    assert_eq!(embedder.dimensions(), 3);
    assert_eq!(double.seen()[0].json()["dimensions"], 3);
    let refused = RemoteEmbedder::connect(&with(4), no_hosts())
        .await
        .unwrap_err();
    let expected = "`dimensions`: expected 3, which is what the model gives, not 4";
    assert_eq!(refused.to_string(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_in_base64_are_vectors_too() {
    let double = Double::answering(|_| {
        let bytes: Vec<u8> = [3.0_f32, 0.0, 4.0]
            .iter()
            .flat_map(|x| x.to_le_bytes())
            .collect();
        let text = base64::engine::general_purpose::STANDARD.encode(bytes);
        Reply::new(json!({"data": [{"index": 0, "embedding": text}]}).to_string())
    })
    .await;
    let config = config(EmbedderProvider::OpenAi, &double);
    let embedder = RemoteEmbedder::connect(&config, no_hosts()).await.unwrap();
    assert_eq!(embedder.embed(&["x"]).unwrap(), [[0.6, 0.0, 0.8]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_fails_at_once_and_is_found_again() {
    let is_away = Arc::new(AtomicBool::new(false));
    let away = is_away.clone();
    let double = Double::answering(move |seen| match away.load(Ordering::Relaxed) {
        true => Reply::status(503, r#"{"error":{"message":"loading"}}"#),
        false => openai(seen),
    })
    .await;
    let config = config(EmbedderProvider::OpenAi, &double);
    let embedder = RemoteEmbedder::connect(&config, no_hosts()).await.unwrap();
    is_away.store(true, Ordering::Relaxed);
    let failed = embedder.embed(&["x"]).unwrap_err();
    assert!(matches!(failed, EmbedderError::Failed(_)), "{failed:?}");
    assert!(format!("{failed:?}").contains("loading"), "{failed:?}");
    let asked = double.seen().len();
    assert_eq!(asked, 1 + ATTEMPTS_MAX as usize, "it is tried again");
    // It is left alone for a moment.
    let at_once = embedder.embed(&["x"]).unwrap_err();
    let away = Some((config::ENGINE, EngineErrorKind::Away));
    assert_eq!((engine(&failed), engine(&at_once)), (away, away));
    assert_eq!(double.seen().len(), asked);
    is_away.store(false, Ordering::Relaxed);
    let began = Instant::now();
    while embedder.embed(&["x"]).is_err() {
        assert!(began.elapsed() < REST * 5, "it was not found again");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_without_the_server_needs_to_know_the_length() {
    let nowhere = |name: &str, dimensions| EmbedderConfig {
        base_url: "http://127.0.0.1:9".into(),
        name: name.into(),
        dimensions,
        ..EmbedderConfig::default()
    };
    let connect = async |name: &str, dimensions| {
        RemoteEmbedder::connect(&nowhere(name, dimensions), no_hosts()).await
    };
    let away = connect("of-our-own", None).await.unwrap_err();
    assert!(matches!(away, RemoteEmbedderError::Away(_)), "{away}");
    assert!(away.to_string().contains("`model.dimensions`"), "{away}");
    for (name, dimensions, length) in [
        ("of-our-own", Some(12), 12),
        ("sentence-transformers/all-minilm:l6-v2", None, 384),
        ("nomic-embed-text", None, 768),
    ] {
        let embedder = connect(name, dimensions).await.unwrap();
        assert_eq!(embedder.dimensions(), length);
        assert!(embedder.embed(&["x"]).is_err());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_are_shortened_and_redacted_towards_other_machines_alone() {
    let double = Double::answering(ollama).await;
    let small = EmbedderConfig {
        text_bytes_max: 100,
        ..config(EmbedderProvider::Ollama, &double)
    };
    let here = RemoteEmbedder::connect(&small, no_hosts()).await.unwrap();
    let long = format!(
        "login of ann@example.org from 203.0.113.9 {}",
        "é".repeat(80)
    );
    here.embed(&[&long, " "]).unwrap();
    let seen = texts_of(&double.seen()[1]);
    assert!(
        seen[0].len() <= 100 && seen[0].contains("ann@example.org"),
        "{seen:?}"
    );
    assert_eq!(seen[1], "-");
    // The same server, but by a name that says it is elsewhere.
    let far = EmbedderConfig {
        proxy: Some(double.url.clone()),
        base_url: "http://embeddings.example.org".into(),
        ..small
    };
    let hosts: KnownHosts = Arc::new(|| vec!["db-master-7".to_owned()]);
    let far = RemoteEmbedder::connect(&far, hosts).await.unwrap();
    let text = "login of ann@example.org from 203.0.113.9 at db-master-7";
    far.embed(&[text, text]).unwrap();
    let seen = texts_of(double.seen().last().unwrap());
    assert_eq!(seen[0], seen[1], "a text always becomes the same");
    for secret in ["ann@", "203.0.113.9", "db-master-7"] {
        assert!(!seen[0].contains(secret), "{seen:?}");
    }
    assert!(seen[0].contains("login of"), "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn vectors_that_cannot_be_are_failures() {
    for wrong in [
        json!({"embeddings": [[0.0, 0.0, 0.0]]}),
        json!({"embeddings": [[1.0, 2.0]]}),
        json!({"embeddings": [["a", 1.0, 1.0]]}),
        json!({"embeddings": []}),
        json!({"error": "model \"m\" not found, try pulling it first"}),
    ] {
        let probe = json!({"embeddings": [[1.0, 0.0, 0.0]]}).to_string();
        let double = Double::playing([Reply::new(probe), Reply::new(wrong.to_string())]).await;
        let config = config(EmbedderProvider::Ollama, &double);
        let embedder = RemoteEmbedder::connect(&config, no_hosts()).await.unwrap();
        let failed = embedder.embed(&["x"]).unwrap_err();
        // A model that is missing may come yet.
        let kind = match wrong["error"].is_string() {
            true => EngineErrorKind::Away,
            false => EngineErrorKind::Refuses,
        };
        let told = engine(&failed);
        assert_eq!(told, Some((config::ENGINE, kind)), "{wrong}: {failed:?}");
    }
}

#[test]
fn settings_are_checked_and_a_key_stays_where_it_belongs() {
    let refused = |change: fn(&mut EmbedderConfig)| {
        let mut config = EmbedderConfig::default();
        change(&mut config);
        config.check().unwrap_err().to_string()
    };
    assert!(refused(|c| c.batch_texts = 0).contains("`batch_texts`"));
    assert!(refused(|c| c.text_bytes_max = 5).contains("`text_bytes_max`"));
    assert!(refused(|c| c.dimensions = Some(0)).contains("`dimensions`"));
    assert!(refused(|c| c.timeout_ms = 0).contains("`timeout_ms`"));
    assert!(refused(|c| c.provider = EmbedderProvider::BuiltIn).contains("`provider`"));
    assert!(refused(|c| c.base_url = "nonsense".into()).contains("`base_url`"));
    let variable = |name: &str| (name == "OPENAI_API_KEY").then(|| "sk-1".to_owned());
    let own = EmbedderConfig::default().with_conventional(variable);
    assert_eq!(own.api_key, ModelSecret::new("sk-1".into()));
    let elsewhere = EmbedderConfig {
        base_url: "https://embeddings.example.org/v1".into(),
        ..EmbedderConfig::default()
    };
    let elsewhere = elsewhere.with_conventional(variable);
    assert_eq!(elsewhere.api_key, ModelSecret::default());
}
