//! The stage with stores in memory, and a model that is away for a while.

use async_trait::async_trait;
use parking_lot::Mutex;
use tocsin_domain::Severity;
use tocsin_domain::Template;
use tocsin_domain::Timestamp;
use tocsin_domain::ports::VectorHit;
use tocsin_domain::ports::template_store::TemplateSighting;
use tokio::task::JoinSet;

use super::*;

fn summary(id: u64) -> TemplateSummary {
    let template = Template {
        id: TemplateId(id),
        parent: None,
        parts: vec![format!("line {id}").into_bytes().into()],
        slots: Vec::new(),
    };
    TemplateSummary {
        template: Arc::new(template),
        source: "app".into(),
        severity: Severity::INFO,
        example: format!("line {id}"),
        first_seen: Timestamp::from_secs(0),
        last_seen: Timestamp::from_secs(0),
        count: 1,
    }
}

#[derive(Default)]
struct World {
    templates: Mutex<Vec<TemplateSummary>>,
    points: Mutex<Vec<VectorPoint>>,
    completed: AtomicU64,
    /// How often the model still fails.
    failures: AtomicU64,
    /// Texts that the model was asked for.
    asked: AtomicU64,
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
        Ok(self.templates.lock().clone())
    }
    async fn count(&self) -> Result<u64, StoreError> {
        Ok(self.templates.lock().len() as u64)
    }
    async fn get(&self, _: TemplateId) -> Result<Option<TemplateSummary>, StoreError> {
        Ok(None)
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
        self.points.lock().extend(points);
        Ok(())
    }
    async fn search(&self, _: &[f32], _: usize) -> Result<Vec<VectorHit>, StoreError> {
        Ok(Vec::new())
    }
    async fn all(&self, _: u8) -> Result<Vec<VectorPoint>, StoreError> {
        Ok(self.points.lock().clone())
    }
    async fn remove(&self, _: &[TemplateId]) -> Result<(), StoreError> {
        Ok(())
    }
    async fn count(&self) -> Result<u64, StoreError> {
        Ok(self.points.lock().len() as u64)
    }
    async fn completed(&self) -> Result<(), StoreError> {
        self.completed.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

impl Embedder for World {
    fn model(&self) -> &str {
        "far"
    }
    fn dimensions(&self) -> usize {
        1
    }
    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedderError> {
        self.asked.fetch_add(texts.len() as u64, Ordering::Relaxed);
        let less = |left: u64| left.checked_sub(1);
        let (set, fetch) = (Ordering::Relaxed, Ordering::Relaxed);
        match self.failures.fetch_update(set, fetch, less) {
            Ok(_) => Err(EmbedderError::Failed("the server is away".into())),
            Err(_) => Ok(vec![vec![1.0]; texts.len()]),
        }
    }
}

impl PrototypeIndex for World {
    fn views(&self, summary: &TemplateSummary) -> Vec<String> {
        vec![summary.example.clone()]
    }
    fn upsert(&self, _: &TemplateSummary) {}
}

/// A process in this world.
fn process(world: &Arc<World>) -> (EnrichQueue, Enricher) {
    Enricher::new(EnrichParts {
        templates: world.clone(),
        vectors: world.clone(),
        embedder: world.clone(),
        index: world.clone(),
    })
}

/// Runs the stage in this world until `is_done`.
async fn run(world: &Arc<World>, is_done: impl Fn(&World) -> bool) {
    let (_queue, stage) = process(world);
    let cancel = CancellationToken::new();
    let mut tasks = JoinSet::new();
    tasks.spawn(stage.run(cancel.clone()));
    let wait = async {
        while !is_done(world) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(30), wait).await;
    waited.expect("the stage did not come so far");
    cancel.cancel();
    tasks.join_all().await;
}

#[tokio::test]
async fn a_model_that_was_away_gives_its_vectors_later_and_the_store_is_told_when_all_are_there() {
    let world = Arc::new(World::default());
    world.templates.lock().extend((1..=70).map(summary));
    world.failures.store(1, Ordering::Relaxed);
    run(&world, |world| world.completed.load(Ordering::Relaxed) == 1).await;
    let mut ids: Vec<_> = world
        .points
        .lock()
        .iter()
        .map(|point| point.template.0)
        .collect();
    ids.sort_unstable();
    assert_eq!(ids, (1..=70).collect::<Vec<_>>(), "each once");
}

#[tokio::test]
async fn what_another_process_registers_is_found_without_being_told() {
    let world = Arc::new(World::default());
    let (_queue, stage) = process(&world);
    let (cancel, mut tasks) = (CancellationToken::new(), JoinSet::new());
    let stage = stage.beside_others(Duration::from_millis(20));
    tasks.spawn(stage.run(cancel.clone()));
    let has = async |count: usize| {
        while world.points.lock().len() != count {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    for (id, count) in [(1, 1), (2, 2)] {
        world.templates.lock().push(summary(id));
        let found = tokio::time::timeout(Duration::from_secs(30), has(count)).await;
        found.expect("the template was not found");
    }
    // The store is emptied by somebody else.
    world.points.lock().clear();
    let found = tokio::time::timeout(Duration::from_secs(30), has(2)).await;
    found.expect("the vectors were not made again");
    cancel.cancel();
    tasks.join_all().await;
}

#[tokio::test]
async fn vectors_that_are_there_are_not_made_again() {
    let world = Arc::new(World::default());
    world.templates.lock().extend((1..=3).map(summary));
    let kept = VectorPoint {
        template: TemplateId(2),
        view: 0,
        vector: vec![1.0],
    };
    world.points.lock().push(kept);
    run(&world, |world| world.completed.load(Ordering::Relaxed) == 1).await;
    assert_eq!(world.points.lock().len(), 3);
}

async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let wait = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(30), wait).await;
    waited.expect(what);
}

#[tokio::test]
async fn of_all_who_meet_a_template_the_one_that_registered_it_embeds_it() {
    let world = Arc::new(World::default());
    let (cancel, mut tasks) = (CancellationToken::new(), JoinSet::new());
    let hour = Duration::from_secs(3600);
    let queues = [(), ()].map(|()| {
        let (queue, stage) = process(&world);
        tasks.spawn(stage.beside_others(hour).run(cancel.clone()));
        queue
    });
    let all: Vec<_> = (1..=4).map(summary).collect();
    for (at, queue) in queues.iter().enumerate() {
        let of = |id: u64| vec![TemplateId(id)];
        queue.offer(all[..2].to_vec(), of(at as u64 + 1));
        queue.offer(vec![all[at + 2].clone()], of(at as u64 + 3));
    }
    until("four vectors", || world.points.lock().len() == 4).await;
    assert_eq!(world.asked.load(Ordering::Relaxed), 4, "each once");
    cancel.cancel();
    tasks.join_all().await;
}

#[derive(Default)]
struct Seen(Mutex<Vec<TemplateId>>);

impl TemplateWatch for Seen {
    fn registered(&self, _: &[TemplateSummary]) {}

    fn embedded(&self, points: &[VectorPoint]) {
        self.0.lock().extend(points.iter().map(|one| one.template));
    }
}

#[tokio::test]
async fn vectors_that_another_process_made_are_told_of_once() {
    let world = Arc::new(World::default());
    let seen = Arc::new(Seen::default());
    let (queue, stage) = process(&world);
    let stage = stage.watched_by(seen.clone());
    let stage = stage.beside_others(Duration::from_millis(20));
    let (cancel, mut tasks) = (CancellationToken::new(), JoinSet::new());
    tasks.spawn(stage.run(cancel.clone()));
    for id in [1, 2] {
        world.points.lock().push(VectorPoint {
            template: TemplateId(id),
            view: 0,
            vector: vec![1.0],
        });
        world.templates.lock().push(summary(id));
        queue.offer(vec![summary(id)], Vec::new());
        until("both", || seen.0.lock().len() as u64 == id).await;
    }
    assert_eq!(*seen.0.lock(), [1, 2].map(TemplateId));
    assert_eq!(world.asked.load(Ordering::Relaxed), 0);
    cancel.cancel();
    tasks.join_all().await;
}
