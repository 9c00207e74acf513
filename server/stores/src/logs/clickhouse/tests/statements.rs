//! The statements of a cluster, which can only be looked at here, and what a query becomes.

use super::super::super::contract::query;
use super::super::ClickHouseLogsConfig;
use super::super::schema::Tables;
use super::super::translate::condition;

fn tables(cluster: &str, replicated: bool, ttl_days: u32) -> Tables {
    Tables::new(&ClickHouseLogsConfig {
        cluster: cluster.into(),
        replicated,
        ttl_days,
        ..ClickHouseLogsConfig::default()
    })
}

/// Compares with a file; written anew if `TOCSIN_UPDATE_SNAPSHOTS` is set.
fn is_as_before(name: &str, text: &str) {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = folder
        .join("src/logs/clickhouse/tests/snapshots")
        .join(name);
    if std::env::var_os("TOCSIN_UPDATE_SNAPSHOTS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let before = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, before, "{name} (TOCSIN_UPDATE_SNAPSHOTS=1 writes it)");
}

#[test]
fn tables_are_made_as_the_configuration_says() {
    let made = |tables: &Tables| {
        let statements = tables.version_1();
        statements
            .into_iter()
            .chain(tables.set_ttl())
            .collect::<Vec<_>>()
            .join(";\n\n")
            + ";\n"
    };
    is_as_before("one_server.sql", &made(&tables("", false, 0)));
    is_as_before("sharded.sql", &made(&tables("prod", false, 0)));
    is_as_before("replicated.sql", &made(&tables("prod", true, 30)));
}

#[test]
fn queries_become_conditions_that_are_exact_but_for_numbers() {
    let texts = [
        "",
        "failed root",
        "\"failed password\" -blk_7",
        "web* OR source:file*",
        "user:root",
        "severity:>=warn trace_id:0123456789abcdef0123456789abcdef",
        "template:00000000000000ab host:*",
        "a ' OR 1=1",
    ];
    let shown: String = texts
        .iter()
        .map(|text| {
            let condition = condition(&query(text));
            assert!(condition.is_exact(), "{text}");
            format!("-- {text}\n{}\n\n", condition.may)
        })
        .collect();
    is_as_before("conditions.sql", &shown);
    let doubtful = condition(&query("status:>=500"));
    assert!(!doubtful.is_exact());
    is_as_before(
        "numbers.sql",
        &format!("{}\n\n{}\n", doubtful.may, doubtful.must),
    );
}
