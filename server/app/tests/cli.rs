//! The command line from outside. That this file exists also makes `cargo test` build the binary
//! with the features of the tests, which the harness then drives.

#![expect(clippy::unwrap_used, reason = "what a test cannot do ends it")]

use std::process::Command;

fn tocsin(arguments: &[&str]) -> (bool, String) {
    tocsin_with(&[], arguments)
}

/// Runs it in a folder with these files.
fn tocsin_with(files: &[(&str, &str)], arguments: &[&str]) -> (bool, String) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let output = Command::new(env!("CARGO_BIN_EXE_tocsin"))
        .args(arguments)
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

#[test]
fn the_default_configuration_is_fine() {
    let (ok, said) = tocsin(&["check-config"]);
    assert!(ok && said.contains("127.0.0.1:8080"), "{said}");
}

#[test]
fn a_command_without_a_server_says_how_to_start_one() {
    let commands: [&[&str]; 5] = [
        &["search", "anything"],
        &["ask", "anything"],
        &["run", "list"],
        &["run", "approve", "1", "--yes"],
        &["automation", "stop", "--reason", "drill"],
    ];
    for command in commands {
        let (ok, said) = tocsin(&[command, &["--server", "http://127.0.0.1:1"]].concat());
        assert!(!ok && said.contains("tocsin serve"), "{said}");
    }
}

const AUTOMATION: &str = "[automation]\nrules = \"mine.yml\"\n[automation.providers.hooks]\n\
    kind = \"webhook\"\nurl = \"https://example.org\"\nsecret = \"s3cr3t-word\"\n";
const RULE: &str = "automations:\n  - id: mine\n    match: { failure_type: disk_full }\n    \
    action: { provider: hooks }\n";

#[test]
fn rules_and_providers_of_automation_are_checked_with_file_line_and_key() {
    let check = |config: &str, rules: &str| {
        let files = [("tocsin.toml", config), ("mine.yml", rules)];
        tocsin_with(&files, &["check-config"])
    };
    let (ok, said) = check(AUTOMATION, RULE);
    assert!(ok && said.contains("kind = \"webhook\""), "{said}");
    assert!(!said.contains("s3cr3t-word"), "{said}");
    let wrong_rules = [
        (
            RULE.replace("disk_full }", "disk_full, min_confidence: 2 }"),
            3,
        ),
        (
            RULE.replace(
                "failure_type: disk_full",
                "severity: [low, medium, high, critical]",
            ),
            3,
        ),
        (RULE.replace("hooks", "hoks"), 4),
        (RULE.replace("action:", "actoin:"), 4),
    ];
    for (rules, line) in wrong_rules {
        let (ok, said) = check(AUTOMATION, &rules);
        let place = format!("line {line}");
        assert!(
            !ok && said.contains("mine.yml") && said.contains(&place),
            "{place}: {said}"
        );
    }
    let wrong_config = [
        (
            "secret = \"s3cr3t-word\"\n",
            "",
            "automation.providers.hooks",
        ),
        ("webhook", "webhok", "webhok"),
        ("url =", "urll =", "urll"),
        (
            "[automation]",
            "[automation]\nlanes_max = 0",
            "automation.lanes_max",
        ),
        ("[automation]", "[automation]\nlanes = 1", "lanes"),
    ];
    for (from, to, expected) in wrong_config {
        let (ok, said) = check(&AUTOMATION.replace(from, to), RULE);
        assert!(!ok && said.contains(expected), "{expected}: {said}");
        assert!(!said.contains("s3cr3t-word"), "{said}");
    }
    let (ok, said) = tocsin_with(&[("tocsin.toml", AUTOMATION)], &["check-config"]);
    assert!(!ok && said.contains("mine.yml cannot be read"), "{said}");
}

#[test]
fn a_run_is_named_by_an_id_and_by_nothing_else() {
    let (ok, said) = tocsin(&["run", "show", "../alerts"]);
    assert!(!ok && said.contains("not the id of a run"), "{said}");
}

#[test]
fn an_unknown_command_is_refused_with_the_known_ones() {
    let (ok, said) = tocsin(&["srve"]);
    assert!(!ok && said.contains("serve"), "{said}");
}
