//! The suite `parsing`: how well the template miner groups and words the lines of the Loghub
//! samples, from the message and from the raw line, scored as `score_parsing.py` does. One
//! configuration for every system.

mod corpus;
mod score;
mod table;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;
use tocsin_templates::{Miner, MinerConfig, Template, TemplateIndex};

use corpus::Set;
use score::{Score, score};

/// Scores of one set, or the mean of several; each in `[0, 1]`, absent where the set lacks the
/// labels.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Row {
    /// Grouping accuracy: share of lines whose group is exactly the labelled one.
    pub ga: f64,
    /// F1 of groups.
    pub fga: f64,
    /// Share of lines whose template is worded exactly as labelled.
    pub pa: f64,
    /// F1 of templates worded exactly as labelled.
    pub fta: f64,
    /// `ga` by the corrected labels, and so on.
    pub ga_corrected: Option<f64>,
    /// See `ga_corrected`.
    pub fga_corrected: Option<f64>,
    /// See `ga_corrected`.
    pub pa_corrected: Option<f64>,
    /// See `ga_corrected`.
    pub fta_corrected: Option<f64>,
    /// `ga` when the raw line with its header is parsed; absent without a raw file.
    pub ga_raw: Option<f64>,
    /// `ga_raw` by the corrected labels.
    pub ga_raw_corrected: Option<f64>,
    /// Lines of the message column parsed per second of CPU time, over and over with a fresh miner.
    pub lines_per_cpu_second: f64,
}

/// What the suite prints.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Report {
    /// Scores by name of the set.
    pub sets: BTreeMap<String, Row>,
    /// Mean over the sets.
    pub mean: Row,
}

/// Scores every subfolder of `data` that holds a `*_structured.csv`. With `predictions`, also
/// writes what was predicted to `NAME.csv` and `NAME_raw.csv` in that folder, in the form
/// `score_parsing.py` reads.
///
/// # Errors
/// When `data` holds no set, or a file of a set cannot be read or has no `Content` and
/// `EventTemplate` columns.
pub(crate) fn run(data: &Path, predictions: Option<&Path>) -> Result<Report> {
    let mut sets = BTreeMap::new();
    for set in corpus::read_all(data)? {
        let row = measure(&set, predictions).with_context(|| format!("set {}", set.name))?;
        sets.insert(set.name, row);
    }
    anyhow::ensure!(
        !sets.is_empty(),
        "no *_structured.csv below {}",
        data.display()
    );
    let mean = mean(sets.values());
    Ok(Report { sets, mean })
}

/// Mean GA of others on the eight handed-out sets: by the original labels, by the corrected ones, and
/// from the raw line. From `README.md` of the data.
const ANCHORS: [(&str, f64, f64, Option<f64>); 3] = [
    ("Drain3, untuned", 0.752, 0.775, Some(0.37)),
    ("Drain, tuned for each system", 0.832, 0.856, None),
    ("Brain, tuned for each system", 0.990, 0.966, None),
];

/// The report as a table for people, beside the anchors.
#[must_use]
pub(crate) fn table(report: &Report) -> String {
    let mut out = String::from(
        "set            GA    FGA     PA    FTA | corrected GA    FGA     PA    FTA | raw GA  corr. | lines/CPU s\n",
    );
    let mean = ("mean".to_owned(), report.mean.clone());
    for (name, r) in report.sets.clone().into_iter().chain([mean]) {
        let opt = |v: Option<f64>| v.map_or_else(|| "     -".to_owned(), |v| format!("{v:6.3}"));
        let _ = writeln!(
            out,
            "{name:11} {:6.3} {:6.3} {:6.3} {:6.3} |       {} {} {} {} | {} {} | {:10.0}",
            r.ga,
            r.fga,
            r.pa,
            r.fta,
            opt(r.ga_corrected),
            opt(r.fga_corrected),
            opt(r.pa_corrected),
            opt(r.fta_corrected),
            opt(r.ga_raw),
            opt(r.ga_raw_corrected),
            r.lines_per_cpu_second,
        );
    }
    out.push_str("mean GA of others on the eight handed-out sets: original, corrected, raw\n");
    for (name, original, corrected, raw) in ANCHORS {
        let raw = raw.map_or_else(|| "-".to_owned(), |raw| format!("{raw:.2}"));
        let _ = writeln!(out, "{name:30} {original:.3}  {corrected:.3}  {raw}");
    }
    out
}

