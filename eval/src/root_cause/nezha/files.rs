//! The files of a case: `case.json`, `metric.csv`, and folders with `*log.csv` and `*trace.csv`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Deserialize;

use super::lines::{Line, line};

#[derive(Deserialize)]
struct Facts {
    system: String,
    inject_time_utc: String,
}

/// One case as read.
pub(super) struct Case {
    pub(super) system: String,
    pub(super) inject_s: i64,
    pub(super) metrics: Vec<Metric>,
    pub(super) material: Material,
}

/// One column of one pod, ascending in time (seconds).
pub(super) struct Metric {
    pub(super) entity: String,
    pub(super) name: String,
    pub(super) values: Vec<(i64, f64)>,
}

/// A span as read.
pub(super) struct RawSpan {
    pub(super) id: u64,
    pub(super) parent: Option<u64>,
    pub(super) entity: String,
    pub(super) operation: String,
    pub(super) start_us: i64,
    pub(super) end_us: i64,
}

/// Spans and lines of all files of a folder.
#[derive(Default)]
pub(super) struct Material {
    pub(super) spans: Vec<RawSpan>,
    pub(super) lines: Vec<Line>,
}

impl Case {
    pub(super) fn read(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join("case.json");
        let facts = fs::read(&path).with_context(|| path.display().to_string())?;
        let facts: Facts = serde_json::from_slice(&facts)?;
        Ok(Self {
            system: facts.system,
            inject_s: seconds(&facts.inject_time_utc)
                .with_context(|| format!("`{}` is no time", facts.inject_time_utc))?,
            metrics: metrics(&folder.join("metric.csv"))?,
            material: Material::read(folder)?,
        })
    }
}

impl Material {
    pub(super) fn read(folder: &Path) -> anyhow::Result<Self> {
        let mut out = Self::default();
        for path in files(folder)? {
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let trace = name.ends_with("trace.csv");
            if !trace && !name.ends_with("log.csv") {
                continue;
            }
            let bytes = fs::read(&path).with_context(|| path.display().to_string())?;
            let text = String::from_utf8_lossy(&bytes);
            for row in text.lines().skip(1) {
                if trace {
                    out.spans.extend(span(row));
                } else {
                    out.lines.extend(line(row));
                }
            }
        }
        Ok(out)
    }
}

fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut out = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            out.extend(files(&path)?);
        } else {
            out.push(path);
        }
    }
    out.sort();
    Ok(out)
}

fn span(row: &str) -> Option<RawSpan> {
    let cells: Vec<&str> = row.split(',').collect();
    // An operation may hold commas; what comes after it is three numbers.
    let [_, id, parent, pod, operation @ .., start, end, _] = cells.as_slice() else {
        return None;
    };
    Some(RawSpan {
        id: u64::from_str_radix(id, 16).ok()?,
        parent: u64::from_str_radix(parent, 16).ok(),
        entity: service(pod).to_owned(),
        operation: operation.join(","),
        start_us: start.parse::<i64>().ok()? / 1000,
        end_us: end.parse::<i64>().ok()? / 1000,
    })
}

fn metrics(path: &Path) -> anyhow::Result<Vec<Metric>> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let place = |name: &str| {
        names
            .iter()
            .position(|n| *n == name)
            .with_context(|| format!("no column {name}"))
    };
    let (time, pod) = (place("TimeStamp")?, place("PodName")?);
    let mut out: std::collections::BTreeMap<(&str, &str), Metric> =
        std::collections::BTreeMap::new();
    for row in lines {
        let cells: Vec<&str> = row.split(',').collect();
        let (Some(at), Some(pod)) = (
            cells.get(time).and_then(|c| c.parse::<f64>().ok()),
            cells.get(pod),
        ) else {
            continue;
        };
        for (name, cell) in names.iter().zip(&cells) {
            let metric = out.entry((*pod, *name)).or_insert_with(|| Metric {
                entity: service(pod).to_owned(),
                name: (*name).to_owned(),
                values: Vec::new(),
            });
            metric
                .values
                .push((at as i64, cell.parse().unwrap_or(f64::NAN)));
        }
    }
    let mut out: Vec<Metric> = out.into_values().collect();
    for metric in &mut out {
        metric.values.sort_by_key(|value| value.0);
    }
    Ok(out)
}

/// The workload of a pod as Kubernetes names them: without the replica set's hash and the pod's five letters.
pub(super) fn service(pod: &str) -> &str {
    let hashes = pod.rsplit_once('-').and_then(|(rest, letters)| {
        let (name, hash) = rest.rsplit_once('-')?;
        let hashed =
            (6..=10).contains(&hash.len()) && hash.bytes().all(|b| b.is_ascii_alphanumeric());
        (hashed && letters.len() == 5 && hash.bytes().any(|b| b.is_ascii_digit())).then_some(name)
    });
    hashes.unwrap_or(pod)
}

/// Seconds since 1970 of `YYYY-MM-DD hh:mm:ss`, UTC.
fn seconds(text: &str) -> Option<i64> {
    let numbers: Vec<i64> = text
        .split(['-', ' ', ':'])
        .map_while(|part| part.parse().ok())
        .collect();
    let [year, month, day, hour, minute, second] = numbers.try_into().ok()?;
    // Days from the civil calendar, with years that begin in March.
    let (year, month) = if month <= 2 {
        (year - 1, month + 9)
    } else {
        (year, month - 3)
    };
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    let days = year * 365 + year / 4 - year / 100 + year / 400 + day_of_year - 719_468;
    Some(days * 86_400 + hour * 3600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_pods_are_read() {
        assert_eq!(seconds("2022-08-22 03:53:54"), Some(1_661_140_434));
        assert_eq!(seconds("yesterday"), None);
        assert_eq!(
            service("ts-route-service-b6c59fb57-zv8dt"),
            "ts-route-service"
        );
        assert_eq!(service("frontend"), "frontend");
    }

    #[test]
    fn an_operation_may_hold_commas() {
        let read = span("t,0a,root,pod,SELECT a,b,2000,5000,3").unwrap();
        assert_eq!(
            (read.operation.as_str(), read.parent, read.start_us),
            ("SELECT a,b", None, 2)
        );
    }
}
