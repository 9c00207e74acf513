//! The whole engine in real time with a change of ServiceNow, which waits for people over there.

use std::sync::atomic::{AtomicU64, Ordering};

use tocsin_domain::automation::RunState;
use tocsin_domain::ports::AutomationDesk;
use tocsin_harness::trackers::{Mood, Reply, ServiceNowDouble};

use super::real::{Set, until};
use crate::automation::{ProviderConfig, ServiceNowActionsConfig, parse_automations};
use crate::outbox::tests::memory::lock;
use crate::trackers::ConfigSecret;

const RULE: &str = r#"
- id: change
  match: { failure_type: disk_full }
  action: { provider: now, params: { action: create_change, until: closed, close_notes: Done.,
    fields: { short_description: "Clean {{ alert.labels.host }}" } } }
  rollback: { provider: now, params: { action: cancel_change } }
"#;

fn set(double: &ServiceNowDouble, folder: &std::path::Path) -> Set {
    let config = ServiceNowActionsConfig {
        url: double.url(),
        user: ServiceNowDouble::USER.into(),
        password: ConfigSecret::new(ServiceNowDouble::PASSWORD.into()),
        password_file: None,
        token: ConfigSecret::default(),
        token_file: None,
        close_code: String::new(),
        lag_secs: 0,
    };
    Set::new(folder, RULE, ("now", ProviderConfig::ServiceNow(config)))
}

fn field(double: &ServiceNowDouble, name: &str) -> String {
    let changes = double.changes();
    changes
        .last()
        .map_or("", |change| change.field(name))
        .to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_whose_answer_was_lost_is_found_waited_for_and_closed() {
    let double = ServiceNowDouble::start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let set = set(&double, folder.path());
    let made = AtomicU64::new(0);
    double.set_mood(move |_, request| {
        let is_made = request.method == "POST";
        match is_made && made.fetch_add(1, Ordering::Relaxed) == 0 {
            true => Mood::DoAndDrop,
            false => Mood::Obey,
        }
    });
    let server = set.start().await;
    super::world::fires(&set.ports, "disk_full", "web-1");
    let run = set.agree(&server).await;
    let is_made = || !double.changes().is_empty();
    until(&set.ports, "the change", is_made).await;
    // The server is killed; another one finds what was made, and goes on to where people are asked.
    drop(server);
    let server = set.start().await;
    let is_asked = || field(&double, "approval") == "requested";
    until(&set.ports, "the question", is_asked).await;
    let looked_ms = || lock(&set.store.0).runs[&run.id].updated_ms;
    let before_ms = looked_ms();
    until(&set.ports, "a look", || looked_ms() != before_ms).await;
    set.run_in(RunState::Executing).await;
    assert_eq!(field(&double, "state"), "-4");

    double.decide("CHG0030001", "approved");
    let run = set.run_in(RunState::Succeeded).await;
    assert!(run.reason.ends_with("it is closed"), "{}", run.reason);
    assert_eq!(double.changes().len(), 1);
    assert_eq!(field(&double, "state"), "3");
    assert_eq!(field(&double, "short_description"), "Clean web-1");
    assert_eq!(field(&double, "correlation_id"), run.id.to_string());
    let (output, _) = server.desk.output(run.id, 0).await.unwrap();
    let lines: Vec<&str> = output.lines().skip(1).collect();
    let expected = [
        "its approval is asked for",
        "it is approved",
        "it is being implemented",
        "it is under review",
        "it is closed",
    ];
    assert_eq!(lines, expected);
    assert!(output.starts_with("CHG0030001 was made: http://"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_kill_switch_calls_a_change_off_and_takes_it_no_further() {
    let double = ServiceNowDouble::start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let set = set(&double, folder.path());
    let server = set.start().await;
    super::world::fires(&set.ports, "disk_full", "web-1");
    set.agree(&server).await;
    let is_asked = || field(&double, "approval") == "requested";
    until(&set.ports, "the question", is_asked).await;
    set.run_in(RunState::Executing).await;
    // The first words that call it off get lost, and people approve it meanwhile.
    let lost = AtomicU64::new(0);
    double.set_mood(move |_, request| {
        let calls_off = request.method == "PATCH" && request.body.contains("\"4\"");
        match calls_off && lost.fetch_add(1, Ordering::Relaxed) < 2 {
            true => Mood::Answer(Reply::empty(503)),
            false => Mood::Obey,
        }
    });
    double.decide("CHG0030001", "approved");
    server.desk.stop_all("enough", "ana").await.unwrap();
    let run = set.run_in(RunState::Cancelled).await;
    assert!(run.reason.contains("enough"), "{}", run.reason);
    assert_eq!(field(&double, "state"), "4");
    let implements = |body: &str| body.contains("\"-1\"");
    let requests = double.requests();
    assert!(!requests.iter().any(|one| implements(&one.body)));
}

/// The first block of the documentation in a language.
fn documented(language: &str) -> &'static str {
    let text = include_str!("../../../../../docs/automation-trackers.md");
    let (_, rest) = text.split_once(&format!("```{language}\n")).unwrap();
    rest.split_once("```").unwrap().0
}

#[test]
fn the_rule_of_the_documentation_can_be_read() {
    let rules = parse_automations(documented("yaml")).unwrap();
    assert_eq!(rules[0].id, "clean_disk_by_change");
    assert_eq!(rules[0].timeout_secs, 3 * 86_400);
}

#[test]
fn the_providers_are_read_by_the_kinds_that_rules_know() {
    let read = |text: &str| serde_json::from_str::<ProviderConfig>(text);
    let now = r#"{"kind": "servicenow", "url": "https://a.example", "token": "s3cr3t"}"#;
    let config = read(now).unwrap();
    assert!(matches!(&config, ProviderConfig::ServiceNow(one) if one.lag_secs == 60));
    assert!(!format!("{config:?}").contains("s3cr3t"));
    let jira = r#"{"kind": "jira", "url": "https://a.example", "email": "a@b", "project": "OPS"}"#;
    assert!(matches!(read(jira), Ok(ProviderConfig::Jira(one)) if one.issue_type == "Task"));
    let hub = r#"{"kind": "github", "repository": "a/b", "token_file": "/t"}"#;
    assert!(matches!(read(hub), Ok(ProviderConfig::GitHub(one)) if one.label == "tocsin"));
    for (known, unknown) in [(now, "\"tabel\""), (jira, "\"user\""), (hub, "\"labels\"")] {
        let text = known.replacen('{', &format!("{{{unknown}: 1, "), 1);
        let error = read(&text).unwrap_err().to_string();
        assert!(error.contains("unknown field"), "{error}");
    }
    // Each is documented.
    for kind in ["servicenow", "jira", "github"] {
        assert!(documented("toml").contains(&format!("kind = \"{kind}\"")));
    }
}
