//! The copilot beside threads: its state, its tools, the ledger, and questions that are not kept.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use tocsin_domain::ports::model_ledger::{LedgerEntry, LedgerId};

use super::Server;
use super::fakes::{NOW, lock};

#[tokio::test]
async fn it_says_who_answers_and_with_which_tools() {
    let server = Server::new();
    let status = server.json("/api/v1/copilot/status").await;
    assert_eq!(
        status,
        json!({
            "provider": "extractive", "model": "", "host": "", "answering": 0,
            "grade": {
                "unknown": "there is no model", "streams": false, "calls_tools": false,
                "keeps_json": false, "context_tokens": 0,
            },
            "explanation": "Answers are assembled from evidence.",
        })
    );
    let tools = server.json("/api/v1/copilot/tools").await;
    let tool = &tools["items"][0];
    assert_eq!(tool["name"], "search_logs");
    assert_eq!(tool["parameters"]["required"], json!(["q"]));
}

#[tokio::test]
async fn a_tool_is_asked_with_arguments_and_says_what_is_wrong_with_them() {
    let server = Server::new();
    let path = "/api/v1/copilot/tools/search_logs";
    let found = server.ask("POST", path, json!({"q": "slow"})).await.ok(200);
    assert_eq!(found["summary"], "12 lines with slow");
    assert_eq!(found["result"], json!({"total": 12}));
    assert_eq!(found["facts"][0]["evidence"]["type"], "template");
    assert_eq!(found["charts"][0]["query"], "latency");

    let missing = server.ask("POST", path, json!({})).await;
    let problem = missing.problem(400, "bad-request");
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .starts_with("`q` is missing")
    );
    for body in [json!([]), json!("q"), json!({"q": "x".repeat(70_000)})] {
        let answer = server.ask("POST", path, body).await;
        answer.problem(400, "bad-request");
    }
    let unknown = "/api/v1/copilot/tools/delete_logs";
    let answer = server.ask("POST", unknown, json!({})).await;
    answer.problem(404, "not-found");
    let broken = server.ask("POST", path, json!({"q": "broken"})).await;
    let problem = broken.problem(503, "unavailable");
    assert!(!problem["detail"].as_str().unwrap().contains("space left"));
    let form = server
        .post(path, &[("content-type", "text/plain")], "{}")
        .await;
    form.problem(415, "unsupported-media-type");
}

fn entry(at: u8) -> LedgerEntry {
    LedgerEntry {
        id: LedgerId::new(NOW, [at; 10]),
        at_ms: NOW.millis(),
        provider: "openai".into(),
        model: "small".into(),
        destination: "models.example:443".into(),
        user: "anonymous".into(),
        question_id: 9,
        task: "answer".into(),
        prompt_hash: "ab".into(),
        tokens_in: 900,
        tokens_out: 80,
        micro_usd: 1250,
        redactions: vec![("EMAIL".into(), 2), ("IP".into(), 1)],
        outcome: "ok".into(),
        took_ms: 700,
        sent_sha256: "cd".into(),
    }
}

#[tokio::test]
async fn the_ledger_is_read_page_by_page() {
    let server = Server::new();
    lock(&server.fakes.answering).ledger = vec![entry(1), entry(2), entry(3)];
    let page = server.json("/api/v1/copilot/ledger?limit=2").await;
    let first = &page["items"][0];
    assert_eq!(first["id"], entry(3).id.to_string());
    assert_eq!(first["cost_usd"], 0.00125);
    assert_eq!(first["redactions"], json!({"EMAIL": 2, "IP": 1}));
    assert_eq!(first["question_id"], "00000000-0000-0000-0000-000000000009");
    let cursor = page["next_cursor"].as_str().unwrap();
    let next = format!("/api/v1/copilot/ledger?limit=2&cursor={cursor}");
    let next = server.json(&next).await;
    assert_eq!(next["items"][0]["id"], entry(1).id.to_string());
    assert_eq!(next["next_cursor"], Value::Null);
    let foreign = server.get("/api/v1/copilot/ledger?cursor=bzE").await;
    assert_eq!(foreign.wrong(), "cursor");
}

