//! The secrets suite: whatever is planted in whatever a model is told, the server that was told does
//! not have it, the ledger counts it, and the answer has it back.

use std::collections::BTreeMap;

use tocsin_domain::ports::{ChatMessage, ChatPiece, ChatRequest, ChatRole, ToolCall, ToolSpec};

use super::rig::*;
use crate::double::{Double, Reply, Seen};

/// Kind, text around, secret. The secret stands where `{}` is.
const PLANTED: [(&str, &str, &str); 44] = [
    ("AWS_KEY", "key {} was used", "AKIAIOSFODNN7EXAMPLE"),
    (
        "AWS_SECRET",
        "aws_secret_access_key={}",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzEXAMPLEKEY",
    ),
    (
        "GCP_KEY",
        "GET /maps?k={}",
        "AIzaSyA1234567890abcdefghijklmnopqrstuv",
    ),
    (
        "GCP_TOKEN",
        "with {}",
        "ya29.a0AfH6SMBx1234567890abcdefghij",
    ),
    (
        "AZURE_KEY",
        "AccountName=x;AccountKey={};Suffix=y",
        "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq==",
    ),
    (
        "GITHUB_TOKEN",
        "remote {} denied",
        "ghp_0123456789abcdefghijABCDEFGHIJ012345",
    ),
    (
        "GITLAB_TOKEN",
        "clone with {}",
        "glpat-abcdefghij0123456789",
    ),
    (
        "SLACK_TOKEN",
        "bot {}",
        "xoxb-123456789012-123456789012-abcdefghijklmnopqrstuvwx",
    ),
    (
        "WEBHOOK_URL",
        "POST {} 200",
        "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
    ),
    (
        "STRIPE_KEY",
        "stripe {}",
        "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
    ),
    ("TWILIO_KEY", "sid {}", "SK0123456789abcdef0123456789abcdef"),
    (
        "SENDGRID_KEY",
        "mail {}",
        "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",
    ),
    (
        "NPM_TOKEN",
        "publish {}",
        "npm_0123456789abcdefghijABCDEFGHIJ012345",
    ),
    (
        "PYPI_TOKEN",
        "upload {}",
        "pypi-AgEIcHlwaS5vcmcCJDAxMjM0NTY3",
    ),
    (
        "ANTHROPIC_KEY",
        "x {}",
        "sk-ant-api03-abcdefghijklmnop0123456789",
    ),
    (
        "OPENAI_KEY",
        "Incorrect API key provided: {}.",
        "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789",
    ),
    (
        "HUGGINGFACE_TOKEN",
        "pull {}",
        "hf_abcdefghijklmnopqrstuvwxyzABCDEFGH",
    ),
    (
        "TELEGRAM_TOKEN",
        "GET /bot{}/sendMessage",
        "123456789:AAabcdefghijklmnopqrstuvwxyz0123456",
    ),
    (
        "VAULT_TOKEN",
        "unseal {}",
        "hvs.CAESIJabcdefghijklmnopqrstuvwx",
    ),
    (
        "SENTRY_DSN",
        "dsn {}",
        "https://0123456789abcdef0123456789abcdef@o1.ingest.sentry.io/42",
    ),
    (
        "PRIVATE_KEY",
        "loaded {} ok",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA7\n-----END RSA PRIVATE KEY-----",
    ),
    (
        "JWT",
        "got {} from",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    ),
    (
        "URL_PASSWORD",
        "connect postgres://{}@db/shop",
        "shop:pg-s3cr3t",
    ),
    (
        "AUTHORIZATION",
        "Authorization: {}",
        "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
    ),
    ("BEARER", "curl -H 'X: Bearer {}'", "mF_9.B5f-4.1JqM"),
    ("COOKIE", "Cookie: {}", "sid=31d4d96e407aad42; theme=dark"),
    ("PASSWORD", "login failed password={} retry", "hunter2-x"),
    ("SECRET", "client_secret: {}", "q9-client-s"),
    ("TOKEN", "GET /cb?access_token={}&x=1", "tok-77aa88"),
    (
        "SIGNATURE",
        "GET /o?X-Amz-Signature={}&x=1",
        "fe5f80f77d5fa3beca038a248ff027d0445342fe",
    ),
    (
        "OAUTH_CODE",
        "GET /callback?code={}&y=1",
        "4-0AX4XfWh-abcdef",
    ),
    (
        "PASSWORD_HASH",
        "root:{}:19000",
        "$6$saltsalt$abcdefghijklmnopqrstuv",
    ),
    (
        "EMAIL",
        "mail to {} bounced",
        "bob.smith@mail.example.co.uk",
    ),
    ("CARD", "charged {} twice", "4111 1111 1111 1111"),
    ("IBAN", "to {} now", "DE89 3704 0044 0532 0130 00"),
    ("SSN", "ssn {} found", "536-90-4399"),
    ("PHONE", "call {} now", "+1 415 555 2671"),
    ("MAC", "dev {} up", "00:1b:44:11:3a:b7"),
    ("IP", "from {} port 22", "10.20.30.41"),
    ("IP", "from {} port 22", "2001:db8::ff00:42:8329"),
    ("USER", "Accepted password for {} from x", "wkowalski"),
    ("USER", "open /home/{}/.ssh", "mdupont"),
    ("HOST", "reach {} failed", "db-07.prod.internal"),
    ("HOST", "why is {} slow?", "server-03"),
];

