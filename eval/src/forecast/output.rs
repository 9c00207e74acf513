//! What the suite shows and writes: the table with the published anchors, and the files the scorers
//! read.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use tocsin_forecast::Forecast;

use super::Report;
use super::data::Group;

/// OWA on the whole sets, hourly and weekly (M4 competition; Doornik, Castle & Hendry 2020; Darin &
/// Stellwagen 2020).
const PUBLISHED: [(&str, &str, &str); 6] = [
    ("Doornik", "0.410", "0.782"),
    ("Smyl (winner)", "0.440", "0.851"),
    ("Darin", "-", "0.739"),
    ("seasonal naive", "0.627", "1.000"),
    ("AutoETS", "0.80", "0.93"),
    ("Theta", "1.01", "0.97"),
];

/// Scores beside the published ones.
pub(crate) fn table(report: &Report) -> String {
    let mut out = String::from(
        "M4              OWA   sMAPE    MASE   MSIS  in 80 %  in 95 %  series/CPU s\n",
    );
    for (name, a) in [("hourly", report.hourly), ("weekly", report.weekly)] {
        let _ = writeln!(
            out,
            "{name:<12} {:>6.3}  {:>6.3}  {:>6.3} {:>6.2}   {:>6.3}   {:>6.3}  {:>12.0}",
            a.owa, a.smape, a.mase, a.msis, a.coverage80, a.coverage95, a.series_per_cpu_second
        );
    }
    out.push_str("\npublished OWA   hourly  weekly\n");
    for (name, hourly, weekly) in PUBLISHED {
        let _ = writeln!(out, "{name:<15} {hourly:>6}  {weekly:>6}");
    }
    out.push_str("\ncrossing         F1  recall  precision  false alarms  median error\n");
    let rows = [
        ("hourly", report.crossing.hourly),
        ("weekly", report.crossing.weekly),
    ];
    for (name, c) in rows {
        let error = c.median_error.map_or("-".to_owned(), |e| format!("{e:.3}"));
        let _ = writeln!(
            out,
            "{name:<12} {:>6.3}  {:>6.3}     {:>6.3}        {:>6.3}        {error:>6}",
            c.f1, c.recall, c.precision, c.fpr
        );
    }
    out.push_str("predict_linear: F1 0.54 hourly, 0.60 weekly\n");
    out
}

/// Writes `NAME-forecast.csv`, the bounds of both intervals and `NAME-crossing.csv`.
pub(crate) fn write(
    folder: &Path,
    name: &str,
    group: &Group,
    (forecasts, steps): (&[Forecast], &[Option<usize>]),
) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let save = |what: &str, text: String| {
        let path = folder.join(format!("{name}-{what}.csv"));
        fs::write(&path, text).with_context(|| path.display().to_string())
    };
    let ids: Vec<&str> = group.series.iter().map(|s| s.id.as_str()).collect();
    save(
        "forecast",
        lines(&ids, forecasts.iter().map(|f| f.mean.as_slice())),
    )?;
    for (at, level) in ["80", "95"].into_iter().enumerate() {
        let intervals = || forecasts.iter().filter_map(|f| f.intervals.get(at));
        save(
            &format!("lower{level}"),
            lines(&ids, intervals().map(|i| i.lower.as_slice())),
        )?;
        save(
            &format!("upper{level}"),
            lines(&ids, intervals().map(|i| i.upper.as_slice())),
        )?;
    }
    let mut text = String::from("id,step\n");
    for (case, step) in group.cases.iter().zip(steps) {
        let step = step.map_or(String::new(), |s| s.to_string());
        let _ = writeln!(text, "{},{step}", case.id);
    }
    save("crossing", text)
}

fn lines<'a>(ids: &[&str], rows: impl Iterator<Item = &'a [f64]>) -> String {
    let mut text = String::from("id,steps\n");
    for (id, row) in ids.iter().zip(rows) {
        text.push_str(id);
        for value in row {
            let _ = write!(text, ",{value}");
        }
        text.push('\n');
    }
    text
}