fn measure(set: &Set, predictions: Option<&Path>) -> Result<Row> {
    let message = Parsed::of(&set.contents, Template::wildcard);
    let mut row = Row {
        lines_per_cpu_second: throughput(&set.contents),
        ..Row::default()
    };
    let Score { ga, fga, pa, fta } = message.score(&set.labels);
    (row.ga, row.fga, row.pa, row.fta) = (ga, fga, pa, fta);
    if let Some(labels) = &set.corrected {
        let s = message.score(labels);
        row.ga_corrected = Some(s.ga);
        row.fga_corrected = Some(s.fga);
        row.pa_corrected = Some(s.pa);
        row.fta_corrected = Some(s.fta);
    }
    if let Some(folder) = predictions {
        message.save(&folder.join(format!("{}.csv", set.name)))?;
    }
    if let Some(lines) = &set.raw {
        let raw = Parsed::of(lines, Template::message_wildcard);
        row.ga_raw = Some(raw.score(&set.labels).ga);
        row.ga_raw_corrected = set.corrected.as_ref().map(|labels| raw.score(labels).ga);
        if let Some(folder) = predictions {
            raw.save(&folder.join(format!("{}_raw.csv", set.name)))?;
        }
    }
    Ok(row)
}

/// Group and template of every line, after the last line was seen: a line counts for the template
/// that its own has become since (`Miner::resolve`).
struct Parsed {
    groups: Vec<u32>,
    templates: Vec<String>,
}

impl Parsed {
    fn of(lines: &[Vec<u8>], wording: fn(&Template) -> String) -> Self {
        let mut miner = Miner::new(MinerConfig::default());
        let mut variables = Vec::new();
        let indices: Vec<TemplateIndex> = lines
            .iter()
            .map(|line| miner.parse(line, &mut variables))
            .collect();
        let heads: Vec<TemplateIndex> = indices.iter().map(|i| miner.resolve(*i)).collect();
        let templates = heads.iter().map(|i| wording(miner.template(*i))).collect();
        Self {
            groups: heads.iter().map(|i| i.0).collect(),
            templates,
        }
    }

    fn score(&self, labels: &[String]) -> Score {
        score(labels, &self.templates, &self.groups)
    }

    fn save(&self, path: &Path) -> Result<()> {
        let mut out = String::from("group_id,template\n");
        for (group, template) in self.groups.iter().zip(&self.templates) {
            table::write(&mut out, *group, template);
        }
        fs::write(path, out).with_context(|| path.display().to_string())
    }
}

fn throughput(lines: &[Vec<u8>]) -> f64 {
    let mut variables = Vec::new();
    let mut parsed = 0_usize;
    let start = cpu_seconds();
    loop {
        let mut miner = Miner::new(MinerConfig::default());
        for _ in 0..10 {
            for line in lines {
                let _ = miner.parse(line, &mut variables);
            }
        }
        parsed += 10 * lines.len();
        let spent = cpu_seconds() - start;
        if spent >= 0.2 || lines.is_empty() {
            return parsed as f64 / spent.max(1e-9);
        }
    }
}

/// CPU time of this process so far, in seconds (ticks of 10 ms); 0 where `/proc` is missing.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace();
    let ticks: u64 = fields
        .skip(11)
        .take(2)
        .filter_map(|f| f.parse::<u64>().ok())
        .sum();
    ticks as f64 / 100.0
}

fn mean<'a>(rows: impl Iterator<Item = &'a Row> + Clone) -> Row {
    let average = |value: &dyn Fn(&Row) -> Option<f64>| {
        let values: Vec<f64> = rows.clone().filter_map(value).collect();
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
    };
    let always = |value: &dyn Fn(&Row) -> f64| average(&|r| Some(value(r))).unwrap_or_default();
    Row {
        ga: always(&|r| r.ga),
        fga: always(&|r| r.fga),
        pa: always(&|r| r.pa),
        fta: always(&|r| r.fta),
        ga_corrected: average(&|r| r.ga_corrected),
        fga_corrected: average(&|r| r.fga_corrected),
        pa_corrected: average(&|r| r.pa_corrected),
        fta_corrected: average(&|r| r.fta_corrected),
        ga_raw: average(&|r| r.ga_raw),
        ga_raw_corrected: average(&|r| r.ga_raw_corrected),
        lines_per_cpu_second: always(&|r| r.lines_per_cpu_second),
    }
}
