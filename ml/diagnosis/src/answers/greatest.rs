//! Which has the most or the least of something: rows of tables, and series of metrics.

use crate::diagnose::Known;
use crate::document::LineRef;
use crate::fields::{Field, plain_key};
use crate::finding::{Diagnosis, FindingKind, cite};
use crate::observe::row_state;

use super::finding;

/// The most rows that are told.
const MAX: usize = 3;

/// Something with a number.
struct Ranked {
    name: String,
    /// What is counted, as the column or the query calls it.
    what: String,
    value: f64,
    /// As it is written.
    text: String,
    place: LineRef,
}

/// Answers with the rows or series that have the most, or the least. Nothing if the documents have no such numbers.
pub(crate) fn greatest(known: &Known<'_>, diagnosis: &mut Diagnosis) {
    let wants_least = known
        .question
        .says(&["least", "lowest", "smallest", "fewest", "minimum"]);
    let is_superlative = wants_least
        || known.question.says(&[
            "most", "highest", "largest", "biggest", "top", "maximum", "greatest", "usage",
        ]);
    if !is_superlative {
        return;
    }
    let mut ranked = rows(known);
    if ranked.is_empty() {
        ranked = series(known);
    }
    ranked.sort_by(|a, b| b.value.total_cmp(&a.value));
    if wants_least {
        ranked.reverse();
    }
    for one in ranked.into_iter().take(MAX) {
        let mut lines = vec![one.place];
        if cite(&one.name, &mut lines, known.pages) {
            let text = format!("The {} of `{}` is `{}`.", one.what, one.name, one.text);
            diagnosis
                .findings
                .push(finding(FindingKind::Value, text, lines));
        }
    }
}

/// Numbers of the columns that the question names.
fn rows(known: &Known<'_>) -> Vec<Ranked> {
    let mut ranked = Vec::new();
    for table in known.readings.iter().flat_map(|reading| &reading.tables) {
        let is_asked = |column: &&String| {
            let key = plain_key(column);
            known
                .question
                .words
                .iter()
                .any(|word| word.len() >= 3 && key.starts_with(word.trim_end_matches('s')))
        };
        let Some(what) = table.columns.iter().find(is_asked) else {
            continue;
        };
        for row in &table.rows {
            let state = row_state(table, row)
                .filter(|state| known.asked.names.is_empty() || known.asked.is_named(state.name));
            let Some((state, text)) = state.zip(table.cell(row, &[what.as_str()])) else {
                continue;
            };
            if let Some(value) = number(text) {
                ranked.push(Ranked {
                    name: state.name.to_owned(),
                    what: what.to_lowercase(),
                    value,
                    text: text.to_owned(),
                    place: row.place,
                });
            }
        }
    }
    ranked
}

/// `1024Mi`, `100m`, `93%`, `12 (3h ago)`: a number that can be compared with others of its kind.
fn number(text: &str) -> Option<f64> {
    let word = text.split_whitespace().next()?;
    let end = word
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(word.len());
    let value: f64 = word.get(..end)?.parse().ok()?;
    let scale = match word.get(end..)? {
        "" | "%" => 1.0,
        "m" => 1e-3,
        "k" | "K" | "Ki" | "KiB" | "kB" | "KB" => 1024.0,
        "M" | "Mi" | "MiB" | "MB" => 1024.0 * 1024.0,
        "G" | "Gi" | "GiB" | "GB" => 1024.0 * 1024.0 * 1024.0,
        "T" | "Ti" | "TiB" | "TB" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    Some(value * scale)
}

/// The last value of each series that Prometheus answered.
fn series(known: &Known<'_>) -> Vec<Ranked> {
    let mut ranked: Vec<Ranked> = Vec::new();
    for reading in known.readings {
        let is_metric = |field: &&Field| {
            field.plain_key() == "resulttype" && matches!(field.value.as_str(), "vector" | "matrix")
        };
        if !reading.fields.iter().any(|field| is_metric(&field)) {
            continue;
        }
        let mut label: Option<(&[String], &str)> = None;
        for field in &reading.fields {
            let Some(at) = field
                .path
                .iter()
                .position(|part| matches!(part.as_str(), "metric" | "value" | "values"))
            else {
                continue;
            };
            let owner = field.path.get(..at).unwrap_or_default();
            if field.path.get(at).is_some_and(|part| part == "metric") {
                let is_telling = [
                    "pod",
                    "node",
                    "instance",
                    "container",
                    "service",
                    "job",
                    "mode",
                    "namespace",
                ];
                let known_label = label.filter(|(of, _)| *of == owner);
                if known_label.is_none()
                    || is_telling.first().is_some_and(|best| field.key() == *best)
                {
                    label = Some((owner, &field.value));
                }
                continue;
            }
            let is_value = field.key() == "[1]";
            if let (true, Some((of, name)), Ok(value)) =
                (is_value, label, field.value.parse::<f64>())
                && of == owner
            {
                // The last value of a series is told.
                let is_same = |other: &Ranked| {
                    other.name == name && other.place.document == field.place.document
                };
                if ranked.last().is_some_and(is_same) {
                    ranked.pop();
                }
                ranked.push(Ranked {
                    name: name.to_owned(),
                    what: "value".to_owned(),
                    value,
                    text: field.value.clone(),
                    place: field.place,
                });
            }
        }
    }
    ranked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_compared_by_their_units() {
        assert!(number("1Gi") > number("900Mi"));
        assert!(number("100m") < number("1"));
        assert_eq!(number("87 (3h ago)"), Some(87.0));
        assert_eq!(number("<none>"), None);
    }
}
