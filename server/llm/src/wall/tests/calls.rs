//! Turns, attempts, the breaker, and that whatever left is written down.

use std::sync::atomic::Ordering;

use sha2::{Digest, Sha256};
use tocsin_domain::ports::{ChatPiece, Finish, ModelError, ModelProvider, TimeoutKind, Usage};
use tokio::time::Instant;

use super::rig::*;
use crate::config::{ModelConfig, ProviderChoice};
use crate::double::{Double, Ending, Reply};
use crate::wall::connect;

const TEXT: &str = "The disk of db-1 is full — 98 %.";

fn ok() -> Reply {
    Reply::recording("openai/text.sse")
}

fn down() -> Reply {
    Reply {
        status: 503,
        ..Reply::recording("openai/503.txt")
    }
}

fn stalling(name: &str) -> Reply {
    Reply {
        ending: Ending::Stall,
        ..Reply::recording(name)
    }
}

#[tokio::test]
async fn an_answer_is_written_down_before_it_ends() {
    let double = Double::playing([ok()]).await;
    let rig = Rig::before(&double, |config| {
        config.prices.micro_usd_per_million_in = 1_000_000;
        config.prices.micro_usd_per_million_out = 2_000_000;
    });
    let pieces = rig.ask("what is full?").await.unwrap();
    assert_eq!(text_of(&pieces), TEXT);
    let end = ChatPiece::Done {
        finish: Finish::Stop,
        usage: Usage {
            tokens_in: 24,
            tokens_out: 11,
            is_estimate: false,
        },
    };
    assert_eq!(pieces.last(), Some(&end));
    let entry = rig.entries().remove(0);
    assert_eq!(
        (entry.provider.as_str(), entry.model.as_str()),
        ("openai", "test-model")
    );
    assert_eq!(entry.destination, double.url.trim_start_matches("http://"));
    assert_eq!(
        (entry.user.as_str(), entry.question_id, entry.at_ms),
        ("alice", 7, NOON_MS)
    );
    assert_eq!(
        (entry.tokens_in, entry.tokens_out, entry.micro_usd),
        (24, 11, 46)
    );
    assert_eq!(
        (entry.outcome.as_str(), entry.prompt_hash.as_str()),
        ("ok", "beef")
    );
    let sent = Sha256::digest(double.seen()[0].body.as_bytes());
    let sent: String = sent.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(entry.sent_sha256, sent);
    let counts = rig.telemetry.counts();
    assert_eq!(counts.calls, [("ok".to_owned(), 1)]);
    assert_eq!(
        (counts.tokens_in, counts.tokens_out, counts.in_flight),
        (24, 11, 0)
    );
}

#[tokio::test]
async fn usage_is_estimated_where_the_server_does_not_say() {
    let double = Double::playing([Reply::recording("openai/text_no_usage.sse")]).await;
    let rig = Rig::before(&double, |_| {});
    let pieces = rig.ask("what is full?").await.unwrap();
    let Some(ChatPiece::Done { usage, .. }) = pieces.last() else {
        panic!("{pieces:?}");
    };
    assert!(
        usage.is_estimate && usage.tokens_in >= 5 && usage.tokens_out >= 11,
        "{usage:?}"
    );
    assert_eq!(rig.entries()[0].tokens_out, usage.tokens_out);
}

#[tokio::test]
async fn what_fails_before_the_first_piece_is_tried_again_and_each_attempt_is_written_down() {
    let aborted = Reply {
        ending: Ending::Abort,
        ..Reply::new("data: {")
    };
    let double = Double::playing([down(), aborted, ok()]).await;
    let rig = Rig::before(&double, |_| {});
    assert_eq!(text_of(&rig.ask("x").await.unwrap()), TEXT);
    assert_eq!(rig.outcomes(), ["unavailable", "malformed", "ok"]);
    assert_eq!(rig.telemetry.counts().retries, 2);
    assert!(rig.telemetry.counts().errors.is_empty());
    // Nobody is paid for an error.
    assert_eq!(rig.entries()[0].micro_usd, 0);
}

#[tokio::test]
async fn attempts_end() {
    let double = Double::playing([down()]).await;
    let rig = Rig::before(&double, |config| config.retries.attempts_max = 3);
    let error = rig.ask("x").await.unwrap_err();
    assert_eq!(error.kind(), "unavailable");
    assert_eq!(rig.outcomes().len(), 4);
    let counts = rig.telemetry.counts();
    assert_eq!(counts.errors, [("unavailable".to_owned(), 1)]);
}

