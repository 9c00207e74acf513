//! A text that two processes meet is embedded by one of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tocsin_bus::RedisEmbeddings;
use tocsin_bus::contract::RedisServer;
use tocsin_domain::ports::{Embedder, EmbedderError};

use super::redis_contract::{config, redis};

/// Counts what it is asked; the vector of a text is its first byte and its length.
struct Model {
    name: &'static str,
    asked: AtomicUsize,
}

impl Embedder for Model {
    fn model(&self) -> &str {
        self.name
    }

    fn dimensions(&self) -> usize {
        2
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedderError> {
        self.asked.fetch_add(texts.len(), Ordering::Relaxed);
        if texts.contains(&"bad") {
            return Err(EmbedderError::Failed("no".into()));
        }
        let vector = |text: &&str| vec![f32::from(text.as_bytes()[0]), text.len() as f32];
        Ok(texts.iter().map(vector).collect())
    }
}

fn process(server: &RedisServer, name: &'static str) -> (Arc<Model>, RedisEmbeddings) {
    let model = Arc::new(Model {
        name,
        asked: AtomicUsize::new(0),
    });
    let shared = RedisEmbeddings::open(&config(server).redis, model.clone()).unwrap();
    (model, shared)
}

#[test]
fn what_one_process_made_the_others_find() {
    let Some(server) = redis(&[]) else { return };
    let (first, one) = process(&server, "m");
    let (second, other) = process(&server, "m");
    let texts = ["alpha", "b", "alpha"];
    let vectors = [[97.0, 5.0], [98.0, 1.0], [97.0, 5.0]];
    assert_eq!(one.embed(&texts).unwrap(), vectors);
    assert_eq!(
        other.embed(&["b", "new", "alpha"]).unwrap()[1],
        [110.0, 3.0]
    );
    assert_eq!(other.embed(&texts).unwrap(), vectors);
    let asked = |model: &Model| model.asked.load(Ordering::Relaxed);
    assert_eq!((asked(&first), asked(&second)), (3, 1));
    let counts = other.counts();
    assert_eq!(counts.made.load(Ordering::Relaxed), 1);
    assert_eq!(counts.found.load(Ordering::Relaxed), 5);
    // Vectors of another model are others.
    let (third, another) = process(&server, "n");
    assert_eq!(another.embed(&["alpha"]).unwrap(), vectors[..1]);
    assert_eq!(asked(&third), 1);
    // What the model cannot, it cannot through this either.
    assert!(other.embed(&["alpha", "bad"]).is_err());
    assert!(other.embed(&[]).unwrap().is_empty());
}

#[test]
fn without_redis_each_works_alone_and_nobody_waits_long() {
    let Some(mut server) = redis(&[]) else { return };
    let (model, one) = process(&server, "m");
    let (_, other) = process(&server, "m");
    one.embed(&["a"]).unwrap();
    server.freeze().unwrap();
    let begun = Instant::now();
    for _ in 0..20 {
        assert_eq!(one.embed(&["a"]).unwrap(), [[97.0, 1.0]]);
    }
    assert!(begun.elapsed() < Duration::from_secs(4));
    assert_eq!(model.asked.load(Ordering::Relaxed), 21);
    server.thaw().unwrap();
    server.kill().unwrap();
    assert_eq!(other.embed(&["a"]).unwrap(), [[97.0, 1.0]]);
    server.restart().unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    let found = one.counts();
    let before = found.found.load(Ordering::Relaxed);
    while found.found.load(Ordering::Relaxed) == before {
        one.embed(&["a"]).unwrap();
        assert!(Instant::now() < deadline, "it does not look again");
        std::thread::sleep(Duration::from_millis(100));
    }
}