/// Puts the secret in its place, as it stands in each form of text.
fn forms(around: &str, secret: &str) -> Vec<String> {
    let plain = around.replace("{}", secret);
    let object = serde_json::json!({"line": plain, "n": 1});
    let nested = serde_json::json!({"body": object.to_string()});
    vec![
        plain.clone(),
        format!("2024-05-01T10:11:12Z INFO [x] {plain} took=3ms"),
        object.to_string(),
        format!("payload={object}"),
        nested.to_string(),
        format!("log: {nested}"),
    ]
}

/// A conversation that has the text everywhere.
fn request_with(text: &str) -> ChatRequest {
    let schema = serde_json::json!({"type": "object", "properties": {"q": {"type": "string", "description": text}}});
    ChatRequest {
        messages: vec![
            ChatMessage::text(ChatRole::System, format!("Be brief. {text}")),
            ChatMessage::text(ChatRole::User, text),
            ChatMessage {
                tool_calls: vec![ToolCall {
                    id: "call_1".into(),
                    name: "find".into(),
                    arguments_json: serde_json::json!({"q": text}).to_string(),
                }],
                ..ChatMessage::text(ChatRole::Assistant, "")
            },
            ChatMessage::tool_result("call_1", text),
        ],
        tools: vec![ToolSpec {
            name: "find".into(),
            description: format!("Finds. {text}"),
            parameters_json_schema: schema.to_string(),
        }],
        ..request("")
    }
}

