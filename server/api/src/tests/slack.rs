//! People who press something in Slack: who signed it, who they are, and what comes of it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use tocsin_domain::alert::AlertId;
use tocsin_domain::automation::*;
use tocsin_domain::ports::*;
use tocsin_domain::subscription::Secret;

use super::fakes::{NOW, lock};
use super::{Answer, Server};
use crate::SlackInbound;

/// The secret of Slack's own example.
const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
const FORM: &str = "application/x-www-form-urlencoded";

/// What was voted and answered.
#[derive(Default)]
pub(super) struct Votes {
    pub(super) ballots: Mutex<Vec<Ballot>>,
    pub(super) answers: Mutex<Vec<(String, String)>>,
    /// Why the next vote is refused.
    pub(super) refuses: Mutex<Option<String>>,
    pub(super) is_broken: Mutex<bool>,
}

pub(super) fn inbound(votes: &Arc<Votes>) -> SlackInbound {
    let users = BTreeMap::from([("U1".to_owned(), "ana".to_owned())]);
    SlackInbound::new(Secret(SECRET.into()), users, votes.clone(), votes.clone())
}

impl ChatReplies for Votes {
    fn reply(&self, to: &str, text: &str) {
        lock(&self.answers).push((to.to_owned(), text.to_owned()));
    }
}

fn never<T>() -> Result<T, StoreError> {
    Err(StoreError::Invalid("Slack does not ask for this".into()))
}

fn run(id: RunId) -> Run {
    Run {
        id,
        rule: "clean".into(),
        rule_version: 1,
        episode: Episode {
            alert: AlertId(1),
            since_ms: 1,
        },
        title: "Disk full".into(),
        group: String::new(),
        targets: vec!["web-1".into()],
        provider: "scripts".into(),
        proposer: "system".into(),
        is_dry_run: false,
        state: RunState::Approved,
        reason: "ana agreed".into(),
        seq: 3,
        plan: None,
        next: None,
        call: None,
        tries: 0,
        executed_ms: None,
        acted_ms: None,
        verification: None,
        owed: Vec::new(),
        owed_due_ms: 0,
        created_ms: 1,
        updated_ms: 1,
        finished_ms: None,
    }
}

#[async_trait]
impl AutomationDesk for Votes {
    async fn vote(&self, ballot: Ballot) -> Result<RunOutcome, StoreError> {
        if std::mem::take(&mut *lock(&self.is_broken)) {
            return Err(StoreError::Unavailable("the disk is away".into()));
        }
        let id = ballot.run;
        lock(&self.ballots).push(ballot);
        Ok(match lock(&self.refuses).take() {
            Some(why) => RunOutcome::Refused(why),
            None => RunOutcome::Done(Box::new(run(id))),
        })
    }
    async fn runs(
        &self,
        _: &RunFilter,
        _: Option<RunId>,
        _: usize,
    ) -> Result<Vec<Run>, StoreError> {
        never()
    }
    async fn run(&self, _: RunId) -> Result<Option<RunDetails>, StoreError> {
        never()
    }
    async fn output(&self, _: RunId, _: u64) -> Result<(String, u64), StoreError> {
        never()
    }
    async fn propose(&self, _: &str, _: AlertId, _: &str) -> Result<RunOutcome, StoreError> {
        never()
    }
    async fn cancel(&self, _: RunId, _: &str, _: &str) -> Result<RunOutcome, StoreError> {
        never()
    }
    async fn roll_back(&self, _: RunId, _: &str, _: &str) -> Result<RunOutcome, StoreError> {
        never()
    }
    async fn rules(&self) -> Result<Vec<RuleAtWork>, StoreError> {
        never()
    }
    async fn rule(&self, _: &str) -> Result<Option<RuleAtWork>, StoreError> {
        never()
    }
    fn read_rule(&self, _: &str, _: Option<&str>) -> Result<AutomationRule, StoreError> {
        never()
    }
    fn write_rule(&self, _: &AutomationRule) -> String {
        String::new()
    }
    async fn put_rule(&self, _: AutomationRule, _: &str) -> Result<AutomationRule, StoreError> {
        never()
    }
    async fn delete_rule(&self, _: &str, _: &str) -> Result<bool, StoreError> {
        never()
    }
    async fn rule_versions(
        &self,
        _: &str,
    ) -> Result<Vec<(u32, Option<AutomationRule>)>, StoreError> {
        never()
    }
    async fn test_rule(
        &self,
        _: AutomationRule,
        _: AlertId,
    ) -> Result<Option<RuleTest>, StoreError> {
        never()
    }
    async fn replay(
        &self,
        _: AutomationRule,
        _: (i64, i64),
    ) -> Result<AutomationReplay, StoreError> {
        never()
    }
    fn budget(&self) -> SafetyBudget {
        SafetyBudget::default()
    }
    fn switches(&self) -> Switches {
        Switches::default()
    }
    async fn stop_all(&self, _: &str, _: &str) -> Result<(), StoreError> {
        never()
    }
    async fn allow_again(&self, _: &str) -> Result<(), StoreError> {
        never()
    }
    async fn set_freezes(&self, _: Vec<Freeze>, _: &str) -> Result<(), StoreError> {
        never()
    }
    async fn providers(&self) -> Vec<ProviderHealth> {
        Vec::new()
    }
    async fn check_provider(&self, _: &str) -> Option<ProviderHealth> {
        None
    }
}

