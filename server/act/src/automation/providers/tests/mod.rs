//! The providers against the real programs, and against text that wants to be more than text.

mod ansible;
mod ansible_tower;
mod demo;
mod records;
mod script;
mod terraform;
mod terraform_cloud;
mod webhook;

use std::time::Duration;

use tocsin_domain::alert::{Alert, AlertKind, AlertSeverity, LabelSet};
use tocsin_domain::automation::{
    ActionTemplate, CallKind, Param, Params, Plan, PlannedAction, RunId, RunState,
};

use tocsin_harness::controllers::{Mood, Reply, Request};

use super::UNDO;
use crate::automation::matching::probe;
use crate::automation::policy::{Approval, leave_to_execute, leave_to_roll_back};
use crate::automation::provider::{Certainty, Draft, Order, Planned, Provider, Status};
use crate::automation::render::Renderer;
use crate::automation::tests::plan::{plan, run};
use crate::automation::words::names;

/// Texts that some target takes for more than text, if it is let.
pub(super) const NASTY: &[&str] = &[
    "$(touch /tmp/tocsin-was-here)",
    "`id` && id; id | id > /tmp/tocsin-was-here #",
    "'; DROP TABLE runs; --",
    "\"; exit 1; \"",
    "a\nb\r\n\tc",
    "x\n- hosts: all\n  tasks: []",
    "{{ 7 * 7 }}",
    "{% for x in range(9) %}x{% endfor %}{# gone #}",
    "{{ lookup('pipe', 'id') }}",
    "${file(\"/etc/passwd\")} %{ if true }x%{ endif } $${x}",
    "\", \"destroy\": true, \"x\": \"",
    "{\"a\": [1, 2]}",
    "[1, 2, 3]",
    "!unsafe x",
    "!!python/object/apply:os.system ['id']",
    "*anchor &other <<: x",
    "yes",
    "null",
    "~",
    "0x1F",
    "1e3",
    "key=value other=value",
    "a: b",
    "# no comment",
    "@/etc/passwd",
    "\\n\\u0041\\",
    "  spaces at both ends  ",
    "\u{feff}\u{85}\u{2028}\u{7f}\u{1b}[31m\u{8}",
    "é 😀 \u{10ffff} \u{202e}",
    "%s %n %(x)s",
    "../../../etc/passwd",
    "",
];

/// A plan of an action, agreed to, as leave to do it.
pub(super) fn leave(action: &PlannedAction, planned: &Planned) -> Approval {
    leave_as(RunId(77), action, None, planned)
}

/// The same for one run or another, with how it is undone.
pub(super) fn leave_as(
    id: RunId,
    action: &PlannedAction,
    undo: Option<(&PlannedAction, &Planned)>,
    planned: &Planned,
) -> Approval {
    let plan = plan_as(id, action, undo, planned);
    leave_to_execute((&run(&plan, RunState::Approved), &plan), &[], 1).unwrap()
}

pub(super) fn leave_to_undo(plan: &Plan) -> Approval {
    let mut run = run(plan, RunState::RollingBack);
    run.executed_ms = Some(1);
    leave_to_roll_back((&run, plan), &[]).unwrap()
}

pub(super) fn plan_as(
    id: RunId,
    action: &PlannedAction,
    undo: Option<(&PlannedAction, &Planned)>,
    planned: &Planned,
) -> Plan {
    let mut preview = planned.preview.clone();
    if let Some((_, planned)) = undo {
        let artifacts = planned.preview.artifacts.iter();
        let artifacts = artifacts.map(|(name, hash)| (format!("{UNDO}{name}"), hash.clone()));
        preview.artifacts.extend(artifacts);
    }
    Plan {
        run: id,
        action: action.clone(),
        rollback: undo.map(|(action, _)| action.clone()),
        preview,
        stages: Vec::new(),
        ..plan()
    }
}

pub(super) fn action(params: &Params) -> PlannedAction {
    PlannedAction {
        provider: "p".into(),
        template: String::new(),
        base_url: None,
        params: params.clone(),
    }
}

pub(super) fn draft(params: &Params) -> Draft {
    Draft {
        run: RunId(77),
        base_url: None,
        params: params.clone(),
        timeout_secs: 60,
        is_dry_run: false,
    }
}

pub(super) fn text(text: &str) -> Param {
    Param::Text(text.into())
}

/// An order about what a plan asks for, of which nothing was answered.
pub(super) fn order(plan: &Plan, kind: CallKind) -> Order<'_> {
    Order {
        plan,
        kind,
        handle: None,
    }
}

