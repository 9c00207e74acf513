//! The copilot as a model of `OpenAI`'s API, as its clients see it.

use std::time::Duration;

use serde_json::{Value, json};

use super::fakes::{NOW, lock};
use super::{Answer, Server};

const CHAT: &str = "/v1/chat/completions";

fn user(text: &str) -> Value {
    json!({"role": "user", "content": text})
}

async fn chat(server: &Server, messages: Value, more: Value) -> Answer {
    let mut body = json!({"model": "tocsin", "messages": messages});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    server.ask("POST", CHAT, body).await
}

const ANSWER: &str = "*Why is db-1 slow, in the last hour?*\n\n\
    It is slow. \\[E1\\]\n\n\
    Note: The model was away.\n\n\
    What could be done about slow (nothing of it was done):\n\n\
    1. Look at the locks\n\n\
    It helped if latency falls\n\n\
    Evidence:\n\n\
    - \\[E1\\] `12 lines: slow <*>`, 2027-01-15T07:59:59Z\n\n";

#[tokio::test]
async fn a_conversation_is_answered_as_a_completion() {
    let server = Server::new();
    let messages = json!([
        {"role": "system", "content": "You are a pirate."},
        user("What is db-1?"),
        {"role": "assistant", "content": "A database."},
        user("Unanswered"),
        {"role": "tool", "tool_call_id": "1", "content": "x"},
        {"role": "user", "content": [{"type": "text", "text": " Why is"}, {"type": "text", "text": "it slow? "}]},
    ]);
    let more = json!({
        "temperature": 0.2, "max_tokens": 5, "tools": [{"type": "function"}], "tool_choice": "auto",
        "response_format": {"type": "text"}, "n": 1, "user": "kim", "stream": false,
    });
    let answer = chat(&server, messages, more).await.ok(200);
    assert!(answer["id"].as_str().unwrap().starts_with("chatcmpl-"));
    assert_eq!(
        (&answer["object"], &answer["model"]),
        (&json!("chat.completion"), &json!("tocsin"))
    );
    assert_eq!(answer["created"], NOW.millis() / 1000);
    let choice = &answer["choices"][0];
    let message = json!({"role": "assistant", "content": ANSWER, "refusal": null});
    assert_eq!(choice["message"], message);
    assert_eq!(choice["finish_reason"], "stop");
    let usage = &answer["usage"];
    let tokens = |name: &str| usage[name].as_u64().unwrap();
    assert_eq!(tokens("completion_tokens"), ANSWER.len().div_ceil(4) as u64);
    assert_eq!(
        tokens("total_tokens"),
        tokens("prompt_tokens") + tokens("completion_tokens")
    );

    let asked = lock(&server.fakes.answering).asked[0].clone();
    assert_eq!(
        (asked.text.as_str(), asked.thread),
        ("Why is\nit slow?", None)
    );
    assert_eq!(
        asked.before,
        [
            ("What is db-1?".to_owned(), "A database.".to_owned()),
            ("Unanswered".to_owned(), String::new())
        ]
    );
    assert_eq!(asked.user, "anonymous", "who is named is not who asks");
}

/// The data of all events.
fn data(answer: &Answer) -> Vec<String> {
    let text = answer.text();
    let lines = text.lines().filter_map(|line| line.strip_prefix("data: "));
    lines.map(str::to_owned).collect()
}

#[tokio::test]
async fn a_stream_says_the_same_piece_by_piece() {
    let server = Server::new();
    let more = json!({"stream": true, "stream_options": {"include_usage": true}});
    let answer = chat(&server, json!([user("Why?")]), more).await;
    assert_eq!(answer.header("content-type"), "text/event-stream");
    let mut events = data(&answer);
    assert_eq!(events.pop().unwrap(), "[DONE]");
    let events: Vec<Value> = events
        .iter()
        .map(|text| serde_json::from_str(text).unwrap())
        .collect();
    assert!(
        events
            .iter()
            .all(|event| event["object"] == "chat.completion.chunk")
    );
    assert!(events.iter().all(|event| event["id"] == events[0]["id"]));
    assert_eq!(
        events[0]["choices"][0]["delta"],
        json!({"role": "assistant", "content": ""})
    );
    let texts = events
        .iter()
        .filter_map(|event| event["choices"][0]["delta"]["content"].as_str());
    let texts: Vec<&str> = texts.collect();
    assert_eq!(texts.concat(), ANSWER);
    assert!(texts.len() >= 4, "{texts:?}");
    let [.., last, usage] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(last["choices"][0]["finish_reason"], "stop");
    assert_eq!(
        (&last["usage"], &usage["choices"]),
        (&Value::Null, &json!([]))
    );
    assert_eq!(
        usage["usage"]["completion_tokens"],
        ANSWER.len().div_ceil(4)
    );

    let plain = chat(&server, json!([user("Why?")]), json!({"stream": true})).await;
    assert!(!plain.text().contains("usage"));
}

