//! What the demo proposes: which alerts its rules match, and what its playbooks and its module do.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use tocsin_domain::alert::{Alert, AlertKind, AlertSeverity, LabelSet};
use tocsin_domain::automation::{CallKind, ChangeCounts, Params};

use super::{action, draft, end_of, leave};
use crate::automation::matching::{Compiled, RuleSet, probe, too_broad};
use crate::automation::parse_automations;
use crate::automation::provider::{Provider, Status};
use crate::automation::providers::ansible::{Ansible, AnsibleConfig};
use crate::automation::providers::terraform::{Terraform, TerraformConfig};
use crate::automation::render::Renderer;
use crate::automation::words::names;

const RULES: [&str; 2] = [
    include_str!("../../../../../app/src/commands/demo/files/ansible.yml"),
    include_str!("../../../../../app/src/commands/demo/files/terraform.yml"),
];
const CLEAN_VOLUME: &str =
    include_str!("../../../../../app/src/commands/demo/files/project/clean-volume.yml");
const SET_SESSION_IDLE: &str =
    include_str!("../../../../../app/src/commands/demo/files/project/set-session-idle.yml");
const MODULE: &str = include_str!("../../../../../app/src/commands/demo/files/payment/main.tf");

fn rules() -> RuleSet {
    let rules = parse_automations(&RULES.concat()).unwrap();
    let compile = |rule| Compiled::new(rule, &Renderer::default()).unwrap();
    RuleSet::new(rules.iter().map(compile).collect())
}

fn alert(kind: AlertKind, failure_type: &str, labels: &[(&str, &str)]) -> Alert {
    Alert {
        failure_type: (!failure_type.is_empty()).then(|| failure_type.to_owned()),
        labels: LabelSet::new(labels.iter().copied()),
        ..probe(1, AlertSeverity::High, kind, 0.97)
    }
}

/// The alert about a volume that fills up.
fn filling(volume: &str) -> Alert {
    let labels = [
        ("alertname", "predicted_full"),
        ("prediction", "filesystem_full"),
        ("service", "volume"),
        ("fstype", "quota"),
        ("mountpoint", volume),
        ("job", "shop"),
        ("instance", "shop"),
    ];
    alert(AlertKind::Predictive, "", &labels)
}

fn leaking() -> Alert {
    let labels = [
        ("alertname", "anomaly"),
        ("service", "sessions"),
        ("instance", "shop"),
    ];
    alert(AlertKind::Anomaly, "", &labels)
}

/// The values of the action of a rule for an alert.
fn params(rule: &str, alert: &Alert) -> Params {
    let rules = rules();
    let rule = &rules.get(rule).unwrap().rule;
    let names = names(alert, None, &[]);
    Renderer::default()
        .params(&rule.action.params, &names)
        .unwrap()
}

#[test]
fn each_fault_has_one_rule_and_what_follows_from_it_has_none() {
    let rules = rules();
    let payment = [("service", "payment"), ("source", "/shop.log")];
    let orders = [("service", "orders"), ("upstream", "payment")];
    let memory = [("prediction", "memory_full"), ("instance", "shop")];
    let (log, seen) = (AlertKind::Realtime, AlertKind::Anomaly);
    for (alert, expected) in [
        (filling("/v"), "clean_volume"),
        (leaking(), "evict_idle_sessions"),
        (
            alert(log, "payment_provider_failure", &payment),
            "switch_payment_provider",
        ),
        (alert(log, "order_failed", &orders), ""),
        (alert(log, "queue_full", &orders), ""),
        (alert(log, "missing_price", &[("service", "pricing")]), ""),
        (alert(seen, "", &payment), ""),
        (alert(AlertKind::Predictive, "", &memory), ""),
    ] {
        let ids: Vec<&str> = rules
            .matching(&alert)
            .iter()
            .map(|one| one.rule.id.as_str())
            .collect();
        assert_eq!(ids.concat(), expected, "{alert:?}");
    }
    assert!(rules.iter().all(|rule| too_broad(rule, 20).is_none()));
}

/// A volume with its settings, and the Ansible that the demo sets up.
struct Host {
    folder: tempfile::TempDir,
    ansible: Arc<dyn Provider>,
}

impl Host {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        for name in ["project", "volume/spool", "volume/pictures"] {
            std::fs::create_dir_all(path.join(name)).unwrap();
        }
        for (name, text) in [
            ("project/clean-volume.yml", CLEAN_VOLUME),
            ("project/set-session-idle.yml", SET_SESSION_IDLE),
            ("volume/spool/export-000001.csv", "1;2;3\n"),
            ("volume/spool/export-000002.csv", "1;2;3\n"),
            ("volume/pictures/products.bin", "picture"),
            ("shop.conf", "session_idle_secs=3600\n"),
        ] {
            std::fs::write(path.join(name), text).unwrap();
        }
        let hosts = serde_json::json!({"all": {"hosts": {"shop": {
            "ansible_connection": "local",
            "ansible_python_interpreter": "{{ ansible_playbook_python }}",
            "volume": path.join("volume"),
            "settings": path.join("shop.conf"),
        }}}});
        std::fs::write(path.join("inventory.json"), hosts.to_string()).unwrap();
        let python = tocsin_harness::python().unwrap();
        let config = AnsibleConfig {
            project: path.join("project"),
            inventory: path.join("inventory.json"),
            bin: python.ancestors().nth(3).unwrap().join("ansible/bin"),
            vault_password_file: None,
            dry_run: true,
        };
        let ansible = Arc::new(Ansible::new(config, path.join("work")));
        Self { folder, ansible }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn volume(&self) -> String {
        self.path("volume").display().to_string()
    }

