//! The command line from outside. That this file exists also makes `cargo test` build the binary
//! with the features of the tests, which the harness then drives.

#![expect(clippy::unwrap_used, reason = "what a test cannot do ends it")]

use std::process::Command;

fn tocsin(arguments: &[&str]) -> (bool, String) {
    let folder = tempfile::tempdir().unwrap();
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
    for command in ["search", "ask"] {
        let (ok, said) = tocsin(&[command, "anything", "--server", "http://127.0.0.1:1"]);
        assert!(!ok && said.contains("tocsin serve"), "{said}");
    }
}

#[test]
fn an_unknown_command_is_refused_with_the_known_ones() {
    let (ok, said) = tocsin(&["srve"]);
    assert!(!ok && said.contains("serve"), "{said}");
}
