//! `ansible_tower` against its double, and what it sends against the real Ansible.

use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use tocsin_domain::automation::{CallKind, Param, Params, PlannedAction, PreviewKind, RunId};
use tocsin_harness::controllers::{AwxDouble, AwxJob, Mood, Reply, Request};

use super::{
    NASTY, action, draft, end_of, insist, leave, leave_as, leave_to_undo, mixed, order, plan_as,
    text,
};
use crate::automation::provider::{Certainty, Draft, Order, PlanError, Planned, Provider, Status};
use crate::automation::providers::ansible_tower::{AnsibleTower, AnsibleTowerConfig};
use crate::http::HttpConfig;
use crate::trackers::ConfigSecret;

fn config(double: &AwxDouble) -> AnsibleTowerConfig {
    AnsibleTowerConfig {
        url: double.url(),
        also: Vec::new(),
        api_path: "/api/v2".into(),
        token: ConfigSecret::new(AwxDouble::TOKEN.into()),
        token_file: None,
        user: String::new(),
        password: ConfigSecret::default(),
        password_file: None,
        dry_run: true,
    }
}

fn open(config: AnsibleTowerConfig) -> AnsibleTower {
    let http = HttpConfig {
        timeout_ms: 5000,
        proxy: None,
    };
    let tower = AnsibleTower::new(config, &http).unwrap();
    tower.hasty(Duration::ZERO)
}

fn start() -> (AwxDouble, AnsibleTower) {
    let double = AwxDouble::start().unwrap();
    let tower = open(config(&double));
    (double, tower)
}

fn params(template: &str) -> Params {
    let variables = Params::from([
        ("svc".to_owned(), text("nginx")),
        ("count".to_owned(), Param::Int(3)),
    ]);
    Params::from([
        ("job_template".to_owned(), text(template)),
        ("limit".to_owned(), text("web-1")),
        ("extra_vars".to_owned(), Param::Map(variables)),
    ])
}

/// The action of a plan.
fn acts(params: &Params, planned: &Planned) -> PlannedAction {
    PlannedAction {
        template: planned.template.clone(),
        ..action(params)
    }
}

/// The jobs that do something.
fn real(double: &AwxDouble) -> Vec<AwxJob> {
    double
        .jobs()
        .into_iter()
        .filter(|job| !job.is_check())
        .collect()
}

/// What becomes of launches, while everything else is obeyed.
fn launches(mood: &Mood) -> impl Fn(u64, &Request) -> Mood + Send + Sync + 'static {
    let mood = mood.clone();
    move |_, request| match request.method == "POST" && request.path.ends_with("/launch/") {
        true => mood.clone(),
        false => Mood::Obey,
    }
}

