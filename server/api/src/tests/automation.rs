//! Runs seen page by page, approved and rejected by the hash that was seen, called off and undone.

use serde_json::{Value, json};
use tocsin_domain::alert::AlertId;
use tocsin_domain::automation::{Call, CallKind, Channel, Next, RunState, Verdict, Vote};

use super::Server;
use super::fakes::automation::{HASH, run, stage};
use super::fakes::{NOW, lock};

const RUNS: &str = "/api/v1/automation/runs";
const UNKNOWN: &str = "00000000-0000-7000-8000-000000000000";

/// Keeps a run that waits for a yes; its id.
fn keep(server: &Server, secs_ago: i64, target: &str) -> String {
    let run = run(secs_ago, target);
    let id = run.run.id.to_string();
    lock(&server.fakes.automating).runs.push(run);
    id
}

fn told(server: &Server) -> Vec<String> {
    lock(&server.fakes.automating).told.clone()
}

#[tokio::test]
async fn runs_come_page_by_page_without_a_gap() {
    let server = Server::new();
    let mut expected: Vec<String> = (0..7).map(|at| keep(&server, at, "web-1")).collect();
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = server
            .json(&format!("{RUNS}?limit=3&cursor={cursor}"))
            .await;
        let items = page["items"].as_array().unwrap().iter();
        found.extend(items.map(|item| item["id"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
        // A newer one that comes meanwhile shifts nothing.
        keep(&server, -(found.len() as i64), "web-9");
    }
    assert_eq!(found, expected, "newest first");

    expected.truncate(2);
    for (asked, count) in [
        ("state=awaiting_approval,approved&rule=clean", 9),
        ("state=executing", 0),
        ("rule=other", 0),
        ("provider=scripts", 9),
        (&format!("alert={}", AlertId(7)), 9),
        (&format!("alert={}", AlertId(8)), 0),
        ("from=now-1s", 4),
        ("from=now-1s&to=now", 1),
    ] {
        let page = server.json(&format!("{RUNS}?{asked}")).await;
        assert_eq!(page["items"].as_array().unwrap().len(), count, "{asked}");
    }
    for field in ["state", "alert", "from", "to", "cursor"] {
        let answer = server.get(&format!("{RUNS}?{field}=odd")).await;
        assert_eq!(answer.wrong(), field);
    }
    for (asked, field) in [("limit=0", "limit"), ("from=now&to=now-1h", "to")] {
        assert_eq!(server.get(&format!("{RUNS}?{asked}")).await.wrong(), field);
    }
}

#[tokio::test]
async fn a_run_shows_its_plan_and_what_happened() {
    let server = Server::new();
    let id = keep(&server, 60, "web-1");
    lock(&server.fakes.automating).output = "gone: 3 files\n".into();
    let shown = server.json(&format!("{RUNS}/{id}")).await;
    assert_eq!(shown["id"], id);
    assert_eq!(
        (&shown["state"], &shown["state_because"], &shown["is_final"]),
        (
            &json!("awaiting_approval"),
            &json!("someone is to agree"),
            &json!(false)
        )
    );
    assert_eq!(shown["alert_title"], "Disk of web-1 is full");
    assert_eq!(shown["proposed_at"], "2027-01-15T07:59:00Z");
    assert_eq!(shown["expires_at"], "2027-01-15T08:59:00Z");
    assert_eq!(
        (&shown["verified"], &shown["output_size"]),
        (&Value::Null, &json!(14))
    );
    let plan = &shown["plan_details"];
    assert_eq!(
        (&plan["hash"], &shown["plan"]),
        (&json!(HASH.to_string()), &plan["hash"])
    );
    let action = json!({
        "provider": "scripts", "template": "script clean", "base_url": null,
        "params": { "keep_days": 7, "script": "clean" },
    });
    assert_eq!((&plan["action"], &plan["rollback"]), (&action, &action));
    let preview = json!({
        "kind": "dry_run", "text": "- old.log", "counts": { "add": 0, "change": 1, "destroy": 2 },
        "hosts": ["web-1"], "artifacts": [{ "name": "clean", "sha256": "00ff" }],
    });
    assert_eq!(plan["preview"], preview);
    assert_eq!(
        plan["risk"],
        json!({ "level": "medium", "reasons": ["old logs are gone"] })
    );
    assert_eq!(plan["stages"], json!([{ "approvers": [], "count": 1 }]));
    assert_eq!(
        plan["verify"],
        "!alert.firing within 5 min, looked at after 30 s"
    );
    assert_eq!(
        (&plan["escalates_to"], &plan["rolls_back"]),
        (&json!("critical"), &json!(true))
    );
    let event = json!({
        "seq": 1, "at": "2027-01-15T07:59:00Z", "actor": "system", "from": null,
        "to": "awaiting_approval", "what": "planned", "detail": "someone is to agree",
    });
    assert_eq!(shown["events"], json!([event]));
    assert_eq!(
        (&shown["open_stage"], &shown["votes"]),
        (&json!(0), &json!([]))
    );
    server
        .get(&format!("{RUNS}/{UNKNOWN}"))
        .await
        .problem(404, "not-found");
    assert_eq!(server.get(&format!("{RUNS}/x")).await.wrong(), "id");
}

#[tokio::test]
async fn what_an_action_printed_is_read_from_where_one_stopped() {
    let server = Server::new();
    let id = keep(&server, 60, "web-1");
    lock(&server.fakes.automating).output = "gone: 3 files\n".into();
    let output = server.json(&format!("{RUNS}/{id}/output?from=6")).await;
    assert_eq!(
        output,
        json!({ "text": "3 files\n", "next": 14, "size": 14 })
    );
    let output = server.json(&format!("{RUNS}/{id}/output?from=99")).await;
    assert_eq!(output, json!({ "text": "", "next": 14, "size": 14 }));
    lock(&server.fakes.automating).output.clear();
    let unknown = server.get(&format!("{RUNS}/{UNKNOWN}/output")).await;
    unknown.problem(404, "not-found");
}

#[tokio::test]
async fn people_say_yes_or_no_to_what_they_saw() {
    let server = Server::new();
    let id = keep(&server, 60, "web-1");
    let approve = format!("{RUNS}/{id}/approve");
    let ballot = |plan: String| json!({ "plan": plan });
    let other = server.ask("POST", &approve, ballot("cd".repeat(32))).await;
    let problem = other.problem(409, "conflict");
    assert!(
        problem["detail"].as_str().unwrap().contains("another one"),
        "{problem}"
    );
    for (body, field) in [
        (ballot("ab".into()), "plan"),
        (
            json!({ "plan": HASH.to_string(), "channel": "slack" }),
            "channel",
        ),
        (
            json!({ "plan": HASH.to_string(), "channel": "fax" }),
            "channel",
        ),
        (
            json!({ "plan": HASH.to_string(), "comment": "x".repeat(2001) }),
            "comment",
        ),
    ] {
        assert_eq!(server.ask("POST", &approve, body).await.wrong(), field);
    }
    for body in [json!({}), json!({ "plan": HASH.to_string(), "yes": true })] {
        server
            .ask("POST", &approve, body)
            .await
            .problem(400, "bad-request");
    }
    assert_eq!(told(&server), Vec::<String>::new(), "nothing was said yet");

    let body = json!({ "plan": HASH.to_string(), "comment": " Do it. ", "channel": "page" });
    let approved = server.ask_as("ana", "POST", &approve, body).await.ok(200);
    assert_eq!(
        (&approved["id"], &approved["state"]),
        (&json!(id), &json!("approved"))
    );
    let vote = lock(&server.fakes.automating).votes[0].clone();
    let (said, by) = (vote.comment.as_str(), vote.actor.as_str());
    assert_eq!((said, by, vote.channel), ("Do it.", "ana", Channel::Page));

    let second = keep(&server, 30, "web-2");
    let path = format!("{RUNS}/{second}/reject");
    let rejected = server
        .ask("POST", &path, ballot(HASH.to_string()))
        .await
        .ok(200);
    assert_eq!(rejected["state"], "rejected");
    assert_eq!(told(&server), ["approve ana", "reject anonymous"]);
    let again = server.ask("POST", &path, ballot(HASH.to_string())).await;
    assert_eq!(
        again.problem(409, "conflict")["detail"],
        "the run is rejected"
    );
    let path = format!("{RUNS}/{UNKNOWN}/approve");
    let unknown = server.ask("POST", &path, ballot(HASH.to_string())).await;
    unknown.problem(404, "not-found");
}

#[tokio::test]
async fn what_someone_can_do_is_said_before_they_try() {
    let server = Server::new();
    let id = keep(&server, 60, "web-1");
    let path = format!("{RUNS}/{id}");
    let can = async |user: &str| {
        let shown = server.get_as(user, &path).await.ok(200)["can"].clone();
        ["approve", "reject", "cancel", "rollback"].map(|what| shown[what].as_bool().unwrap())
    };
    assert_eq!(can("").await, [true, true, true, false], "anyone may");
    let change = |change: &dyn Fn(&mut tocsin_domain::ports::RunDetails)| {
        change(&mut lock(&server.fakes.automating).runs[0]);
    };
    change(&|run| run.plan.as_mut().unwrap().stages = vec![stage(&["ana", "anonymous"])]);
    assert_eq!(can("ana").await, [true, true, true, false]);
    assert_eq!(can("bob").await, [false, false, true, false]);
    assert_eq!(
        can("").await,
        [false, false, true, false],
        "nobody has a name"
    );
    change(&|run| {
        let plan = run.plan.as_mut().unwrap();
        (plan.stages, plan.is_two_person) = (vec![stage(&[])], true);
        (plan.proposer, run.run.proposer) = ("ana".into(), "ana".into());
        run.votes.push(Vote {
            run: run.run.id,
            plan: HASH,
            stage: 0,
            actor: "bob".into(),
            verdict: Verdict::Approve,
            comment: String::new(),
            channel: Channel::Api,
            at_ms: NOW.millis(),
        });
    });
    assert_eq!(can("ana").await[..2], [false, true], "it is her own");
    assert_eq!(can("bob").await[..2], [false, true], "he agreed already");
    assert_eq!(can("").await[..2], [false, true], "two names are needed");
    assert_eq!(can("eve").await[..2], [true, true]);
    let stop = json!({ "reason": "fire" });
    server
        .ask("POST", "/api/v1/automation/stop", stop)
        .await
        .ok(200);
    assert_eq!(can("eve").await, [false, true, true, false]);
    server
        .ask("POST", "/api/v1/automation/resume", json!({}))
        .await
        .ok(200);
    change(&|run| {
        run.open_stage = None;
        run.run.state = RunState::Failed;
        run.run.call = Some(Call {
            kind: CallKind::Execute,
            handle: Some("42".into()),
            attempts: 1,
            silent: 0,
            began_ms: 0,
            told_ms: 0,
            deadline_ms: 0,
            cancel: None,
            is_called_off: false,
        });
    });
    assert_eq!(can("eve").await, [false, false, false, true]);
    assert_eq!(server.json(&path).await["handle"], "42");
}

#[tokio::test]
async fn runs_are_called_off_and_undone_with_a_reason() {
    let server = Server::new();
    let id = keep(&server, 60, "web-1");
    let rollback = format!("{RUNS}/{id}/rollback");
    let body = json!({ "reason": " It is worse now. " });
    let undone = server.ask_as("ana", "POST", &rollback, body).await.ok(200);
    assert_eq!(undone["state"], "rolling_back");
    let cancel = format!("{RUNS}/{id}/cancel");
    let cancelled = server.ask("POST", &cancel, json!({})).await.ok(200);
    assert_eq!(cancelled["state"], "cancelled");
    let expected = ["rollback ana It is worse now.", "cancel anonymous "];
    assert_eq!(told(&server), expected);
    server
        .ask("POST", &cancel, json!({}))
        .await
        .problem(409, "conflict");
    let long = json!({ "reason": "x".repeat(2001) });
    assert_eq!(server.ask("POST", &cancel, long).await.wrong(), "reason");
    for action in ["cancel", "rollback"] {
        let path = format!("{RUNS}/{UNKNOWN}/{action}");
        server
            .ask("POST", &path, json!({}))
            .await
            .problem(404, "not-found");
        let path = format!("{RUNS}/x/{action}");
        assert_eq!(server.ask("POST", &path, json!({})).await.wrong(), "id");
    }
}

#[tokio::test]
async fn an_approved_run_says_what_holds_it_back() {
    let server = Server::new();
    let id = keep(&server, 60, "web-1");
    let path = format!("{RUNS}/{id}");
    let set = |due_in_ms: i64| {
        let run = &mut lock(&server.fakes.automating).runs[0].run;
        run.state = RunState::Approved;
        run.reason = "a freeze".into();
        run.next = Some((Next::Start, run.updated_ms + due_in_ms));
    };
    set(0);
    assert_eq!(server.json(&path).await["waiting_because"], Value::Null);
    set(30_000);
    assert_eq!(server.json(&path).await["waiting_because"], "a freeze");
}

#[tokio::test]
async fn a_get_changes_nothing() {
    let server = Server::new();
    let id = keep(&server, 60, "web-1");
    let before = lock(&server.fakes.automating).runs[0].clone();
    for path in ["approve", "reject", "cancel", "rollback"].map(|at| format!("{RUNS}/{id}/{at}")) {
        let link = format!("{path}?plan={HASH}");
        assert_eq!(server.get(&link).await.status.as_u16(), 405, "{link}");
        let as_ana = server.get_as("ana", &link).await;
        assert_eq!(as_ana.status.as_u16(), 405, "{link}");
    }
    for path in [
        "stop",
        "resume",
        "freezes",
        "rules/clean/propose",
        "rules/test",
        "rules/replay",
    ] {
        let path = format!("/api/v1/automation/{path}");
        let answer = server.get(&path).await;
        // `rules/test` could be a rule of that name, and is none.
        assert!(
            [404, 405].contains(&answer.status.as_u16()),
            "{path}: {}",
            answer.text()
        );
    }
    let document = server.json("/api/v1/openapi.json").await;
    let paths = document["paths"].as_object().unwrap().iter();
    let ours = paths.filter(|(path, _)| path.starts_with("/api/v1/automation/"));
    let mut gets = 0;
    for (path, _) in ours.filter(|(_, operations)| operations["get"].is_object()) {
        // A stream of a run that goes on has no end.
        let stands_for = if path.ends_with("/stream") {
            UNKNOWN
        } else {
            &id
        };
        let path = path.replace("{id}", stands_for);
        server.get(&format!("{path}?format=csv")).await;
        gets += 1;
    }
    assert!(gets >= 10, "{gets}");
    assert_eq!(told(&server), Vec::<String>::new());
    assert_eq!(lock(&server.fakes.automating).runs, [before]);
    assert_eq!(lock(&server.fakes.audit).len(), 0);
}
