//! The whole engine with real programs in real time: a script, Terraform and Ansible.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tocsin_domain::alert::{AlertStatus, LabelSet};
use tocsin_domain::automation::{Channel, Run, RunState, Verdict, Verification};
use tocsin_domain::metric::Sample;
use tocsin_domain::ports::metric_insight::QuerySeries;
use tocsin_domain::ports::{AutomationDesk, Ballot, RunOutcome};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::ports::Ports;
use super::store::{Store, store};
use crate::automation::{
    AnsibleConfig, AutomationConfig, AutomationEngine, AutomationEngineDesk, AutomationParts,
    ProviderConfig, ScriptConfig, ScriptsConfig, TerraformConfig, parse_automations,
};
use crate::outbox::tests::memory::{lock, now_ms};

const CLEAN: &str = r#"
- id: clean
  match: { failure_type: disk_full }
  action: { provider: scripts, params: { script: clean, args: ["{{ alert.labels.host }}"] } }
  verify: { timeout: 30s, expect: "!alert.firing" }
"#;

/// What the next server is started with.
pub(super) struct Set {
    pub(super) store: Arc<Store>,
    pub(super) ports: Arc<Ports>,
    folder: PathBuf,
    rules: &'static str,
    provider: (&'static str, ProviderConfig),
}

pub(super) struct Server {
    pub(super) desk: Arc<AutomationEngineDesk>,
    _engine: JoinSet<()>,
}

impl Set {
    pub(super) fn new(
        folder: &Path,
        rules: &'static str,
        provider: (&'static str, ProviderConfig),
    ) -> Self {
        let ports = Arc::new(Ports::default());
        ports.now_ms.store(now_ms(), Ordering::Relaxed);
        Self {
            store: store(),
            ports,
            folder: folder.to_owned(),
            rules,
            provider,
        }
    }

    pub(super) async fn start(&self) -> Server {
        let (store, ports) = (&self.store, &self.ports);
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
        let (name, provider) = &self.provider;
        let config = AutomationConfig {
            rules: parse_automations(self.rules).unwrap(),
            providers: BTreeMap::from([((*name).to_owned(), provider.clone())]),
            folder: self.folder.join("work"),
            ..AutomationConfig::default()
        };
        let (engine, desk) = AutomationEngine::open(parts, config).await.unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { engine.run(CancellationToken::new()).await.unwrap() });
        // At the very first it begins with what happens from then on.
        until(ports, "the reader", || lock(&store.0).position.is_some()).await;
        Server {
            desk,
            _engine: tasks,
        }
    }

    /// The only run, once it is in a state.
    pub(super) async fn run_in(&self, state: RunState) -> Run {
        is_in(&self.store, &self.ports, state).await
    }

