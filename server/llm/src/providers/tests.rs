//! Answers as real servers send them, whole and broken, and the requests they are sent.

use tocsin_domain::ports::{
    CallScope, ChatMessage, ChatPiece, ChatRequest, ChatRole, Finish, ModelError, TimeoutKind,
    ToolCall, ToolSpec,
};

use super::*;
use crate::config::{ModelConfig, ModelSecret, ProviderChoice};
use crate::double::{Double, Ending, Reply};

fn scope() -> CallScope {
    CallScope {
        user: "alice".into(),
        question_id: 7,
        task: "answer".into(),
        prompt_hash: "00".into(),
    }
}

fn request() -> ChatRequest {
    let call = |id: &str, name: &str| ToolCall {
        id: id.into(),
        name: name.into(),
        arguments_json: r#"{"query":"disk"}"#.into(),
    };
    ChatRequest {
        scope: scope(),
        messages: vec![
            ChatMessage::text(ChatRole::System, "be brief"),
            ChatMessage::text(ChatRole::User, "what is full?"),
            ChatMessage {
                tool_calls: vec![call("call_1", "search_logs"), call("call_2", "other")],
                ..ChatMessage::text(ChatRole::Assistant, "")
            },
            ChatMessage::tool_result("call_1", "a line"),
        ],
        tools: vec![ToolSpec {
            name: "search_logs".into(),
            description: "finds lines".into(),
            parameters_json_schema: r#"{"type":"object","properties":{}}"#.into(),
        }],
        schema: None,
        tokens_max: 100,
        temperature: 0.2,
    }
}

fn provider(choice: ProviderChoice, url: &str) -> Provider {
    let mut config = ModelConfig {
        provider: Some(choice),
        model: "test-model".into(),
        base_url: url.into(),
        api_key: ModelSecret::new("sk-test-1234".into()),
        embedding_model: Some("embedder".into()),
        ..ModelConfig::default()
    };
    config.timeouts.first_token_ms = 5_000;
    config.timeouts.idle_ms = 150;
    Provider::new(&config.settings().unwrap().unwrap().endpoint).unwrap()
}

/// Id, name and arguments.
type Call = (String, String, String);

/// Text, calls and end of an answer.
#[derive(Debug, Default, PartialEq)]
struct Heard {
    text: String,
    calls: Vec<Call>,
    end: Option<(Finish, (u64, u64, bool))>,
}

async fn heard(provider: &Provider, request: &ChatRequest) -> Result<Heard, ModelError> {
    let prepared = provider
        .prepare_chat(request)
        .map_err(|failure| failure.error)?;
    let mut answer = provider
        .chat(prepared)
        .await
        .map_err(|failure| failure.error)?;
    let mut heard = Heard::default();
    while let Some(piece) = answer.next().await {
        match piece? {
            ChatPiece::Text(text) => heard.text += &text,
            ChatPiece::ToolCall(call) => {
                heard.calls.push((call.id, call.name, call.arguments_json));
            }
            ChatPiece::Done { finish, usage } => {
                assert!(heard.end.is_none());
                let tokens = (usage.tokens_in, usage.tokens_out, usage.is_estimate);
                heard.end = Some((finish, tokens));
            }
        }
    }
    assert!(answer.next().await.is_none());
    Ok(heard)
}

async fn heard_of(choice: ProviderChoice, reply: Reply) -> Result<Heard, ModelError> {
    let double = Double::playing([reply]).await;
    heard(&provider(choice, &double.url), &request()).await
}

fn choice(name: &str) -> ProviderChoice {
    match name.starts_with("openai") {
        true => ProviderChoice::OpenAi,
        false => ProviderChoice::Ollama,
    }
}

const TEXT: &str = "The disk of db-1 is full — 98 %.";

#[tokio::test]
async fn answers_are_heard_however_their_bytes_arrive() {
    let cases = [
        ("openai/text.sse", Finish::Stop, (24, 11, false)),
        ("openai/crlf.sse", Finish::Stop, (24, 11, false)),
        ("openai/text_no_usage.sse", Finish::Stop, (0, 0, true)),
        ("openai/text_no_done.sse", Finish::Stop, (0, 0, true)),
        ("openai/text_no_finish.sse", Finish::Stop, (0, 0, true)),
        ("openai/azure.sse", Finish::Stop, (0, 0, true)),
        ("openai/length.sse", Finish::Length, (24, 11, false)),
        ("openai/whole.json", Finish::Stop, (24, 11, false)),
        ("ollama/text.ndjson", Finish::Stop, (26, 12, false)),
        ("ollama/thinking.ndjson", Finish::Stop, (26, 12, false)),
        ("ollama/length.ndjson", Finish::Length, (26, 12, false)),
        ("ollama/no_counts.ndjson", Finish::Stop, (0, 0, true)),
        ("ollama/whole.json", Finish::Stop, (26, 12, false)),
    ];
    for (name, finish, usage) in cases {
        for piece_bytes in [1, 17, usize::MAX] {
            let reply = Reply {
                piece_bytes,
                ..Reply::recording(name)
            };
            let heard = heard_of(choice(name), reply).await.unwrap();
            assert_eq!(heard.text, TEXT, "{name} {piece_bytes}");
            assert_eq!(heard.end, Some((finish, usage)), "{name} {piece_bytes}");
        }
    }
}

