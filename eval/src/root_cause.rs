//! The suite `root-cause`: is the entity that was broken ranked first, and is nothing named when nothing was?
//!
//! A folder laid out as a scenario of PetShop (`graph.csv`, `noissue`, `train`, `test`) or as the Nezha
//! cases (`cases.tar.xz` or the folders in it, with `truth.json`) comes in; top-k, Avg@5 and MRR of
//! `score_rca.py` go out, ties counted against us. One configuration, the shipped one, ranks everything.

mod cases;
mod nezha;
mod petshop;
mod score;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Context;
use serde::Serialize;
use tocsin_rank::{Config, Verdict};

use self::cases::Judged;
pub(crate) use self::score::Scores;

/// How late the alarm is raised in the second run.
const LATE_S: i64 = 60;

/// Published results on the same files: from `README.md` of the data.
const ANCHORS: [(&str, &str); 2] = [
    (
        "PetShop, traversal with the graph",
        "top-1 0.615  top-3 0.769  specificity 0.17 to 0.33",
    ),
    (
        "Nezha, 15 TrainTicket faults",
        "top-1 1.000 (0.80 with ties against it)",
    ),
];

/// What is printed: the scores, those of parts, and what is said of normal times.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    #[serde(flatten)]
    pub(crate) scores: Scores,
    /// The same with the alarm raised a minute late.
    pub(crate) late_60s: Scores,
    /// Scores of parts of the cases, by name; `late` is with the alarm raised a minute late.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) parts: BTreeMap<String, Scores>,
    /// Share of windows of normal times in which no cause is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) specificity: Option<f64>,
    /// Share of faults in which a cause is named.
    pub(crate) named: f64,
    /// Share of the named causes that are right.
    pub(crate) named_right: f64,
    /// Mean confidence of the first candidates, to be held against `top1`.
    pub(crate) mean_confidence: f64,
    /// Mean squared error of the first candidate's confidence.
    pub(crate) brier: f64,
    /// The longest that one case took, reading its files included.
    pub(crate) seconds_max: f64,
}

/// Scores the cases in `data`. With `graph` PetShop's call graph is given. With `predictions`, also
/// writes `predictions.json` as `score_rca.py` reads it.
///
/// # Errors
/// When files are missing or cannot be read or written.
pub(crate) fn run(data: &Path, graph: bool, predictions: Option<&Path>) -> anyhow::Result<Report> {
    measure(data, graph, predictions, &Config::default())
}

fn measure(
    data: &Path,
    graph: bool,
    predictions: Option<&Path>,
    config: &Config,
) -> anyhow::Result<Report> {
    let (judged, late, specificity) = if data.join("graph.csv").is_file() {
        let scenario = petshop::Scenario::read(data, graph)?;
        (
            scenario.judge(0, config),
            scenario.judge(LATE_S, config),
            Some(scenario.specificity(config)),
        )
    } else {
        let corpus = nezha::Corpus::read(data)?;
        (
            corpus.judge(0, config)?,
            corpus.judge(LATE_S, config)?,
            None,
        )
    };
    if let Some(folder) = predictions {
        write(folder, &judged)?;
    }
    Ok(report(&judged, &late, specificity))
}

