//! Addresses and other short numbers in a row, within variables and across them, against a plain
//! scan.

use proptest::prelude::*;
use tocsin_domain::ports::log_store::LogStore;
use tocsin_domain::{Offset, Partition};

use super::contract::agrees;
use super::contract::corpus::{Line, batch};
use super::{EmbeddedLogStore, LogStoreConfig};

/// Few enough that windows meet by chance, and the odd ones that no window holds.
fn number() -> impl Strategy<Value = String> {
    prop_oneof!["[12]", "(10|25|07)", "(100|251)", "(1024|7a)"]
}

/// Numbers in a row; each line says in its own way where a variable ends and the next begins.
fn line() -> impl Strategy<Value = String> {
    let separator = prop_oneof![Just("."), Just(" "), Just(":"), Just(" on k="), Just("/k=")];
    let first = prop_oneof![
        Just("from k="),
        Just("from "),
        Just("k="),
        Just("x"),
        Just("")
    ];
    let rest = proptest::collection::vec((separator, number()), 0..6);
    (first, number(), rest).prop_map(|(first, number, rest)| {
        let rest: String = rest
            .iter()
            .map(|(by, number)| format!("{by}{number}"))
            .collect();
        format!("{first}{number}{rest}")
    })
}

fn words() -> impl Strategy<Value = String> {
    let numbers = proptest::collection::vec(number(), 1..6);
    (numbers, prop_oneof![3 => Just(""), 1 => Just("*")])
        .prop_map(|(numbers, end)| format!("{}{end}", numbers.join(".")))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn addresses_are_found_within_and_across_variables(
        lines in proptest::collection::vec(line(), 1..120),
        wanted in proptest::collection::vec(words(), 8),
    ) {
        let lines: Vec<Line> = lines.iter().map(|text| Line::of(text)).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let config = LogStoreConfig { head_rows_max: 50, ..LogStoreConfig::default() };
            let store = EmbeddedLogStore::open(folder.path(), config).unwrap();
            let parsed = batch(1, "a", &lines);
            store.append(Partition(0), Offset(1), parsed.clone()).await.unwrap();
            store.flush(Partition(0)).await.unwrap();
            let batches = [parsed];
            for text in &wanted {
                agrees(&store, &batches, &super::contract::query(text)).await;
            }
            // Also what surely is there: each line's own text as a phrase.
            for line in lines.iter().take(8) {
                let text = String::from_utf8_lossy(&line.body).replace('"', " ");
                let phrase = super::contract::query(&format!("\"{text}\""));
                agrees(&store, &batches, &phrase).await;
            }
        });
    }
}
