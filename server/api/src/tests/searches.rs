//! Reads: search, histogram, context, clusters, templates, status.

use serde_json::{Value, json};
use tocsin_domain::Severity;

use super::Server;
use super::fakes::{lock, record};

fn bodies(answer: &Value) -> Vec<&str> {
    let items = answer["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["body"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn text_search_pages_through_everything_once() {
    let server = Server::new();
    server.fakes.fill(7);
    let mut path = "/api/v1/logs/search?q=disk&limit=3".to_owned();
    let mut seen = Vec::new();
    loop {
        let answer = server.json(&path).await;
        assert_eq!(answer["total"], 7);
        assert_eq!(answer["mode"], "text");
        assert!(answer.get("prototypes").is_none());
        seen.extend(bodies(&answer).into_iter().map(str::to_owned));
        let Some(cursor) = answer["next_cursor"].as_str() else {
            break;
        };
        path = format!("/api/v1/logs/search?q=disk&limit=3&cursor={cursor}");
    }
    assert_eq!(seen.len(), 7);
    assert_eq!(seen[0], "disk /dev/sda6 über full", "newest first");
}

#[tokio::test]
async fn a_record_has_the_shape_of_the_contract() {
    let server = Server::new();
    server.fakes.fill(1);
    let answer = server.json("/api/v1/logs/search?q=full&count=false").await;
    assert_eq!(answer["total"], Value::Null);
    let id = record(0, Severity::INFO, "").id.to_string();
    let expected = json!({
        "id": id,
        "timestamp": "2027-01-15T05:13:20Z",
        "observed": "2027-01-15T05:13:20Z",
        "source": "file:/var/log/syslog",
        "host": "web-01",
        "severity": "info",
        "severity_number": 9,
        "body": "disk /dev/sda0 über full",
        "template": "00000000000000ab",
        "attributes": {"port": 22},
        "trace_id": null,
        "span_id": null,
        "issues": [],
        "highlights": [[20, 24]],
        "score": null,
    });
    assert_eq!(answer["items"][0], expected);
    let mut alone = expected.clone();
    alone["highlights"] = json!([]);
    assert_eq!(server.json(&format!("/api/v1/logs/{id}")).await, alone);
}

#[tokio::test]
async fn filters_narrow() {
    let server = Server::new();
    server.fakes.fill(10);
    for (query, total) in [
        ("severity=error", 5),
        ("severity=error,info", 10),
        ("min_severity=warn", 5),
        ("source=file:*", 10),
        ("source=loki", 0),
        ("host=web-01,web-02", 10),
        ("template=00000000000000ab", 10),
        ("template=00000000000000ac", 0),
        ("from=1799990005", 5),
        ("from=2027-01-15T05:13:25Z&to=2027-01-15T05:13:26Z", 1),
        ("from=now-1h", 0),
        ("q=-disk", 0),
        ("q=sda3", 1),
        ("limit=0", 10),
    ] {
        let answer = server.json(&format!("/api/v1/logs/search?{query}")).await;
        assert_eq!(answer["total"], total, "{query}");
    }
}

#[tokio::test]
async fn semantic_search_without_a_model_says_what_to_do() {
    let server = Server::new();
    server.fakes.fill(2);
    let answer = server
        .get("/api/v1/logs/search?q=storage+exhausted&mode=semantic")
        .await;
    assert_eq!(
        answer.problem(503, "model-missing")["detail"],
        "run `make model`"
    );
    let answer = server
        .json("/api/v1/logs/search?q=disk&mode=hybrid&limit=1")
        .await;
    assert_eq!(answer["mode"], "hybrid");
    assert_eq!(answer["notice"], "semantic search is off: run `make model`");
    let cursor = answer["next_cursor"].as_str().unwrap();
    let path = format!("/api/v1/logs/search?q=disk&mode=hybrid&limit=1&cursor={cursor}");
    assert_eq!(
        bodies(&server.json(&path).await),
        ["disk /dev/sda0 über full"]
    );
}

#[tokio::test]
async fn searches_go_by_words_while_the_model_is_away() {
    let server = Server::new();
    server.fakes.fill(2);
    *lock(&server.fakes.is_model_away) = true;
    let path = "/api/v1/logs/search?q=storage+exhausted&mode=semantic";
    server.get(path).await.problem(503, "unavailable");
    let path = "/api/v1/logs/search?q=disk&mode=hybrid&limit=1";
    let answer = server.json(path).await;
    let notice = "semantic search is away: the embedding model failed";
    assert_eq!(
        (&answer["notice"], &answer["total"]),
        (&json!(notice), &json!(2))
    );
}

#[tokio::test]
async fn semantic_search_answers_with_prototypes_and_pages() {
    let server = Server::new();
    server.fakes.fill(2);
    *lock(&server.fakes.has_model) = true;
    let answer = server
        .json("/api/v1/logs/search?q=it's+%22full&mode=semantic&limit=1")
        .await;
    let prototype = json!(
        {"template": "00000000000000ab", "pattern": "disk <path> full", "score": 0.75, "count": 2}
    );
    assert_eq!(answer["prototypes"], json!([prototype]));
    assert_eq!(answer["items"][0]["score"], 0.5);
    let cursor = answer["next_cursor"].as_str().unwrap();
    server
        .json(&format!(
            "/api/v1/logs/search?q=x&mode=semantic&cursor={cursor}"
        ))
        .await;
    let foreign = format!("/api/v1/logs/search?q=x&mode=text&cursor={cursor}");
    server.get(&foreign).await.problem(400, "bad-request");
    server
        .get("/api/v1/logs/search?mode=semantic")
        .await
        .problem(400, "bad-request");
}

#[tokio::test]
async fn the_histogram_covers_what_is_there() {
    let server = Server::new();
    let empty = server.json("/api/v1/logs/histogram").await;
    assert_eq!(
        (&empty["total"], &empty["buckets"]),
        (&json!(0), &json!([]))
    );
    server.fakes.fill(90);
    let answer = server.json("/api/v1/logs/histogram?buckets=10").await;
    assert_eq!(answer["interval_ms"], 10_000);
    assert_eq!(answer["total"], 90);
    assert_eq!(answer["from"], "2027-01-15T05:13:20Z");
    assert_eq!(answer["to"], "2027-01-15T05:14:50Z");
    let first = json!({"start": "2027-01-15T05:13:20Z", "counts": {"info": 5, "error": 5}});
    assert_eq!(answer["buckets"][0], first);
    let asked = server.json("/api/v1/logs/histogram?interval=1m").await;
    assert_eq!(asked["interval_ms"], 60_000);
    server
        .get("/api/v1/logs/histogram?interval=often")
        .await
        .problem(400, "bad-request");
}

#[tokio::test]
async fn context_and_similar_lines_surround_a_line() {
    let server = Server::new();
    server.fakes.fill(9);
    *lock(&server.fakes.has_model) = true;
    let id = record(4, Severity::INFO, "").id;
    let answer = server
        .json(&format!("/api/v1/logs/{id}/context?before=2&after=1"))
        .await;
    assert_eq!(answer["before"][0]["body"], "disk /dev/sda2 über full");
    assert_eq!(answer["line"]["id"], id.to_string());
    assert_eq!(answer["after"].as_array().unwrap().len(), 1);
    let answer = server
        .json(&format!("/api/v1/logs/{id}/similar?limit=3"))
        .await;
    assert_eq!(answer["items"].as_array().unwrap().len(), 3);
    assert_eq!(answer["prototypes"].as_array().unwrap().len(), 1);
    let unknown = record(99, Severity::INFO, "").id;
    for path in ["", "/context", "/similar"] {
        server
            .get(&format!("/api/v1/logs/{unknown}{path}"))
            .await
            .problem(404, "not-found");
        server
            .get(&format!("/api/v1/logs/7{path}"))
            .await
            .problem(400, "bad-request");
    }
}

#[tokio::test]
async fn clusters_and_templates_come_with_their_counts() {
    let server = Server::new();
    server.fakes.fill(4);
    let clusters = server.json("/api/v1/logs/clusters").await;
    assert_eq!(clusters["items"][0]["count"], 4);
    assert_eq!(
        clusters["items"][0]["severities"],
        json!({"info": 2, "error": 2})
    );
    let cluster = server.json("/api/v1/logs/clusters/c1?severity=error").await;
    assert_eq!(cluster["size"], 1);
    assert_eq!(cluster["members"][0]["pattern"], "disk <path> full");
    server
        .get("/api/v1/logs/clusters/c2")
        .await
        .problem(404, "not-found");

    for sort in ["count", "newest", "severity"] {
        let templates = server
            .json(&format!("/api/v1/logs/templates?sort={sort}"))
            .await;
        assert_eq!(templates["items"][0]["count"], 4);
        assert_eq!(templates["next_cursor"], Value::Null);
    }
    let template = server
        .json("/api/v1/logs/templates/00000000000000ab?q=sda1")
        .await;
    assert_eq!(template["count"], 1);
    assert_eq!(template["severity"], "error");
    let trend = template["trend"].as_array().unwrap();
    assert_eq!(trend.len(), 24);
    assert_eq!(trend.iter().map(|n| n.as_u64().unwrap()).sum::<u64>(), 1);
    let variables = server
        .json("/api/v1/logs/templates/00000000000000ab/variables")
        .await;
    let numeric = json!({"min": 1.0, "median": 2.0, "max": 3.0});
    assert_eq!(variables["items"][0]["kind"], "path");
    assert_eq!(variables["items"][0]["numeric"], numeric);
    server
        .get("/api/v1/logs/templates/00000000000000ac")
        .await
        .problem(404, "not-found");
    server
        .get("/api/v1/logs/templates/nonsense")
        .await
        .problem(400, "bad-request");
}

#[tokio::test]
async fn facets_count_what_the_query_leaves() {
    let server = Server::new();
    server.fakes.fill(4);
    let answer = server.json("/api/v1/logs/fields?severity=error").await;
    let expected = json!([
        {"key": "source", "values": [{"value": "file:/var/log/syslog", "count": 2}]},
        {"key": "host", "values": [{"value": "web-01", "count": 2}]},
        {"key": "severity", "values": [{"value": "error", "count": 2}]},
    ]);
    assert_eq!(answer["items"], expected);
}

#[tokio::test]
async fn the_server_says_how_it_is() {
    let server = Server::new();
    let stats = server.json("/api/v1/stats").await;
    assert_eq!(stats["uptime_s"], 60);
    let semantic = json!({"available": false, "model": null, "remedy": "run `make model`"});
    assert_eq!(stats["semantic"], semantic);
    let sources = server.json("/api/v1/data-sources").await;
    assert_eq!(sources["items"][0]["status"], "waiting");
    assert_eq!(
        sources["items"][0]["issues"],
        json!({"timestamp_missing": 1})
    );
    assert_eq!(
        server.json("/api/v1/settings").await["server"]["listen"],
        "127.0.0.1:8080"
    );
    assert_eq!(server.json("/health/live").await["status"], "ok");
    assert_eq!(
        server.json("/readyz").await["dependencies"][0]["name"],
        "logs"
    );
    assert_eq!(
        (&stats["records"], &stats["missing"]),
        (&json!(0), &json!([]))
    );
    *lock(&server.fakes.is_broken) = true;
    // What a store holds is left out while it is away, and nothing else.
    let missing = json!([{"name": "logs", "ready": false, "detail": "no answer"}]);
    let stats = server.json("/api/v1/stats").await;
    assert_eq!(
        (&stats["records"], &stats["uptime_s"]),
        (&json!(null), &json!(60))
    );
    assert_eq!(stats["missing"], missing);
    let sources = server.json("/api/v1/data-sources").await;
    assert_eq!(sources["items"][0]["records"], 3);
    assert_eq!(sources["missing"], missing);
    assert_eq!(server.get("/health/ready").await.status.as_u16(), 503);
    assert_eq!(server.get("/livez").await.status.as_u16(), 200);
    let metrics = server.get("/metrics").await;
    assert_eq!(metrics.text(), "tocsin_records_total 3\n");
    let counted = lock(&server.fakes.requests).clone();
    assert!(counted.contains(&("GET /health/ready".to_owned(), 503)));
}
