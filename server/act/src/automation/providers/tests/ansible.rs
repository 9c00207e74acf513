//! `ansible` with the real one.

use std::path::PathBuf;

use tocsin_domain::automation::{CallKind, Param, Params, PreviewKind, RunId};

use super::{NASTY, action, draft, end_of, leave, leave_to_undo, plan_as, text};
use crate::automation::provider::{Certainty, Order, Provider, Status};
use crate::automation::providers::ansible::{Ansible, AnsibleConfig};

const PLAYBOOK: &str = r#"
- hosts: all
  gather_facts: false
  tasks:
    - name: write what was given
      ansible.builtin.copy:
        content: "{{ values | to_json }}"
        dest: "{{ folder }}/told"
        mode: "0600"
"#;
const FAILING: &str = r#"
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.command: /bin/false
"#;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir(folder.project()).unwrap();
        std::fs::write(folder.project().join("write.yml"), PLAYBOOK).unwrap();
        std::fs::write(folder.project().join("fail.yml"), FAILING).unwrap();
        let inventory = "localhost ansible_connection=local \
            ansible_python_interpreter='{{ ansible_playbook_python }}'\n";
        std::fs::write(folder.0.path().join("hosts"), inventory).unwrap();
        folder
    }

    fn project(&self) -> PathBuf {
        self.0.path().join("project")
    }

    fn ansible(&self) -> Ansible {
        let python = tocsin_harness::python().unwrap();
        let tools = python.ancestors().nth(3).unwrap();
        let bin = tools.join("ansible/bin");
        assert!(
            bin.join("ansible-runner").is_file(),
            "Ansible is not installed: run `make tools`"
        );
        let config = AnsibleConfig {
            project: self.project(),
            inventory: self.0.path().join("hosts"),
            bin,
            vault_password_file: None,
            dry_run: true,
        };
        Ansible::new(config, self.0.path().join("work"))
    }

    fn params(&self, playbook: &str, values: &[Param]) -> Params {
        let folder = self.0.path().display().to_string();
        let variables = Params::from([
            ("values".to_owned(), Param::List(values.to_vec())),
            ("folder".to_owned(), text(&folder)),
        ]);
        Params::from([
            ("playbook".to_owned(), text(playbook)),
            ("limit".to_owned(), text("localhost")),
            ("extra_vars".to_owned(), Param::Map(variables)),
        ])
    }

    fn told(&self) -> Option<serde_json::Value> {
        let told = std::fs::read_to_string(self.0.path().join("told")).ok()?;
        Some(serde_json::from_str(&told).unwrap())
    }
}

#[tokio::test]
async fn a_playbook_is_shown_first_and_every_value_arrives_as_it_is() {
    let folder = Folder::new();
    let ansible = folder.ansible();
    ansible.check().await.unwrap();
    let mut values: Vec<Param> = NASTY.iter().map(|nasty| text(nasty)).collect();
    values.extend([
        Param::Int(3),
        Param::Number(1.0),
        Param::Bool(true),
        Param::Null,
    ]);
    let map = Params::from([("{{ 1 }}\"".to_owned(), text("{{ 2 }}"))]);
    values.push(Param::Map(map));
    let params = folder.params("write.yml", &values);
    let planned = ansible.plan(&draft(&params)).await.unwrap();
    assert_eq!(planned.preview.kind, PreviewKind::DryRun);
    assert_eq!(planned.preview.hosts, ["localhost"]);
    assert!(
        planned.preview.text.contains("+++ after"),
        "{}",
        planned.preview.text
    );
    assert_eq!(folder.told(), None, "a dry run changes nothing");

    let approval = leave(&action(&params), &planned);
    ansible.execute(&approval).await.unwrap();
    let end = end_of(&ansible, approval.plan(), CallKind::Execute).await;
    assert!(
        matches!(&end, Status::Succeeded(said) if said.contains("changed=1")),
        "{end:?}"
    );
    let mut expected: Vec<serde_json::Value> = NASTY.iter().map(|&nasty| nasty.into()).collect();
    expected.extend([3.into(), 1.0.into(), true.into(), serde_json::Value::Null]);
    expected.push(serde_json::json!({ "{{ 1 }}\"": "{{ 2 }}" }));
    assert_eq!(folder.told(), Some(serde_json::Value::Array(expected)));
    let order = Order {
        plan: approval.plan(),
        kind: CallKind::Execute,
        handle: None,
    };
    let (output, _) = ansible.output(&order, 0).await.unwrap();
    // As people read it; the events are files of their own.
    assert!(output.contains("TASK [write what was given]"), "{output}");
    assert!(!output.contains("\"event\""), "{output}");
    // Another server reads how it ended from what the runner wrote, and never begins it again.
    std::fs::remove_file(folder.0.path().join(format!("work/{}/result", order.key()))).unwrap();
    let other = folder.ansible();
    assert_eq!(other.status(&order).await, Ok(end));
    assert_eq!(
        other.execute(&approval).await.unwrap_err().certainty,
        Certainty::Unsure
    );
    assert!(!std::path::Path::new("/tmp/tocsin-was-here").exists());
}

