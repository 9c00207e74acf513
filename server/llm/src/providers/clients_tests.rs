//! The double against the vendors' own clients: what it plays is what real servers send, or they
//! would not hear it.

use std::path::PathBuf;

use serde_json::{Value, json};
use tokio::process::Command;

use crate::double::{Double, Reply};

/// The Python of `scripts/test-tools.sh`, if it is there.
fn python() -> Option<PathBuf> {
    let home = PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
    let tools = std::env::var_os("TOCSIN_TOOLS").map(PathBuf::from);
    let tools = tools.unwrap_or_else(|| home.join(".cache/tocsin/tools"));
    Some(tools.join("python/bin/python")).filter(|python| python.is_file())
}

/// What a client hears of one answer after the other; none if it is not installed.
async fn heard(client: &str, plays: &[(&str, u16, &str)]) -> Option<Vec<Value>> {
    let python = python()?;
    let find = format!("import importlib.util as u, sys; sys.exit(not u.find_spec('{client}'))");
    let found = Command::new(&python).args(["-c", &find]).status().await;
    if !found.is_ok_and(|status| status.success()) {
        return None;
    }
    let replies = plays.iter().map(|(_, status, name)| Reply {
        status: *status,
        ..Reply::recording(name)
    });
    let double = Double::playing(replies).await;
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/");
    let mut command = Command::new(&python);
    command
        .env_clear()
        .arg(format!("{folder}{client}_client.py"))
        .arg(&double.url);
    let output = command
        .args(plays.iter().map(|(what, _, _)| what))
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    Some(serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{said}")))
}

const TEXT: &str = "The disk of db-1 is full — 98 %.";

#[tokio::test]
async fn the_client_of_openai_hears_what_the_double_plays() {
    let plays = [
        ("chat", 200, "openai/text.sse"),
        ("chat", 200, "openai/tools.sse"),
        ("embed", 200, "openai/embeddings.json"),
        ("chat", 400, "openai/400.json"),
        ("chat", 401, "openai/401.json"),
        ("chat", 404, "openai/404_model.json"),
        ("chat", 429, "openai/429.json"),
        ("chat", 500, "openai/500.json"),
        ("chat", 200, "openai/error_in_stream.sse"),
    ];
    let Some(heard) = heard("openai", &plays).await else {
        eprintln!("SKIPPED: Python's `openai` is not installed: run `make tools`");
        return;
    };
    let text = &heard[0];
    assert_eq!(
        (&text["text"], &text["finish"]),
        (&json!(TEXT), &json!("stop"))
    );
    assert_eq!(
        (&text["usage"], &text["error"]),
        (&json!([24, 11]), &Value::Null)
    );
    let logs = r#"{"query":"disk full","limit":5}"#;
    assert_eq!(
        heard[1]["calls"]["0"],
        json!(["call_9mEsB1", "search_logs", logs])
    );
    assert_eq!(heard[1]["calls"]["1"][1], "query_metrics");
    assert_eq!(
        heard[2]["vectors"],
        json!([[0.5, -0.25, 0.0], [1.0, 0.0, 0.125]])
    );
    let errors: Vec<&str> = heard[3..]
        .iter()
        .filter_map(|each| each["error"].as_str())
        .collect();
    let expected = [
        "BadRequestError",
        "AuthenticationError",
        "NotFoundError",
        "RateLimitError",
        "InternalServerError",
        "APIError",
    ];
    assert_eq!(errors, expected);
}

#[tokio::test]
async fn the_client_of_ollama_hears_what_the_double_plays() {
    let plays = [
        ("chat", 200, "ollama/text.ndjson"),
        ("chat", 200, "ollama/tools.ndjson"),
        ("show", 200, "ollama/show.json"),
        ("embed", 200, "ollama/embed.json"),
        ("chat", 404, "ollama/404_model.json"),
        ("chat", 200, "ollama/error_in_stream.ndjson"),
    ];
    let Some(heard) = heard("ollama", &plays).await else {
        eprintln!("SKIPPED: Python's `ollama` is not installed: run `make tools`");
        return;
    };
    let text = &heard[0];
    assert_eq!(
        (&text["text"], &text["finish"]),
        (&json!(TEXT), &json!("stop"))
    );
    assert_eq!(text["usage"], json!([26, 12]));
    let logs = r#"{"limit":5,"query":"disk full"}"#;
    assert_eq!(heard[1]["calls"]["0"], json!(["", "search_logs", logs]));
    assert_eq!(heard[1]["calls"]["1"][1], "query_metrics");
    assert_eq!(heard[2]["context"], 131_072);
    assert_eq!(heard[3]["vectors"].as_array().unwrap().len(), 2);
    assert_eq!(heard[4]["error"], "ResponseError 404");
    assert!(
        heard[5]["error"]
            .as_str()
            .unwrap()
            .starts_with("ResponseError"),
        "{}",
        heard[5]
    );
}