#[tokio::test]
async fn a_question_is_answered_whole_and_not_kept() {
    let server = Server::new();
    let body = json!({
        "text": "  Why is db-1 slow? ", "utc_offset_minutes": 120,
        "before": [{"question": "What is db-1?", "answer": "A database."}],
        "page": {"query": "db-1", "from": "2027-01-15T07:00:00Z", "alert": null},
    });
    let message = server
        .ask("POST", "/api/v1/copilot/ask", body)
        .await
        .ok(200);
    assert_eq!(
        (&message["role"], &message["text"]),
        (&json!("assistant"), &json!("It is slow."))
    );
    let answer = &message["answer"];
    assert_eq!(
        answer["statements"],
        json!([{"text": "It is slow.", "cites": ["E1"]}])
    );
    assert_eq!(answer["steps"][0]["arguments"], json!({"q": "db-1"}));
    assert_eq!(answer["understood"]["from"], "2027-01-15T07:00:00Z");
    assert_eq!(answer["stopped"], false);
    assert_eq!(
        answer["proposals"][0]["steps"],
        json!(["Look at the locks"])
    );

    let all = lock(&server.fakes.answering);
    let asked = &all.asked[0];
    assert_eq!(
        (asked.text.as_str(), asked.thread),
        ("Why is db-1 slow?", None)
    );
    assert_eq!(
        asked.before,
        [("What is db-1?".into(), "A database.".into())]
    );
    assert_eq!(asked.utc_offset_minutes, 120);
    let page = asked.page.clone().unwrap();
    assert_eq!(page.from_ms, Some(NOW.millis() - 3_600_000));
    assert_eq!((page.query.as_deref(), page.alert), (Some("db-1"), None));
    assert!(all.messages.is_empty());
}

#[tokio::test]
async fn a_question_that_is_not_kept_streams_if_asked_to() {
    let server = Server::new();
    let request = Request::post("/api/v1/copilot/ask")
        .header("content-type", "application/json")
        .header("accept", "text/event-stream, */*")
        .body(Body::from(r#"{"text":"Why?"}"#))
        .unwrap();
    let answer = server.send(request).await;
    assert_eq!(answer.header("content-type"), "text/event-stream");
    let text = answer.text();
    let names: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("event: "))
        .collect();
    let expected = [
        "understood",
        "step",
        "fact",
        "statement",
        "chart",
        "notice",
        "message",
    ];
    assert_eq!(names, expected);
}

#[tokio::test]
async fn questions_that_cannot_be_are_refused_before_they_are_asked() {
    let server = Server::new();
    let exchange = json!({"question": "a", "answer": "b"});
    for (body, field) in [
        (json!({"text": " "}), "text"),
        (json!({"text": "x".repeat(8193)}), "text"),
        (json!({"text": "a", "before": vec![exchange; 51]}), "before"),
        (
            json!({"text": "a", "before": [{"question": "", "answer": "b"}]}),
            "before.question",
        ),
        (
            json!({"text": "a", "utc_offset_minutes": 1441}),
            "utc_offset_minutes",
        ),
        (json!({"text": "a", "page": {"alert": "x"}}), "page.alert"),
        (json!({"text": "a", "page": {"from": "soon"}}), "page.from"),
        (
            json!({"text": "a", "page": {"metric": "x".repeat(20_000)}}),
            "page.metric",
        ),
    ] {
        let answer = server.ask("POST", "/api/v1/copilot/ask", body).await;
        assert_eq!(answer.wrong(), field);
    }
    for body in [json!({}), json!({"text": "a", "model": "x"}), json!([])] {
        let answer = server.ask("POST", "/api/v1/copilot/ask", body).await;
        answer.problem(400, "bad-request");
    }
    assert!(lock(&server.fakes.answering).asked.is_empty());
    lock(&server.fakes.answering).is_busy = true;
    let busy = server
        .ask("POST", "/api/v1/copilot/ask", json!({"text": "a"}))
        .await;
    busy.problem(429, "too-many-requests");
    assert_eq!(busy.header("retry-after"), "1");
}