#[tokio::test]
async fn what_will_not_change_is_not_tried_again() {
    let cases = [
        (400, "openai/400.json"),
        (401, "openai/401.json"),
        (429, "openai/429_quota.json"),
    ];
    for (status, name) in cases {
        let double = Double::playing([Reply {
            status,
            ..Reply::recording(name)
        }])
        .await;
        let rig = Rig::before(&double, |_| {});
        rig.ask("x").await.unwrap_err();
        assert_eq!(double.seen().len(), 1, "{name}");
    }
    // Nor what broke after the first piece.
    let double = Double::playing([Reply::recording("openai/error_in_stream.sse")]).await;
    let rig = Rig::before(&double, |_| {});
    assert_eq!(rig.ask("x").await.unwrap_err().kind(), "unavailable");
    assert_eq!(
        (double.seen().len(), rig.outcomes()),
        (1, vec!["unavailable".to_owned()])
    );
}

#[tokio::test]
async fn a_server_is_waited_for_as_it_asks_up_to_a_bound() {
    let later = |secs: u32| Reply {
        headers: format!("Retry-After: {secs}\r\n"),
        ..Reply::status(429, "slow down")
    };
    let double = Double::playing([later(1), ok()]).await;
    let rig = Rig::before(&double, |_| {});
    let began = Instant::now();
    rig.ask("x").await.unwrap();
    assert!(began.elapsed().as_millis() >= 1_000);
    let double = Double::playing([later(60), ok()]).await;
    let rig = Rig::before(&double, |_| {});
    let error = rig.ask("x").await.unwrap_err();
    let ModelError::Unavailable {
        retry_after_secs: Some(60),
        ..
    } = error
    else {
        panic!("{error:?}");
    };
    assert_eq!(double.seen().len(), 1);
}

#[tokio::test]
async fn a_server_that_keeps_failing_is_left_alone_and_then_tried() {
    let double = Double::playing([down(), down(), down(), ok()]).await;
    let rig = Rig::before(&double, |config| {
        config.retries.attempts_max = 0;
        config.breaker.failures = 2;
        config.breaker.open_secs = 0;
    });
    for _ in 0..3 {
        rig.ask("x").await.unwrap_err();
    }
    rig.ask("x").await.unwrap();
    let double = Double::playing([down()]).await;
    let rig = Rig::before(&double, |config| {
        config.retries.attempts_max = 0;
        config.breaker.failures = 2;
    });
    for _ in 0..4 {
        rig.ask("x").await.unwrap_err();
    }
    let error = rig.ask("x").await.unwrap_err();
    assert!(error.to_string().contains("left alone"), "{error}");
    assert_eq!(double.seen().len(), 2);
    // A server that says what it does not like is there.
    let double = Double::playing([Reply::status(400, "no")]).await;
    let rig = Rig::before(&double, |config| config.breaker.failures = 1);
    for _ in 0..3 {
        assert_eq!(rig.ask("x").await.unwrap_err().kind(), "bad_request");
    }
}

#[tokio::test]
async fn too_many_calls_are_turned_away() {
    let double = Double::playing([stalling("openai/broken.sse")]).await;
    let rig = Rig::before(&double, |config| {
        config.concurrency = 1;
        config.queue = 1;
    });
    let first = rig.model.chat(request("x")).await.unwrap();
    let (mut second, mut third) = (rig.model.chat(request("x")), rig.model.chat(request("x")));
    let (turned_away, waiting) = tokio::select! {
        turned_away = &mut second => (turned_away, third),
        turned_away = &mut third => (turned_away, second),
    };
    assert_eq!(turned_away.err(), Some(ModelError::Busy));
    drop(first);
    assert!(waiting.await.is_ok());
}

#[tokio::test]
async fn a_stream_that_is_dropped_is_written_down_as_cut() {
    let double = Double::playing([stalling("openai/broken.sse")]).await;
    let rig = Rig::before(&double, |_| {});
    let mut stream = rig.model.chat(request("x")).await.unwrap();
    assert!(matches!(stream.next().await, Some(Ok(ChatPiece::Text(_)))));
    drop(stream);
    let entry = rig.entries_once(1).await.remove(0);
    assert_eq!(entry.outcome, "cut");
    assert!(entry.tokens_in > 0 && entry.tokens_out > 0, "{entry:?}");
    // Also while the first piece is waited for.
    let double = Double::playing([Reply {
        ending: Ending::Stall,
        ..Reply::new("")
    }])
    .await;
    let rig = Rig::before(&double, |_| {});
    tokio::select! {
        _ = rig.model.chat(request("x")) => panic!("nothing came"),
        () = async { while double.seen().is_empty() { tokio::task::yield_now().await; } } => {}
    }
    let entry = rig.entries_once(1).await.remove(0);
    assert_eq!((entry.outcome.as_str(), entry.tokens_out), ("cut", 0));
}

