//! Reading: search in its modes, histogram, context, templates, clusters, export, tail, delete.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use serde_json::{Value, json};
use tocsin_harness::{TestServer, wait_for};

/// A server with a few hundred lines of four kinds from two hosts.
fn seeded() -> anyhow::Result<TestServer> {
    let server = TestServer::start()?;
    let mut body = String::new();
    for i in 0..100 {
        let second = format!("2026-06-01T10:{:02}:{:02}Z", i / 60, i % 60);
        let host = if i % 2 == 0 { "web-01" } else { "web-02" };
        for (severity, text) in [
            ("info", format!("GET /orders/{i} took {} ms", i * 7 % 50)),
            (
                "warn",
                format!(
                    "connection pool of db-{} is at {} percent",
                    i % 3,
                    80 + i % 20
                ),
            ),
            (
                "error",
                format!("gateway stripe: ETIMEDOUT after {}000 ms", 10 + i % 20),
            ),
        ] {
            let record = json!({"timestamp": second, "host": host, "source": "shop",
                "severity": severity, "body": text});
            body.push_str(&format!("{record}\n"));
        }
    }
    body.push_str("{\"timestamp\":\"2026-06-01T11:00:00Z\",\"source\":\"shop\",\"severity\":\"fatal\",\"body\":\"out of memory: killed process 4711 (java), request id 9f8b2c1d-aaaa-4bbb-8ccc-1234567890ab\"}\n");
    let (status, answer) = server.post(
        "/api/v1/logs",
        &[("Content-Type", "application/x-ndjson")],
        body.as_bytes(),
    )?;
    assert_eq!(
        (status, &answer["accepted"]),
        (200, &json!(301)),
        "{answer}"
    );
    server.wait_for_lines("source:shop", 301)?;
    Ok(server)
}

fn total(server: &TestServer, parameters: &str) -> anyhow::Result<u64> {
    let (status, answer) = server.get(&format!("/api/v1/logs/search?{parameters}"))?;
    assert_eq!(status, 200, "{parameters}: {answer}");
    Ok(answer["total"].as_u64().unwrap_or(u64::MAX))
}

#[test]
fn the_query_language_selects_what_it_says() -> anyhow::Result<()> {
    let server = seeded()?;
    for (parameters, expected) in [
        ("q=etimedout", 100),
        ("q=%22connection+pool%22", 100),
        ("q=%22pool+connection%22", 0),
        ("q=pool+-db", 0),
        ("q=gateway+OR+pool", 200),
        ("q=etime*", 100),
        ("q=host:web-01", 150),
        ("q=severity:%3E%3Derror", 101),
        ("q=etimedout&host=web-02", 50),
        ("q=&severity=warn,fatal", 101),
        ("q=9f8b2c1d-aaaa-4bbb-8ccc-1234567890ab", 1),
        (
            "q=orders&from=2026-06-01T10:01:00Z&to=2026-06-01T10:01:30Z",
            30,
        ),
        ("q=(gateway+OR+pool)+host:web-01", 100),
    ] {
        assert_eq!(total(&server, parameters)?, expected, "{parameters}");
    }
    let (status, problem) = server.get("/api/v1/logs/search?q=%22open")?;
    assert_eq!(status, 400, "{problem}");
    assert!(
        problem["detail"]
            .as_str()
            .is_some_and(|text| text.contains("quote")),
        "{problem}"
    );
    // A client library refuses to send what the server must withstand, so it is sent by hand.
    let mut stream = TcpStream::connect(server.address())?;
    let long = "x".repeat(100_000);
    let head = format!(
        "GET /api/v1/logs/search?q={long} HTTP/1.1\r\nHost: {}\r\n\r\n",
        server.address()
    );
    stream.write_all(head.as_bytes())?;
    let mut status = String::new();
    BufReader::new(stream).read_line(&mut status)?;
    assert!(
        ["400", "413", "414", "431"]
            .iter()
            .any(|code| status.contains(code)),
        "{status}"
    );
    Ok(())
}

