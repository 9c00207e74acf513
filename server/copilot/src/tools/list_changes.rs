//! `list_changes`: what was done to the system.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tocsin_domain::alert::Evidence;
use tocsin_domain::change::{Change, ChangeKind};
use tocsin_domain::ports::ChangeFilter;

use super::arguments::{BACK_MS, limit, range_ms, rfc3339, word};
use super::error::ToolError;
use super::lines::data;
use super::toolbox::{Desk, Found, Tool};
use crate::facts::FactBook;
use crate::words::moment;

/// The most changes of an answer.
const CHANGES_MAX: usize = 50;

/// What was done to the system.
pub(crate) struct ListChanges;

/// Which changes.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Arguments {
    /// The service or host that was changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) entity: Option<String>,
    /// `deploy`, `config`, `scaling`, `restart`, `run` or `other`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<String>,
    /// A text that must be in the title, the entity or the actor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<String>,
    /// The first moment: RFC 3339, or as in `2 hours ago`. Default: a day before `to`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<String>,
    /// The last moment. Default: now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) to: Option<String>,
    /// How many: 1 to 50. Default 20.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<usize>,
}

/// A change.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ChangeFound {
    /// The fact; none if the answer cites as many as it may.
    pub(crate) fact: Option<String>,
    pub(crate) at: String,
    pub(crate) kind: &'static str,
    pub(crate) entity: String,
    pub(crate) title: String,
    pub(crate) actor: Option<String>,
    pub(crate) source: String,
    #[serde(skip)]
    pub(crate) at_ms: i64,
}

/// What was found, newest first.
#[derive(Debug, Serialize)]
pub(crate) struct Changes {
    /// True if there are older ones.
    pub(crate) is_more: bool,
    pub(crate) changes: Vec<ChangeFound>,
}

#[async_trait]
impl Tool for ListChanges {
    const NAME: &'static str = "list_changes";
    const ABOUT: &'static str = "Lists what was done to the system, newest first: deployments, configuration, scaling, restarts, runs.";
    type Arguments = Arguments;
    type Found = Changes;

    async fn ask(desk: &mut Desk<'_>, given: &Arguments) -> Result<Found<Changes>, ToolError> {
        let range = range_ms(
            desk.asker,
            given.from.as_deref(),
            given.to.as_deref(),
            BACK_MS,
        )?;
        let limit = limit(given.limit, 20, CHANGES_MAX)?;
        let kind = given
            .kind
            .as_deref()
            .map(|name| word("kind", name, ChangeKind::from_name))
            .transpose()?;
        let entity = given.entity.as_deref().map(|name| {
            let known = super::scope::entity(desk.directory, name);
            // What was changed need not have logged yet.
            known.map_or_else(|_| name.to_owned(), |entity| entity.name.clone())
        });
        let filter = ChangeFilter {
            from_ms: Some(range.0),
            to_ms: Some(range.1.saturating_add(1)),
            entity,
            kind,
            text: given.text.clone(),
        };
        let mut found = desk.tools.changes.changes(&filter, None, limit + 1).await?;
        let is_more = found.len() > limit;
        found.truncate(limit);
        let changes: Vec<ChangeFound> = found.iter().map(|one| cited(one, desk.book)).collect();
        let summary = match (changes.len(), is_more) {
            (0, _) => "no change".to_owned(),
            (count, true) => format!("{count} changes, and older ones"),
            (count, false) => format!("{count} changes"),
        };
        Ok(Found::new(summary, Changes { is_more, changes }))
    }
}

/// A change, cited.
fn cited(one: &Change, book: &mut FactBook) -> ChangeFound {
    let (title, entity) = (data(&one.title), data(&one.entity));
    let actor = one.actor.as_deref().map(data);
    let by = actor
        .as_deref()
        .map_or_else(String::new, |who| format!(" by {who}"));
    let text = format!(
        "{} {} of {entity}{by}: {title} (told by {})",
        moment(one.at_ms),
        one.kind.name(),
        data(&one.source),
    );
    // A change that a log line tells of opens that line.
    let evidence = match one.record {
        Some(id) => Evidence::Record {
            id,
            body: title.clone(),
        },
        None => Evidence::Change {
            id: one.id,
            title: title.clone(),
        },
    };
    ChangeFound {
        fact: book.cite(evidence, Some(one.at_ms), &text),
        at: rfc3339(one.at_ms),
        kind: one.kind.name(),
        entity,
        title,
        actor,
        source: data(&one.source),
        at_ms: one.at_ms,
    }
}
