//! What says that something is well.

use crate::diagnose::Known;
use crate::fields::Names;
use crate::finding::{Finding, FindingKind, LINES_MAX};
use crate::form::Form;
use crate::observe::{row_state, share};
use crate::subject::Subjects;

use super::finding;

/// The most things that are said to be well.
const MAX: usize = 3;

/// The things that were asked for and of which the documents say that they are well.
pub(crate) fn healthy(known: &Known<'_>) -> Vec<Finding> {
    let mut all: Vec<Finding> = Vec::new();
    for reading in known
        .readings
        .iter()
        .filter(|reading| matches!(reading.form, Form::Outline | Form::Json))
    {
        let subjects = Subjects::of(reading);
        let names = Names::of(&reading.fields);
        let good = reading.fields.iter().filter(|field| {
            let value = field.value.to_lowercase();
            match field.plain_key().as_str() {
                "status" | "phase" | "state" | "health" => matches!(
                    value.as_str(),
                    "running" | "bound" | "active" | "healthy" | "ok" | "green" | "succeeded"
                ),
                "ready" | "available" | "running" => value == "true",
                "restartcount" => value == "0",
                _ => false,
            }
        });
        let good: Vec<_> = good
            .filter(|field| known.asked.admits(subjects.around(field, &names).as_ref()))
            .take(LINES_MAX)
            .collect();
        let Some(first) = good.first() else { continue };
        let said: Vec<String> = good
            .iter()
            .take(3)
            .map(|field| format!("{}: {}", field.key(), field.value))
            .collect();
        let name = subjects
            .around(first, &names)
            .map_or_else(|| "it".to_owned(), |subject| format!("`{}`", subject.name));
        let text = format!(
            "{} seems healthy: no fault is stated, and it says “{}”.",
            crate::finding::capital(&name),
            said.join(", ")
        );
        let mut lines: Vec<_> = good.iter().map(|field| field.place).collect();
        if let Some(subject) = subjects.around(first, &names) {
            crate::finding::cite(&subject.name, &mut lines, known.pages);
        }
        all.push(finding(FindingKind::Normal, text, lines));
    }
    for (table, row) in known.readings.iter().flat_map(|reading| {
        reading
            .tables
            .iter()
            .flat_map(|table| table.rows.iter().map(move |row| (table, row)))
    }) {
        if all.len() >= MAX {
            break;
        }
        let Some(state) = row_state(table, row) else {
            continue;
        };
        let is_ready = state
            .ready
            .and_then(share)
            .is_some_and(|(ready, all)| ready == all && all > 0);
        let is_named = known.asked.names.is_empty() || known.asked.is_named(state.name);
        if is_ready && is_named {
            let status = state
                .status
                .map(|status| format!(" and {status}"))
                .unwrap_or_default();
            let text = format!(
                "`{}` is ready ({}){status}.",
                state.name,
                state.ready.unwrap_or_default()
            );
            all.push(finding(FindingKind::Normal, text, vec![row.place]));
        }
    }
    all.truncate(MAX);
    all
}