async fn refusal(tower: &AnsibleTower, change: impl FnOnce(&mut Params)) -> PlanError {
    let mut params = params("restart");
    change(&mut params);
    tower.plan(&draft(&params)).await.unwrap_err()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_is_tried_first_and_launched_once() {
    let (double, tower) = start();
    assert_eq!(tower.check().await.unwrap(), "version 23.3.1, as ops");
    let params = params("restart");
    let planned = tower.plan(&draft(&params)).await.unwrap();
    let preview = &planned.preview;
    assert_eq!(planned.template, "job template restart (8)");
    assert_eq!(
        (preview.kind, preview.hosts.as_slice()),
        (PreviewKind::DryRun, &["web-1".to_owned()][..])
    );
    assert!(preview.text.contains("+MaxClients 50"), "{}", preview.text);
    let names: Vec<&str> = preview
        .artifacts
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(names, ["template", "project revision"]);
    assert!(real(&double).is_empty(), "a dry run changes nothing");

    // It may be planned as often as one likes, and is tried once.
    let again = tower.plan(&draft(&params)).await.unwrap();
    assert_eq!(
        (again.preview, double.jobs().len()),
        (planned.preview.clone(), 1)
    );
    let approval = leave(&acts(&params, &planned), &planned);
    let plan = approval.plan();
    // The job in check mode is not mistaken for the execution.
    assert_eq!(
        tower.status(&order(plan, CallKind::Execute)).await,
        Ok(Status::Unknown)
    );
    let begun = tower.execute(&approval).await.unwrap();
    assert_eq!((begun.handle.as_str(), begun.over), ("job 2", None));
    let end = end_of(&tower, plan, CallKind::Execute).await;
    assert_eq!(
        end,
        Status::Succeeded("job 2 was successful after 4 s".into())
    );
    let begun = tower.execute(&approval).await.unwrap();
    assert_eq!((begun.handle.as_str(), real(&double).len()), ("job 2", 1));

    let job = &real(&double)[0];
    let run = plan.run.to_string();
    assert_eq!(
        job.variables(),
        json!({ "svc": "nginx", "count": 3, "tocsin_run": run })
    );
    assert_eq!(job.fields["limit"], "web-1");
    let order = order(plan, CallKind::Execute);
    let (printed, length) = tower.output(&order, 0).await.unwrap();
    assert!(printed.contains("changed: [web-1]"), "{printed}");
    let rest = tower.output(&order, length - 5).await.unwrap();
    assert_eq!(rest, (printed[printed.len() - 5..].to_owned(), length));
    assert_eq!(
        tower.output(&order, length).await.unwrap(),
        (String::new(), length)
    );
    tower.cancel(&order).await.unwrap();
    let shown = format!("{planned:?} {approval:?}");
    assert!(!shown.contains(AwxDouble::TOKEN));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_template_does_not_ask_for_is_refused_before_it_is_launched() {
    let (double, tower) = start();
    for (prompt, field, value) in [
        ("ask_limit_on_launch", "limit", text("web-1")),
        ("ask_inventory_on_launch", "inventory", text("fleet")),
        ("ask_tags_on_launch", "job_tags", text("a,b")),
        ("ask_skip_tags_on_launch", "skip_tags", text("c")),
    ] {
        double.set_field(AwxDouble::RESTART, prompt, false.into());
        let error = refusal(&tower, |p| drop(p.insert(field.into(), value))).await;
        assert!(
            error.detail.contains(prompt) && !error.is_temporary,
            "{}",
            error.detail
        );
        double.set_field(AwxDouble::RESTART, prompt, true.into());
    }
    double.set_field(AwxDouble::RESTART, "ask_variables_on_launch", false.into());
    let error = refusal(&tower, |p| drop(p.remove("extra_vars"))).await;
    assert!(error.detail.contains("`tocsin_run`"), "{}", error.detail);
    double.set_field(AwxDouble::RESTART, "ask_variables_on_launch", true.into());
    double.set_field(
        AwxDouble::RESTART,
        "passwords_needed",
        json!(["ssh_password"]),
    );
    let error = refusal(&tower, |_| ()).await;
    assert!(error.detail.contains("passwords"), "{}", error.detail);
    double.set_field(AwxDouble::RESTART, "passwords_needed", json!([]));
    double.set_field(AwxDouble::RESTART, "inventory", Value::Null);
    let error = refusal(&tower, |_| ()).await;
    assert!(
        error.detail.contains("`params.inventory` is missing"),
        "{}",
        error.detail
    );
    tower
        .plan(&draft(&{
            let mut params = params("restart");
            params.insert("inventory".into(), text("fleet"));
            params
        }))
        .await
        .unwrap();
    assert_eq!(double.jobs().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_survey_is_answered_or_nothing_is_launched() {
    let (double, tower) = start();
    let plan = async |variables: &[(&str, Param)]| {
        let pairs = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()));
        let params = Params::from([
            ("job_template".to_owned(), Param::Int(AwxDouble::SURVEYED)),
            ("extra_vars".to_owned(), Param::Map(pairs.collect())),
        ]);
        let planned = tower.plan(&draft(&params)).await;
        planned
            .map(|planned| planned.preview.text)
            .map_err(|error| error.detail)
    };
    let svc = || ("svc", text("nginx"));
    for (variables, said) in [
        (vec![], "asks for `svc`"),
        (vec![("svc", Param::Int(1))], "value of `svc` (a text)"),
        (
            vec![svc(), ("count", Param::Int(6))],
            "value of `count` (a integer)",
        ),
        (vec![svc(), ("count", text("3"))], "value of `count`"),
        (vec![svc(), ("mode", text("faster"))], "value of `mode`"),
        (vec![svc(), ("other", text("x"))], "would ignore `other`"),
    ] {
        let error = plan(&variables).await.unwrap_err();
        assert!(error.contains(said), "{error}");
    }
    let good = [svc(), ("count", Param::Int(5)), ("mode", text("slow"))];
    let shown = plan(&good).await.unwrap();
    assert!(
        shown.contains("ask_job_type_on_launch") && shown.contains("nginx"),
        "{shown}"
    );
    assert_eq!(double.jobs().len(), 0, "it was not tried");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_tried_is_described_and_says_why() {
    let (double, tower) = start();
    let workflow = Params::from([("workflow_job_template".to_owned(), text("repair"))]);
    let planned = tower.plan(&draft(&workflow)).await.unwrap();
    assert_eq!(planned.template, "workflow template repair (20)");
    assert_eq!(planned.preview.kind, PreviewKind::Described);
    assert!(
        planned.preview.text.contains("no check mode"),
        "{}",
        planned.preview.text
    );
    assert_eq!(planned.preview.hosts, AwxDouble::HOSTS);
    let approval = leave(&acts(&workflow, &planned), &planned);
    assert_eq!(
        tower.execute(&approval).await.unwrap().handle,
        "workflow job 1"
    );
    let end = end_of(&tower, approval.plan(), CallKind::Execute).await;
    assert!(matches!(end, Status::Succeeded(_)), "{end:?}");
    let (printed, _) = tower
        .output(&order(approval.plan(), CallKind::Execute), 0)
        .await
        .unwrap();
    assert_eq!(printed, "restart (job 70): successful\n");

    // A template whose jobs are cut into slices launches a workflow.
    double.set_field(AwxDouble::RESTART, "job_slice_count", 2.into());
    let quiet = open(AnsibleTowerConfig {
        dry_run: false,
        ..config(&double)
    });
    let mut params = params("restart");
    params.insert("job_template".into(), Param::Int(AwxDouble::RESTART));
    let planned = quiet.plan(&draft(&params)).await.unwrap();
    assert!(planned.preview.text.contains("the configuration says so"));
    let approval = leave_as(RunId(78), &acts(&params, &planned), None, &planned);
    double.set_mood(launches(&Mood::DoAndDrop));
    assert_eq!(
        quiet.execute(&approval).await.unwrap_err().certainty,
        Certainty::Unsure
    );
    assert_eq!(
        quiet.execute(&approval).await.unwrap().handle,
        "workflow job 2"
    );
    assert_eq!(double.jobs().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_that_fails_is_no_plan() {
    let (double, tower) = start();
    double.configure(|settings| settings.check_ends_as = Some("failed".into()));
    let error = refusal(&tower, |_| ()).await;
    assert!(
        error.detail.contains("FAILED") && !error.is_temporary,
        "{}",
        error.detail
    );
    // One that AWX could not run is tried again, and one that takes too long is stopped.
    double.configure(|settings| settings.check_ends_as = Some("error".into()));
    let other = |p: &mut Params| drop(p.insert("limit".into(), text("web-2")));
    assert!(refusal(&tower, other).await.is_temporary);
    assert!(refusal(&tower, other).await.is_temporary);
    assert_eq!(double.jobs().len(), 3);
    double.configure(|settings| settings.steps = u32::MAX);
    let mut slow = Draft {
        timeout_secs: 0,
        ..draft(&params("restart"))
    };
    slow.params.insert("limit".into(), text("db-1"));
    let error = tower.plan(&slow).await.unwrap_err();
    assert!(
        error.is_temporary && error.detail.contains("told to stop"),
        "{}",
        error.detail
    );
    assert_eq!(double.jobs()[3].status, "canceled");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_launched_and_not_answered_is_launched_once() {
    let (double, tower) = start();
    let params = params("restart");
    // The dry run too: the next attempt follows the job that is there.
    double.set_mood(launches(&Mood::DoAndDrop));
    assert!(tower.plan(&draft(&params)).await.unwrap_err().is_temporary);
    let planned = tower.plan(&draft(&params)).await.unwrap();
    assert_eq!(double.jobs().len(), 1);
    let approval = leave(&acts(&params, &planned), &planned);
    let plan = approval.plan();
    let error = tower.execute(&approval).await.unwrap_err();
    assert_eq!(error.certainty, Certainty::Unsure);
    let status = tower.status(&order(plan, CallKind::Execute)).await;
    assert_eq!(status, Ok(Status::Running));
    let end = end_of(&tower, plan, CallKind::Execute).await;
    assert!(matches!(end, Status::Succeeded(_)), "{end:?}");
    assert_eq!(real(&double).len(), 1);
    // What surely was not launched may be launched.
    let other = leave_as(RunId(78), &acts(&params, &planned), None, &planned);
    double.set_mood(launches(&Mood::Drop));
    let error = tower.execute(&other).await.unwrap_err();
    assert_eq!(error.certainty, Certainty::Unsure);
    let status = tower.status(&order(other.plan(), CallKind::Execute)).await;
    assert_eq!(status, Ok(Status::Unknown));
    assert!(tower.settles_within().is_zero());
    let patient = AnsibleTower::new(config(&double), &HttpConfig::default()).unwrap();
    assert!(patient.settles_within() > Duration::from_secs(120));
}

#[tokio::test(flavor = "multi_thread")]
async fn in_bad_weather_each_run_is_launched_once() {
    let (double, tower) = start();
    let params = params("restart");
    let planned = tower.plan(&draft(&params)).await.unwrap();
    double.set_mood(mixed);
    for number in 100..112 {
        let approval = leave_as(RunId(number), &acts(&params, &planned), None, &planned);
        let end = insist(&tower, &approval).await;
        assert!(matches!(end, Status::Succeeded(_)), "{end:?}");
    }
    let mut keys: Vec<String> = real(&double).iter().map(AwxJob::key).collect();
    keys.sort();
    let expected: Vec<String> = (100..112).map(|number| RunId(number).to_string()).collect();
    assert_eq!(keys, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_are_told_apart() {
    let (double, tower) = start();
    let params = params("restart");
    let planned = tower.plan(&draft(&params)).await.unwrap();
    let approval = leave(&acts(&params, &planned), &planned);
    for (status, expected) in [
        (400, Certainty::Never),
        (404, Certainty::Never),
        (302, Certainty::Never),
        (401, Certainty::NotNow),
        (403, Certainty::NotNow),
        (429, Certainty::NotNow),
        (408, Certainty::Unsure),
        (500, Certainty::Unsure),
        (504, Certainty::Unsure),
        // A page of a proxy in place of an answer.
        (200, Certainty::Unsure),
    ] {
        double.set_mood(launches(&Mood::Answer(Reply {
            status,
            headers: Vec::new(),
            body: "<html>".into(),
        })));
        let error = tower.execute(&approval).await.unwrap_err();
        assert_eq!(error.certainty, expected, "{status}: {}", error.detail);
    }
    // To look changes nothing, however it ends; what it does not say is not known.
    double.set_mood(|_, _| Mood::Answer(Reply::empty(500)));
    assert_eq!(
        tower.execute(&approval).await.unwrap_err().certainty,
        Certainty::NotNow
    );
    double.set_mood(|_, _| Mood::Answer(Reply::empty(404)));
    assert!(
        tower
            .status(&order(approval.plan(), CallKind::Execute))
            .await
            .is_err()
    );
    double.set_mood(|_, _| Mood::Obey);
    let wrong = open(AnsibleTowerConfig {
        token: ConfigSecret::new("wr0ng".into()),
        ..config(&double)
    });
    let error = wrong.check().await.unwrap_err();
    assert!(
        error.contains("401") && error.contains("token") && !error.contains("wr0ng"),
        "{error}"
    );
    drop(double);
    let error = tower.execute(&approval).await.unwrap_err();
    assert_eq!(error.certainty, Certainty::NotNow, "nobody listens");
    assert!(tower.plan(&draft(&params)).await.unwrap_err().is_temporary);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_awx_leaves_out_nevertheless_is_stopped_and_said() {
    let (double, tower) = start();
    let params = params("restart");
    let planned = tower.plan(&draft(&params)).await.unwrap();
    let approval = leave(&acts(&params, &planned), &planned);
    double.configure(|settings| settings.leaves_out = Some("limit".into()));
    let begun = tower.execute(&approval).await.unwrap();
    let Some(Status::Failed(why)) = begun.over else {
        panic!("{begun:?}");
    };
    assert!(
        why.contains("ignored limit") && why.contains("told to stop"),
        "{why}"
    );
    assert_eq!(real(&double)[0].status, "canceled");
    // A job in check mode that would not be one is stopped at once.
    double.configure(|settings| settings.leaves_out = Some("job_type".into()));
    let error = refusal(&tower, |p| drop(p.insert("limit".into(), text("web-2")))).await;
    assert!(
        error.detail.contains("ignored job_type"),
        "{}",
        error.detail
    );
    assert!(
        double
            .jobs()
            .iter()
            .all(|job| job.is_check() || job.status == "canceled")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_changed_since_is_not_launched() {
    let (double, tower) = start();
    let (act, undo) = (params("restart"), params("restart"));
    let planned = tower.plan(&draft(&act)).await.unwrap();
    let described = tower.describe(&draft(&undo)).await.unwrap();
    let (act, undo) = (acts(&act, &planned), acts(&undo, &described));
    let approval = leave_as(RunId(9), &act, Some((&undo, &described)), &planned);
    double.configure(|settings| settings.revision = "0000".into());
    let error = tower.execute(&approval).await.unwrap_err();
    assert!(
        error.detail.contains("project revision is another one"),
        "{}",
        error.detail
    );
    double.configure(|settings| settings.revision = "2d8c4f6e".into());
    double.set_field(AwxDouble::RESTART, "playbook", "other.yml".into());
    let error = tower.execute(&approval).await.unwrap_err();
    assert!(
        error.detail.contains("template is another one"),
        "{}",
        error.detail
    );
    assert_eq!(error.certainty, Certainty::Never);
    double.set_field(AwxDouble::RESTART, "playbook", "restart.yml".into());
    assert!(real(&double).is_empty());
    // How it is undone is launched under a key of its own.
    let plan = plan_as(RunId(9), &act, Some((&undo, &described)), &planned);
    tower.execute(&approval).await.unwrap();
    tower.rollback(&leave_to_undo(&plan)).await.unwrap();
    let end = end_of(&tower, &plan, CallKind::Rollback).await;
    assert!(matches!(end, Status::Succeeded(_)), "{end:?}");
    let keys: Vec<String> = real(&double).iter().map(AwxJob::key).collect();
    assert_eq!(
        keys,
        [RunId(9).to_string(), format!("{}-rollback", RunId(9))]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_on_can_be_stopped_and_what_fails_says_why() {
    let (double, tower) = start();
    let params = params("restart");
    let planned = tower.plan(&draft(&params)).await.unwrap();
    let approval = leave(&acts(&params, &planned), &planned);
    let order = order(approval.plan(), CallKind::Execute);
    tower.execute(&approval).await.unwrap();
    let with_handle = Order {
        handle: Some("job 2"),
        ..order.clone()
    };
    assert_eq!(tower.status(&with_handle).await, Ok(Status::Running));
    tower.cancel(&with_handle).await.unwrap();
    tower.cancel(&with_handle).await.unwrap();
    let end = tower.status(&order).await.unwrap();
    assert_eq!(
        end,
        Status::Cancelled("job 2 was cancelled after 4 s".into())
    );

    double.configure(|settings| settings.ends_as = "failed".into());
    let failing = leave_as(RunId(78), &acts(&params, &planned), None, &planned);
    tower.execute(&failing).await.unwrap();
    let end = end_of(&tower, failing.plan(), CallKind::Execute).await;
    assert!(
        matches!(&end, Status::Failed(why) if why.contains("fatal: [web-1]")),
        "{end:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn patterns_odd_names_and_other_places_are_refused() {
    let (double, tower) = start();
    type Change = fn(&mut Params);
    let changes: [(Change, &str); 12] = [
        (
            |p| drop(p.insert("limit".into(), text("web*"))),
            "name of a host",
        ),
        (
            |p| drop(p.insert("limit".into(), text("web-1:!db"))),
            "name of a host",
        ),
        (
            |p| drop(p.insert("limit".into(), text("web-9"))),
            "no enabled host `web-9`",
        ),
        (
            |p| drop(p.insert("job_template".into(), text("nope"))),
            "no job templates `nope`",
        ),
        (
            |p| drop(p.insert("organization".into(), text("other"))),
            "no job templates `restart`",
        ),
        (
            |p| drop(p.insert("workflow_job_template".into(), text("repair"))),
            "either",
        ),
        (|p| drop(p.remove("job_template")), "either"),
        (
            |p| drop(p.insert("verbosity".into(), Param::Int(5))),
            "params.verbosity",
        ),
        (
            |p| drop(p.insert("job_tags".into(), text("a b"))),
            "expected tags",
        ),
        (
            |p| drop(p.insert("inventory".into(), text("none"))),
            "no inventories `none`",
        ),
        (
            |p| {
                let odd = Params::from([("tocsin_run".to_owned(), text("x"))]);
                p.insert("extra_vars".into(), Param::Map(odd));
            },
            "known again",
        ),
        (
            |p| {
                let odd = Params::from([("a b".to_owned(), text("x"))]);
                p.insert("extra_vars".into(), Param::Map(odd));
            },
            "name of a variable",
        ),
    ];
    for (change, said) in changes {
        let error = refusal(&tower, change).await;
        assert!(
            error.detail.contains(said) && !error.is_temporary,
            "{}",
            error.detail
        );
    }
    let elsewhere = Draft {
        base_url: Some("http://169.254.169.254".into()),
        ..draft(&params("restart"))
    };
    let error = tower.plan(&elsewhere).await.unwrap_err();
    assert!(error.detail.contains("does not know"), "{}", error.detail);
    assert_eq!(double.jobs().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn newer_platforms_have_another_path_and_accounts_have_passwords() {
    let double = AwxDouble::start_at("/api/controller/v2").unwrap();
    let by_password = AnsibleTowerConfig {
        api_path: "/api/controller/v2/".into(),
        token: ConfigSecret::default(),
        user: AwxDouble::USER.into(),
        password: ConfigSecret::new(AwxDouble::PASSWORD.into()),
        ..config(&double)
    };
    let tower = open(by_password.clone());
    tower.check().await.unwrap();
    let planned = tower.plan(&draft(&params("restart"))).await.unwrap();
    assert_eq!(planned.preview.kind, PreviewKind::DryRun);
    let at_another = open(config(&double));
    assert!(at_another.check().await.is_err());

    let wrong = |change: fn(&mut AnsibleTowerConfig)| {
        let mut config = by_password.clone();
        change(&mut config);
        let refused = AnsibleTower::new(config, &HttpConfig::default()).err();
        refused.map(|error| error.field).unwrap_or_default()
    };
    assert_eq!(wrong(|c| c.url = "http://awx.example.org".into()), "url");
    assert_eq!(wrong(|c| c.also = vec!["ftp://x".into()]), "also");
    assert_eq!(wrong(|c| c.api_path = "api v2".into()), "api_path");
    assert_eq!(wrong(|c| c.user = String::new()), "token");
    assert_eq!(wrong(|c| c.token = ConfigSecret::new("t".into())), "token");
    assert_eq!(wrong(|_| ()), "");
}

/// Writes extra variables as AWX does for its runner: each text marked as unsafe, or, where its
/// administrator lets templates be, as they are.
const AS_AWX: &str = r"
import json, sys, yaml

class Marked(yaml.SafeDumper):
    def represent_data(self, value):
        if isinstance(value, str):
            return self.represent_scalar('!unsafe', value)
        return super().represent_data(value)

dumper = Marked if sys.argv[1] == 'marked' else yaml.SafeDumper
for name, value in json.load(sys.stdin).items():
    print(yaml.dump({name: value}, Dumper=dumper, default_flow_style=False))
";
const PLAYBOOK: &str = r#"
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.copy:
        content: "{{ texts | map('string') | list | to_json }}"
        dest: "{{ folder }}/told"
        mode: "0600"
"#;

/// Runs the real Ansible with variables as AWX hands them on.
fn real_ansible(variables: &str, how: &str) -> Value {
    let python = tocsin_harness::python().unwrap();
    let bin = python.ancestors().nth(3).unwrap().join("ansible/bin");
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("vars.json"), variables).unwrap();
    let written = Command::new(bin.join("python"))
        .args(["-c", AS_AWX, how])
        .stdin(std::fs::File::open(at("vars.json")).unwrap())
        .output()
        .unwrap();
    assert!(
        written.status.success(),
        "{}",
        String::from_utf8_lossy(&written.stderr)
    );
    std::fs::write(at("extravars.yml"), &written.stdout).unwrap();
    std::fs::write(at("play.yml"), PLAYBOOK).unwrap();
    let inventory = "localhost ansible_connection=local \
        ansible_python_interpreter='{{ ansible_playbook_python }}'\n";
    std::fs::write(at("hosts"), inventory).unwrap();
    let ran = Command::new(bin.join("ansible-playbook"))
        .arg("-i")
        .arg(at("hosts"))
        .args(["-e", &format!("@{}", at("extravars.yml").display())])
        .args(["-e", &json!({ "folder": folder.path() }).to_string()])
        .arg(at("play.yml"))
        .env("ANSIBLE_HOME", folder.path())
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(
        ran.status.success(),
        "{said} {}",
        String::from_utf8_lossy(&ran.stderr)
    );
    serde_json::from_str(&std::fs::read_to_string(at("told")).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_value_arrives_as_it_is_or_is_refused() {
    let (double, tower) = start();
    let with = |texts: &[&str]| {
        let texts = texts.iter().map(|one| text(one)).collect();
        let variables = Params::from([("texts".to_owned(), Param::List(texts))]);
        let mut params = params("restart");
        params.insert("extra_vars".into(), Param::Map(variables));
        params
    };
    let more = [
        "1234",
        "-5",
        "1.5",
        "10.0.0.1",
        "2026-11-29",
        "web-1",
        "[[ 7 * 7 ]]",
        "}} {a} {",
    ];
    let (mut good, mut refused) = (Vec::new(), Vec::new());
    for nasty in NASTY.iter().chain(&more) {
        match tower.describe(&draft(&with(&[nasty]))).await {
            Ok(_) => good.push(*nasty),
            Err(error) => {
                assert!(
                    error.detail.contains("params.extra_vars.texts"),
                    "{}",
                    error.detail
                );
                refused.push(*nasty);
            }
        }
    }
    let expected = [
        "{{ 7 * 7 }}",
        "{% for x in range(9) %}x{% endfor %}{# gone #}",
        "{{ lookup('pipe', 'id') }}",
        "yes",
        "null",
        "~",
        "0x1F",
        "",
    ];
    assert_eq!(refused, expected);

    let params = with(&good);
    let planned = tower.plan(&draft(&params)).await.unwrap();
    tower
        .execute(&leave(&acts(&params, &planned), &planned))
        .await
        .unwrap();
    for job in double.jobs() {
        assert_eq!(job.variables()["texts"], json!(good));
        for how in ["marked", "plain"] {
            assert_eq!(real_ansible(&job.extra_vars, how), json!(good), "{how}");
        }
    }
    assert_eq!(double.jobs().len(), 2);
    // Names of a map are values as well.
    let inner = Params::from([("{{ 1 }}".to_owned(), text("x"))]);
    let mut odd = with(&[]);
    let variables = Params::from([("texts".to_owned(), Param::Map(inner))]);
    odd.insert("extra_vars".into(), Param::Map(variables));
    assert!(tower.describe(&draft(&odd)).await.is_err());
    assert!(!std::path::Path::new("/tmp/tocsin-was-here").exists());
}
