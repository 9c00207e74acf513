//! Approval in Slack: the double held against Slack's own client, and from an alert to what is done about it by
//! a button that Slack's own code signed.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use tocsin_harness::slack::SlackDouble;
use tocsin_harness::{TestServer, python, wait_for};

const LINE: &str = "CRITICAL: Pricing error | Missing price for product 999";
const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";

/// Runs a program of Slack's client to its good end.
fn run(script: &str, arguments: &[&str]) -> anyhow::Result<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients");
    let output = Command::new(python()?)
        .arg(folder.join(script))
        .args(arguments)
        // A proxy of the machine is not asked for its own addresses.
        .env("NO_PROXY", "127.0.0.1,localhost")
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{script}: {said}");
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[test]
fn the_client_of_slack_takes_its_double_for_slack() -> anyhow::Result<()> {
    let double = SlackDouble::start()?;
    let (token, channel) = (SlackDouble::TOKEN, SlackDouble::CHANNEL);
    let (api_url, response_url) = (double.api_url(), double.response_url());
    run(
        "slack_double.py",
        &[&api_url, token, channel, &response_url],
    )?;
    assert_eq!(double.counts(), (6, 1));
    assert_eq!(double.replies()[0]["response_type"], "ephemeral");
    Ok(())
}

/// A server whose one rule touches a file, and whose people approve in Slack.
fn server(slack: &SlackDouble) -> anyhow::Result<TestServer> {
    let folder = tempfile::TempDir::new()?;
    let done = folder.path().join("done");
    let rules = json!([{
        "id": "note_it",
        "match": { "failure_type": "missing_price" },
        "action": { "provider": "programs", "params": { "script": "touch", "args": [done] } },
        "targets": "prices",
        "risk": { "level": "high", "reasons": ["<!channel> it writes a file"] },
    }]);
    std::fs::write(folder.path().join("rules.yml"), rules.to_string())?;
    let (token, channel, api_url) = (SlackDouble::TOKEN, SlackDouble::CHANNEL, slack.api_url());
    let config = format!(
        r#"
[automation]
rules = "rules.yml"
[automation.providers.programs]
kind = "script"
scripts.touch.path = "/usr/bin/touch"
[automation.slack]
signing_secret = "{SECRET}"
token = "{token}"
channel = "{channel}"
api_url = "{api_url}"
users = {{ U0ANA = "ana" }}
"#
    );
    std::fs::write(folder.path().join("tocsin.toml"), config)?;
    TestServer::start_in(folder, &[])
}

fn only_run(server: &TestServer) -> anyhow::Result<Value> {
    let (_, answer) = server.get("/api/v1/automation/runs")?;
    let runs = answer["items"].as_array().context("no list")?;
    ensure!(runs.len() == 1, "{answer:#}");
    Ok(runs[0].clone())
}

#[test]
fn an_alert_is_helped_by_a_button_that_was_signed_and_its_message_follows() -> anyhow::Result<()> {
    let slack = SlackDouble::start()?;
    let mut server = server(&slack)?;
    let press = |server: &TestServer, user: &str, action: &str| {
        let arguments = [
            slack.api_url(),
            SlackDouble::TOKEN.to_owned(),
            SlackDouble::CHANNEL.to_owned(),
            slack.response_url(),
            SECRET.to_owned(),
            server.address().to_owned(),
            user.to_owned(),
            action.to_owned(),
            "looks right".to_owned(),
        ];
        run("slack_press.py", &arguments.each_ref().map(String::as_str))
    };
    let shows = |text: &str| {
        let [message] = slack.messages().try_into().ok()?;
        let message: Value = message;
        message.to_string().contains(text).then_some(message)
    };
    let (_, shown) = server.get_text("/api/v1/settings")?;
    ensure!(
        !shown.contains(SECRET) && !shown.contains(SlackDouble::TOKEN),
        "{shown}"
    );

    server.push("shop", &[LINE])?;
    let message = wait_for("the message", || shows("tocsin_approve"));
    message.with_context(|| server.log())?;
    let (api_url, token, channel) = (slack.api_url(), SlackDouble::TOKEN, SlackDouble::CHANNEL);
    run("slack_blocks.py", &[&api_url, token, channel])?;

    // A restart is no reason to tell it again.
    server.stop()?;
    server.resume()?;
    ensure!(press(&server, "forger", "tocsin_approve")? == "401");
    ensure!(press(&server, "U0STRANGER", "tocsin_approve")? == "200");
    let told = wait_for("that a stranger is told", || {
        slack.replies().first().cloned()
    })?;
    ensure!(
        told["text"]
            .as_str()
            .unwrap_or_default()
            .contains("was not counted"),
        "{told}"
    );
    ensure!(only_run(&server)?["state"] == "awaiting_approval");

    ensure!(press(&server, "U0ANA", "tocsin_approve")? == "200");
    wait_for("the action", || {
        server.folder().join("done").exists().then_some(())
    })?;
    let ended = wait_for("the end in the message", || shows("\"Succeeded\""))?;
    ensure!(!ended.to_string().contains("tocsin_approve"), "{ended:#}");
    ensure!(
        ended.to_string().contains("ana agreed: looks right"),
        "{ended:#}"
    );
    ensure!(
        slack.counts().0 == 1,
        "it was posted {} times",
        slack.counts().0
    );
    is_known(&server)
}

/// What was done is a change of its target, and who said yes, and where, is kept.
fn is_known(server: &TestServer) -> anyhow::Result<()> {
    let (_, changes) = server.get("/api/v1/changes?kind=run")?;
    let change = &changes["items"][0];
    ensure!(
        change["entity"] == "prices" && change["actor"] == "ana",
        "{changes:#}"
    );
    let (_, details) = server.get(&format!(
        "/api/v1/automation/runs/{}",
        only_run(server)?["id"].as_str().unwrap_or_default()
    ))?;
    ensure!(details["votes"][0]["channel"] == "slack", "{details:#}");
    Ok(())
}