#[tokio::test]
async fn calls_of_tools_are_put_together() {
    let call = |id: &str, name: &str, arguments: &str| -> Call {
        (id.into(), name.into(), arguments.into())
    };
    let promql = r#"{"promql":"node_filesystem_avail_bytes{host=\"db-1\"}"}"#;
    let logs = r#"{"query":"disk full","limit":5}"#;
    let cases: [(&str, Vec<Call>); 4] = [
        (
            "openai/tools.sse",
            vec![
                call("call_9mEsB1", "search_logs", logs),
                call("call_x2Kq7a", "query_metrics", promql),
            ],
        ),
        (
            "openai/tools_unnumbered.sse",
            vec![
                call("function-call-1", "search_logs", r#"{"query":"a"}"#),
                call("function-call-2", "search_logs", r#"{"query":"b"}"#),
            ],
        ),
        (
            "openai/whole_tools.json",
            vec![call("call_1", "search_logs", logs)],
        ),
        (
            "ollama/tools.ndjson",
            vec![
                call(
                    "call_1",
                    "search_logs",
                    r#"{"limit":5,"query":"disk full"}"#,
                ),
                call("call_x2Kq7a", "query_metrics", promql),
            ],
        ),
    ];
    for (name, calls) in cases {
        let heard = heard_of(choice(name), Reply::recording(name))
            .await
            .unwrap();
        assert_eq!(heard.calls, calls, "{name}");
        assert_eq!(heard.end.unwrap().0, Finish::ToolCalls, "{name}");
    }
    let cut = heard_of(
        ProviderChoice::OpenAi,
        Reply::recording("openai/tools_cut.sse"),
    )
    .await;
    let Err(ModelError::Malformed { detail, text }) = cut else {
        panic!("{cut:?}");
    };
    assert!(
        detail.contains("`search_logs`") && text.contains("dis"),
        "{detail} {text}"
    );
}

#[tokio::test]
async fn a_broken_answer_ends_with_an_error() {
    let cases = [
        ("openai/broken.sse", "broke off"),
        ("openai/cut_mid_line.sse", "no JSON"),
        ("openai/invalid_json.sse", "no JSON"),
        ("openai/silent.sse", "says nothing"),
        ("openai/empty_choices.sse", "says nothing"),
        ("openai/whole_no_choices.json", "broke off"),
        ("openai/page.html", "`base_url`"),
        ("ollama/broken.ndjson", "broke off"),
        ("ollama/cut_mid_line.ndjson", "no JSON"),
        ("openai/page.html", "`base_url`"),
    ];
    for (name, expected) in cases {
        let error = heard_of(choice(name), Reply::recording(name))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), "malformed", "{name}: {error}");
        assert!(error.to_string().contains(expected), "{name}: {error}");
    }
    for name in ["openai/text.sse", "ollama/text.ndjson"] {
        let mut reply = Reply::recording(name);
        reply.body.truncate(reply.body.len() - 60);
        reply.ending = Ending::Abort;
        let error = heard_of(choice(name), reply).await.unwrap_err();
        assert_eq!(error.kind(), "malformed", "{name}: {error}");
    }
    let huge = Reply::new([b"data: ".as_slice(), &vec![b'a'; 2_000_000]].concat());
    let error = heard_of(ProviderChoice::OpenAi, huge).await.unwrap_err();
    assert!(error.to_string().contains("too large"), "{error}");
}