/// Repeats the last message that it was sent, in text and in the arguments of a call, a few bytes
/// a piece.
fn parrot(seen: &Seen) -> Reply {
    let said = seen.json()["messages"][1]["content"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut body = String::new();
    let chars: Vec<char> = said.chars().collect();
    for piece in chars.chunks(3) {
        let piece: String = piece.iter().collect();
        let chunk = serde_json::json!({"choices": [{"delta": {"content": piece}}]});
        body += &format!("data: {chunk}\n\n");
    }
    let arguments = serde_json::json!({"q": said}).to_string();
    let call = serde_json::json!({"index": 0, "id": "c", "function": {"name": "find", "arguments": arguments}});
    let chunk = serde_json::json!({"choices": [{"delta": {"tool_calls": [call]}, "finish_reason": "tool_calls"}]});
    body += &format!("data: {chunk}\n\ndata: [DONE]\n\n");
    Reply::new(body)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_planted_secret_leaves_and_every_one_comes_back() {
    let double = Double::answering(parrot).await;
    let rig = Rig::before(&double, |config| {
        config.budgets.question_tokens = u64::MAX;
        config.budgets.user_month_tokens = u64::MAX;
        config.budgets.month_tokens = u64::MAX;
    });
    let mut wrong = Vec::new();
    for (kind, around, secret) in PLANTED {
        for text in forms(around, secret) {
            let asked = request_with(&text);
            let pieces = all(rig.model.chat(asked).await.unwrap()).await.unwrap();
            let sent = double.seen().pop().unwrap();
            let escaped = serde_json::Value::from(secret).to_string();
            for part in [secret, escaped.trim_matches('"')] {
                let twice = serde_json::Value::from(part).to_string();
                if sent.body.contains(part) || sent.body.contains(twice.trim_matches('"')) {
                    wrong.push(format!("{kind} left in: {text}"));
                }
            }
            let counted: BTreeMap<_, _> = rig
                .entries()
                .pop()
                .unwrap()
                .redactions
                .into_iter()
                .collect();
            // In a field of JSON, or merged with what is around, another kind may name it.
            if counted.is_empty()
                || (text == around.replace("{}", secret) && !counted.contains_key(kind))
            {
                wrong.push(format!("{kind} is not counted in: {text} ({counted:?})"));
            }
            let back = text_of(&pieces);
            // What stood in a string of JSON comes back as what it said.
            let is_same = back == text || (text.starts_with('{') && back.contains(secret));
            if !is_same {
                wrong.push(format!("{kind} did not come back: {text}\n   {back}"));
            }
            let Some(ChatPiece::ToolCall(call)) = pieces
                .iter()
                .find(|piece| matches!(piece, ChatPiece::ToolCall(_)))
            else {
                panic!("{pieces:?}");
            };
            let arguments: serde_json::Value = serde_json::from_str(&call.arguments_json).unwrap();
            if arguments["q"] != back.as_str() {
                wrong.push(format!(
                    "{kind} did not come back in a call: {text}\n  {arguments}"
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    let kinds: std::collections::BTreeSet<_> = PLANTED.iter().map(|(kind, _, _)| kind).collect();
    assert!(kinds.len() >= 30, "{}", kinds.len());
}

#[tokio::test]
async fn a_secret_that_a_key_gave_away_is_cut_out_where_it_stands_alone_as_well() {
    let double = Double::answering(parrot).await;
    let rig = Rig::before(&double, |_| {});
    let mut asked = request_with("it was hunter2-x again, by wkowalski");
    asked.messages[3].text = "password=hunter2-x user=wkowalski".into();
    let pieces = all(rig.model.chat(asked).await.unwrap()).await.unwrap();
    let sent = double.seen().remove(0);
    let messages = sent.json()["messages"].clone();
    for place in [1, 2, 3] {
        let message = messages[place].to_string();
        assert!(
            !message.contains("hunter2-x") && !message.contains("wkowalski"),
            "{message}"
        );
    }
    assert_eq!(text_of(&pieces), "it was hunter2-x again, by wkowalski");
}

#[test]
fn nothing_is_cut_out_of_our_own_words() {
    let rules = std::sync::Arc::new(crate::RedactionRules::load(None).unwrap());
    let prompts = crate::Prompts::load(None).unwrap();
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../prompts/");
    for task in crate::Task::ALL {
        for name in [
            "system.j2",
            "user.j2",
            "input.schema.json",
            "output.schema.json",
        ] {
            let text = std::fs::read_to_string(format!("{root}{}/{name}", task.name())).unwrap();
            let mut redactor = crate::Redactor::new(std::sync::Arc::clone(&rules), &[]);
            assert_eq!(redactor.redact(&text), text, "{}/{name}", task.name());
        }
        assert!(prompts.of(task).tokens_max() > 0);
    }
}

#[test]
fn what_a_line_says_is_left_readable() {
    let rules = std::sync::Arc::new(crate::RedactionRules::load(None).unwrap());
    for (line, expected) in [
        (
            "May 1 10:11:12 web-1 sshd[4242]: Failed password for invalid user oracle from 10.0.0.1 port 22 ssh2",
            "May 1 10:11:12 web-1 sshd[4242]: Failed password for invalid user <USER_1> from <IP_1> port 22 ssh2",
        ),
        (
            "10.0.0.1 - bob [01/May/2024:10:11:12 +0000] \"GET /api/v1/orders/42?page=2&token=abc HTTP/1.1\" 200 512",
            "<IP_1> - <USER_1> [01/May/2024:10:11:12 +0000] \"GET /api/v1/orders/42?page=2&token=<TOKEN_1> HTTP/1.1\" 200 512",
        ),
        (
            "pq: password authentication failed for user \"shop\" (SQLSTATE 28P01)",
            "pq: password authentication failed for user \"<USER_1>\" (SQLSTATE 28P01)",
        ),
        (
            "{\"level\":\"error\",\"user_id\":42,\"host\":\"web-1\",\"msg\":\"connect ECONNREFUSED 10.0.0.5:5432\"}",
            "{\"level\":\"error\",\"user_id\":42,\"host\":\"<HOST_1>\",\"msg\":\"connect ECONNREFUSED <IP_1>:5432\"}",
        ),
        (
            "at com.example.UserService.login(UserService.java:55) read tcp: connection reset by peer: EOF",
            "at com.example.UserService.login(UserService.java:55) read tcp: connection reset by peer: EOF",
        ),
        (
            "kernel: [12345.678901] eth0: link up 1000Mbps, oom-kill: pid=4211 total-vm:123456kB uid:1000",
            "kernel: [12345.678901] eth0: link up 1000Mbps, oom-kill: pid=4211 total-vm:123456kB uid:1000",
        ),
        (
            "pod shop-7d9f4b6c5-x2x9z in namespace prod OOMKilled image=registry.example.com/shop:1.4.2@sha256:4bf92f3577b34da6a3ce929d0e0e4736",
            "pod shop-7d9f4b6c5-x2x9z in namespace prod OOMKilled image=<HOST_1>/shop:1.4.2@sha256:4bf92f3577b34da6a3ce929d0e0e4736",
        ),
    ] {
        let mut redactor = crate::Redactor::new(std::sync::Arc::clone(&rules), &[]);
        assert_eq!(redactor.redact(line), expected);
    }
}
