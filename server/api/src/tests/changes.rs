//! Changes: told one by one or in lists, whole or not at all.

use serde_json::{Value, json};

use super::Server;
use super::fakes::{NOW, copilot, lock};

const CHANGES: &str = "/api/v1/changes";

#[tokio::test]
async fn a_change_is_recorded_and_audited() {
    let server = Server::new();
    let body = json!({
        "at": "2027-01-15T07:30:00Z", "kind": "deploy", "entity": " checkout ",
        "title": "Version 1.4.2", "labels": {"version": "1.4.2"}, "actor": "kim",
        "url": "https://ci.example/42",
    });
    let answer = server.ask("POST", CHANGES, body).await.ok(201);
    let made = &answer["items"][0];
    let expected = json!({
        "id": made["id"], "at": "2027-01-15T07:30:00Z", "kind": "deploy", "entity": "checkout",
        "title": "Version 1.4.2", "labels": {"version": "1.4.2"}, "source": "api",
        "actor": "kim", "url": "https://ci.example/42", "record": null,
    });
    assert_eq!(made, &expected);
    let listed = server.json(CHANGES).await;
    assert_eq!(listed["items"], answer["items"]);
    let audit = lock(&server.fakes.audit).clone();
    assert_eq!(
        (audit[0].action.as_str(), audit[0].subject.as_str()),
        ("changes.record", "changes:1")
    );
    assert!(audit[0].details.contains(made["id"].as_str().unwrap()));
}

#[tokio::test]
async fn lists_and_epochs_are_taken_and_now_is_the_default() {
    let server = Server::new();
    let one = |at: Value| json!({"at": at, "kind": "restart", "entity": "db-1", "title": "t"});
    let body = json!([
        one(json!(1_799_999_000)),
        one(json!("1799999000000")),
        one(json!(null))
    ]);
    let answer = server.ask("POST", CHANGES, body).await.ok(201);
    let at = |index: usize| answer["items"][index]["at"].as_str().unwrap().to_owned();
    assert_eq!((at(0), at(1)), ("2027-01-15T07:43:20Z".into(), at(0)));
    assert_eq!(at(2), "2027-01-15T08:00:00Z");
}

#[tokio::test]
async fn one_bad_change_keeps_all_from_being_recorded_and_is_named() {
    let server = Server::new();
    let good = json!({"kind": "deploy", "entity": "a", "title": "b"});
    let with = |name: &str, value: Value| {
        let mut change = good.clone();
        change[name] = value;
        change
    };
    let without = |name: &str| {
        let mut change = good.clone();
        change.as_object_mut().unwrap().remove(name);
        change
    };
    for (bad, field) in [
        (with("kind", json!("party")), "kind"),
        (with("entity", json!("")), "entity"),
        (with("entity", json!("x".repeat(257))), "entity"),
        (with("title", json!("two\nlines")), "title"),
        (with("title", json!(5)), "title"),
        (with("at", json!("soon")), "at"),
        (with("url", json!("javascript:alert(1)")), "url"),
        (with("url", json!("https://")), "url"),
        (with("url", json!("https://a b")), "url"),
        (with("labels", json!({"a b": "x"})), "labels"),
        (with("labels", json!({"a": "x".repeat(1025)})), "labels"),
        (with("surprise", json!(1)), "surprise"),
        (without("kind"), "kind"),
        (without("title"), "title"),
    ] {
        let answer = server.ask("POST", CHANGES, json!([good, bad])).await;
        let problem = answer.problem(400, "bad-request");
        let error = &problem["errors"][0];
        assert_eq!(
            (&error["item"], &error["field"]),
            (&json!(1), &json!(field)),
            "{problem}"
        );
        assert!(
            problem["detail"]
                .as_str()
                .unwrap()
                .starts_with("change 1: ")
        );
        assert_eq!(server.ask("POST", CHANGES, bad).await.wrong(), field);
    }
    let several = json!([with("kind", json!(0)), good, with("url", json!("x"))]);
    let problem = server
        .ask("POST", CHANGES, several)
        .await
        .problem(400, "bad-request");
    let items: Vec<_> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| &e["item"])
        .collect();
    assert_eq!(items, [&json!(0), &json!(2)]);
    for body in [
        json!([]),
        json!(vec![good.clone(); 1001]),
        json!(7),
        json!([[good]]),
    ] {
        server
            .ask("POST", CHANGES, body)
            .await
            .problem(400, "bad-request");
    }
    assert!(lock(&server.fakes.answering).changes.is_empty());
    assert!(lock(&server.fakes.audit).is_empty());
}

#[tokio::test]
async fn changes_come_page_by_page_and_filtered() {
    let server = Server::new();
    let now = NOW.millis();
    let all = (0..3).map(|at| copilot::change(now - at * 1000, &format!("v{at}")));
    lock(&server.fakes.answering).changes = all.collect();
    let page = server.json(&format!("{CHANGES}?limit=2")).await;
    assert_eq!(page["items"][1]["title"], "v1");
    let cursor = page["next_cursor"].as_str().unwrap();
    let next = server
        .json(&format!("{CHANGES}?limit=2&cursor={cursor}"))
        .await;
    assert_eq!(
        (&next["items"][0]["title"], &next["next_cursor"]),
        (&json!("v2"), &Value::Null)
    );
    for (query, count) in [
        ("from=now-1s", 2),
        ("to=now", 2),
        ("entity=checkout", 3),
        ("entity=other", 0),
        ("kind=deploy", 3),
        ("kind=scaling", 0),
        ("q=v2", 1),
    ] {
        let found = server.json(&format!("{CHANGES}?{query}")).await;
        assert_eq!(found["items"].as_array().unwrap().len(), count, "{query}");
    }
    for (query, field) in [
        ("kind=party", "kind"),
        ("from=soon", "from"),
        ("cursor=aTk", "cursor"),
    ] {
        assert_eq!(
            server.get(&format!("{CHANGES}?{query}")).await.wrong(),
            field
        );
    }
}
