//! Reads a group of M4: histories, what came after, and the cases of a threshold.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// One series.
#[derive(Debug)]
pub(crate) struct Series {
    pub id: String,
    pub history: Vec<f64>,
    pub truth: Vec<f64>,
}

/// A capacity, and when the series first reaches it.
#[derive(Debug)]
pub(crate) struct Case {
    pub id: String,
    pub capacity: f64,
    /// From 1; absent when not within the horizon.
    pub step: Option<usize>,
    pub horizon: usize,
}

/// All of one group.
#[derive(Debug)]
pub(crate) struct Group {
    pub series: Vec<Series>,
    pub cases: Vec<Case>,
}

pub(crate) fn read(folder: &Path, name: &str) -> Result<Group> {
    let train = rows(&folder.join(format!("{name}-train.csv")))?;
    let test = rows(&folder.join(format!("{name}-test.csv")))?;
    let mut histories: HashMap<String, Vec<f64>> = train.into_iter().map(numbers).collect();
    let series = test
        .into_iter()
        .map(numbers)
        .map(|(id, truth)| {
            let history = histories
                .remove(&id)
                .with_context(|| format!("{id} has a test part but no train part"))?;
            Ok(Series { id, history, truth })
        })
        .collect::<Result<Vec<Series>>>()?;
    let cases = rows(&folder.join(format!("{name}-crossing-cases.csv")))?
        .into_iter()
        .map(case)
        .collect::<Result<Vec<Case>>>()?;
    Ok(Group { series, cases })
}

/// Fields of each line but the first, without quotes.
fn rows(path: &Path) -> Result<Vec<Vec<String>>> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let fields = |line: &str| {
        line.split(',')
            .map(|f| f.trim().trim_matches('"').to_owned())
            .collect()
    };
    Ok(text
        .lines()
        .skip(1)
        .filter(|l| !l.is_empty())
        .map(fields)
        .collect())
}

fn numbers(row: Vec<String>) -> (String, Vec<f64>) {
    let values = row.iter().skip(1).filter_map(|f| f.parse().ok()).collect();
    (row.into_iter().next().unwrap_or_default(), values)
}

fn case(row: Vec<String>) -> Result<Case> {
    let field = |at: usize| row.get(at).map(String::as_str).unwrap_or_default();
    let horizon = field(3).parse().context("a case without horizon")?;
    Ok(Case {
        id: field(0).to_owned(),
        capacity: field(1).parse().context("a case without capacity")?,
        step: field(2).parse().ok(),
        horizon,
    })
}
