//! `terraform_cloud` against its double, and what it sends against the real Terraform.

use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use tocsin_domain::automation::{
    CallKind, ChangeCounts, Param, Params, Plan, PlannedAction, PreviewKind, RunId, RunState,
};
use tocsin_harness::controllers::{CloudRun, Mood, Reply, Request, TerraformCloudDouble as Double};

use super::{
    NASTY, action, draft, end_of, insist, leave, leave_as, leave_to_undo, mixed, order, plan_as,
    text,
};
use crate::automation::policy::{Approval, leave_to_execute};
use crate::automation::provider::{Certainty, Draft, Order, PlanError, Planned, Provider, Status};
use crate::automation::providers::terraform_cloud::{TerraformCloud, TerraformCloudConfig};
use crate::http::HttpConfig;
use crate::trackers::ConfigSecret;

struct World {
    double: Double,
    cloud: TerraformCloud,
    folder: tempfile::TempDir,
}

fn open(double: &Double, folder: &tempfile::TempDir, may_destroy: bool) -> TerraformCloud {
    let config = TerraformCloudConfig {
        url: double.url(),
        also: Vec::new(),
        organization: Double::ORGANIZATION.into(),
        token: ConfigSecret::new(Double::TOKEN.into()),
        token_file: None,
        may_destroy,
    };
    let http = HttpConfig {
        timeout_ms: 5000,
        proxy: None,
    };
    let cloud = TerraformCloud::new(config, &http, folder.path().to_owned()).unwrap();
    cloud.hasty(Duration::ZERO)
}

fn start() -> World {
    let double = Double::start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let cloud = open(&double, &folder, false);
    World {
        double,
        cloud,
        folder,
    }
}

fn params(value: &str) -> Params {
    let vars = Params::from([("flag".to_owned(), text(value))]);
    Params::from([
        ("workspace".to_owned(), text(Double::WORKSPACE)),
        ("vars".to_owned(), Param::Map(vars)),
    ])
}

fn of_run(id: u128, params: &Params) -> Draft {
    Draft {
        run: RunId(id),
        ..draft(params)
    }
}