#[tokio::test]
async fn what_fails_is_said_and_can_be_undone() {
    let folder = Folder::new();
    let ansible = folder.ansible();
    let (fail, write) = (
        folder.params("fail.yml", &[]),
        folder.params("write.yml", &[text("x")]),
    );
    // In check mode the command is passed over, so the dry run does not fail.
    let planned = ansible.plan(&draft(&fail)).await.unwrap();
    let described = ansible.describe(&draft(&write)).await.unwrap();
    let undo = action(&write);
    let plan = plan_as(
        RunId(9),
        &action(&fail),
        Some((&undo, &described)),
        &planned,
    );
    let approval = super::leave_as(
        RunId(9),
        &action(&fail),
        Some((&undo, &described)),
        &planned,
    );
    ansible.execute(&approval).await.unwrap();
    let end = end_of(&ansible, &plan, CallKind::Execute).await;
    assert!(
        matches!(&end, Status::Failed(why) if why.contains("a host failed")),
        "{end:?}"
    );
    ansible.rollback(&leave_to_undo(&plan)).await.unwrap();
    let end = end_of(&ansible, &plan, CallKind::Rollback).await;
    assert!(matches!(end, Status::Succeeded(_)), "{end:?}");
    assert_eq!(folder.told(), Some(serde_json::json!(["x"])));
}

#[tokio::test]
async fn a_project_that_was_changed_since_is_not_run() {
    let folder = Folder::new();
    let ansible = folder.ansible();
    let params = folder.params("write.yml", &[]);
    let planned = ansible.describe(&draft(&params)).await.unwrap();
    let approval = leave(&action(&params), &planned);
    std::fs::write(folder.project().join("extra.yml"), "[]").unwrap();
    let error = ansible.execute(&approval).await.unwrap_err();
    assert!(error.detail.contains("another one"), "{}", error.detail);
    assert_eq!(error.certainty, Certainty::Never);
    assert_eq!(folder.told(), None);
}

#[tokio::test]
async fn patterns_paths_and_odd_names_are_refused() {
    let folder = Folder::new();
    let ansible = folder.ansible();
    let refused = |change: fn(&mut Params)| {
        let (ansible, mut params) = (&ansible, folder.params("write.yml", &[]));
        change(&mut params);
        async move { ansible.plan(&draft(&params)).await.unwrap_err().detail }
    };
    for (change, said) in [
        (
            (|p: &mut Params| drop(p.insert("limit".into(), text("web*")))) as fn(&mut Params),
            "name of a host",
        ),
        (
            |p| drop(p.insert("limit".into(), text("all:!web"))),
            "name of a host",
        ),
        (
            |p| drop(p.insert("limit".into(), text("@/etc/passwd"))),
            "name of a host",
        ),
        (
            |p| drop(p.insert("limit".into(), text("-e"))),
            "name of a host",
        ),
        (
            |p| drop(p.insert("limit".into(), text("elsewhere"))),
            "host",
        ),
        (
            |p| drop(p.insert("playbook".into(), text("../write.yml"))),
            "playbook of the project",
        ),
        (
            |p| drop(p.insert("playbook".into(), text("/etc/x.yml"))),
            "playbook of the project",
        ),
        (
            |p| drop(p.insert("playbook".into(), text("--help"))),
            "playbook of the project",
        ),
        (|p| drop(p.insert("tags".into(), text("x"))), "params.tags"),
        (
            |p| {
                let odd = Params::from([("a b".to_owned(), Param::Null)]);
                p.insert("extra_vars".into(), Param::Map(odd));
            },
            "name of a variable",
        ),
        (
            |p| {
                let vault = Params::from([("__ansible_vault".to_owned(), text("x"))]);
                let odd = Params::from([("a".to_owned(), Param::Map(vault))]);
                p.insert("extra_vars".into(), Param::Map(odd));
            },
            "__ansible",
        ),
    ] {
        let detail = refused(change).await;
        assert!(detail.contains(said), "{detail}");
    }
}