    /// Plans, holds the plan to what it must show, and does it.
    async fn run(&self, params: &Params, shown: &[&str], is_untouched: impl Fn() -> bool) {
        let planned = self.ansible.plan(&draft(params)).await.unwrap();
        for part in shown {
            assert!(
                planned.preview.text.contains(part),
                "{}",
                planned.preview.text
            );
        }
        assert!(is_untouched(), "a dry run changes nothing");
        let approval = leave(&action(params), &planned);
        self.ansible.execute(&approval).await.unwrap();
        let end = end_of(&*self.ansible, approval.plan(), CallKind::Execute).await;
        assert!(matches!(end, Status::Succeeded(_)), "{end:?}");
    }
}

fn files(folder: &Path) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}

#[tokio::test]
async fn the_clean_up_shows_each_file_and_removes_these_alone() {
    let host = Host::new();
    let spool = host.path("volume/spool");
    // Whatever an alert says, nothing but the volume of the host is cleaned.
    for other in ["/", "/tmp", &format!("{}/pictures", host.volume())] {
        let params = params("clean_volume", &filling(other));
        let refused = host.ansible.plan(&draft(&params)).await.unwrap_err();
        assert!(
            refused.detail.contains("the alert is about") && !refused.is_temporary,
            "{refused:?}"
        );
    }
    let params = params("clean_volume", &filling(&host.volume()));
    let shown = [
        "export-000001.csv",
        "export-000002.csv",
        "-    \"state\": \"directory\"\n+    \"state\": \"absent\"",
    ];
    host.run(&params, &shown, || files(&spool) == 2).await;
    assert_eq!(files(&spool), 0);
    assert_eq!(files(&host.path("volume/pictures")), 1);
}

#[tokio::test]
async fn the_setting_for_sessions_is_shown_as_a_diff_and_written() {
    let host = Host::new();
    let conf = || std::fs::read_to_string(host.path("shop.conf")).unwrap();
    let shown = ["-session_idle_secs=3600", "+session_idle_secs=60"];
    let is_untouched = || conf() == "session_idle_secs=3600\n";
    let params = params("evict_idle_sessions", &leaking());
    host.run(&params, &shown, is_untouched).await;
    assert_eq!(conf(), "session_idle_secs=60\n");
}

#[tokio::test]
async fn the_payment_provider_is_changed_in_place() {
    let folder = tempfile::tempdir().unwrap();
    let module = folder.path().join("payment");
    std::fs::create_dir(&module).unwrap();
    std::fs::write(module.join("main.tf"), MODULE).unwrap();
    let program = tocsin_harness::find_program("terraform").unwrap();
    let steps: [&[&str]; 2] = [
        &["init"],
        &["apply", "-auto-approve", "-var=payment_provider=paygate"],
    ];
    for step in steps {
        let mut command = Command::new(&program);
        let command = command.args(step).args(["-input=false", "-no-color"]);
        let command = command
            .current_dir(&module)
            .env_remove("TF_CLI_CONFIG_FILE");
        let output = command.env("CHECKPOINT_DISABLE", "1").output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    let config = TerraformConfig {
        module: module.clone(),
        program,
        may_destroy: false,
    };
    let terraform = Terraform::new(config, folder.path().join("work"));
    let failing = alert(
        AlertKind::Realtime,
        "payment_provider_failure",
        &[("service", "payment")],
    );
    let params = params("switch_payment_provider", &failing);
    let planned = terraform.plan(&draft(&params)).await.unwrap();
    let counts = ChangeCounts {
        add: 0,
        change: 1,
        destroy: 0,
    };
    assert_eq!(planned.preview.counts, Some(counts));
    let shown = "\"paygate\" -> \"cardline\"";
    assert!(
        planned.preview.text.contains(shown),
        "{}",
        planned.preview.text
    );
    let approval = leave(&action(&params), &planned);
    terraform.execute(&approval).await.unwrap();
    let end = end_of(&terraform, approval.plan(), CallKind::Execute).await;
    assert!(matches!(end, Status::Succeeded(_)), "{end:?}");
    // What the shop reads.
    let state = std::fs::read_to_string(module.join("terraform.tfstate")).unwrap();
    let state: serde_json::Value = serde_json::from_str(&state).unwrap();
    assert_eq!(state["outputs"]["payment_provider"]["value"], "cardline");
}
