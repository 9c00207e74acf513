//! The style, held by a test: arrows between crates, the map of the house, names and sizes.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests end the test when they fail"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Lines that a source file may have, tests not counted.
const LINES_MAX: usize = 500;
/// Names that say nothing.
const DRAWERS: [&str; 7] = [
    "util", "utils", "helper", "helpers", "common", "misc", "manager",
];

/// Which of our crates a crate may depend on; tests and benches may use more.
const ARROWS: [(&str, &[&str]); 34] = [
    ("tocsin-domain", &[]),
    ("tocsin-templates", &[]),
    ("tocsin-embedding", &[]),
    ("tocsin-retrieval", &[]),
    ("tocsin-classify", &[]),
    ("tocsin-clustering", &[]),
    ("tocsin-anomaly", &[]),
    ("tocsin-changepoint", &[]),
    ("tocsin-forest", &[]),
    ("tocsin-forecast", &[]),
    ("tocsin-capacity", &[]),
    ("tocsin-sequence", &[]),
    ("tocsin-rank", &[]),
    ("tocsin-diagnosis", &[]),
    ("tocsin-ui", &[]),
    ("tocsin-demo-shop", &[]),
    ("tocsin-ingest", &["tocsin-domain"]),
    ("tocsin-trace", &["tocsin-domain"]),
    ("tocsin-act", &["tocsin-domain", "tocsin-trace"]),
    ("tocsin-llm", &["tocsin-domain"]),
    (
        "tocsin-copilot",
        &[
            "tocsin-domain",
            "tocsin-llm",
            "tocsin-rank",
            "tocsin-diagnosis",
        ],
    ),
    ("tocsin-jobs", &["tocsin-domain"]),
    ("tocsin-backup", &["tocsin-domain"]),
    ("tocsin-bus", &["tocsin-domain"]),
    ("tocsin-stores", &["tocsin-domain"]),
    (
        "tocsin-pipeline",
        &[
            "tocsin-domain",
            "tocsin-classify",
            "tocsin-templates",
            "tocsin-retrieval",
            "tocsin-anomaly",
            "tocsin-changepoint",
            "tocsin-forest",
            "tocsin-forecast",
            "tocsin-capacity",
            "tocsin-sequence",
            "tocsin-trace",
        ],
    ),
    ("tocsin-promql", &["tocsin-domain"]),
    (
        "tocsin-search",
        &["tocsin-domain", "tocsin-retrieval", "tocsin-clustering"],
    ),
    (
        "tocsin-api",
        &[
            "tocsin-domain",
            "tocsin-ingest",
            "tocsin-promql",
            "tocsin-trace",
        ],
    ),
    ("tocsin", &["*"]),
    ("tocsin-eval", &["*"]),
    ("tocsin-harness", &["*"]),
    ("tocsin-ingest-fuzz", &["*"]),
    ("tocsin-yardstick", &[]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .unwrap()
        .to_path_buf()
}

/// Files of the project, by what git would commit.
fn files(ending: &str) -> Vec<PathBuf> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .unwrap();
    let text = String::from_utf8(listed.stdout).unwrap();
    text.lines()
        .filter(|path| path.ends_with(ending))
        .map(PathBuf::from)
        .collect()
}

#[test]
fn every_source_file_says_what_it_is_and_keeps_its_size() {
    let mut wrong = Vec::new();
    for path in files(".rs") {
        let Ok(text) = std::fs::read_to_string(root().join(&path)) else {
            continue;
        };
        if !text.starts_with("//!") && !text.starts_with("#![doc = include_str!") {
            wrong.push(format!("{}: does not open with `//!`", path.display()));
        }
        let code = text
            .lines()
            .take_while(|line| !line.starts_with("#[cfg(test)]"))
            .count();
        let is_test = path.components().any(|part| part.as_os_str() == "tests");
        if code > LINES_MAX && !is_test {
            wrong.push(format!(
                "{}: {code} lines, at most {LINES_MAX}",
                path.display()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_file_or_folder_is_a_drawer() {
    let all = files("").into_iter().flat_map(|path| {
        let parts = path
            .components()
            .map(|part| part.as_os_str().to_string_lossy().into_owned());
        parts.collect::<Vec<_>>()
    });
    let drawers: BTreeSet<String> = all
        .filter(|part| DRAWERS.contains(&part.split('.').next().unwrap_or_default()))
        .collect();
    assert!(drawers.is_empty(), "{drawers:?}");
}

#[test]
fn crates_depend_only_along_the_arrows() {
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.into_iter().collect();
    let mut wrong = Vec::new();
    for path in files("Cargo.toml") {
        let text = std::fs::read_to_string(root().join(&path)).unwrap();
        let manifest: toml::Table = text.parse().unwrap();
        let Some(name) = manifest.get("package").and_then(|p| p["name"].as_str()) else {
            continue;
        };
        let Some(arrows) = allowed.get(name) else {
            wrong.push(format!("{name}: not in the table of arrows"));
            continue;
        };
        let dependencies = manifest.get("dependencies").and_then(toml::Value::as_table);
        for dependency in dependencies.into_iter().flat_map(|table| table.keys()) {
            let is_ours = dependency.starts_with("tocsin");
            if is_ours && arrows != &["*"] && !arrows.contains(&dependency.as_str()) {
                wrong.push(format!("{name} must not depend on {dependency}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_map_shows_every_folder_and_no_other() {
    let map = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let mut folders = BTreeSet::new();
    for path in files("") {
        let parts: Vec<_> = path
            .components()
            .map(|p| p.as_os_str().to_string_lossy())
            .collect();
        let Some((_file, parts)) = parts.split_last() else {
            continue;
        };
        match parts {
            [top, ..] if top.starts_with('.') => {}
            [top, room, ..] if ["server", "ml"].contains(&&**top) => {
                folders.insert(format!("{top}/{room}/"));
            }
            [top, ..] => {
                folders.insert(format!("{top}/"));
            }
            [] => {}
        }
    }
    let shown: BTreeSet<String> = map
        .lines()
        .filter_map(|line| {
            line.strip_prefix("### `")?
                .split('`')
                .next()
                .map(str::to_owned)
        })
        .collect();
    assert_eq!(
        shown, folders,
        "left: headings of ARCHITECTURE.md; right: folders"
    );
}

#[test]
fn every_protocol_has_a_fuzz_target() {
    let targets: BTreeSet<String> = files(".rs")
        .iter()
        .filter(|path| path.starts_with("server/ingest/fuzz/fuzz_targets"))
        .filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned()))
        .collect();
    for protocol in [
        "json_lines",
        "otlp",
        "loki",
        "elasticsearch",
        "splunk",
        "syslog",
    ] {
        let has_one = targets.iter().any(|target| target.starts_with(protocol));
        assert!(has_one, "no fuzz target for {protocol} in {targets:?}");
    }
}
