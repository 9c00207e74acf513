//! A server whose parts are in memory, and which can be killed and started again.

use std::collections::BTreeMap;
use std::sync::Arc;

use tocsin_domain::alert::{Alert, AlertEventKind, AlertId, AlertKind, AlertSeverity, LabelSet};
use tocsin_domain::automation::{RateLimit, Run, RunId, SafetyBudget};
use tocsin_domain::ports::AutomationDesk;

use super::ports::Ports;
use super::scripted::Scripted;
use super::store::{Store, store};
use crate::automation::driver::Driver;
use crate::automation::machine::Pace;
use crate::automation::matching::probe;
use crate::automation::provider::Provider;
use crate::automation::reader::Reader;
use crate::automation::{
    AutomationConfig, AutomationEngine, AutomationEngineDesk, AutomationParts, parse_automations,
};
use crate::outbox::tests::memory::lock;

pub(super) struct World {
    pub(super) store: Arc<Store>,
    pub(super) ports: Arc<Ports>,
    pub(super) provider: Arc<Scripted>,
    rules: String,
    pub(super) budget: SafetyBudget,
    pub(super) server: Server,
}

/// What is gone when the server is killed.
pub(super) struct Server {
    pub(super) driver: Driver,
    pub(super) desk: Arc<AutomationEngineDesk>,
    pub(super) reader: Reader,
}

/// A budget that is no limit.
pub(super) fn plenty() -> SafetyBudget {
    let limit = RateLimit {
        runs_max: 1_000_000,
        window_secs: 3600,
    };
    SafetyBudget {
        global: limit,
        provider: limit,
        rule: limit,
        waiting_max: 100_000,
        failed_verifications_max: 1_000_000,
        ..SafetyBudget::default()
    }
}

impl World {
    pub(super) async fn new(rules: &str, budget: SafetyBudget) -> Self {
        let (store, ports) = (store(), Arc::new(Ports::default()));
        ports.pass(1_800_000_000_000);
        let provider = Arc::new(Scripted::new(store.clone(), ports.clone()));
        let server = start(&store, &ports, &provider, (rules, &budget)).await;
        Self {
            store,
            ports,
            provider,
            rules: rules.to_owned(),
            budget,
            server,
        }
    }

    pub(super) fn is_dead(&self) -> bool {
        lock(&self.store.0).is_dead
    }

    /// Kills the server, and starts it again.
    pub(super) async fn restart(&mut self) {
        {
            let mut kept = lock(&self.store.0);
            kept.is_dead = false;
            kept.dies_in = None;
        }
        let settings = (self.rules.as_str(), &self.budget);
        self.server = start(&self.store, &self.ports, &self.provider, settings).await;
    }

    /// An alert begins.
    pub(super) fn fires(&self, failure_type: &str, host: &str) -> AlertId {
        fires(&self.ports, failure_type, host)
    }

    /// An alert ends.
    pub(super) fn clears(&self, id: AlertId) {
        clears(&self.ports, id);
    }

    /// Reads events, and does what is due now.
    pub(super) async fn turn(&mut self) {
        while self.server.reader.step().await.unwrap() {}
        self.server.reader.propose_due().await.unwrap();
        for _ in 0..100 {
            let now_ms = self.ports.now_ms();
            let due: Vec<RunId> = {
                let kept = lock(&self.store.0);
                let due = |run: &&Run| run.due_ms().is_some_and(|due_ms| due_ms <= now_ms);
                kept.runs.values().filter(due).map(|run| run.id).collect()
            };
            if due.is_empty() {
                return;
            }
            for run in due {
                self.server.driver.work(run).await.unwrap();
            }
        }
        panic!("there is always something to do");
    }

    /// Lets time pass, doing what is due.
    pub(super) async fn passes(&mut self, secs: i64) {
        for _ in 0..secs {
            self.ports.pass(1000);
            self.turn().await;
        }
    }

    pub(super) fn runs(&self) -> Vec<Run> {
        lock(&self.store.0).runs.values().cloned().collect()
    }

    /// An engine that runs by itself, and its desk.
    pub(super) fn engine(&self) -> (AutomationEngine, Arc<AutomationEngineDesk>) {
        let engine = AutomationEngine {
            driver: self.server.driver.clone(),
            lanes_max: 8,
            folder: std::path::PathBuf::from("/nonexistent"),
        };
        (engine, self.server.desk.clone())
    }

    pub(super) fn desk(&self) -> Arc<dyn AutomationDesk> {
        self.server.desk.clone()
    }
}

async fn start(
    store: &Arc<Store>,
    ports: &Arc<Ports>,
    provider: &Arc<Scripted>,
    (rules, budget): (&str, &SafetyBudget),
) -> Server {
    let parts = AutomationParts {
        store: store.clone(),
        settings: store.clone(),
        alerts: ports.clone(),
        desk: ports.clone(),
        metrics: ports.clone(),
        logs: ports.clone(),
        changes: ports.clone(),
        clock: ports.clone(),
    };
    let config = AutomationConfig {
        rules: parse_automations(rules).unwrap(),
        budget: budget.clone(),
        ..AutomationConfig::default()
    };
    let provider: Arc<dyn Provider> = provider.clone();
    let providers = BTreeMap::from([("p".to_owned(), provider)]);
    let engine = AutomationEngine::over(parts, config, Pace::default(), providers).await;
    let (engine, desk) = engine.unwrap();
    let driver = engine.driver;
    let reader = Reader::open(driver.ledger.clone(), driver.clone())
        .await
        .unwrap();
    Server {
        driver,
        desk,
        reader,
    }
}

/// An alert begins.
pub(super) fn fires(ports: &Ports, failure_type: &str, host: &str) -> AlertId {
    fires_as(ports, failure_type, host, LabelSet::default())
}

/// An alert begins about which more is known.
pub(super) fn fires_as(
    ports: &Ports,
    failure_type: &str,
    host: &str,
    annotations: LabelSet,
) -> AlertId {
    let labels = LabelSet::new([("host", host), ("alertname", failure_type)]);
    let starts_ms = ports.now_ms();
    let id = AlertId::of(labels.fingerprint(), starts_ms);
    let alert = Alert {
        id,
        fingerprint: labels.fingerprint(),
        labels,
        annotations,
        starts_ms,
        failure_type: Some(failure_type.to_owned()),
        ..probe(1, AlertSeverity::High, AlertKind::Realtime, 0.9)
    };
    ports.happens(alert, AlertEventKind::Fired, "system");
    id
}

/// An alert ends.
pub(super) fn clears(ports: &Ports, id: AlertId) {
    let alert = lock(&ports.alerts).get(&id).cloned();
    if let Some(mut alert) = alert.filter(Alert::is_firing) {
        alert.ends_ms = Some(ports.now_ms());
        ports.happens(alert, AlertEventKind::Cleared, "system");
    }
}
