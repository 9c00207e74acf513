//! The doubles of trackers, held against the clients of their vendors: what these can do with a
//! double is what a test that passes against it is worth.

use std::path::Path;
use std::process::Command;

use tocsin_harness::python;
use tocsin_harness::trackers::{GitHubDouble, JiraDouble, ServiceNowDouble};

/// Runs a client's program to its good end.
fn run(script: &str, arguments: &[&str]) -> anyhow::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients");
    let output = Command::new(python()?)
        .arg(folder.join(script))
        .args(arguments)
        // A proxy of the machine is not asked for its own addresses.
        .env("NO_PROXY", "127.0.0.1,localhost")
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "{script}: {said}");
    Ok(())
}

#[test]
fn the_clients_of_jira_take_its_double_for_jira() -> anyhow::Result<()> {
    let double = JiraDouble::start()?;
    let (email, token) = (JiraDouble::EMAIL, JiraDouble::TOKEN);
    run("jira_double.py", &[&double.url(), email, token])?;
    assert_eq!(double.count("tocsin-a1"), 1);
    assert_eq!(double.issues()[1].comments_with("tocsin-key-2"), 1);
    Ok(())
}

#[test]
fn the_clients_of_servicenow_take_its_double_for_servicenow() -> anyhow::Result<()> {
    let double = ServiceNowDouble::start()?;
    let folder = tempfile::tempdir()?;
    let host = double.url().replace("http://", "");
    let (user, password) = (ServiceNowDouble::USER, ServiceNowDouble::PASSWORD);
    let path = folder.path().to_string_lossy();
    let template = ServiceNowDouble::TEMPLATE;
    let arguments = [&*host, user, password, &path, template];
    run("servicenow_double.py", &arguments)?;
    assert_eq!(double.count("tocsin-b2"), 1);
    assert_eq!(double.incidents()[1].notes, ["tocsin-key-2"]);
    let changes = double.changes();
    let states: Vec<&str> = changes.iter().map(|one| one.field("state")).collect();
    assert_eq!(states, ["3", "-5", "-4"]);
    assert_eq!(changes[2].notes, ["run-3"]);
    Ok(())
}

#[test]
fn the_client_of_github_takes_its_double_for_github() -> anyhow::Result<()> {
    let double = GitHubDouble::start()?;
    let (token, name) = (GitHubDouble::TOKEN, GitHubDouble::REPOSITORY);
    run("github_double.py", &[&double.url(), token, name])?;
    assert_eq!(double.count("tocsin"), 5);
    Ok(())
}