#[tokio::test]
async fn refusals_and_errors_have_their_kinds() {
    let cases: [(&str, u16, &str); 22] = [
        ("openai/refusal.sse", 200, "refused"),
        ("openai/content_filter.sse", 200, "refused"),
        ("openai/error_in_stream.sse", 200, "unavailable"),
        ("openai/openrouter_error.sse", 200, "unavailable"),
        ("openai/400.json", 400, "bad_request"),
        ("openai/400_context.json", 400, "context_too_long"),
        ("openai/400_vllm.json", 400, "context_too_long"),
        ("openai/400_azure_filter.json", 400, "refused"),
        ("openai/401.json", 401, "unauthorized"),
        ("openai/401.json", 403, "unauthorized"),
        ("openai/404_model.json", 404, "no_such_model"),
        ("openai/404.json", 404, "bad_request"),
        ("openai/429.json", 429, "unavailable"),
        ("openai/429_quota.json", 429, "quota"),
        ("openai/500.json", 500, "unavailable"),
        ("openai/503.txt", 503, "unavailable"),
        ("openai/page.html", 502, "unavailable"),
        ("openai/page.html", 301, "bad_request"),
        ("ollama/404_model.json", 404, "no_such_model"),
        ("ollama/400_tools.json", 400, "bad_request"),
        ("ollama/503.json", 503, "unavailable"),
        ("ollama/error_in_stream.ndjson", 200, "unavailable"),
    ];
    for (name, status, kind) in cases {
        let reply = Reply {
            status,
            ..Reply::recording(name)
        };
        let error = heard_of(choice(name), reply).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{name} {status}: {error}");
        assert!(!error.to_string().contains('<'), "{name}: {error}");
    }
    let reply = Reply {
        headers: "Retry-After: 7\r\n".into(),
        ..Reply::status(429, "your key sk-test-1234 is tired\u{7}")
    };
    let error = heard_of(ProviderChoice::OpenAi, reply.clone())
        .await
        .unwrap_err();
    let by_date = Reply {
        headers: "Date: Wed, 01 May 2024 10:00:00 GMT\r\n\
                  Retry-After: Wed, 01 May 2024 10:00:07 GMT\r\n"
            .into(),
        ..reply
    };
    assert_eq!(
        heard_of(ProviderChoice::OpenAi, by_date).await.unwrap_err(),
        error
    );
    let expected = ModelError::Unavailable {
        retry_after_secs: Some(7),
        detail: "status 429: your key *** is tired".into(),
    };
    assert_eq!(error, expected);
}

