//! The suite `anomaly`: how well the always-on detector finds what people marked as anomalous.
//!
//! A folder laid out as NAB (`windows.json`, `data/CATEGORY/NAME.csv`) is scored by NAB's rules, a
//! folder laid out as TSB-AD-U (`*.csv` of value and label) by VUS-PR. Each series is run once, in order,
//! through `tocsin_anomaly::SeriesDetector` in its default configuration; for VUS-PR also through
//! `tocsin_forest::ShapeDetector`, which is the measure of whole stretches. Prints nothing.

mod corpus;
mod nab;
mod shape;
mod vus;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;
use tocsin_anomaly::{DetectorConfig, SeriesDetector, SeriesKind};

use self::corpus::Series;

/// What the suite prints.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Report {
    /// On NAB.
    Nab(nab::NabReport),
    /// On TSB-AD-U.
    Vus(VusReport),
}

/// VUS-PR of each series.
#[derive(Debug, Serialize)]
pub(crate) struct VusReport {
    /// Mean over the series, in `[0, 1]`.
    vus_pr: f64,
    /// By file name.
    series: BTreeMap<String, f64>,
    /// The same of the always-on detector, which judges points rather than stretches.
    #[serde(skip_serializing_if = "Option::is_none")]
    always_on: Option<Box<VusReport>>,
}

/// NAB's standard profile on the handed-out half, threshold fitted on the labels: from `README.md` of
/// the data.
const NAB_ANCHORS: [(&str, f64); 3] = [
    ("ARTime", 76.8),
    ("CAD OSE", 72.4),
    ("windowed Gaussian", 40.3),
];
/// Mean VUS-PR of the best of 32 published methods on the handed-out series.
const VUS_ANCHOR: (&str, f64) = ("POLY, best of 32", 0.418);

/// Scores the series in `data`. With `predictions`, also writes one score a row in the form
/// `nab_score.py` and `vus_pr.py` read.
///
/// # Errors
/// When a file is missing or not laid out as described.
pub(crate) fn run(data: &Path, predictions: Option<&Path>) -> anyhow::Result<Report> {
    let config = DetectorConfig::default();
    if data.join("windows.json").is_file() {
        let corpus = corpus::read_nab(data)?;
        let scores: Vec<Vec<f64>> = corpus.iter().map(|s| alarm_scores(s, &config)).collect();
        if let Some(folder) = predictions {
            corpus::write_scores(folder, &corpus, &scores)?;
        }
        let report = nab::score(&corpus, &scores, f64::from(config.alarm_probability));
        return Ok(Report::Nab(report));
    }
    let corpus = corpus::read_tsb(data)?;
    let scores: Vec<Vec<f64>> = corpus.iter().map(shape::scores).collect();
    if let Some(folder) = predictions {
        corpus::write_scores(folder, &corpus, &scores)?;
    }
    let points: Vec<Vec<f64>> = corpus.iter().map(|s| point_scores(s, &config)).collect();
    let mut report = vus_report(&corpus, &scores);
    report.always_on = Some(Box::new(vus_report(&corpus, &points)));
    Ok(Report::Vus(report))
}

fn vus_report(corpus: &[Series], scores: &[Vec<f64>]) -> VusReport {
    let one = |(one, scores): (&Series, &Vec<f64>)| {
        let score = vus::vus_pr(&one.labels, scores, vus::period(&one.values));
        (one.name.clone(), score)
    };
    let series: BTreeMap<String, f64> = corpus.iter().zip(scores).map(one).collect();
    let vus_pr = series.values().sum::<f64>() / series.len() as f64;
    VusReport {
        vus_pr,
        series,
        always_on: None,
    }
}

/// The report as a table for people, beside the anchors.
pub(crate) fn table(report: &Report) -> String {
    match report {
        Report::Nab(report) => nab_table(report),
        Report::Vus(report) => {
            let mut out = format!("{:56} shape  always-on\n", "VUS-PR");
            let points = report.always_on.as_deref();
            for (name, score) in &report.series {
                let point = points.and_then(|p| p.series.get(name)).unwrap_or(&f64::NAN);
                let _ = writeln!(out, "{name:56} {score:.3}  {point:.3}");
            }
            let point = points.map_or(f64::NAN, |p| p.vus_pr);
            let _ = writeln!(out, "{:56} {:.3}  {point:.3}", "mean", report.vus_pr);
            let _ = writeln!(
                out,
                "{:56} {:.3}",
                format!("published: {}", VUS_ANCHOR.0),
                VUS_ANCHOR.1
            );
            out
        }
    }
}

fn nab_table(report: &nab::NabReport) -> String {
    let mut out =
        String::from("series                                        gain  windows   hit  false\n");
    for (name, row) in &report.series {
        let _ = writeln!(
            out,
            "{name:44} {:6.2} {:8} {:5} {:6}",
            row.gain, row.windows, row.windows_hit, row.false_rows
        );
    }
    out.push_str("NAB                                  standard  low FP  low FN  threshold\n");
    let mut row = |name: &str, scores: &nab::Scores| {
        let _ = writeln!(
            out,
            "{name:36} {:8.1} {:7.1} {:7.1}  {:.3}",
            scores.standard, scores.low_fp, scores.low_fn, scores.threshold
        );
    };
    row("Tocsin, shipped threshold", &report.fixed);
    row("Tocsin, best threshold", &report.best);
    out.push_str("published, threshold fitted on the labels\n");
    for (name, standard) in NAB_ANCHORS {
        let _ = writeln!(out, "{name:36} {standard:8.1}");
    }
    out
}

/// A score a row, at or above the shipped threshold where the detector begins an anomaly and below
/// it elsewhere.
fn alarm_scores(series: &Series, config: &DetectorConfig) -> Vec<f64> {
    let mut detector = SeriesDetector::new(SeriesKind::Gauge);
    let points = series.times_ms.iter().zip(&series.values);
    points
        .map(|(at_ms, value)| {
            detector
                .observe(*at_ms, *value, config)
                .map_or(0.0, |verdict| f64::from(verdict.onset_probability))
        })
        .collect()
}

/// How unusual each row is by itself, whether or not an anomaly is already known.
fn point_scores(series: &Series, config: &DetectorConfig) -> Vec<f64> {
    let mut detector = SeriesDetector::new(SeriesKind::Gauge);
    let points = series.times_ms.iter().zip(&series.values);
    points
        .map(|(at_ms, value)| {
            detector
                .observe(*at_ms, *value, config)
                .map_or(0.0, |verdict| f64::from(verdict.score))
        })
        .collect()
}