/// What becomes of requests to a path, while everything else is obeyed.
fn at(end: &'static str, mood: &Mood) -> impl Fn(u64, &Request) -> Mood + Send + Sync + 'static {
    let mood = mood.clone();
    move |_, request| match request.method == "POST" && request.path.ends_with(end) {
        true => mood.clone(),
        false => Mood::Obey,
    }
}

fn change(actions: &[&str]) -> Value {
    json!([{ "address": "terraform_data.flag", "change": { "actions": actions,
        "before": { "input": "off" }, "after": { "input": "on" } } }])
}

fn only_run(double: &Double) -> CloudRun {
    let mut runs = double.runs();
    assert_eq!(runs.len(), 1, "{runs:#?}");
    runs.remove(0)
}

/// The archive is on another host, and is not told who we are.
fn check_archive(double: &Double) {
    let archived = double.archive_requests();
    assert!(archived.len() >= 3);
    let knows = |request: &Request| request.headers.contains_key("authorization");
    assert!(!archived.iter().any(knows));
}

#[tokio::test(flavor = "multi_thread")]
async fn exactly_the_run_that_was_agreed_to_is_confirmed() {
    let World { double, cloud, .. } = start();
    assert_eq!(cloud.check().await.unwrap(), "organization acme");
    let params = params("on");
    let planned = cloud.plan(&draft(&params)).await.unwrap();
    assert_eq!(planned.template, "workspace shop");
    let preview = &planned.preview;
    let counts = ChangeCounts {
        add: 1,
        change: 0,
        destroy: 0,
    };
    assert_eq!(
        (preview.kind, preview.counts),
        (PreviewKind::Plan, Some(counts))
    );
    assert!(
        preview.text.contains("+ terraform_data.flag\n"),
        "{}",
        preview.text
    );
    assert!(
        preview.text.contains("input: null -> \"on\""),
        "{}",
        preview.text
    );
    let run = only_run(&double);
    let id = RunId(77).to_string();
    assert!(
        run.message.starts_with(&format!("Tocsin {id} ")),
        "{}",
        run.message
    );
    assert_eq!((run.status.as_str(), run.applies), ("planned", 0));
    assert_eq!(run.attributes["auto-apply"], false);
    // It may be planned as often as one likes: it is the same run.
    let again = cloud.plan(&draft(&params)).await.unwrap();
    assert_eq!(
        (again.preview, double.runs().len()),
        (planned.preview.clone(), 1)
    );

    let approval = leave(&action(&params), &planned);
    let plan = approval.plan();
    assert_eq!(
        cloud.status(&order(plan, CallKind::Execute)).await,
        Ok(Status::Unknown)
    );
    let begun = cloud.execute(&approval).await.unwrap();
    assert_eq!((begun.handle.as_str(), begun.over), (run.id.as_str(), None));
    let end = end_of(&cloud, plan, CallKind::Execute).await;
    assert_eq!(end, Status::Succeeded(format!("{} is applied", run.id)));
    let run = only_run(&double);
    assert_eq!(
        (run.applies, run.comments),
        (1, vec![format!("Tocsin {id}")])
    );
    let order = order(plan, CallKind::Execute);
    let (log, length) = cloud.output(&order, 0).await.unwrap();
    assert!(log.contains("Apply complete! Resources: 1 added"), "{log}");
    assert_eq!(
        cloud.output(&order, length).await.unwrap(),
        (String::new(), length)
    );
    // Told again, it is not applied again; and what is applied is not let go of.
    let begun = cloud.execute(&approval).await.unwrap();
    assert!(matches!(begun.over, Some(Status::Succeeded(_))));
    assert_eq!(cloud.discard(RunId(77), Some(plan)).await, Ok(None));
    assert_eq!(only_run(&double).applies, 1);
    check_archive(&double);
    assert!(!format!("{planned:?} {approval:?}").contains(Double::TOKEN));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_destroys_or_changes_nothing_is_refused_and_discarded() {
    let World {
        double,
        cloud,
        folder,
    } = start();
    double.configure(|settings| settings.changes = change(&["delete", "create"]));
    let error = cloud.plan(&of_run(1, &params("on"))).await.unwrap_err();
    assert!(
        error.detail.contains("would destroy 1") && !error.is_temporary,
        "{}",
        error.detail
    );
    assert!(
        error.detail.contains("-/+ terraform_data.flag"),
        "{}",
        error.detail
    );
    assert_eq!(double.runs()[0].status, "discarded");
    let allowed = open(&double, &folder, true);
    let planned = allowed.plan(&of_run(2, &params("on"))).await.unwrap();
    let counts = ChangeCounts {
        add: 1,
        change: 0,
        destroy: 1,
    };
    assert_eq!(planned.preview.counts, Some(counts));
    allowed.discard(RunId(2), None).await.unwrap();
    double.configure(|settings| settings.changes = json!([]));
    let error = cloud.plan(&of_run(3, &params("on"))).await.unwrap_err();
    assert!(error.detail.contains("nothing to change") && !error.is_temporary);
    let mut all = params("on");
    all.insert("is_destroy".into(), Param::Bool(true));
    let error = cloud.plan(&of_run(4, &all)).await.unwrap_err();
    assert!(
        error.detail.contains("forbids to destroy"),
        "{}",
        error.detail
    );
    assert_eq!(double.runs().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_waited_for_wherever_it_stops() {
    let World { double, cloud, .. } = start();
    for (number, waits_as) in (1..).zip(["cost_estimated", "policy_checked"]) {
        double.configure(|settings| settings.waits_as = waits_as.into());
        let planned = cloud.plan(&of_run(number, &params("on"))).await.unwrap();
        let approval = leave_as(RunId(number), &action(&params("on")), None, &planned);
        assert!(matches!(
            insist(&cloud, &approval).await,
            Status::Succeeded(_)
        ));
    }
    double.configure(|settings| settings.waits_as = "policy_override".into());
    let error = cloud.plan(&of_run(3, &params("on"))).await.unwrap_err();
    assert!(error.detail.contains("needs an override") && !error.is_temporary);
    double.configure(|settings| settings.plan_ends_as = Some("errored".into()));
    let error = cloud.plan(&of_run(4, &params("on"))).await.unwrap_err();
    assert!(
        error.detail.contains("could not be planned"),
        "{}",
        error.detail
    );
    // Behind other runs it waits, and is the same run when it is asked again.
    double.configure(|settings| {
        settings.plan_ends_as = None;
        settings.waits_as = "planned".into();
        settings.is_busy = true;
    });
    let hurried = Draft {
        timeout_secs: 0,
        ..of_run(5, &params("on"))
    };
    let error = cloud.plan(&hurried).await.unwrap_err();
    assert!(
        error.detail.contains("`pending`") && error.is_temporary,
        "{}",
        error.detail
    );
    double.configure(|settings| settings.is_busy = false);
    cloud.plan(&of_run(5, &params("on"))).await.unwrap();
    let states: Vec<String> = double.runs().into_iter().map(|run| run.status).collect();
    assert_eq!(
        states,
        ["applied", "applied", "discarded", "errored", "planned"]
    );
    // A state that is not known is no end.
    cloud.discard(RunId(5), None).await.unwrap();
    double.configure(|settings| settings.waits_as = "pre_magic_running".into());
    let hurried = Draft {
        timeout_secs: 1,
        ..of_run(6, &params("on"))
    };
    let error = cloud.plan(&hurried).await.unwrap_err();
    assert!(
        error.is_temporary && error.detail.contains("`pre_magic_running`"),
        "{}",
        error.detail
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_carried_out_is_discarded() {
    let World {
        double,
        cloud,
        folder,
    } = start();
    let planned = cloud.plan(&draft(&params("on"))).await.unwrap();
    let plan = plan_as(RunId(77), &action(&params("on")), None, &planned);
    let said = cloud.discard(RunId(77), Some(&plan)).await.unwrap();
    let id = only_run(&double).id;
    assert_eq!(said, Some(format!("{id} is discarded")));
    assert_eq!(cloud.discard(RunId(77), Some(&plan)).await, Ok(None));
    // A plan that was never made known: the run was made, and the answer was lost.
    double.set_mood(at("/runs", &Mood::DoAndDrop));
    assert!(
        cloud
            .plan(&of_run(78, &params("on")))
            .await
            .unwrap_err()
            .is_temporary
    );
    double.set_mood(|_, _| Mood::Obey);
    assert_eq!(double.runs()[1].status, "pending");
    let other = open(&double, &folder, false);
    let said = other.discard(RunId(78), None).await.unwrap();
    assert_eq!(said, Some(format!("{} is discarded", double.runs()[1].id)));
    assert_eq!(other.discard(RunId(78), None).await, Ok(None));
    assert_eq!(
        other.discard(RunId(79), None).await,
        Ok(None),
        "nothing was made for it"
    );
    // It is asked again as long as it cannot be asked.
    cloud.plan(&of_run(80, &params("on"))).await.unwrap();
    double.set_mood(|_, _| Mood::Answer(Reply::empty(503)));
    assert!(cloud.discard(RunId(80), None).await.is_err());
    double.set_mood(|_, _| Mood::Obey);
    assert!(cloud.discard(RunId(80), None).await.unwrap().is_some());
    // What was discarded there is not applied, for certain.
    let approval = leave(&action(&params("on")), &planned);
    assert_eq!(
        cloud.execute(&approval).await.unwrap_err().certainty,
        Certainty::Never
    );
    assert_eq!(double.runs().iter().map(|run| run.applies).sum::<u32>(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_only_plans_makes_a_run_that_only_plans() {
    let World { double, cloud, .. } = start();
    let dry = Draft {
        is_dry_run: true,
        ..draft(&params("on"))
    };
    let planned = cloud.plan(&dry).await.unwrap();
    assert_eq!(planned.preview.kind, PreviewKind::DryRun);
    assert_eq!(only_run(&double).attributes["plan-only"], true);
    assert_eq!(only_run(&double).status, "planned_and_finished");
    assert_eq!(cloud.discard(RunId(77), None).await, Ok(None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_values_are_others_by_now_is_another() {
    let World { double, cloud, .. } = start();
    let first = cloud.plan(&draft(&params("on"))).await.unwrap();
    let second = cloud.plan(&draft(&params("off"))).await.unwrap();
    let states: Vec<String> = double.runs().into_iter().map(|run| run.status).collect();
    assert_eq!(states, ["discarded", "planned"]);
    let stale = leave(&action(&params("on")), &first);
    assert_eq!(
        cloud.execute(&stale).await.unwrap_err().certainty,
        Certainty::Never
    );
    // A plan with the name of one run and the hash of another is none.
    let mut forged: Planned = second.clone();
    forged.preview.artifacts[0]
        .1
        .clone_from(&first.preview.artifacts[0].1);
    let forged = leave(&action(&params("off")), &forged);
    let error = cloud.execute(&forged).await.unwrap_err();
    assert!(error.detail.contains("another one"), "{}", error.detail);
    assert_eq!(double.runs()[1].applies, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_confirmed_and_not_answered_is_applied_once() {
    let World { double, cloud, .. } = start();
    let planned = cloud.plan(&draft(&params("on"))).await.unwrap();
    let approval = leave(&action(&params("on")), &planned);
    let asked = order(approval.plan(), CallKind::Execute);
    double.set_mood(at("/actions/apply", &Mood::Drop));
    assert_eq!(
        cloud.execute(&approval).await.unwrap_err().certainty,
        Certainty::Unsure
    );
    assert_eq!(cloud.status(&asked).await, Ok(Status::Unknown));
    // Right after it took it, it may not be seen to have.
    let begun = Order {
        handle: Some("run"),
        ..asked.clone()
    };
    assert_eq!(cloud.status(&begun).await, Ok(Status::Running));
    double.set_mood(at("/actions/apply", &Mood::DoAndDrop));
    assert_eq!(
        cloud.execute(&approval).await.unwrap_err().certainty,
        Certainty::Unsure
    );
    assert_eq!(cloud.status(&asked).await, Ok(Status::Running));
    assert_eq!(cloud.execute(&approval).await.unwrap().over, None);
    let end = end_of(&cloud, approval.plan(), CallKind::Execute).await;
    assert!(matches!(end, Status::Succeeded(_)), "{end:?}");
    assert_eq!(only_run(&double).applies, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_bad_weather_each_run_is_made_and_applied_once() {
    let World { double, cloud, .. } = start();
    double.set_mood(mixed);
    let mut unfinished: Option<PlanError> = None;
    for number in 100..112 {
        let draft = of_run(number, &params("on"));
        let mut planned = None;
        for _ in 0..200 {
            match cloud.plan(&draft).await {
                Ok(good) => {
                    planned = Some(good);
                    break;
                }
                Err(error) if error.is_temporary => unfinished = Some(error),
                Err(error) => panic!("{}", error.detail),
            }
        }
        let planned = planned.unwrap_or_else(|| panic!("{unfinished:?}"));
        let approval = leave_as(RunId(number), &action(&params("on")), None, &planned);
        let end = insist(&cloud, &approval).await;
        assert!(matches!(end, Status::Succeeded(_)), "{end:?}");
    }
    let runs = double.runs();
    for number in 100..112 {
        let beginning = format!("Tocsin {} ", RunId(number));
        let its: Vec<&CloudRun> = runs
            .iter()
            .filter(|run| run.message.starts_with(&beginning))
            .collect();
        assert_eq!(
            its.iter().map(|run| run.applies).sum::<u32>(),
            1,
            "{its:#?}"
        );
        assert_eq!(its.len(), 1, "{its:#?}");
    }
}

/// What a plan, agreed to, lets be done; and the plan.
fn undoable(id: u128, act: &str, undo: &str, planned: &Planned) -> (Plan, Approval) {
    let undo: PlannedAction = action(&params(undo));
    let described = Planned {
        template: String::new(),
        preview: tocsin_domain::automation::Preview {
            artifacts: Vec::new(),
            ..planned.preview.clone()
        },
    };
    let plan = plan_as(
        RunId(id),
        &action(&params(act)),
        Some((&undo, &described)),
        planned,
    );
    let run = crate::automation::tests::plan::run(&plan, RunState::Approved);
    let approval = leave_to_execute((&run, &plan), &[], 1).unwrap();
    (plan, approval)
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_undone_by_a_run_of_its_own_under_the_same_rule() {
    let World { double, cloud, .. } = start();
    let planned = cloud.plan(&draft(&params("on"))).await.unwrap();
    let described = cloud.describe(&draft(&params("off"))).await.unwrap();
    assert_eq!(described.preview.kind, PreviewKind::Described);
    assert!(
        described.preview.text.contains("\\\"off\\\""),
        "{}",
        described.preview.text
    );
    let (plan, approval) = undoable(77, "on", "off", &planned);
    assert!(matches!(
        insist(&cloud, &approval).await,
        Status::Succeeded(_)
    ));
    let undo = leave_to_undo(&plan);
    let asked = order(&plan, CallKind::Rollback);
    assert_eq!(cloud.status(&asked).await, Ok(Status::Unknown));
    // The answer to the making of the run is lost: it is found and confirmed, once.
    double.set_mood(at("/runs", &Mood::DoAndDrop));
    assert_eq!(
        cloud.rollback(&undo).await.unwrap_err().certainty,
        Certainty::Unsure
    );
    double.set_mood(|_, _| Mood::Obey);
    assert_eq!(cloud.status(&asked).await, Ok(Status::Unknown));
    cloud.rollback(&undo).await.unwrap();
    let end = end_of(&cloud, &plan, CallKind::Rollback).await;
    assert!(matches!(end, Status::Succeeded(_)), "{end:?}");
    let runs = double.runs();
    assert_eq!(runs.len(), 2);
    assert_eq!(
        (runs[1].applies, runs[1].variable("flag")),
        (1, Some("\"off\"".into()))
    );
    assert!(
        runs[1]
            .message
            .starts_with(&format!("Tocsin {}-rollback ", RunId(77)))
    );
    // One that would destroy something is not done.
    let planned = cloud.plan(&of_run(78, &params("on"))).await.unwrap();
    let (plan, approval) = undoable(78, "on", "off", &planned);
    insist(&cloud, &approval).await;
    double.configure(|settings| settings.changes = change(&["delete"]));
    let error = cloud.rollback(&leave_to_undo(&plan)).await.unwrap_err();
    assert!(error.detail.contains("would destroy"), "{}", error.detail);
    assert_eq!(error.certainty, Certainty::Never);
    assert_eq!(double.runs()[3].status, "discarded");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_on_can_be_stopped_and_what_fails_says_why() {
    let World { double, cloud, .. } = start();
    let planned = cloud.plan(&draft(&params("on"))).await.unwrap();
    let approval = leave(&action(&params("on")), &planned);
    let asked = order(approval.plan(), CallKind::Execute);
    cloud.execute(&approval).await.unwrap();
    assert_eq!(cloud.status(&asked).await, Ok(Status::Running));
    cloud.cancel(&asked).await.unwrap();
    cloud.cancel(&asked).await.unwrap();
    assert!(matches!(
        cloud.status(&asked).await,
        Ok(Status::Cancelled(_))
    ));

    let planned = cloud.plan(&of_run(78, &params("on"))).await.unwrap();
    let failing = leave_as(RunId(78), &action(&params("on")), None, &planned);
    double.configure(|settings| settings.apply_ends_as = "errored".into());
    let end = insist(&cloud, &failing).await;
    assert!(
        matches!(&end, Status::Failed(why) if why.contains("quota exceeded")),
        "{end:?}"
    );

    // What was not confirmed yet is discarded when it is stopped, and is never told again.
    let planned = cloud.plan(&of_run(79, &params("on"))).await.unwrap();
    let waiting = leave_as(RunId(79), &action(&params("on")), None, &planned);
    let asked = order(waiting.plan(), CallKind::Execute);
    cloud.cancel(&asked).await.unwrap();
    assert_eq!(cloud.status(&asked).await, Ok(Status::Unknown));
    assert_eq!(
        cloud.execute(&waiting).await.unwrap_err().certainty,
        Certainty::Never
    );
    // A person confirmed it there: that is what is to be done, and it is not done again.
    let planned = cloud.plan(&of_run(80, &params("on"))).await.unwrap();
    let theirs = leave_as(RunId(80), &action(&params("on")), None, &planned);
    double.configure(|settings| settings.apply_ends_as = "applied".into());
    double.change_run(&double.runs()[3].id, |run| run.status = "applying".into());
    assert_eq!(
        cloud.execute(&theirs).await.unwrap().over,
        Some(Status::Succeeded("it is applied".into()))
    );
    assert_eq!(double.runs()[3].applies, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_are_told_apart() {
    let World {
        double,
        cloud,
        folder,
    } = start();
    let planned = cloud.plan(&draft(&params("on"))).await.unwrap();
    let approval = leave(&action(&params("on")), &planned);
    for (status, expected) in [
        (409, Certainty::Unsure),
        (422, Certainty::Never),
        (401, Certainty::NotNow),
        (429, Certainty::NotNow),
        (500, Certainty::Unsure),
        (502, Certainty::Unsure),
    ] {
        double.set_mood(at("/actions/apply", &Mood::Answer(Reply::empty(status))));
        let error = cloud.execute(&approval).await.unwrap_err();
        assert_eq!(error.certainty, expected, "{status}: {}", error.detail);
    }
    // What it does not let us see may be there nevertheless.
    double.set_mood(|_, _| Mood::Answer(Reply::empty(404)));
    assert!(
        cloud
            .status(&order(approval.plan(), CallKind::Execute))
            .await
            .is_err()
    );
    let error = cloud.plan(&draft(&params("on"))).await.unwrap_err();
    assert!(
        error.detail.contains("may not see it") && !error.is_temporary,
        "{}",
        error.detail
    );
    // It asks us to wait, and is asked again.
    double.set_mood(|_, _| Mood::Obey);
    cloud.discard(RunId(77), None).await.unwrap();
    let wait = Mood::Answer(Reply::empty(429).with("Retry-After", 0));
    double.set_mood(move |number, request| {
        let is_read = request.method == "GET" && request.path.contains("/runs/");
        match is_read && number % 2 == 0 {
            true => wait.clone(),
            false => Mood::Obey,
        }
    });
    cloud.plan(&of_run(78, &params("on"))).await.unwrap();
    double.set_mood(|_, _| Mood::Obey);
    double.configure(|settings| settings.applies_itself = true);
    let error = cloud.plan(&of_run(79, &params("on"))).await.unwrap_err();
    assert!(error.detail.contains("apply itself"), "{}", error.detail);
    assert!(
        !double.runs()[2].status.contains("appl"),
        "{}",
        double.runs()[2].status
    );
    drop(double);
    let error = cloud.execute(&approval).await.unwrap_err();
    assert_eq!(error.certainty, Certainty::NotNow, "nobody listens");
    drop(folder);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_json_of_a_plan_is_followed_only_where_that_is_safe() {
    let World { double, cloud, .. } = start();
    let shown = async |number: u128, at: Option<String>| {
        double.configure(|settings| settings.json_at = at);
        let planned = cloud.plan(&of_run(number, &params("on"))).await.unwrap();
        cloud.discard(RunId(number), None).await.unwrap();
        planned.preview.text
    };
    let text = shown(1, Some("http://plans.example.org/x".into())).await;
    assert!(
        text.contains("not `https`") && text.contains("1 to add"),
        "{text}"
    );
    let text = shown(2, Some("file:///etc/passwd".into())).await;
    assert!(text.contains("not `https`"), "{text}");
    let circle = format!(
        "{}/api/v2/plans/plan-0000000000000003/json-output",
        double.url()
    );
    let text = shown(3, Some(circle)).await;
    assert!(text.contains("from place to place"), "{text}");
    double.configure(|settings| settings.is_json_hidden = true);
    let text = shown(4, None).await;
    assert!(
        text.contains("cannot be read") && text.contains("404"),
        "{text}"
    );
    // Without it, the counts still say that something is destroyed.
    double.configure(|settings| settings.changes = change(&["delete"]));
    let error = cloud.plan(&of_run(5, &params("on"))).await.unwrap_err();
    assert!(error.detail.contains("would destroy 1"), "{}", error.detail);
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_names_and_other_places_are_refused() {
    let World {
        double,
        cloud,
        folder,
    } = start();
    type Change = fn(&mut Params);
    let changes: [(Change, &str); 6] = [
        (
            |p| drop(p.insert("workspace".into(), text("../x"))),
            "name of a workspace",
        ),
        (
            |p| drop(p.insert("workspace".into(), text("other"))),
            "no workspace `other`",
        ),
        (|p| drop(p.remove("workspace")), "name of a workspace"),
        (
            |p| drop(p.insert("organization".into(), text("x"))),
            "params.organization",
        ),
        (
            |p| drop(p.insert("target_addrs".into(), text("x"))),
            "params.target_addrs",
        ),
        (
            |p| {
                let odd = Params::from([("a b".to_owned(), text("x"))]);
                p.insert("vars".into(), Param::Map(odd));
            },
            "name of a variable",
        ),
    ];
    for (change, said) in changes {
        let mut params = params("on");
        change(&mut params);
        let error = cloud.plan(&draft(&params)).await.unwrap_err();
        assert!(
            error.detail.contains(said) && !error.is_temporary,
            "{}",
            error.detail
        );
    }
    let elsewhere = Draft {
        base_url: Some("https://tfe.example.org".into()),
        ..draft(&params("on"))
    };
    let error = cloud.plan(&elsewhere).await.unwrap_err();
    assert!(error.detail.contains("does not know"), "{}", error.detail);
    assert!(double.runs().is_empty());
    let wrong = |change: fn(&mut TerraformCloudConfig)| {
        let mut config = TerraformCloudConfig {
            url: "https://app.terraform.io".into(),
            also: Vec::new(),
            organization: "acme".into(),
            token: ConfigSecret::new("t".into()),
            token_file: None,
            may_destroy: false,
        };
        change(&mut config);
        let folder = folder.path().to_owned();
        let refused = TerraformCloud::new(config, &HttpConfig::default(), folder).err();
        refused.map(|error| error.field).unwrap_or_default()
    };
    assert_eq!(wrong(|c| c.url = "http://tfe.example.org".into()), "url");
    assert_eq!(wrong(|c| c.organization = "a/b".into()), "organization");
    assert_eq!(wrong(|c| c.token = ConfigSecret::default()), "token");
    assert_eq!(wrong(|_| ()), "");
}

/// What the real Terraform reads of a variable that is given as an expression.
fn real_terraform(expression: &str) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let module = "variable \"flag\" {\n  type = any\n}\noutput \"flag\" {\n  value = var.flag\n}\n";
    std::fs::write(folder.path().join("main.tf"), module).unwrap();
    let values = format!("flag = {expression}\n");
    std::fs::write(folder.path().join("terraform.tfvars"), values).unwrap();
    let program = tocsin_harness::find_program("terraform").unwrap();
    let run = |args: &[&str]| {
        let mut command = Command::new(&program);
        command.args(args).current_dir(folder.path());
        let ran = command.env("CHECKPOINT_DISABLE", "1").output().unwrap();
        assert!(
            ran.status.success(),
            "{}",
            String::from_utf8_lossy(&ran.stderr)
        );
        String::from_utf8(ran.stdout).unwrap()
    };
    run(&["apply", "-auto-approve", "-input=false", "-no-color"]);
    serde_json::from_str(&run(&["output", "-json", "flag"])).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_value_arrives_as_it_is() {
    let World { double, cloud, .. } = start();
    let mut values: Vec<Param> = NASTY.iter().map(|nasty| text(nasty)).collect();
    values.extend([
        Param::Int(-3),
        Param::Number(1.5),
        Param::Bool(true),
        Param::Null,
        Param::Map(Params::from([(
            "a \"${b}\"".to_owned(),
            text("%{ if true }"),
        )])),
    ]);
    let vars = Params::from([("flag".to_owned(), Param::List(values))]);
    let mut params = params("on");
    params.insert("vars".into(), Param::Map(vars));
    let evil = "terraform_data.x[\"\\\"; destroy\"]";
    params.insert("target_addrs".into(), Param::List(vec![text(evil)]));
    cloud.plan(&draft(&params)).await.unwrap();
    let run = only_run(&double);
    assert_eq!(run.attributes["target-addrs"], json!([evil]));
    let mut expected: Vec<Value> = NASTY.iter().map(|&nasty| nasty.into()).collect();
    expected.extend([json!(-3), json!(1.5), json!(true), Value::Null]);
    expected.push(json!({ "a \"${b}\"": "%{ if true }" }));
    let expression = run.variable("flag").unwrap();
    assert_eq!(real_terraform(&expression), Value::Array(expected));
    assert!(!std::path::Path::new("/tmp/tocsin-was-here").exists());
}