#[test]
fn pages_follow_one_another_without_gap_or_repeat() -> anyhow::Result<()> {
    let server = seeded()?;
    for order in ["newest", "oldest"] {
        let mut seen = Vec::new();
        let mut cursor = String::new();
        loop {
            let route = format!("/api/v1/logs/search?q=&limit=37&order={order}{cursor}");
            let (status, page) = server.get(&route)?;
            assert_eq!(status, 200, "{page}");
            for item in page["items"].as_array().unwrap() {
                let key = [&item["timestamp"], &item["id"]].map(|v| v.as_str().unwrap().to_owned());
                seen.push(key);
            }
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(seen.len(), 301, "{order}");
        let mut sorted = seen.clone();
        sorted.sort();
        sorted.dedup();
        assert_eq!(sorted.len(), 301, "no record twice");
        if order == "newest" {
            sorted.reverse();
        }
        assert_eq!(seen, sorted, "{order}");
    }
    Ok(())
}

#[test]
fn questions_find_what_shares_no_word_with_them() -> anyhow::Result<()> {
    let server = seeded()?;
    let ready = wait_for("prototypes to be embedded", || {
        let stats = server.get("/api/v1/stats").ok()?.1;
        if stats["semantic"]["available"] == false {
            return Some(false);
        }
        (stats["prototypes_embedded"].as_u64()? >= 4).then_some(true)
    })?;
    let question = "q=payment+provider+is+down&mode=semantic&limit=5";
    let (status, answer) = server.get(&format!("/api/v1/logs/search?{question}"))?;
    if !ready {
        assert_eq!(status, 503, "{answer}");
        assert!(
            answer["detail"]
                .as_str()
                .is_some_and(|text| text.contains("make model"))
        );
        return Ok(());
    }
    assert_eq!(status, 200, "{answer}");
    let first = answer["items"][0]["body"].as_str().unwrap_or_default();
    assert!(first.starts_with("gateway stripe"), "{answer:#}");
    let id = "q=why+did+9f8b2c1d-aaaa-4bbb-8ccc-1234567890ab+fail&mode=hybrid&limit=5";
    let answer = server.get(&format!("/api/v1/logs/search?{id}"))?.1;
    let first = answer["items"][0]["body"].as_str().unwrap_or_default();
    assert!(
        first.contains("9f8b2c1d-aaaa-4bbb-8ccc-1234567890ab"),
        "{answer:#}"
    );
    let clusters = server.get("/api/v1/logs/clusters")?.1;
    let lines: u64 = clusters["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["count"].as_u64().unwrap())
        .sum();
    assert_eq!(lines, 301, "{clusters:#}");
    let id = answer["items"][0]["id"].as_str().unwrap();
    let similar = server.get(&format!("/api/v1/logs/{id}/similar?limit=5"))?.1;
    assert_eq!(similar["items"][0]["id"], id, "{similar:#}");
    Ok(())
}

#[test]
fn histogram_context_templates_and_fields_agree_with_the_lines() -> anyhow::Result<()> {
    let server = seeded()?;
    let histogram = server.get("/api/v1/logs/histogram?q=&buckets=50")?.1;
    let counted: u64 = histogram["buckets"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|bucket| bucket["counts"].as_object().unwrap().values())
        .map(|count| count.as_u64().unwrap())
        .sum();
    assert_eq!(
        (counted, &histogram["total"]),
        (301, &json!(301)),
        "{histogram:#}"
    );

    let item = &server
        .get("/api/v1/logs/search?q=etimedout&limit=1&order=oldest")?
        .1["items"][0];
    let id = item["id"].as_str().unwrap();
    let context = server
        .get(&format!("/api/v1/logs/{id}/context?before=2&after=3"))?
        .1;
    assert_eq!(context["line"]["id"], id);
    assert_eq!(
        context["before"].as_array().map(Vec::len),
        Some(2),
        "{context:#}"
    );
    assert_eq!(context["after"].as_array().map(Vec::len), Some(3));
    assert!(
        context["before"][1]["body"]
            .as_str()
            .unwrap()
            .starts_with("connection pool")
    );

    let templates = server.get("/api/v1/logs/templates")?.1;
    let items = templates["items"].as_array().unwrap();
    let lines: u64 = items.iter().map(|t| t["count"].as_u64().unwrap()).sum();
    assert_eq!(lines, 301, "every line has one template: {templates:#}");
    let orders = items
        .iter()
        .max_by_key(|t| t["pattern"].as_str().unwrap().contains("took"));
    let hex = orders.unwrap()["template"].as_str().unwrap();
    let variables = server
        .get(&format!("/api/v1/logs/templates/{hex}/variables"))?
        .1;
    assert!(
        !variables["items"].as_array().unwrap().is_empty(),
        "{variables:#}"
    );

    let fields = server.get("/api/v1/logs/fields?q=etimedout")?.1;
    let hosts = fields["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|f| f["key"] == "host")
        .unwrap();
    assert_eq!(hosts["values"][0]["count"], 50, "{fields:#}");
    Ok(())
}

#[test]
fn exports_hold_every_line_oldest_first() -> anyhow::Result<()> {
    let server = seeded()?;
    let (status, text) = server.get_text("/api/v1/logs/export?format=ndjson&q=pool")?;
    assert_eq!(status, 200);
    let lines: Vec<Value> = text
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()?;
    assert_eq!(lines.len(), 100);
    assert!(lines.is_sorted_by_key(|line| line["timestamp"].as_str().map(str::to_owned)));
    let (status, csv) = server.get_text("/api/v1/logs/export?format=csv&q=pool")?;
    assert_eq!(
        (status, csv.lines().count()),
        (200, 101),
        "a header and a line each"
    );
    Ok(())
}

#[test]
fn the_tail_shows_what_arrives_and_only_what_was_asked_for() -> anyhow::Result<()> {
    let server = TestServer::start()?;
    let mut stream = TcpStream::connect(server.address())?;
    write!(
        stream,
        "GET /api/v1/logs/tail?q=needle HTTP/1.1\r\nHost: {}\r\nAccept: text/event-stream\r\n\r\n",
        server.address()
    )?;
    stream.set_read_timeout(Some(tocsin_harness::WAIT_MAX))?;
    let mut lines = BufReader::new(stream).lines();
    let status = lines.next().unwrap()?;
    assert!(status.contains("200"), "{status}");
    while !lines.next().unwrap()?.is_empty() {}
    server.push("tail", &["hay one", "a needle here", "hay two"])?;
    let data = loop {
        let line = lines.next().unwrap()?;
        if let Some(data) = line.strip_prefix("data:")
            && data.contains("body")
        {
            break data.trim().to_string();
        }
    };
    let record: Value = serde_json::from_str(&data)?;
    assert_eq!(record["body"], "a needle here");
    Ok(())
}

#[test]
fn delete_counts_first_then_removes_and_leaves_a_trail() -> anyhow::Result<()> {
    let server = seeded()?;
    let json = [("Content-Type", "application/json")];
    let dry = br#"{"q":"etimedout host:web-01","dry_run":true}"#;
    let (status, answer) = server.post("/api/v1/logs/delete", &json, dry)?;
    assert_eq!((status, &answer["matches"]), (200, &json!(50)), "{answer}");
    assert_eq!(
        total(&server, "q=etimedout")?,
        100,
        "a dry run removes nothing"
    );
    let wet = br#"{"q":"etimedout host:web-01","dry_run":false}"#;
    let (status, answer) = server.post("/api/v1/logs/delete", &json, wet)?;
    assert_eq!(status, 202, "{answer}");
    let id = answer["job"]["id"].as_str().unwrap().to_string();
    let job = wait_for("the job to end", || {
        let job = server.get(&format!("/api/v1/jobs/{id}")).ok()?.1;
        matches!(job["status"].as_str()?, "succeeded" | "failed" | "dead").then_some(job)
    })?;
    assert_eq!(
        (&job["status"], &job["result"]["deleted"]),
        (&json!("succeeded"), &json!(50))
    );
    assert_eq!(total(&server, "q=etimedout")?, 50);
    assert_eq!(total(&server, "q=")?, 251);
    let audit = server.get("/api/v1/audit")?.1;
    assert!(audit.to_string().contains("etimedout"), "{audit:#}");
    Ok(())
}