fn sign(secret: &str, secs: i64, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("v0:{secs}:{body}").as_bytes());
    let digits: Vec<String> = mac
        .finalize()
        .into_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("v0={}", digits.concat())
}

async fn send(server: &Server, body: &str) -> Answer {
    let secs = NOW.millis() / 1000;
    sent(server, body, &secs.to_string(), &sign(SECRET, secs, body)).await
}

async fn sent(server: &Server, body: &str, at: &str, signature: &str) -> Answer {
    let headers = [
        ("content-type", FORM),
        ("x-slack-request-timestamp", at),
        ("x-slack-signature", signature),
    ];
    server
        .post("/webhooks/slack", &headers, body.to_owned())
        .await
}

fn press() -> Press {
    Press {
        run: RunId::new(NOW.millis(), [1; 10]),
        plan: PlanHash([0xab; 32]),
    }
}

/// What Slack sends if someone presses, shaped as its documentation has it.
fn payload(user: &str, action: &str, comment: Option<&str>) -> Value {
    json!({
        "type": "block_actions",
        "user": { "id": user, "username": "ana", "team_id": "T1" },
        "api_app_id": "A1",
        "token": "gone",
        "container": { "type": "message", "message_ts": "1.2", "channel_id": "C1" },
        "trigger_id": "13345224609.738474920.8088930838d88f008e0",
        "team": { "id": "T1", "domain": "workspace" },
        "channel": { "id": "C1", "name": "ops" },
        "message": { "type": "message", "ts": "1.2", "text": "x", "blocks": [] },
        "state": { "values": {
            "tocsin_comment": { "tocsin_comment": { "type": "plain_text_input", "value": comment } },
        } },
        "response_url": "https://hooks.slack.com/actions/T1/2/x",
        "actions": [{
            "action_id": action, "block_id": "b", "type": "button", "action_ts": "1548426417.840180",
            "text": { "type": "plain_text", "text": "Approve" }, "value": press().to_string(),
        }],
    })
}

fn form(payload: &Value) -> String {
    serde_urlencoded::to_string([("payload", payload.to_string())]).unwrap()
}

#[tokio::test]
async fn slacks_own_example_is_believed_at_its_time_and_not_at_ours() {
    let votes = Arc::new(Votes::default());
    let inbound = inbound(&votes);
    let body = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=\
        G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&\
        response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&\
        trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    let signature = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
    let at = 1_531_420_618;
    let check = |signature: &str, body: &str, now| {
        let checked = inbound.check((&at.to_string(), signature), body.as_bytes(), now);
        checked.err().map(|why| format!("{why:?}"))
    };
    assert_eq!(check(signature, body, at), None);
    for now in [at - 300, at + 300] {
        assert_eq!(check(signature, body, now), None);
    }
    for now in [at - 301, at + 301, i64::MIN, i64::MAX] {
        assert_eq!(check(signature, body, now).as_deref(), Some("Old"));
    }
    assert_eq!(check(signature, &body[1..], at).as_deref(), Some("Forged"));
    let other = signature.replace("v0=a2", "v0=a3");
    assert_eq!(check(&other, body, at).as_deref(), Some("Forged"));
    for odd in [
        "",
        "v0=",
        "a2114d57",
        &signature.replace("v0", "v1"),
        &signature[..60],
    ] {
        assert_eq!(check(odd, body, at).as_deref(), Some("Unreadable"), "{odd}");
    }
    let odd = inbound.check(("now", signature), body.as_bytes(), at);
    assert!(odd.is_err());
}