/// What becomes of requests to a double, mixed by a fixed hash: some are lost on the way, some are
/// done and not answered, some are refused for now.
pub(super) fn mixed(number: u64, _: &Request) -> Mood {
    let hash = number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    let answer = |status| Mood::Answer(Reply::empty(status));
    match hash % 18 {
        0 | 1 => Mood::DoAndDrop,
        2 => Mood::Drop,
        3 => answer(503),
        4 => answer(429),
        5 => answer(500),
        _ => Mood::Obey,
    }
}

/// Has a provider do what is approved, as the driver does it in bad weather: of what may have been
/// told it is asked before it is told again. How it ended.
pub(super) async fn insist(provider: &dyn Provider, approval: &Approval) -> Status {
    let mut handle: Option<String> = None;
    let mut is_told = false;
    for _ in 0..2000 {
        if is_told {
            let order = Order {
                plan: approval.plan(),
                kind: approval.kind(),
                handle: handle.as_deref(),
            };
            match provider.status(&order).await {
                Ok(Status::Unknown) => {
                    assert_eq!(handle, None, "what began is not forgotten");
                    is_told = false;
                }
                Ok(Status::Running) | Err(_) => {}
                Ok(over) => return over,
            }
            continue;
        }
        is_told = true;
        match provider.execute(approval).await {
            Ok(begun) => match begun.over {
                Some(over) => return over,
                None => handle = Some(begun.handle),
            },
            Err(error) => assert_ne!(error.certainty, Certainty::Never, "{}", error.detail),
        }
    }
    panic!("it does not end");
}

/// How it ended.
pub(super) async fn end_of(provider: &dyn Provider, plan: &Plan, kind: CallKind) -> Status {
    let order = Order {
        plan,
        kind,
        handle: None,
    };
    for _ in 0..3000 {
        match provider.status(&order).await.unwrap() {
            Status::Running => tokio::time::sleep(Duration::from_millis(20)).await,
            status => return status,
        }
    }
    panic!("it does not end");
}

#[test]
fn every_field_of_an_alert_reaches_a_parameter_as_one_literal() {
    let renderer = Renderer::default();
    let fields = [
        "title",
        "rule",
        "failure_type",
        "labels.host",
        "labels['host']",
        "annotations.summary",
    ];
    for nasty in NASTY.iter().filter(|nasty| !nasty.is_empty()) {
        let labels = LabelSet::new([("host", *nasty)]);
        let alert = Alert {
            title: (*nasty).to_owned(),
            rule: (*nasty).to_owned(),
            failure_type: Some((*nasty).to_owned()),
            annotations: LabelSet::new([("summary", *nasty)]),
            labels,
            ..probe(1, AlertSeverity::High, AlertKind::Realtime, 0.9)
        };
        let names = names(&alert, Some(RunId(1)), &[(*nasty).to_owned()]);
        for field in fields
            .map(|field| format!("alert.{field}"))
            .iter()
            .chain(&["target".to_owned(), "targets[0]".to_owned()])
        {
            let template = ActionTemplate {
                provider: "p".into(),
                base_url: None,
                params: Params::from([
                    ("alone".to_owned(), text(&format!("{{{{ {field} }}}}"))),
                    ("within".to_owned(), text(&format!("<{{{{ {field} }}}}>"))),
                    (
                        "list".to_owned(),
                        Param::List(vec![text(&format!("{{{{ {field} }}}}"))]),
                    ),
                ]),
            };
            renderer.check(&template).unwrap();
            let params = renderer.params(&template.params, &names).unwrap();
            assert_eq!(params["alone"], text(nasty), "{field}");
            assert_eq!(params["within"], text(&format!("<{nasty}>")), "{field}");
            assert_eq!(params["list"], Param::List(vec![text(nasty)]), "{field}");
        }
    }
}

#[test]
fn the_folders_of_old_runs_are_removed_and_no_others() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("scripts/run");
    std::fs::create_dir_all(&run).unwrap();
    std::fs::write(folder.path().join("scripts/file"), "").unwrap();
    let now = std::time::SystemTime::now();
    super::remove_old(folder.path(), now).unwrap();
    assert!(run.exists());
    super::remove_old(
        folder.path(),
        now + super::FOLDER_KEPT + Duration::from_secs(60),
    )
    .unwrap();
    assert!(!run.exists() && folder.path().join("scripts/file").exists());
    super::remove_old(&folder.path().join("none"), now).unwrap();
}
