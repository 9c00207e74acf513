//! What the probe finds of models that are good, poor, or away.

use std::sync::atomic::{AtomicUsize, Ordering};

use tocsin_domain::ports::ModelGrade;

use super::rig::*;
use crate::config::ProviderChoice;
use crate::double::{Double, Reply, Seen};

fn chunk(delta: &serde_json::Value, finish: &str) -> String {
    let chunk = serde_json::json!({"choices": [{"delta": delta, "finish_reason": finish}]});
    format!("data: {chunk}\n\ndata: [DONE]\n\n")
}

/// Does as it is told.
fn good(seen: &Seen) -> Reply {
    if seen.target.ends_with("/models") {
        return Reply::recording("openai/models_vllm.json");
    }
    let body = seen.json();
    if body.get("tools").is_none() {
        return Reply::new(chunk(
            &serde_json::json!({"content": "{\"word\": \"tocsin\"}"}),
            "stop",
        ));
    }
    let function = serde_json::json!({"name": "report", "arguments": "{\"word\":\"tocsin\"}"});
    let calls = serde_json::json!({"tool_calls": [{"index": 0, "id": "c", "function": function}]});
    Reply::new(chunk(&calls, "tool_calls"))
}

/// Speaks, and no more than that.
fn poor(seen: &Seen) -> Reply {
    if seen.target.ends_with("/models") {
        return Reply::status(404, "not here");
    }
    match seen.json().get("tools") {
        Some(_) => Reply::status(400, "tools are not supported"),
        None => Reply::recording("openai/whole.json"),
    }
}

async fn grade_of(rig: &Rig) -> ModelGrade {
    loop {
        let grade = rig.model.model().grade;
        if grade.unknown.is_none() {
            return grade;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_model_shows_what_it_can_do() {
    let double = Double::answering(good).await;
    let rig = Rig::probing(&double, |_| {});
    let grade = ModelGrade {
        unknown: None,
        streams: true,
        calls_tools: true,
        keeps_json: true,
        context_tokens: 40_960,
    };
    assert_eq!(grade_of(&rig).await, grade);
    let entries = rig.entries();
    assert_eq!(entries.len(), 2);
    assert!(
        entries
            .iter()
            .all(|entry| entry.user == "system" && entry.task == "probe")
    );
    let double = Double::answering(poor).await;
    let rig = Rig::probing(&double, |config| config.context_tokens = Some(2_048));
    let grade = ModelGrade {
        unknown: None,
        streams: false,
        calls_tools: false,
        keeps_json: false,
        context_tokens: 2_048,
    };
    assert_eq!(grade_of(&rig).await, grade);
}

#[tokio::test]
async fn a_server_that_is_away_is_asked_again() {
    let count = AtomicUsize::new(0);
    let double = Double::answering(move |seen| match count.fetch_add(1, Ordering::Relaxed) {
        0..3 => Reply::status(503, "loading"),
        _ => good(seen),
    })
    .await;
    let rig = Rig::probing(&double, |config| {
        config.retries.attempts_max = 0;
        config.breaker.failures = 100;
    });
    let reason = loop {
        match rig.model.model().grade.unknown {
            Some(reason) if !reason.contains("not asked") => break reason,
            _ => tokio::task::yield_now().await,
        }
    };
    assert!(reason.contains("loading"), "{reason}");
    assert!(grade_of(&rig).await.calls_tools);
}

#[tokio::test]
async fn a_model_of_ollama_is_probed_by_its_own_api() {
    let double = Double::answering(|seen| match seen.target.as_str() {
        "POST /api/show" => Reply::recording("ollama/show.json"),
        _ if seen.json()["tools"].is_array() => Reply::status(400, "{\"error\":\"no tools\"}"),
        _ => Reply::new(
            "{\"message\":{\"content\":\"{\\\"word\\\":\\\"tocsin\\\"}\"},\"done\":true,\"done_reason\":\"stop\"}\n",
        ),
    })
    .await;
    let rig = Rig::probing(&double, |config| {
        config.provider = Some(ProviderChoice::Ollama)
    });
    let grade = grade_of(&rig).await;
    assert!(
        grade.keeps_json && !grade.calls_tools && grade.streams,
        "{grade:?}"
    );
    assert_eq!(grade.context_tokens, 32_768);
    let sent = double.seen().pop().unwrap().json();
    assert_eq!(sent["options"]["num_ctx"], 32_768);
}
