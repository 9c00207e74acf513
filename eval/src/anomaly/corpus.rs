//! Reads and writes the files of the anomaly suites: series with their times, and the labels.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

/// One series, in the order of its file.
#[derive(Debug, Default)]
pub(crate) struct Series {
    /// `CATEGORY/NAME.csv` of NAB, the file name of TSB-AD-U.
    pub(crate) name: String,
    /// Milliseconds since 1970; for TSB-AD-U, which has no times, minutes are counted.
    pub(crate) times_ms: Vec<i64>,
    /// The values.
    pub(crate) values: Vec<f64>,
    /// First and last row of each window, for NAB.
    pub(crate) windows: Vec<(usize, usize)>,
    /// Whether a row is anomalous, for TSB-AD-U.
    pub(crate) labels: Vec<bool>,
}

/// Reads `windows.json` and the series it names in `data/`, sorted by name.
///
/// # Errors
/// When a file is missing or not laid out as described.
pub(crate) fn read_nab(folder: &Path) -> Result<Vec<Series>> {
    let path = folder.join("windows.json");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let windows: BTreeMap<String, Vec<(String, String)>> =
        serde_json::from_str(&text).with_context(|| path.display().to_string())?;
    let mut corpus = Vec::new();
    for (name, windows) in windows {
        let path = folder.join("data").join(&name);
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let mut series = Series {
            name,
            ..Series::default()
        };
        for line in text.lines().skip(1).filter(|line| !line.is_empty()) {
            let (time, value) = line.split_once(',').context("no comma in a row")?;
            series.times_ms.push(millis(time)?);
            series.values.push(value.trim().parse()?);
        }
        for (first, last) in windows {
            let (first, last) = (millis(&first)?, millis(&last)?);
            let row = |at| series.times_ms.iter().position(|t| *t == at);
            let rows = row(first)
                .zip(row(last))
                .context("a window's end is no row")?;
            series.windows.push(rows);
        }
        corpus.push(series);
    }
    ensure!(!corpus.is_empty(), "no series in {}", folder.display());
    Ok(corpus)
}

/// Reads every `*.csv` of two columns, value and label, sorted by name.
///
/// # Errors
/// When there is none, or a file is not laid out as described.
pub(crate) fn read_tsb(folder: &Path) -> Result<Vec<Series>> {
    let mut corpus = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if !name.ends_with(".csv") {
            continue;
        }
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        if !text.starts_with("Data,Label") {
            continue;
        }
        let mut series = Series {
            name: name.into_owned(),
            ..Series::default()
        };
        for line in text.lines().skip(1).filter(|line| !line.is_empty()) {
            let (value, label) = line.split_once(',').context("no comma in a row")?;
            series.times_ms.push(60_000 * series.times_ms.len() as i64);
            series.values.push(value.trim().parse()?);
            series.labels.push(label.trim().parse::<f64>()? >= 0.5);
        }
        corpus.push(series);
    }
    corpus.sort_by(|a, b| a.name.cmp(&b.name));
    ensure!(!corpus.is_empty(), "no series in {}", folder.display());
    Ok(corpus)
}

/// Writes `NAME` of each series below `folder`: a header and one score a row.
///
/// # Errors
/// When a file cannot be written.
pub(crate) fn write_scores(folder: &Path, corpus: &[Series], scores: &[Vec<f64>]) -> Result<()> {
    for (series, scores) in corpus.iter().zip(scores) {
        let path = folder.join(&series.name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let mut text = String::from("anomaly_score\n");
        for score in scores {
            text.push_str(&format!("{score}\n"));
        }
        fs::write(&path, text).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

/// Milliseconds since 1970 of `YYYY-MM-DD HH:MM:SS`, a fraction of a second left out as NAB does.
fn millis(text: &str) -> Result<i64> {
    let text = text.trim();
    let number = |from: usize, to: usize| -> Result<i64> {
        let digits = text
            .get(from..to)
            .with_context(|| format!("no time: {text}"))?;
        digits.parse().with_context(|| format!("no time: {text}"))
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let secs = number(11, 13)? * 3600 + number(14, 16)? * 60 + number(17, 19)?;
    // Days since 1970 of a civil date, Hinnant's `days_from_civil`.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year - era * 400;
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = era * 146_097 + day_of_era - 719_468;
    Ok((days * 86_400 + secs) * 1000)
}

#[cfg(test)]
mod tests {
    use super::millis;

    #[test]
    fn times_are_read_as_utc() {
        assert_eq!(millis("1970-01-01 00:00:00").ok(), Some(0));
        assert_eq!(
            millis("2014-02-14 14:30:01.000000").ok(),
            Some(1_392_388_201_000)
        );
        assert!(millis("2014-02").is_err());
    }
}
