//! What holds for all lines whatever their bytes.

use proptest::collection::vec;
use proptest::prelude::*;
use tocsin_templates::{Miner, MinerConfig, SnapshotError, TemplateIndex, VariableKind};

use crate::assert_line;

/// Words, punctuation and numbers as logs have them, so that lines resemble each other and
/// templates generalise.
fn log_line() -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![
        5 => prop::sample::select(vec![
            "user", "failed", "open", "for", "Jun", "Sat", "root", "guest", "anna", "INFO", "ERROR", "bytes", "KB", "ms",
            "level=info", "msg=\"a 1 b\"", "{\"msg\":\"x", "\"}", "{\"a\":1}", "[", "]", "()", "-", ":", "=", "|", "\"",
            "2024-05-01", "15:16:01", "15:16:01,123", "1117838570", "081109", "203615", "sshd[12]:", "kernel:", "a=b",
        ]).prop_map(str::to_owned),
        3 => "[a-z]{1,3}[0-9]{0,3}",
        2 => "[0-9]{1,12}",
        2 => "(/[a-z0-9.]{1,4}){1,3}",
        1 => "[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}(:[0-9]{1,5})?",
        1 => "0x[0-9a-f]{1,8}|[0-9a-f]{8}|-[0-9]+|[0-9]+(,[0-9]{3}){1,2}|[0-9.]+",
        1 => "[ -~]{1,6}",
    ];
    let gap = prop_oneof![8 => Just(" "), 1 => Just("  "), 1 => Just(""), 1 => Just(","), 1 => Just("\t")];
    vec((word, gap), 0..9).prop_map(|words| {
        words
            .into_iter()
            .flat_map(|(w, g)| [w, g.to_owned()])
            .collect::<String>()
            .into_bytes()
    })
}

fn any_line() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![4 => log_line(), 1 => vec(any::<u8>(), 0..80)]
}

fn small() -> MinerConfig {
    MinerConfig {
        max_templates: 24,
        max_shapes: 64,
        max_scanned_bytes: 60,
        max_variables: 6,
    }
}

/// What one line was parsed to: index, id and spans of variables.
type Parsed = (TemplateIndex, u64, Vec<(u32, u32)>);

fn parse_all(miner: &mut Miner, lines: &[Vec<u8>]) -> Vec<Parsed> {
    let mut variables = Vec::new();
    let mut out = Vec::new();
    for (i, line) in lines.iter().enumerate() {
        let index = miner.parse(line, &mut variables);
        assert_line(miner, index, line, &variables);
        out.push((index, miner.template(index).id, variables.clone()));
        if i % 16 == 15 {
            let _ = miner.take_new();
        }
    }
    out
}

/// Lines come in any order: what a variable is must not depend on it.
#[test]
fn kinds_join_in_any_order() {
    for a in VariableKind::ALL {
        assert_eq!(a.join(a), a);
        for b in VariableKind::ALL {
            assert_eq!(a.join(b), b.join(a), "{a} {b}");
            for c in VariableKind::ALL {
                assert_eq!(a.join(b).join(c), a.join(b.join(c)), "{a} {b} {c}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, ..ProptestConfig::default() })]

    #[test]
    fn a_line_is_its_template_and_variables(lines in vec(any_line(), 1..40)) {
        parse_all(&mut Miner::new(MinerConfig::default()), &lines);
        parse_all(&mut Miner::new(small()), &lines);
    }

    #[test]
    fn the_same_lines_give_the_same_templates(lines in vec(any_line(), 1..40)) {
        let (mut a, mut b) = (Miner::new(small()), Miner::new(small()));
        prop_assert_eq!(parse_all(&mut a, &lines), parse_all(&mut b, &lines));
        prop_assert_eq!(a.snapshot(), b.snapshot());
    }

    #[test]
    fn a_restored_miner_continues_identically(
        before in vec(any_line(), 0..60),
        after in vec(any_line(), 1..60),
        tiny in any::<bool>(),
    ) {
        let config = if tiny { small() } else { MinerConfig::default() };
        let mut miner = Miner::new(config.clone());
        parse_all(&mut miner, &before);
        let snapshot = miner.snapshot();
        let mut restored = Miner::restore(config, &snapshot).expect("own snapshot");
        prop_assert_eq!(&restored.snapshot(), &snapshot);
        let again: Vec<Vec<u8>> = after.iter().chain(&before).cloned().collect();
        prop_assert_eq!(parse_all(&mut restored, &again), parse_all(&mut miner, &again));
        prop_assert_eq!(restored.take_new(), miner.take_new());
        prop_assert_eq!(restored.snapshot(), miner.snapshot());
    }

    #[test]
    fn damaged_snapshots_are_refused(
        lines in vec(log_line(), 1..20),
        at in any::<prop::sample::Index>(),
        bit in 0..8_u8,
    ) {
        let mut miner = Miner::new(MinerConfig::default());
        parse_all(&mut miner, &lines);
        let mut bytes = miner.snapshot();
        let cut = at.index(bytes.len());
        prop_assert!(Miner::restore(small(), &bytes[..cut]).is_err());
        bytes[cut] ^= 1 << bit;
        prop_assert!(Miner::restore(small(), &bytes).is_err());
    }

    #[test]
    fn templates_stay_within_twice_the_bound(lines in vec("[a-z]{3,5}( [a-z]{3,5}){0,6}", 60..120)) {
        let mut miner = Miner::new(small());
        let mut variables = Vec::new();
        for line in &lines {
            miner.parse(line.as_bytes(), &mut variables);
            prop_assert!(miner.template_count() <= 49);
        }
        let _ = miner.take_new();
        prop_assert!(miner.template_count() <= 24);
    }
}

#[test]
fn bytes_that_are_no_snapshot_are_refused() {
    let restore = |bytes: &[u8]| Miner::restore(MinerConfig::default(), bytes).err();
    assert_eq!(restore(b""), Some(SnapshotError::NotASnapshot));
    assert_eq!(
        restore(b"something else"),
        Some(SnapshotError::NotASnapshot)
    );
    let mut later = Miner::new(MinerConfig::default()).snapshot();
    later[8] = 9;
    assert_eq!(restore(&later), Some(SnapshotError::UnknownVersion(9)));
}
