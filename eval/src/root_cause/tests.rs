//! The published cases, if they are there.

use super::*;

fn folder(name: &str) -> Option<std::path::PathBuf> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let data = std::env::var_os("TOCSIN_DATA")
        .map_or(shared, Into::into)
        .join(name);
    if data.is_dir() {
        return Some(data);
    }
    eprintln!("SKIPPED: there is no {}", data.display());
    None
}

#[test]
fn petshop_is_ranked_with_its_graph_and_silent_in_normal_times() {
    let Some(data) = folder("rca_petshop/low_traffic") else {
        return;
    };
    let report = run(&data, true, None).unwrap();
    for scores in [&report.scores, &report.late_60s] {
        assert!(scores.top1 >= 0.85 && scores.top3 >= 0.96, "{report:?}");
    }
    assert!(report.specificity.unwrap() >= 0.90, "{report:?}");
}

#[test]
#[ignore = "reads 60 MB; run with --release"]
fn trainticket_is_ranked_within_a_second_a_fault() {
    let Some(data) = folder("rca_nezha") else {
        return;
    };
    let report = run(&data, true, None).unwrap();
    for part in ["TrainTicket", "TrainTicket late"] {
        assert!(report.parts[part].top1 >= 0.90, "{report:?}");
    }
    assert!(report.seconds_max <= 1.0, "{report:?}");
}

/// One constant of the configuration, to be halved and doubled.
type Constant = (&'static str, fn(&mut Config) -> &mut f64);

const CONSTANTS: [Constant; 8] = [
    ("strength", |c| &mut c.strength),
    ("topology", |c| &mut c.topology),
    ("explained", |c| &mut c.explained),
    ("time_order", |c| &mut c.time_order),
    ("specificity", |c| &mut c.specificity),
    ("other_kind", |c| &mut c.other_kind),
    ("found_strength", |c| &mut c.found_strength),
    ("temperature", |c| &mut c.temperature),
];

/// Prints how the result moves; run with `--ignored --nocapture`.
#[test]
#[ignore = "prints a table for people"]
fn each_constant_halved_and_doubled() {
    for name in ["rca_petshop/low_traffic", "rca_nezha"] {
        let Some(data) = folder(name) else { continue };
        for (constant, field) in CONSTANTS {
            for factor in [0.5, 2.0] {
                let mut config = Config::default();
                *field(&mut config) *= factor;
                let report = measure(&data, true, None, &config).unwrap();
                let parts: Vec<_> = report
                    .parts
                    .iter()
                    .map(|(n, s)| format!("{n} {:.3}", s.top1))
                    .collect();
                println!(
                    "{name} {constant} x{factor}: top1 {:.3} top3 {:.3} late {:.3} specificity {:?} named {:.2} {parts:?}",
                    report.scores.top1,
                    report.scores.top3,
                    report.late_60s.top1,
                    report.specificity,
                    report.named
                );
            }
        }
    }
}