    /// Has someone agree to the only run.
    pub(super) async fn agree(&self, server: &Server) -> Run {
        let run = self.run_in(RunState::AwaitingApproval).await;
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
        run
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
pub(super) async fn until(ports: &Ports, what: &str, is_so: impl Fn() -> bool) {
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
    let script = ScriptConfig {
        path: path.join("clean"),
        options: Vec::new(),
    };
    let scripts = ScriptsConfig {
        scripts: BTreeMap::from([("clean".to_owned(), script)]),
    };
    let set = Set::new(path, CLEAN, ("scripts", ProviderConfig::Script(scripts)));
    let (store, ports) = (&set.store, &set.ports);
    let server = set.start().await;
    let alert = super::world::fires(ports, "disk_full", "web-1");
    let run = set.agree(&server).await;
    set.run_in(RunState::Executing).await;
    let is_begun = || std::fs::read_to_string(&told).is_ok_and(|told| !told.is_empty());
    until(ports, "the program", is_begun).await;
    // The server is killed; another one finds the program going on.
    drop(server);
    let looked_ms = || lock(&store.0).runs[&run.id].updated_ms;
    let before_ms = looked_ms();
    let server = set.start().await;
    until(ports, "a look", || looked_ms() != before_ms).await;
    drop(server);
    std::fs::write(&gate, "").unwrap();
    until(ports, "the end of the program", || !full.exists()).await;
    // It ended while nobody looked: whether it helped is seen nevertheless.
    let server = set.start().await;
    set.run_in(RunState::Verifying).await;
    super::world::clears(ports, alert);
    let run = set.run_in(RunState::Succeeded).await;
    assert_eq!(run.verification, Some(Verification::Held));
    let is_resolved = || lock(&ports.alerts)[&alert].status == AlertStatus::Resolved;
    until(ports, "the end of the alert", is_resolved).await;
    assert_eq!(std::fs::read_to_string(&told).unwrap(), "web-1\n");
    let health = server.desk.check_provider("scripts").await.unwrap();
    assert!(health.is_healthy, "{health:?}");
    assert_eq!(server.desk.check_provider("other").await, None);
}

const WRITE: &str = r#"
- id: set
  match: { failure_type: misconfigured }
  action: { provider: terraform, params: { vars: { value: "{{ alert.labels.host }}" } } }
  rollback: { provider: terraform, params: { vars: { value: as it was } } }
  verify: { timeout: 1s, expect: "!alert.firing" }
"#;

fn terraform(module: &Path, args: &[&str]) -> String {
    let program = tocsin_harness::find_program("terraform").unwrap();
    let mut command = std::process::Command::new(program);
    let command = command
        .args(args)
        .current_dir(module)
        .env_remove("TF_CLI_CONFIG_FILE");
    let output = command.env("CHECKPOINT_DISABLE", "1").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn what_terraform_changed_in_vain_is_undone() {
    let folder = tempfile::tempdir().unwrap();
    let module = folder.path().join("module");
    std::fs::create_dir(&module).unwrap();
    let text = "variable \"value\" { type = string }\n\
        resource \"terraform_data\" \"one\" { input = var.value }\n\
        output \"value\" { value = terraform_data.one.output }\n";
    std::fs::write(module.join("main.tf"), text).unwrap();
    terraform(&module, &["init", "-input=false"]);
    let config = TerraformConfig {
        module: module.clone(),
        program: tocsin_harness::find_program("terraform").unwrap(),
        may_destroy: false,
    };
    let provider = ("terraform", ProviderConfig::Terraform(config));
    let set = Set::new(folder.path(), WRITE, provider);
    let server = set.start().await;
    let alert = super::world::fires(&set.ports, "misconfigured", "${web}-1");
    let run = set.agree(&server).await;
    set.run_in(RunState::Verifying).await;
    assert_eq!(terraform(&module, &["output", "-raw", "value"]), "${web}-1");
    let run_after = set.run_in(RunState::RolledBack).await;
    assert_eq!(
        (run.id, run_after.verification),
        (run_after.id, Some(Verification::Failed))
    );
    assert_eq!(
        terraform(&module, &["output", "-raw", "value"]),
        "as it was"
    );
    // That it waited for approval, and that it did not help.
    let is_told = || {
        let events = lock(&set.ports.events);
        let of_it = events.iter().filter(|event| event.alert == alert);
        of_it
            .filter(|event| event.kind.name() == "commented")
            .count()
            == 2
    };
    until(&set.ports, "that people are told", is_told).await;
    let (output, _) = server.desk.output(run.id, 0).await.unwrap();
    assert!(output.contains("Apply complete!"), "{output}");
}

const PLAYBOOK: &str = r#"
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.file: { path: "{{ path }}", state: absent }
"#;
const REMOVE: &str = r#"
- id: clean
  match: { failure_type: disk_full }
  action: { provider: ansible, params: { playbook: clean.yml, limit: "{{ alert.labels.host }}",
    extra_vars: { path: "{{ alert.annotations.path }}" } } }
  verify: { timeout: 60s, expect: "metrics.used < 80.0",
    metrics: { used: { query: disk, labels: host } } }
"#;

#[tokio::test]
async fn what_ansible_cleaned_is_seen_to_be_clean_and_the_alert_is_resolved() {
    let folder = tempfile::tempdir().unwrap();
    let (project, full) = (folder.path().join("project"), folder.path().join("full"));
    std::fs::create_dir(&project).unwrap();
    std::fs::write(project.join("clean.yml"), PLAYBOOK).unwrap();
    std::fs::write(&full, "x".repeat(4096)).unwrap();
    let inventory = folder.path().join("hosts");
    let host = "localhost ansible_connection=local \
        ansible_python_interpreter='{{ ansible_playbook_python }}'\n";
    std::fs::write(&inventory, host).unwrap();
    let python = tocsin_harness::python().unwrap();
    let config = AnsibleConfig {
        project,
        inventory,
        bin: python.ancestors().nth(3).unwrap().join("ansible/bin"),
        vault_password_file: None,
        dry_run: true,
    };
    let set = Set::new(
        folder.path(),
        REMOVE,
        ("ansible", ProviderConfig::Ansible(config)),
    );
    let server = set.start().await;
    let path = full.display().to_string();
    let known = LabelSet::new([("path", path.as_str())]);
    let alert = super::world::fires_as(&set.ports, "disk_full", "localhost", known);
    let run = set.agree(&server).await;
    let plan = server
        .desk
        .run(run.id)
        .await
        .unwrap()
        .unwrap()
        .plan
        .unwrap();
    assert!(plan.preview.text.contains(&path), "{}", plan.preview.text);
    assert!(full.exists(), "a dry run removes nothing");
    until(&set.ports, "that it is removed", || !full.exists()).await;
    *lock(&set.ports.metrics) = vec![QuerySeries {
        labels: vec![("host".into(), "localhost".into())],
        samples: vec![Sample {
            at_ms: 0,
            value: 12.0,
        }],
    }];
    let run = set.run_in(RunState::Succeeded).await;
    assert_eq!(run.verification, Some(Verification::Held));
    let is_resolved = || lock(&set.ports.alerts)[&alert].status == AlertStatus::Resolved;
    until(&set.ports, "the end of the alert", is_resolved).await;
}
