//! Whose lines, series and alerts are meant by a name.

use tocsin_domain::query::{Expression, FieldTest, lower_tokens, parse};
use tocsin_domain::{Labels, Severity};

use super::error::ToolError;
use super::toolbox::Desk;
use crate::understand::{Catalogue, Directory, Entity, Kind, Place};

/// The most names that are offered for one that is not known.
const OFFERED_MAX: usize = 10;

/// The entity of a name; people's spellings are taken.
pub(super) fn entity<'a>(directory: &'a Directory, name: &str) -> Result<&'a Entity, ToolError> {
    if let Some(entity) = directory.named(name) {
        return Ok(entity);
    }
    let found = directory
        .find(name, None, true)
        .or_else(|| directory.misspelt(name, None));
    if let Some(found) = found {
        return Ok(found.entity);
    }
    let known = directory.entities().iter();
    let known = known.filter(|entity| matches!(entity.kind(), Kind::Service | Kind::Host));
    let known: Vec<&str> = known
        .take(OFFERED_MAX)
        .map(|entity| entity.name.as_str())
        .collect();
    Err(ToolError::NotFound(format!(
        "`entity`: nothing of the name `{name}` is known; known are, among others: {}",
        known.join(", ")
    )))
}

/// Lines of an entity.
pub(super) fn lines_of(entity: &Entity, catalogue: &Catalogue) -> Expression {
    let equals = |key: &str, value: &str| Expression::Field {
        key: key.into(),
        test: FieldTest::Equals(value.into()),
    };
    let name = entity.name.as_str();
    let mut any: Vec<Expression> = Vec::new();
    let keys = entity.places.iter().filter_map(|place| match place {
        Place::Lines(key) => Some(key.as_str()),
        _ => None,
    });
    let (callees, own): (Vec<&str>, Vec<&str>) = keys.partition(|key| catalogue.is_callee(key));
    // Whoever says nothing itself is spoken of by those who wait for it.
    let keys = if own.is_empty() { callees } else { own };
    any.extend(keys.into_iter().map(|key| equals(key, name)));
    if entity.kinds.contains(&Kind::Service) {
        any.extend(
            catalogue
                .labels_of(Kind::Service)
                .map(|key| equals(key, name)),
        );
        // What came by OTLP has its service in the name of its source.
        any.push(equals("source", &format!("otlp:{name}")));
    }
    if entity.kinds.contains(&Kind::Host) {
        any.push(equals("host", name));
    }
    if any.is_empty() {
        // Known from series or alerts only: lines that speak of it.
        any.push(Expression::Phrase(lower_tokens(name)));
    }
    let mut each: Vec<Expression> = Vec::new();
    for one in any {
        if !each.contains(&one) {
            each.push(one);
        }
    }
    Expression::Or(each)
}

/// Lines of all of some entities, of a severity or worse, with some words.
pub(super) fn lines(
    desk: &Desk<'_>,
    entities: &[String],
    severity: Option<Severity>,
    query: Option<&str>,
) -> Result<Expression, ToolError> {
    let mut all = Vec::new();
    for name in entities {
        let entity = entity(desk.directory, name)?;
        all.push(lines_of(entity, &desk.tools.catalogue));
    }
    if let Some(severity) = severity {
        all.push(Expression::Field {
            key: "severity".into(),
            test: FieldTest::Range {
                low: Some((f64::from(severity.number()), true)),
                high: None,
            },
        });
    }
    if let Some(query) = query.filter(|query| !query.trim().is_empty()) {
        all.push(parse(query).map_err(|error| ToolError::Invalid(format!("`query`: {error}")))?);
    }
    Ok(match all.len() {
        0 => Expression::All,
        1 => all.swap_remove(0),
        _ => Expression::And(all),
    })
}

/// Whether some labels are those of an entity.
pub(super) fn is_of<'a>(
    entity: &Entity,
    labels: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> bool {
    let mut labels = labels.into_iter();
    labels.any(|(_, value)| value.eq_ignore_ascii_case(&entity.name))
}

/// Whether a series is one of all of some entities.
pub(super) fn is_series_of(labels: &Labels, entities: &[&Entity]) -> bool {
    entities.iter().all(|entity| is_of(entity, labels.iter()))
}