#[tokio::test]
async fn silence_has_its_limits() {
    for name in ["openai/broken.sse", "ollama/broken.ndjson"] {
        let reply = Reply {
            ending: Ending::Stall,
            ..Reply::recording(name)
        };
        let error = heard_of(choice(name), reply).await.unwrap_err();
        let which = TimeoutKind::Idle;
        assert_eq!(error, ModelError::Timeout { which }, "{name}");
    }
    let double = Double::playing([Reply {
        ending: Ending::Stall,
        ..Reply::new("")
    }])
    .await;
    let mut config = ModelConfig {
        provider: Some(ProviderChoice::OpenAi),
        base_url: double.url.clone(),
        ..ModelConfig::default()
    };
    config.timeouts.first_token_ms = 100;
    let slow = |config: &ModelConfig| {
        Provider::new(&config.settings().unwrap().unwrap().endpoint).unwrap()
    };
    let error = heard(&slow(&config), &request()).await.unwrap_err();
    let which = TimeoutKind::FirstToken;
    assert_eq!(error, ModelError::Timeout { which });
    config.timeouts.total_ms = 50;
    let error = heard(&slow(&config), &request()).await.unwrap_err();
    let which = TimeoutKind::Total;
    assert_eq!(error, ModelError::Timeout { which });
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable_and_nothing_left() {
    let provider = provider(ProviderChoice::OpenAi, "http://127.0.0.1:1/v1");
    let prepared = provider.prepare_chat(&request()).unwrap();
    let failure = provider.chat(prepared).await.unwrap_err();
    assert!(!failure.has_left && failure.is_temporary(), "{failure:?}");
    assert_eq!(failure.error.kind(), "unavailable");
}

#[tokio::test]
async fn requests_are_written_as_the_servers_want_them() {
    let double = Double::playing([Reply::recording("openai/text.sse")]).await;
    let openai = provider(ProviderChoice::OpenAi, &format!("{}/v1/", double.url));
    let mut with_schema = request();
    with_schema.schema = Some(
        r#"{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}"#.into(),
    );
    heard(&openai, &with_schema).await.unwrap();
    let seen = double.seen().remove(0);
    assert_eq!(seen.target, "POST /v1/chat/completions");
    assert!(
        seen.head.contains("authorization: Bearer sk-test-1234"),
        "{}",
        seen.head
    );
    let body = seen.json();
    assert_eq!(body["model"], "test-model");
    assert_eq!(
        (&body["max_tokens"], &body["stream"]),
        (&100.into(), &true.into())
    );
    assert_eq!(body["stream_options"]["include_usage"], true);
    assert_eq!(
        body["messages"][0],
        serde_json::json!({"role":"system","content":"be brief"})
    );
    let assistant = &body["messages"][2];
    assert!(
        assistant
            .get("content")
            .is_none_or(serde_json::Value::is_null)
    );
    assert_eq!(assistant["tool_calls"][0]["type"], "function");
    assert_eq!(
        assistant["tool_calls"][0]["function"]["arguments"],
        r#"{"query":"disk"}"#
    );
    assert_eq!(body["messages"][3]["tool_call_id"], "call_1");
    assert_eq!(body["tools"][0]["function"]["parameters"]["type"], "object");
    assert_eq!(body["response_format"]["json_schema"]["strict"], true);

    let double = Double::playing([Reply::recording("ollama/text.ndjson")]).await;
    heard(&provider(ProviderChoice::Ollama, &double.url), &with_schema)
        .await
        .unwrap();
    let seen = double.seen().remove(0);
    assert_eq!(seen.target, "POST /api/chat");
    let body = seen.json();
    assert_eq!(
        (&body["options"]["num_predict"], &body["think"]),
        (&100.into(), &false.into())
    );
    assert_eq!(body["options"]["num_ctx"], 8192);
    assert_eq!(
        body["messages"][2]["tool_calls"][0]["function"]["arguments"]["query"],
        "disk"
    );
    assert_eq!(body["messages"][3]["tool_name"], "search_logs");
    assert_eq!(body["format"]["type"], "object");
}

#[tokio::test]
async fn what_a_server_does_not_take_is_left_out_from_then_on() {
    let refusal = |name| Reply {
        status: 400,
        ..Reply::recording(name)
    };
    let double = Double::playing([
        refusal("openai/400_max_tokens.json"),
        refusal("openai/400_temperature.json"),
        Reply::recording("openai/text.sse"),
    ])
    .await;
    let provider = provider(ProviderChoice::OpenAi, &double.url);
    for learns in [true, true] {
        let prepared = provider.prepare_chat(&request()).unwrap();
        let failure = provider.chat(prepared.clone()).await.unwrap_err();
        assert_eq!(provider.learn(&failure), learns);
        // Once is enough: the same refusal teaches nothing more.
        assert!(!provider.learn(&failure));
    }
    heard(&provider, &request()).await.unwrap();
    let body = double.seen().pop().unwrap().json();
    assert_eq!(body["max_completion_tokens"], 100);
    assert_eq!(body["reasoning_effort"], "low");
    assert!(
        body.get("max_tokens").is_none() && body.get("temperature").is_none(),
        "{body}"
    );
}

#[tokio::test]
async fn a_model_that_thinks_is_given_room_for_it() {
    let thinking = Reply::recording("openai/thinking.sse");
    let double = Double::playing([thinking]).await;
    let provider = provider(ProviderChoice::OpenAi, &double.url);
    assert_eq!(provider.thinking_tokens(), 0);
    assert_eq!(heard(&provider, &request()).await.unwrap().text, TEXT);
    assert_eq!(provider.thinking_tokens(), 4_000);
}

#[tokio::test]
async fn texts_become_vectors_in_their_order() {
    for (name, target) in [
        ("openai/embeddings.json", "POST /embeddings"),
        ("ollama/embed.json", "POST /api/embed"),
    ] {
        let double = Double::playing([Reply::recording(name)]).await;
        let provider = provider(choice(name), &double.url);
        let texts = ["a".to_owned(), "b".to_owned()];
        let prepared = provider.prepare_embed(&texts).unwrap().unwrap();
        let embedded = provider.embed(prepared.clone(), 2).await.unwrap();
        assert_eq!(
            embedded.vectors,
            [[1.0, 0.0, 0.125], [0.5, -0.25, 0.0]],
            "{name}"
        );
        assert_eq!(embedded.tokens_in, Some(8));
        let seen = double.seen().remove(0);
        assert_eq!(seen.target, target);
        assert_eq!(seen.json()["model"], "embedder");
        let failure = provider.embed(prepared, 3).await.unwrap_err();
        assert_eq!(failure.error.kind(), "malformed");
    }
}

#[tokio::test]
async fn servers_tell_the_context_of_their_models() {
    let double = Double::playing([Reply::recording("openai/models_vllm.json")]).await;
    let openai = provider(ProviderChoice::OpenAi, &double.url);
    assert_eq!(openai.context_tokens().await.unwrap(), Some(40_960));
    let double = Double::playing([Reply::recording("ollama/show.json")]).await;
    let ollama = provider(ProviderChoice::Ollama, &double.url);
    assert_eq!(ollama.context_tokens().await.unwrap(), Some(32_768));
    let prepared = ollama.prepare_chat(&request()).unwrap();
    let body: serde_json::Value = serde_json::from_slice(&prepared.body).unwrap();
    assert_eq!(body["options"]["num_ctx"], 32_768);
}
