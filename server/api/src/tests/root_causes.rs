//! Reports of causes, summaries and runbooks.

use serde_json::{Value, json};
use tocsin_domain::Timestamp;
use tocsin_domain::copilot::RootCauseSubject;
use tocsin_domain::ports::SummarySubject;

use super::Server;
use super::fakes::{NOW, alerts, lock};

const UNKNOWN: &str = "00000000-0000-7000-8000-000000000000";

/// An alert and its incident, as paths.
fn server() -> (Server, String, String) {
    let server = Server::new();
    let alert = alerts::alert("slow", "db-1", 1);
    let incident = alerts::incident(&alert);
    let incident_path = format!("/api/v1/incidents/{}", incident.id);
    let id = server.fakes.keep(alert);
    lock(&server.fakes.alerting).incidents.push(incident);
    (server, format!("/api/v1/alerts/{id}"), incident_path)
}

#[tokio::test]
async fn an_alert_is_explained_once_and_looked_at_again_when_asked() {
    let (server, alert, incident) = server();
    let none = server.json(&format!("{alert}/root-cause")).await;
    assert_eq!(none, json!({"items": []}));
    let first = server.json(&format!("{alert}/explain")).await;
    assert_eq!(
        (&first["revision"], &first["verdict"]),
        (&json!(1), &json!("found"))
    );
    assert_eq!(first["subject"]["type"], "alert");
    let cause = &first["causes"][0];
    assert_eq!(
        (&cause["entity"], &cause["confidence"]),
        (&json!("db-1"), &json!(0.75))
    );
    let factor = json!({"kind": "time_order", "weight": 0.5, "value": 1.0});
    assert_eq!(cause["factors"], json!([factor]));
    assert_eq!(first["ruled_out"][0]["statement"]["text"], "It came later.");
    assert_eq!(
        (&first["since"], &first["confirmed"]),
        (&Value::Null, &Value::Null)
    );

    let second = server
        .ask("POST", &format!("{alert}/root-cause"), json!({}))
        .await
        .ok(200);
    assert_eq!(second["revision"], 2);
    let newest = server.json(&format!("{alert}/explain")).await;
    assert_eq!(
        newest["revision"], 2,
        "the newest is shown and no other is made"
    );
    let all = server.json(&format!("{alert}/root-cause")).await;
    let revisions: Vec<_> = all["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["revision"])
        .collect();
    assert_eq!(revisions, [&json!(2), &json!(1)]);

    let made = server
        .post(&format!("{incident}/root-cause"), &[], "")
        .await
        .ok(200);
    assert_eq!(
        (&made["subject"]["type"], &made["revision"]),
        (&json!("incident"), &json!(1))
    );
    let of_incident = server.json(&format!("{incident}/root-cause")).await;
    assert_eq!(of_incident["items"].as_array().unwrap().len(), 1);
    for path in [
        format!("/api/v1/alerts/{UNKNOWN}/explain"),
        format!("/api/v1/alerts/{UNKNOWN}/root-cause"),
        format!("/api/v1/incidents/{UNKNOWN}/root-cause"),
    ] {
        server.get(&path).await.problem(404, "not-found");
    }
    assert_eq!(lock(&server.fakes.answering).reports.len(), 3);
}

#[tokio::test]
async fn a_cause_is_confirmed_and_taken_back_and_audited() {
    let (server, alert, _) = server();
    let report = server.json(&format!("{alert}/explain")).await;
    let path = format!(
        "/api/v1/root-causes/{}/confirm",
        report["id"].as_str().unwrap()
    );
    let confirmed = || lock(&server.fakes.answering).reports[0].confirmed.clone();
    let said = server.ask("POST", &path, json!({"entity": " db-1 "})).await;
    assert_eq!(
        (said.status.as_u16(), confirmed().as_deref()),
        (204, Some("db-1"))
    );
    let taken_back = server.ask("POST", &path, json!({"entity": null})).await;
    assert_eq!((taken_back.status.as_u16(), confirmed()), (204, None));
    let audit = lock(&server.fakes.audit).clone();
    assert_eq!(
        (audit.len(), audit[0].action.as_str()),
        (2, "root_causes.confirm")
    );
    assert_eq!(audit[0].details, r#"{"entity":"db-1"}"#);
    for entity in [json!(""), json!("x".repeat(257))] {
        let answer = server.ask("POST", &path, json!({ "entity": entity })).await;
        assert_eq!(answer.wrong(), "entity");
    }
    let unknown = format!("/api/v1/root-causes/{UNKNOWN}/confirm");
    let answer = server.ask("POST", &unknown, json!({"entity": "a"})).await;
    answer.problem(404, "not-found");
    let subject = lock(&server.fakes.answering).reports[0].subject;
    assert!(matches!(subject, RootCauseSubject::Alert(_)));
}

#[tokio::test]
async fn summaries_are_json_or_markdown() {
    let (server, alert, incident) = server();
    let summary = server.json(&format!("{alert}/summary")).await;
    assert_eq!(summary["title"], "What <happened>");
    assert_eq!(
        summary["sections"][0]["statements"][0]["cites"],
        json!(["E1"])
    );
    assert_eq!(summary["made_at"], "2027-01-15T08:00:00Z");
    let paths = [
        format!("{incident}/summary"),
        format!("{incident}/post-mortem"),
        "/api/v1/logs/clusters/c1/summary?from=now-1h".to_owned(),
        "/api/v1/digest".to_owned(),
    ];
    for path in &paths {
        let joint = if path.contains('?') { '&' } else { '?' };
        let answer = server.get(&format!("{path}{joint}format=md")).await;
        assert_eq!(
            answer.header("content-type"),
            "text/markdown; charset=utf-8",
            "{path}"
        );
        let text = answer.text();
        assert!(
            text.starts_with(
                "# What &lt;happened&gt;\n\n## Impact\n\n- It is \\*slow\\*. \\[E1\\]"
            ),
            "{text}"
        );
    }
    let asked = lock(&server.fakes.answering).summarised.clone();
    let [_, of_incident, post_mortem, cluster, digest] = &asked[..] else {
        panic!("{asked:?}");
    };
    assert!(matches!(of_incident, SummarySubject::Incident(_)));
    assert!(matches!(post_mortem, SummarySubject::PostMortem(_)));
    let SummarySubject::Cluster(id, range) = cluster else {
        panic!("{cluster:?}")
    };
    assert_eq!(
        (id.as_str(), range.from),
        ("c1", Timestamp::from_millis(NOW.millis() - 3_600_000))
    );
    let SummarySubject::Digest(day) = digest else {
        panic!("{digest:?}")
    };
    assert_eq!(
        (day.from, day.to),
        (Timestamp::from_millis(NOW.millis() - 86_400_000), NOW)
    );

    server
        .get("/api/v1/logs/clusters/c9/summary")
        .await
        .problem(404, "not-found");
    assert_eq!(
        server.get("/api/v1/digest?format=pdf").await.wrong(),
        "format"
    );
    assert_eq!(
        server
            .get("/api/v1/digest?from=now&to=now-1h")
            .await
            .wrong(),
        "from"
    );
}

#[tokio::test]
async fn runbooks_are_found_by_the_type_of_failure() {
    let server = Server::new();
    let all = server.json("/api/v1/runbooks").await;
    let one = server.json("/api/v1/runbooks/disk_full").await;
    assert_eq!(all, json!({ "items": [one.clone()] }));
    assert_eq!(one["steps"], json!(["Find what grows"]));
    server
        .get("/api/v1/runbooks/nothing")
        .await
        .problem(404, "not-found");
}
