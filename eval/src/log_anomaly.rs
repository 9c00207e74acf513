//! The suite `log-anomaly`: are the sessions told that people marked as anomalous?
//!
//! A folder with `train`, `test_normal` and `test_abnormal`, one session a line (`e1 e2 …` or
//! `id,e1 e2 …`), comes in; the scores of `score_logad.py` at the shipped threshold go out. The detector is
//! `tocsin_sequence::Model` in its default configuration, fitted to `train` alone; each session
//! of the test is judged by itself. Prints nothing.

mod corpus;
mod score;

use std::fs;
use std::path::Path;

use anyhow::Context;
use tocsin_sequence::{Config, Model};

use self::corpus::Session;
pub(crate) use self::score::Scores;

/// Sessions each listed normal session stands for in HDFS, whose normal sessions are published as a sample
/// of about one in a hundred: 553,366 / 5,583.
const HDFS_NORMAL_WEIGHT: f64 = 99.12;

/// F1 at the threshold that is best for the labels: from `README.md` of the data.
const ANCHORS: [(&str, f64); 2] = [
    ("HDFS, published", 0.988),
    ("OpenStack, count vectors", 0.994),
];

/// Scores the sessions in `data`. With `predictions`, also writes `normal_scores` and
/// `abnormal_scores`, in `[0, 1)` with the threshold at 0.5, as `score_logad.py` reads them.
///
/// # Errors
/// When a file is missing or cannot be written.
pub(crate) fn run(data: &Path, predictions: Option<&Path>) -> anyhow::Result<Scores> {
    let train = corpus::read(&data.join("train"))?;
    let normal = corpus::read(&data.join("test_normal"))?;
    let abnormal = corpus::read(&data.join("test_abnormal"))?;
    let model = Model::fit(train.iter().map(Vec::as_slice), Config::default());
    let normal = scores(&model, &normal);
    let abnormal = scores(&model, &abnormal);
    if let Some(folder) = predictions {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        write(&folder.join("normal_scores"), &normal)?;
        write(&folder.join("abnormal_scores"), &abnormal)?;
    }
    let weight = if corpus::is_hdfs(data) {
        HDFS_NORMAL_WEIGHT
    } else {
        1.0
    };
    Ok(score::score(&normal, &abnormal, weight))
}

/// Strangeness in `[0, 1)`, at least 0.5 where the detector calls a session anomalous.
fn scores(model: &Model, sessions: &[Session]) -> Vec<f64> {
    let score = |session: &Session| model.judge(session).score;
    sessions
        .iter()
        .map(|s| score(s) / (1.0 + score(s)))
        .collect()
}

fn write(path: &Path, scores: &[f64]) -> anyhow::Result<()> {
    let lines: String = scores.iter().map(|score| format!("{score}\n")).collect();
    fs::write(path, lines).with_context(|| path.display().to_string())
}

/// The scores as a table for people, beside the anchors.
pub(crate) fn table(scores: &Scores) -> String {
    let mut out = format!(
        "log anomalies                   F1  precision  recall    MCC  AUROC\n\
         Tocsin, shipped threshold   {:.4}     {:.4}  {:.4} {:.4} {:.4}\n",
        scores.f1, scores.precision, scores.recall, scores.mcc, scores.auroc
    );
    for (name, f1) in ANCHORS {
        out.push_str(&format!(
            "{name:27} {f1:.3}   (threshold fitted on the labels)\n"
        ));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_public_sets_are_told_without_labels() {
        let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
        let shared = std::env::var_os("TOCSIN_DATA").map_or(shared, Into::into);
        for (name, f1) in [("hdfs_slice", 0.99), ("openstack_kalaki", 0.99)] {
            let data = shared.join("logad").join(name);
            if !data.is_dir() {
                eprintln!("SKIPPED: there is no {}", data.display());
                continue;
            }
            let scores = run(&data, None).unwrap();
            assert!(scores.f1 >= f1, "{name}: {scores:?}");
        }
    }
}
