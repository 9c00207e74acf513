//! The watch over sessions on lines as they come, over stores in memory and a clock turned by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use parking_lot::Mutex;
use tocsin_domain::metric::{Anomaly, FindingId, Verdict};
use tocsin_domain::ports::{
    AnomalyFilter, AnomalyStore, Clock, SessionStates, SessionStore, StoreError, TemplateSummary,
};
use tocsin_domain::record::Issues;
use tocsin_domain::{
    BatchBuilder, BatchId, NewRecord, Offset, ParsedBatch, Partition, Severity, Timestamp,
};
use tocsin_templates::MinerConfig;

use super::{SessionKeys, SessionParts, SessionWatch, SessionsConfig};
use crate::parse::ParseStage;

#[derive(Debug, Default)]
struct World {
    now_ms: AtomicI64,
    kept: Mutex<SessionStates>,
    found: Mutex<Vec<Anomaly>>,
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now_ms.load(Ordering::Relaxed))
    }
}

#[async_trait]
impl SessionStore for World {
    async fn save_sessions(&self, _: Partition, new: SessionStates) -> Result<(), StoreError> {
        let mut kept = self.kept.lock();
        kept.position = new.position;
        for (source, state) in new.sources {
            kept.sources.retain(|(known, _)| *known != source);
            kept.sources.push((source, state));
        }
        Ok(())
    }

    async fn load_sessions(&self, _: Partition) -> Result<SessionStates, StoreError> {
        Ok(self.kept.lock().clone())
    }
}

#[async_trait]
impl AnomalyStore for World {
    async fn record_anomalies(&self, anomalies: Vec<Anomaly>) -> Result<(), StoreError> {
        let mut found = self.found.lock();
        for one in anomalies {
            found.retain(|known| known.id != one.id);
            found.push(one);
        }
        Ok(())
    }

    async fn anomalies(
        &self,
        filter: &AnomalyFilter,
        _: Option<FindingId>,
        _: usize,
    ) -> Result<Vec<Anomaly>, StoreError> {
        let found = self.found.lock();
        let chosen = found
            .iter()
            .filter(|one| !filter.is_open || one.ended_ms.is_none());
        Ok(chosen.cloned().collect())
    }

    async fn anomaly(&self, _: FindingId) -> Result<Option<Anomaly>, StoreError> {
        Ok(None)
    }

    async fn set_feedback(&self, _: FindingId, _: Verdict) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn forget_anomalies(&self, _: i64) -> Result<u64, StoreError> {
        Ok(0)
    }
}

/// Lines of a shop: every order is taken, paid and shipped.
struct Shop {
    world: Arc<World>,
    stage: ParseStage,
    offset: u64,
    orders: u64,
    /// The templates met so far.
    met: Vec<TemplateSummary>,
}

impl Shop {
    fn new() -> Self {
        Self {
            world: Arc::default(),
            stage: ParseStage::new(MinerConfig::default()),
            offset: 0,
            orders: 0,
            met: Vec::new(),
        }
    }

    async fn watch(&self, from: u64) -> SessionWatch {
        let config = SessionsConfig::default();
        let parts = SessionParts {
            keys: Arc::new(SessionKeys::new(&config).unwrap()),
            config,
            store: self.world.clone(),
            anomalies: self.world.clone(),
            clock: self.world.clone(),
        };
        SessionWatch::open(parts, (Partition(0), Offset(from)), &self.met)
            .await
            .unwrap()
    }

    fn batch(&mut self, lines: &[String]) -> (Offset, ParsedBatch) {
        self.offset += 1;
        let now = self.world.now();
        let mut builder = BatchBuilder::new(
            BatchId::from_bits(u128::from(self.offset)),
            now,
            "shop".into(),
        );
        for line in lines {
            let record = NewRecord {
                body: line.as_bytes(),
                timestamp: None,
                severity: Severity::INFO,
                issues: Issues::default(),
                host: "",
                attributes: &[],
                trace: None,
            };
            builder.push(record).unwrap();
        }
        let parsed = self.stage.step(builder.finish());
        self.met.extend(parsed.met);
        (Offset(self.offset), parsed.batch)
    }

    /// An order of whose steps one may be missing, a second after the last.
    fn order(&mut self, missing: Option<&str>) -> (Offset, ParsedBatch) {
        let lines = self.lines(missing);
        self.batch(&lines)
    }

    fn lines(&mut self, missing: Option<&str>) -> Vec<String> {
        self.orders += 1;
        self.world.now_ms.fetch_add(1000, Ordering::Relaxed);
        let id = format!("request_id=r{:06}", self.orders * 7919 % 1_000_000);
        let steps = [
            "order received",
            "payment accepted by bank",
            "parcel shipped",
        ];
        let lines = steps.iter().filter(|step| missing != Some(**step));
        lines.map(|step| format!("{step} {id}")).collect()
    }
}

#[tokio::test]
async fn requests_that_lack_a_step_are_one_anomaly_with_the_step_named() {
    let mut shop = Shop::new();
    let mut watch = shop.watch(0).await;
    for _ in 0..1500 {
        let (offset, batch) = shop.order(None);
        watch.see(offset, &batch).await;
        watch.tick().await;
    }
    assert_eq!(*shop.world.found.lock(), [], "nothing is odd about these");
    for _ in 0..3 {
        let (offset, batch) = shop.order(Some("payment accepted by bank"));
        watch.see(offset, &batch).await;
    }
    shop.world.now_ms.fetch_add(301_000, Ordering::Relaxed);
    watch.tick().await;
    let found = shop.world.found.lock().clone();
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!((&*found[0].detector, found[0].ended_ms), ("sequence", None));
    let said = &found[0].explanation;
    assert!(
        said.contains("it lacks \"payment accepted by bank"),
        "{said}"
    );
    assert!(found[0].score > 0.95, "{}", found[0].score);
    shop.world.now_ms.fetch_add(601_000, Ordering::Relaxed);
    watch.tick().await;
    assert!(shop.world.found.lock()[0].ended_ms.is_some());
}

#[tokio::test]
async fn a_restart_forgets_nothing_and_lines_that_were_lost_accuse_nobody() {
    let mut shop = Shop::new();
    let mut watch = shop.watch(0).await;
    for _ in 0..1500 {
        let (offset, batch) = shop.order(None);
        watch.see(offset, &batch).await;
    }
    watch.save().await.unwrap();
    let lacking = Some("parcel shipped");
    let lines: Vec<_> = (0..4).flat_map(|_| shop.lines(lacking)).collect();
    let (offset, batch) = shop.batch(&lines);
    // Killed before it was kept: the bus gives it again.
    watch.see(offset, &batch).await;
    let mut watch = shop.watch(offset.0 - 1).await;
    watch.see(offset, &batch).await;
    watch.see(offset, &batch).await;
    watch.save().await.unwrap();
    // Killed, and lines went to others meanwhile that are not given again.
    let mut gap = shop.watch(offset.0 + 10).await;
    shop.offset += 10;
    let (late, rest) = shop.batch(&["parcel shipped request_id=r999999".into()]);
    gap.see(late, &rest).await;
    shop.world.now_ms.fetch_add(301_000, Ordering::Relaxed);
    gap.tick().await;
    assert_eq!(*shop.world.found.lock(), [], "it may have had a beginning");
    watch.tick().await;
    let found = shop.world.found.lock().clone();
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(
        found[0].explanation.contains("parcel shipped"),
        "{found:#?}"
    );
}