#[tokio::test]
async fn words_of_logs_are_not_active_in_a_chat() {
    let server = Server::new();
    lock(&server.fakes.answering).says = Some("See ![x](https://evil.example/?q=s) <b>".into());
    let answer = chat(&server, json!([user("Why?")]), json!({}))
        .await
        .ok(200);
    let text = answer["choices"][0]["message"]["content"].as_str().unwrap();
    assert!(
        text.contains("See `![x](https://evil.example/?q=s)` &lt;b&gt;"),
        "{text}"
    );
}

#[tokio::test]
async fn what_cannot_be_is_refused_in_the_form_clients_read() {
    let server = Server::new();
    let good = json!([user("Why?")]);
    let image = json!([{"role": "user", "content": [{"type": "image_url"}]}]);
    let after = json!([user("Why?"), {"role": "assistant", "content": "Because"}]);
    for (messages, more, param) in [
        (good.clone(), json!({"n": 2}), "n"),
        (
            good.clone(),
            json!({"tool_choice": "required"}),
            "tool_choice",
        ),
        (
            good.clone(),
            json!({"response_format": {"type": "json_object"}}),
            "response_format",
        ),
        (json!([]), json!({}), "messages"),
        (json!(null), json!({}), "messages"),
        (json!([user(" ")]), json!({}), "messages"),
        (after, json!({}), "messages"),
        (image, json!({}), "messages[0].content[0]"),
        (
            json!([{"role": "user", "content": 5}]),
            json!({}),
            "messages[0].content",
        ),
        (
            json!([{"role": "king", "content": "a"}]),
            json!({}),
            "messages[0].role",
        ),
    ] {
        let error = chat(&server, messages, more).await.ok(400)["error"].clone();
        assert_eq!(
            (&error["type"], &error["param"]),
            (&json!("invalid_request_error"), &json!(param))
        );
        assert!(!error["message"].as_str().unwrap().is_empty());
    }
    let long = chat(&server, json!([user(&"x".repeat(9000))]), json!({}))
        .await
        .ok(400);
    assert_eq!(long["error"]["code"], "context_length_exceeded");
    for model in [json!("gpt-4o"), json!(null)] {
        let error = chat(&server, good.clone(), json!({"model": model}))
            .await
            .ok(404);
        assert_eq!(error["error"]["code"], "model_not_found");
    }
    let text = server
        .post(CHAT, &[("content-type", "application/json")], "{")
        .await;
    assert_eq!(text.ok(400)["error"]["type"], "invalid_request_error");
    let form = server
        .post(CHAT, &[("content-type", "text/plain")], "{}")
        .await;
    assert_eq!(form.ok(415)["error"]["type"], "invalid_request_error");
    assert!(lock(&server.fakes.answering).asked.is_empty());

    lock(&server.fakes.answering).is_busy = true;
    let busy = chat(&server, good, json!({"stream": true})).await;
    assert_eq!(busy.header("retry-after"), "1");
    let error = busy.ok(429)["error"].clone();
    assert_eq!(
        (&error["type"], &error["code"]),
        (&json!("rate_limit_error"), &json!("rate_limit_exceeded"))
    );
}

#[tokio::test]
async fn what_fails_on_the_way_is_said_once_and_nothing_follows() {
    let server = Server::new();
    lock(&server.fakes.answering).is_broken = true;
    let answer = chat(&server, json!([user("Why?")]), json!({"stream": true})).await;
    let last: Value = serde_json::from_str(data(&answer).last().unwrap()).unwrap();
    assert_eq!(last["error"]["type"], "server_error");
    assert!(!last.to_string().contains("space left"));
    let whole = chat(&server, json!([user("Why?")]), json!({})).await;
    assert_eq!(whole.ok(503)["error"]["type"], "server_error");
}

#[tokio::test]
async fn an_answer_that_is_stopped_looks_cut() {
    let server = Server::new();
    lock(&server.fakes.answering).is_endless = true;
    let messages = json!([user("Why?")]);
    let asked = chat(&server, messages, json!({"stream": true}));
    let stop = async {
        while lock(&server.fakes.answering).asked.is_empty() {
            tokio::task::yield_now().await;
        }
        server.shutdown.cancel();
    };
    let both = async { tokio::join!(asked, stop) };
    let (answer, ()) = tokio::time::timeout(Duration::from_secs(5), both)
        .await
        .unwrap();
    let mut events = data(&answer);
    assert_eq!(events.pop().unwrap(), "[DONE]");
    let last: Value = serde_json::from_str(&events.pop().unwrap()).unwrap();
    assert_eq!(last["choices"][0]["finish_reason"], "length");
}

#[tokio::test]
async fn there_is_one_model() {
    let server = Server::new();
    let model = json!({"id": "tocsin", "object": "model", "created": 0, "owned_by": "tocsin"});
    let all = server.json("/v1/models").await;
    assert_eq!(all, json!({"object": "list", "data": [model.clone()]}));
    assert_eq!(server.json("/v1/models/tocsin").await, model);
    let unknown = server.get("/v1/models/gpt-4o").await.ok(404);
    assert_eq!(unknown["error"]["code"], "model_not_found");
}
