//! What was changed: what was told through the API, what log lines say, and processes that began anew.
//!
//! Lines are read when somebody asks. Which templates speak of changes is decided once for each; templates that are
//! said all the time are no news of anybody's doing and passed over.

mod lines;
mod restarts;
mod rules;

use std::cmp::Reverse;
use std::sync::Arc;

use tocsin_domain::change::{Change, ChangeId};
use tocsin_domain::ports::{ChangeFilter, StoreError};

use crate::conventions::Conventions;
use crate::parts::CopilotParts;
use lines::KnownTemplates;
pub(crate) use restarts::SOURCE as FROM_METRICS;
pub use rules::{ChangeRuleError, ChangeRules};

/// The longest time before the end of a question that log lines are read for, in ms: 31 days.
const LINES_SPAN_MAX_MS: i64 = 31 * 86_400_000;

/// Finds changes.
#[derive(Debug)]
pub(crate) struct ChangeFinder {
    parts: Arc<CopilotParts>,
    rules: ChangeRules,
    conventions: Conventions,
    templates: KnownTemplates,
}

impl ChangeFinder {
    /// A finder over the stores.
    pub(crate) fn new(parts: Arc<CopilotParts>, rules: ChangeRules) -> Self {
        Self {
            parts,
            rules,
            conventions: Conventions::built_in(),
            templates: KnownTemplates::default(),
        }
    }

    /// The rules that lines are read by.
    pub(crate) const fn rules(&self) -> &ChangeRules {
        &self.rules
    }

    /// The newest changes by when they were done, then id, below the place `before`, as of
    /// `ChangeStore::changes`. Lines of the last 31 days before the end are read.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn changes(
        &self,
        filter: &ChangeFilter,
        before: Option<(i64, ChangeId)>,
        limit: usize,
    ) -> Result<Vec<Change>, StoreError> {
        let mut found = self.parts.changes.changes(filter, before, limit).await?;
        let now_ms = self.parts.clock.now().millis();
        let place_ms = before.map_or(i64::MAX, |(at_ms, _)| at_ms.saturating_add(1));
        let to_ms = filter.to_ms.unwrap_or(now_ms + 1).min(place_ms);
        let from_ms = filter.from_ms.unwrap_or(i64::MIN);
        let from_ms = from_ms.max(to_ms.saturating_sub(LINES_SPAN_MAX_MS));
        if from_ms < to_ms {
            let wanted = Wanted { filter, before };
            found.extend(self.of_lines((from_ms, to_ms), &wanted, limit).await?);
            found.extend(self.restarts((from_ms, to_ms), &wanted).await?);
        }
        found.sort_by_key(|change| Reverse((change.at_ms, change.id)));
        found.dedup_by_key(|change| change.id);
        found.truncate(limit);
        Ok(found)
    }
}

/// Which changes are asked for.
struct Wanted<'a> {
    filter: &'a ChangeFilter,
    before: Option<(i64, ChangeId)>,
}

impl Wanted<'_> {
    fn is_met(&self, change: &Change) -> bool {
        let filter = self.filter;
        let text = filter.text.as_deref().unwrap_or_default().to_lowercase();
        let actor = change.actor.as_deref().unwrap_or_default();
        let mut said = [change.title.as_str(), &change.entity, actor].into_iter();
        filter.from_ms.is_none_or(|from| change.at_ms >= from)
            && filter.to_ms.is_none_or(|to| change.at_ms < to)
            && filter.kind.is_none_or(|kind| change.kind == kind)
            && filter
                .entity
                .as_ref()
                .is_none_or(|entity| change.entity == *entity)
            && (text.is_empty() || said.any(|said| said.to_lowercase().contains(&text)))
            && self
                .before
                .is_none_or(|place| (change.at_ms, change.id) < place)
    }
}
