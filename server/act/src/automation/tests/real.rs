//! The whole engine with a real program, in real time, and killed while the program runs.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tocsin_domain::alert::AlertStatus;
use tocsin_domain::automation::{Channel, Run, RunState, Verdict, Verification};
use tocsin_domain::ports::{AutomationDesk, Ballot, RunOutcome};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::ports::Ports;
use super::store::{Store, store};
use crate::automation::{
    AutomationConfig, AutomationEngine, AutomationEngineDesk, AutomationParts, ProviderConfig,
    ScriptConfig, ScriptsConfig, parse_automations,
};
use crate::outbox::tests::memory::{lock, now_ms};

const RULES: &str = r#"
- id: clean
  match: { failure_type: disk_full }
  action: { provider: scripts, params: { script: clean, args: ["{{ alert.labels.host }}"] } }
  verify: { timeout: 30s, expect: "!alert.firing" }
"#;

struct Server {
    desk: Arc<AutomationEngineDesk>,
    _engine: JoinSet<()>,
}

async fn start(store: &Arc<Store>, ports: &Arc<Ports>, folder: &Path) -> Server {
    let parts = AutomationParts {
        store: store.clone(),
        settings: store.clone(),
        alerts: ports.clone(),
        desk: ports.clone(),
        metrics: ports.clone(),
        logs: ports.clone(),
        clock: ports.clone(),
    };
    let script = ScriptConfig {
        path: folder.join("clean"),
        options: Vec::new(),
    };
    let scripts = ScriptsConfig {
        scripts: BTreeMap::from([("clean".to_owned(), script)]),
    };
    let config = AutomationConfig {
        rules: parse_automations(RULES).unwrap(),
        providers: BTreeMap::from([("scripts".to_owned(), ProviderConfig::Script(scripts))]),
        folder: folder.join("work"),
        ..AutomationConfig::default()
    };
    let (engine, desk) = AutomationEngine::open(parts, config).await.unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move { engine.run(CancellationToken::new()).await.unwrap() });
    Server {
        desk,
        _engine: tasks,
    }
}

/// Waits until the only run is in a state, letting the clock go on.
async fn is_in(store: &Arc<Store>, ports: &Arc<Ports>, state: RunState) -> Run {
    for _ in 0..3000 {
        ports.now_ms.store(now_ms(), Ordering::Relaxed);
        let run = lock(&store.0).runs.values().next().cloned();
        if let Some(run) = run.filter(|run| run.state == state) {
            return run;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{:#?}", lock(&store.0).events);
}

/// Waits until something is so, letting the clock go on.
async fn until(ports: &Ports, what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..3000 {
        if is_so() {
            return;
        }
        ports.now_ms.store(now_ms(), Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("waited in vain: {what}");
}

fn program(folder: &Path, text: &str) {
    // Written by another process: what is open for writing here cannot be run.
    let source = folder.join("source");
    std::fs::write(&source, text).unwrap();
    let mut install = std::process::Command::new("install");
    let installed = install
        .args(["-m", "755"])
        .arg(source)
        .arg(folder.join("clean"))
        .status();
    assert!(installed.unwrap().success());
}

#[tokio::test]
async fn a_program_goes_on_while_the_server_is_killed_and_is_run_once() {
    if !rustix::process::getuid().is_root() {
        println!("not run: only root has programs that are root's");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (path, full) = (folder.path(), folder.path().join("full"));
    std::fs::write(&full, "x".repeat(4096)).unwrap();
    let (gate, told) = (path.join("gate"), path.join("told"));
    let text = format!(
        "#!/bin/sh\necho \"$1\" >> {told}\nwhile [ ! -e {gate} ]; do sleep 0.02; done\nrm {full}\n",
        told = told.display(),
        gate = gate.display(),
        full = full.display(),
    );
    program(path, &text);
    let (store, ports) = (store(), Arc::new(Ports::default()));
    ports.now_ms.store(now_ms(), Ordering::Relaxed);
    let server = start(&store, &ports, path).await;
    // At the very first it begins with what happens from then on.
    until(&ports, "the reader", || lock(&store.0).position.is_some()).await;
    let alert = super::world::fires(&ports, "disk_full", "web-1");
    let run = is_in(&store, &ports, RunState::AwaitingApproval).await;
    let ballot = Ballot {
        run: run.id,
        plan: run.plan.unwrap(),
        verdict: Verdict::Approve,
        comment: String::new(),
        actor: "ana".into(),
        channel: Channel::Cli,
    };
    let outcome = server.desk.vote(ballot).await.unwrap();
    assert!(matches!(outcome, RunOutcome::Done(_)));
    is_in(&store, &ports, RunState::Executing).await;
    let is_begun = || std::fs::read_to_string(&told).is_ok_and(|told| !told.is_empty());
    until(&ports, "the program", is_begun).await;
    // The server is killed; another one finds the program going on.
    drop(server);
    let looked_ms = || lock(&store.0).runs[&run.id].updated_ms;
    let before_ms = looked_ms();
    let server = start(&store, &ports, path).await;
    until(&ports, "a look", || looked_ms() != before_ms).await;
    drop(server);
    std::fs::write(&gate, "").unwrap();
    until(&ports, "the end of the program", || !full.exists()).await;
    // It ended while nobody looked: whether it helped is seen nevertheless.
    let server = start(&store, &ports, path).await;
    is_in(&store, &ports, RunState::Verifying).await;
    super::world::clears(&ports, alert);
    let run = is_in(&store, &ports, RunState::Succeeded).await;
    assert_eq!(run.verification, Some(Verification::Held));
    let is_resolved = || lock(&ports.alerts)[&alert].status == AlertStatus::Resolved;
    until(&ports, "the end of the alert", is_resolved).await;
    assert_eq!(std::fs::read_to_string(&told).unwrap(), "web-1\n");
    let health = server.desk.check_provider("scripts").await.unwrap();
    assert!(health.is_healthy, "{health:?}");
    assert_eq!(server.desk.check_provider("other").await, None);
}