#[tokio::test]
async fn who_is_listed_votes_with_the_plan_that_was_shown_and_a_comment() {
    let server = Server::new();
    let body = form(&payload("U1", Press::APPROVE, Some("  looks right ")));
    assert_eq!(send(&server, &body).await.status, 200);
    let votes = &server.fakes.slack;
    let [ballot] = lock(&votes.ballots).clone().try_into().unwrap();
    let expected = Ballot {
        run: press().run,
        plan: press().plan,
        verdict: Verdict::Approve,
        comment: "looks right".into(),
        actor: "ana".into(),
        channel: Channel::Slack,
    };
    assert_eq!(ballot, expected);
    let answer = (
        "https://hooks.slack.com/actions/T1/2/x".to_owned(),
        "Your approval counts, ana: ana agreed.".to_owned(),
    );
    assert_eq!(*lock(&votes.answers), [answer]);

    // What is delivered again counts once, and is not answered again.
    assert_eq!(send(&server, &body).await.status, 200);
    assert_eq!(
        (lock(&votes.ballots).len(), lock(&votes.answers).len()),
        (1, 1)
    );

    let mut no = payload("U1", Press::REJECT, None);
    no["actions"][0]["action_ts"] = "1548426418.1".into();
    *lock(&votes.refuses) = Some("the run is rejected".into());
    assert_eq!(send(&server, &form(&no)).await.status, 200);
    let last = lock(&votes.ballots).pop().unwrap();
    assert_eq!((last.verdict, last.comment.as_str()), (Verdict::Reject, ""));
    let said = lock(&votes.answers).pop().unwrap().1;
    assert_eq!(
        said,
        "Your rejection was not counted, ana: the run is rejected."
    );
}

#[tokio::test]
async fn who_is_not_listed_is_told_so_and_does_not_count() {
    let server = Server::new();
    // The name that Slack gives is not believed.
    let body = form(&payload("U666", Press::APPROVE, None));
    assert_eq!(send(&server, &body).await.status, 200);
    let votes = &server.fakes.slack;
    assert_eq!(*lock(&votes.ballots), []);
    let said = lock(&votes.answers).pop().unwrap().1;
    assert!(
        said.contains("not counted") && said.contains("`U666`"),
        "{said}"
    );
}

#[tokio::test]
async fn what_could_not_be_kept_may_be_pressed_again() {
    let server = Server::new();
    let votes = &server.fakes.slack;
    *lock(&votes.is_broken) = true;
    let body = form(&payload("U1", Press::APPROVE, None));
    assert_eq!(send(&server, &body).await.status, 200);
    assert!(
        lock(&votes.answers)
            .pop()
            .unwrap()
            .1
            .contains("could not be kept")
    );
    assert_eq!(send(&server, &body).await.status, 200);
    assert_eq!(lock(&votes.ballots).len(), 1);
}

#[tokio::test]
async fn the_handshake_is_answered_and_what_is_not_for_us_is_passed_over() {
    let server = Server::new();
    let handshake = json!({ "token": "x", "challenge": "3eZbrw1aB", "type": "url_verification" });
    let answer = send(&server, &handshake.to_string()).await;
    assert_eq!(answer.ok(200), json!({ "challenge": "3eZbrw1aB" }));
    let mut other = payload("U1", "someone_elses", None);
    let mut odd = payload("U1", Press::APPROVE, None);
    odd["actions"][0]["value"] = "x".into();
    let mut typed = payload("U1", Press::APPROVE, None);
    typed["type"] = "view_submission".into();
    for body in [
        form(&other),
        form(&odd),
        form(&typed),
        form(&json!([])),
        "payload=%7B".to_owned(),
        "command=%2Ftocsin&text=hi".to_owned(),
        json!({ "type": "event_callback", "event_id": "E1", "event": { "type": "message" } })
            .to_string(),
        String::new(),
        "\u{0}".to_owned(),
    ] {
        let answer = send(&server, &body).await;
        assert_eq!(
            (answer.status.as_u16(), answer.text()),
            (200, String::new()),
            "{body}"
        );
    }
    other["actions"] = json!([]);
    assert_eq!(send(&server, &form(&other)).await.status, 200);
    assert_eq!(*lock(&server.fakes.slack.ballots), []);
}

#[tokio::test]
async fn what_slack_did_not_sign_just_now_changes_nothing() {
    let server = Server::new();
    let body = form(&payload("U1", Press::APPROVE, None));
    let secs = NOW.millis() / 1000;
    let (now, old) = (secs.to_string(), (secs - 301).to_string());
    for (at, signature) in [
        (now.as_str(), sign("another", secs, &body)),
        (now.as_str(), sign(SECRET, secs, "payload=x")),
        (now.as_str(), sign(SECRET, secs - 1, &body)),
        (old.as_str(), sign(SECRET, secs - 301, &body)),
        ("", sign(SECRET, secs, &body)),
        (now.as_str(), String::new()),
    ] {
        sent(&server, &body, at, &signature)
            .await
            .problem(401, "unsigned");
    }
    let bare = server
        .post("/webhooks/slack", &[("content-type", FORM)], body)
        .await;
    bare.problem(401, "unsigned");
    let votes = &server.fakes.slack;
    assert_eq!(
        (lock(&votes.ballots).len(), lock(&votes.answers).len()),
        (0, 0)
    );
    assert_eq!(server.get("/webhooks/slack").await.status, 405);
}
