//! What says that something is well.

use crate::diagnose::Known;
use crate::document::LineRef;
use crate::fields::{Field, Names};
use crate::finding::{Finding, FindingKind, LINES_MAX, cite};
use crate::form::Reading;
use crate::observe::{row_state, share};
use crate::subject::Subjects;
use crate::table::Table;

use super::finding;

/// The most things that are said to be well.
const MAX: usize = 3;

/// The things that were asked for and of which the documents say that they are well.
pub(crate) fn healthy(known: &Known<'_>) -> Vec<Finding> {
    let objects = known
        .readings
        .iter()
        .filter_map(|reading| object(known, reading));
    let rows = known.readings.iter().flat_map(|reading| {
        let rows = |table| ready_rows(known, table);
        reading.tables.iter().flat_map(rows)
    });
    objects.chain(rows).take(MAX).collect()
}

/// What an object says of itself.
fn object(known: &Known<'_>, reading: &Reading) -> Option<Finding> {
    let subjects = Subjects::of(reading);
    let names = Names::of(&reading.fields);
    let is_meant = |field: &&Field| {
        is_good(field) && known.asked.admits(subjects.around(field, &names).as_ref())
    };
    let good: Vec<&Field> = reading
        .fields
        .iter()
        .filter(is_meant)
        .take(LINES_MAX)
        .collect();
    let subject = subjects.around(good.first()?, &names);
    let told = good
        .iter()
        .take(3)
        .map(|field| format!("{}: {}", field.key(), field.value));
    let told: Vec<String> = told.collect();
    let mut lines: Vec<LineRef> = good.iter().map(|field| field.place).collect();
    let named = subject.filter(|subject| cite(&subject.name, &mut lines, known.pages));
    let name = named.map_or_else(|| "It".to_owned(), |subject| format!("`{}`", subject.name));
    let text = format!(
        "{name} seems healthy: no fault is stated, and it says “{}”.",
        told.join(", ")
    );
    Some(finding(FindingKind::Normal, text, lines))
}

fn is_good(field: &Field) -> bool {
    const GOOD: [&str; 7] = [
        "running",
        "bound",
        "active",
        "healthy",
        "ok",
        "green",
        "succeeded",
    ];
    let value = field.value.to_lowercase();
    match field.plain_key().as_str() {
        "status" | "phase" | "state" | "health" => GOOD.contains(&value.as_str()),
        "ready" | "available" | "running" => value == "true",
        "restartcount" => value == "0",
        _ => false,
    }
}

/// The rows of what is ready.
fn ready_rows<'k>(known: &'k Known<'_>, table: &'k Table) -> impl Iterator<Item = Finding> + 'k {
    table.rows.iter().filter_map(|row| {
        let state = row_state(table, row)?;
        let (ready, all) = state.ready.and_then(share)?;
        let is_named = known.asked.names.is_empty() || known.asked.is_named(state.name);
        let status = state
            .status
            .map(|status| format!(" and {status}"))
            .unwrap_or_default();
        let text = format!("`{}` is ready ({ready}/{all}){status}.", state.name);
        (ready == all && all > 0 && is_named)
            .then(|| finding(FindingKind::Normal, text, vec![row.place]))
    })
}