#[tokio::test]
async fn silence_is_written_down_too() {
    let double = Double::playing([stalling("openai/broken.sse")]).await;
    let rig = Rig::before(&double, |config| config.timeouts.idle_ms = 50);
    let error = rig.ask("x").await.unwrap_err();
    let which = TimeoutKind::Idle;
    assert_eq!(error, ModelError::Timeout { which });
    assert_eq!(rig.outcomes(), ["timeout"]);
}

#[tokio::test]
async fn without_a_ledger_no_call_is_made_and_no_answer_ends() {
    let double = Double::playing([ok()]).await;
    let rig = Rig::before(&double, |_| {});
    rig.ledger.is_away.store(true, Ordering::Relaxed);
    let error = rig.ask("x").await.unwrap_err();
    assert!(error.to_string().contains("cannot be read"), "{error}");
    assert!(double.seen().is_empty());
    rig.ledger.is_away.store(false, Ordering::Relaxed);
    rig.ledger.is_full.store(true, Ordering::Relaxed);
    let error = rig.ask("x").await.unwrap_err();
    assert!(error.to_string().contains("cannot be written"), "{error}");
    assert_eq!(rig.telemetry.counts().unrecorded, 1);
}

#[tokio::test]
async fn a_shutdown_lets_nothing_new_leave_and_writes_down_what_did() {
    let double = Double::playing([stalling("openai/broken.sse")]).await;
    let mut rig = Rig::before(&double, |_| {});
    let stream = rig.model.chat(request("x")).await.unwrap();
    rig.shutdown.cancel();
    let error = loop {
        // The keeper may not have heard yet.
        match rig.model.chat(request("x")).await {
            Ok(stream) => drop(stream),
            Err(error) => break error,
        }
    };
    assert!(error.to_string().contains("shuts down"), "{error}");
    let left = double.seen().len();
    drop(stream);
    while rig.keeper.join_next().await.is_some() {}
    assert_eq!(rig.outcomes().len(), left);
}

#[tokio::test]
async fn what_a_server_does_not_take_is_left_out() {
    let refusal = |name| Reply {
        status: 400,
        ..Reply::recording(name)
    };
    let double = Double::playing([
        refusal("openai/400_max_tokens.json"),
        refusal("openai/400_temperature.json"),
        ok(),
    ])
    .await;
    let rig = Rig::before(&double, |config| config.retries.attempts_max = 0);
    assert_eq!(text_of(&rig.ask("x").await.unwrap()), TEXT);
    assert_eq!(rig.outcomes(), ["bad_request", "bad_request", "ok"]);
}

#[tokio::test]
async fn texts_become_vectors_and_are_written_down() {
    let double = Double::playing([Reply::recording("openai/embeddings.json")]).await;
    let rig = Rig::before(&double, |_| {});
    let scope = request("x").scope;
    let texts = ["at 10.1.2.3".to_owned(), "b".to_owned()];
    let vectors = rig.model.embed(&scope, &texts).await.unwrap();
    assert_eq!(vectors.len(), 2);
    assert_eq!(double.seen()[0].json()["input"][0], "at <IP_1>");
    let entry = rig.entries().remove(0);
    assert_eq!((entry.model.as_str(), entry.tokens_in), ("embedder", 8));
    assert_eq!(entry.redactions, [("IP".to_owned(), 1)]);
    let rig = Rig::before(&double, |config| config.embedding_model = None);
    assert_eq!(
        rig.model.embed(&scope, &texts).await.unwrap_err(),
        ModelError::NoModel
    );
}

#[test]
fn what_cannot_be_connected_is_said_at_the_start() {
    let connected = |change: &dyn Fn(&mut ModelConfig)| {
        let mut config = ModelConfig::default();
        change(&mut config);
        connect(&config, parts())
    };
    let none = connected(&|_| {}).unwrap();
    assert_eq!(none.model.model().provider, ModelProvider::Extractive);
    let wrong = |change: &dyn Fn(&mut ModelConfig)| connected(change).unwrap_err().to_string();
    let nowhere = Some(std::path::PathBuf::from("/nowhere"));
    assert!(wrong(&|config| config.redaction_rules = nowhere.clone()).contains("/nowhere"));
    assert!(wrong(&|config| config.prompts_dir = nowhere.clone()).contains("/nowhere"));
    let file = tempfile::NamedTempFile::new().unwrap();
    let pem = wrong(&|config| {
        config.provider = Some(ProviderChoice::OpenAi);
        config.ca_file = Some(file.path().into());
    });
    assert!(pem.contains("`ca_file`"), "{pem}");
    let proxy = wrong(&|config| {
        config.provider = Some(ProviderChoice::OpenAi);
        config.proxy = Some("not an address".into());
    });
    assert!(proxy.contains("`proxy`"), "{proxy}");
}
