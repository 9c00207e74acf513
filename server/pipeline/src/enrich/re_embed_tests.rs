//! All prototypes get their vectors anew; what was done before a stop is not done again.

use std::sync::atomic::AtomicUsize;

use async_trait::async_trait;
use parking_lot::Mutex;
use tocsin_domain::job::{Job, JobId, Progress};
use tocsin_domain::ports::template_store::TemplateSighting;
use tocsin_domain::ports::{EmbedderError, JobError, JobHandler, JobRun, VectorHit};
use tocsin_domain::{Severity, Template, Timestamp};

use super::*;

/// All ports in one, with a model that may be missing.
#[derive(Default)]
struct World {
    templates: u64,
    is_missing: bool,
    embedded: Mutex<Vec<u64>>,
    marks: Mutex<Vec<String>>,
    far: Mutex<Progress>,
    stop_after: usize,
    looks: AtomicUsize,
}

fn summary(id: u64) -> TemplateSummary {
    TemplateSummary {
        template: Arc::new(Template {
            id: TemplateId(id),
            parent: None,
            parts: vec![Box::from(&b"disk full"[..])],
            slots: Vec::new(),
        }),
        source: Arc::from("db"),
        severity: Severity::ERROR,
        example: id.to_string(),
        first_seen: Timestamp(0),
        last_seen: Timestamp(0),
        count: 1,
    }
}

#[async_trait]
impl TemplateStore for World {
    async fn register(&self, _: Vec<TemplateSummary>) -> Result<Vec<TemplateId>, StoreError> {
        Ok(Vec::new())
    }

    async fn record_sightings(&self, _: Vec<TemplateSighting>) -> Result<(), StoreError> {
        Ok(())
    }

    async fn all(&self) -> Result<Vec<TemplateSummary>, StoreError> {
        Ok((1..=self.templates).rev().map(summary).collect())
    }

    async fn get(&self, _: TemplateId) -> Result<Option<TemplateSummary>, StoreError> {
        Ok(None)
    }

    async fn count(&self) -> Result<u64, StoreError> {
        Ok(self.templates)
    }

    async fn save_miner(&self, _: u16, _: Vec<u8>) -> Result<(), StoreError> {
        Ok(())
    }

    async fn load_miner(&self, _: u16) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(None)
    }
}

#[async_trait]
impl VectorStore for World {
    async fn upsert(&self, points: Vec<VectorPoint>) -> Result<(), StoreError> {
        let ids = points.iter().map(|point| point.template.0);
        self.embedded.lock().extend(ids);
        Ok(())
    }

    async fn search(&self, _: &[f32], _: usize) -> Result<Vec<VectorHit>, StoreError> {
        Ok(Vec::new())
    }

    async fn all(&self, _: u8) -> Result<Vec<VectorPoint>, StoreError> {
        Ok(Vec::new())
    }

    async fn remove(&self, _: &[TemplateId]) -> Result<(), StoreError> {
        Ok(())
    }

    async fn count(&self) -> Result<u64, StoreError> {
        Ok(0)
    }
}

impl Embedder for World {
    fn model(&self) -> &str {
        "test"
    }

    fn dimensions(&self) -> usize {
        1
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedderError> {
        if self.is_missing {
            let remedy = "run `make model`".to_owned();
            return Err(EmbedderError::Missing { remedy });
        }
        Ok(texts.iter().map(|_| vec![1.0]).collect())
    }
}

impl PrototypeIndex for World {
    fn views(&self, summary: &TemplateSummary) -> Vec<String> {
        vec![summary.example.clone()]
    }

    fn upsert(&self, _: &TemplateSummary) {}
}

struct Run(Job, Arc<World>);

#[async_trait]
impl JobRun for Run {
    fn job(&self) -> &Job {
        &self.0
    }

    fn is_stopped(&self) -> bool {
        self.1.looks.fetch_add(1, Ordering::Relaxed) >= self.1.stop_after
    }

    async fn stopped(&self) {
        std::future::pending().await
    }

    fn progress(&self, progress: Progress) {
        *self.1.far.lock() = progress;
    }

    async fn checkpoint(&self, checkpoint: String) -> Result<(), JobError> {
        self.1.marks.lock().push(checkpoint);
        Ok(())
    }
}

async fn run(world: World, checkpoint: Option<String>) -> (Result<String, JobError>, Arc<World>) {
    let world = Arc::new(world);
    let parts = EnrichParts {
        templates: world.clone(),
        vectors: world.clone(),
        embedder: world.clone(),
        index: world.clone(),
    };
    let handler = ReEmbed::new(parts, None);
    assert!(handler.check(r#"{"x":1}"#, Timestamp(0)).is_err());
    let parameters = handler.check("{}", Timestamp(0)).unwrap();
    let mut job = Job::new(JobId(1), "re_embed", parameters, Timestamp(0));
    job.checkpoint = checkpoint;
    (handler.run(&Run(job, world.clone())).await, world)
}

#[tokio::test(flavor = "multi_thread")]
async fn all_get_their_vectors_and_a_second_attempt_goes_on() {
    let world = World {
        templates: 600,
        stop_after: 10,
        ..World::default()
    };
    let (stopped, first) = run(world, None).await;
    assert_eq!(stopped, Err(JobError::Stopped));
    assert_eq!(first.embedded.lock().len(), 320);
    let mark = first.marks.lock().last().cloned();
    assert_eq!(mark.as_deref(), Some("100"), "after the 256th");
    let world = World {
        templates: 600,
        stop_after: usize::MAX,
        ..World::default()
    };
    let (done, second) = run(world, mark).await;
    assert_eq!(done.unwrap(), r#"{"embedded":600}"#);
    assert_eq!(*second.embedded.lock(), (257..=600).collect::<Vec<_>>());
    let far = second.far.lock().clone();
    assert_eq!((far.done, far.total), (600, Some(600)));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_model_it_is_refused_with_the_remedy() {
    let world = World {
        templates: 1,
        is_missing: true,
        stop_after: usize::MAX,
        ..World::default()
    };
    let (refused, _) = run(world, None).await;
    let says = matches!(&refused, Err(JobError::Refused(text)) if text.contains("make model"));
    assert!(says, "{refused:?}");
}