fn report(judged: &[Judged], late: &[Judged], specificity: Option<f64>) -> Report {
    let mut parts: BTreeMap<String, Vec<&Judged>> = BTreeMap::new();
    for (cases, suffix) in [(judged, ""), (late, " late")] {
        for case in cases.iter().filter(|case| !case.part.is_empty()) {
            let name = format!("{}{suffix}", case.part);
            parts.entry(name).or_default().push(case);
        }
    }
    let parts = parts
        .into_iter()
        .map(|(name, cases)| (name, score::score(cases)));
    let all = judged.len().max(1) as f64;
    let named: Vec<&Judged> = judged
        .iter()
        .filter(|c| c.ranking.verdict == Verdict::Found)
        .collect();
    let right = named.iter().filter(|case| case.rank() == Some(1)).count() as f64;
    let first = |case: &Judged| {
        case.ranking
            .candidates
            .first()
            .map_or(0.0, |c| c.confidence)
    };
    let missed = |case: &Judged| first(case) - f64::from(u8::from(case.rank() == Some(1)));
    Report {
        scores: score::score(judged),
        late_60s: score::score(late),
        parts: parts.collect(),
        specificity,
        named: named.len() as f64 / all,
        named_right: right / (named.len().max(1) as f64),
        mean_confidence: judged.iter().map(first).sum::<f64>() / all,
        brier: judged.iter().map(|case| missed(case).powi(2)).sum::<f64>() / all,
        seconds_max: judged.iter().map(|case| case.seconds).fold(0.0, f64::max),
    }
}

fn write(folder: &Path, judged: &[Judged]) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let cases: BTreeMap<&str, Vec<(&str, f64)>> = judged
        .iter()
        .map(|case| {
            let candidates = case.ranking.candidates.iter();
            (
                case.name.as_str(),
                candidates.map(|c| (c.entity.as_str(), c.score)).collect(),
            )
        })
        .collect();
    let path = folder.join("predictions.json");
    fs::write(&path, serde_json::to_string(&cases)?).with_context(|| path.display().to_string())?;
    let path = folder.join("reasons.txt");
    let reasons: String = judged.iter().map(reasons).collect();
    fs::write(&path, reasons).with_context(|| path.display().to_string())
}

/// Why the first five candidates and the true one have their scores, for people.
fn reasons(case: &Judged) -> String {
    let mut out = format!(
        "{} {}: rank {:?}, {:?}\n",
        case.name,
        case.truth,
        case.rank(),
        case.ranking.verdict
    );
    for (place, candidate) in case.ranking.candidates.iter().enumerate() {
        if place >= 5 && candidate.entity != case.truth {
            continue;
        }
        out.push_str(&format!(
            "  {} {:.3} ({:.2})",
            candidate.entity, candidate.score, candidate.confidence
        ));
        for factor in &candidate.factors {
            out.push_str(&format!(
                " {:?} {:.2}",
                factor.kind,
                factor.value * factor.weight
            ));
        }
        let shown = candidate
            .factors
            .iter()
            .find(|f| f.kind == tocsin_rank::FactorKind::Strength);
        for signal in shown
            .iter()
            .flat_map(|f| &f.because)
            .take(3)
            .filter_map(|i| case.signals.get(*i))
        {
            out.push_str(&format!(
                "\n      {:?} {:?} {:.1} {}",
                signal.kind, signal.direction, signal.strength, signal.what
            ));
        }
        out.push('\n');
    }
    out
}

/// The scores as a table for people, beside the anchors.
pub(crate) fn table(report: &Report) -> String {
    let mut out =
        String::from("root cause                  cases  top-1  top-3  top-5  Avg@5    MRR\n");
    let mut row = |name: &str, s: &Scores| {
        out.push_str(&format!(
            "{name:27} {:5}  {:.3}  {:.3}  {:.3}  {:.3}  {:.3}\n",
            s.cases, s.top1, s.top3, s.top5, s.avg5, s.mrr
        ));
    };
    row("Tocsin", &report.scores);
    row("Tocsin, alarm 60 s late", &report.late_60s);
    for (name, scores) in &report.parts {
        row(&format!("  {name}"), scores);
    }
    if let Some(specificity) = report.specificity {
        out.push_str(&format!("silent on normal windows    {specificity:.3}\n"));
    }
    out.push_str(&format!(
        "a cause is named in {:.3}, rightly in {:.3} of these; mean confidence {:.3}, Brier {:.3}; at most {:.2} s a case\n",
        report.named, report.named_right, report.mean_confidence, report.brier, report.seconds_max
    ));
    for (name, published) in ANCHORS {
        out.push_str(&format!("{name:34} {published}\n"));
    }
    out
}

#[cfg(test)]
mod tests;
