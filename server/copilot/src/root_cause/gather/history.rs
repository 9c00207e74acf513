//! What was usual of a template longer ago than is counted: by its ancestors, and by the register, which knows since
//! when and how often it was said in all.

use std::collections::BTreeMap;

use tocsin_domain::TemplateId;
use tocsin_domain::ports::{StoreError, TemplateSummary};

use super::tally::Tally;
use crate::root_cause::RootCauseFinder;
use crate::root_cause::window::Window;

/// How many templates back the ancestors of one are followed.
const ANCESTORS_MAX: usize = 4;

/// Lines that were to be expected: so many, of which this share falls into the window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Expected {
    pub(super) usual: u64,
    pub(super) exposure: f64,
}

impl RootCauseFinder {
    /// Adds to a tally what the ancestors of its template were counted: when a template becomes more general it is
    /// another one, and nothing new was said. Gives the template and its ancestors, as the register knows them.
    pub(super) async fn with_ancestors(
        &self,
        tally: &mut Tally,
        all: &BTreeMap<TemplateId, Tally>,
    ) -> Result<Vec<TemplateSummary>, StoreError> {
        let mut known = Vec::new();
        let mut next = Some(tally.template);
        while let Some(id) = next.filter(|_| known.len() <= ANCESTORS_MAX) {
            if id != tally.template
                && let Some(ancestor) = all.get(&id)
            {
                tally.before += ancestor.before;
                tally.usual += ancestor.usual;
            }
            let summary = self.parts.templates.get(id).await?;
            next = summary.as_ref().and_then(|one| one.template.parent);
            known.extend(summary);
        }
        Ok(known)
    }
}

/// What was to be expected of a template in a window. What the time before does not have may be known from longer
/// ago: an error that comes three times a day is no news.
pub(super) fn expected(
    tally: &Tally,
    known: &[TemplateSummary],
    (window, exposure): (Window, f64),
) -> Expected {
    let recent = Expected {
        usual: tally.usual,
        exposure,
    };
    let first_ms = known.iter().map(|one| one.first_seen.millis()).min();
    let Some(first_ms) = first_ms.filter(|first| tally.usual == 0 && *first < window.begin_ms())
    else {
        return recent;
    };
    let all: u64 = known.iter().map(|one| one.count).sum();
    Expected {
        // It was met at least once, then.
        usual: all.saturating_sub(tally.now).max(1),
        exposure: window.length_ms() as f64 / (window.from_ms - first_ms).max(1) as f64,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tocsin_domain::{Severity, Template, Timestamp};

    use super::*;

    const DAY_MS: i64 = 86_400_000;
    const WINDOW: Window = Window {
        at_ms: 40 * DAY_MS,
        from_ms: 40 * DAY_MS,
        to_ms: 40 * DAY_MS + 900_000,
        baseline_ms: 7_200_000,
        is_wider: false,
    };

    fn known(first_ms: i64, count: u64) -> TemplateSummary {
        let template = Template {
            id: TemplateId(1),
            parent: None,
            parts: vec![Box::default()],
            slots: Vec::new(),
        };
        TemplateSummary {
            template: Arc::new(template),
            source: "x".into(),
            severity: Severity::ERROR,
            example: String::new(),
            first_seen: Timestamp::from_millis(first_ms),
            last_seen: Timestamp::from_millis(first_ms),
            count,
        }
    }

    fn tally(now: u64, usual: u64) -> Tally {
        Tally {
            template: TemplateId(1),
            now,
            bands: [0, 0, 0, 0, 0, now, 0],
            first: Timestamp::from_millis(WINDOW.from_ms),
            before: usual,
            usual,
        }
    }

    #[test]
    fn what_comes_now_and_then_is_expected_as_often() {
        let thrice_a_day = [known(10 * DAY_MS, 92)];
        let found = expected(&tally(2, 0), &thrice_a_day, (WINDOW, 0.125));
        assert_eq!(found.usual, 90);
        assert!((found.exposure - 900_000.0 / (30.0 * DAY_MS as f64)).abs() < 1e-9);
    }

    #[test]
    fn what_is_new_or_was_counted_lately_is_judged_by_that() {
        let recent = Expected {
            usual: 0,
            exposure: 0.125,
        };
        let new = [known(WINDOW.from_ms, 2)];
        assert_eq!(expected(&tally(2, 0), &new, (WINDOW, 0.125)), recent);
        assert_eq!(expected(&tally(2, 0), &[], (WINDOW, 0.125)), recent);
        let old = [known(0, 100)];
        assert_eq!(expected(&tally(2, 8), &old, (WINDOW, 0.125)).usual, 8);
    }
}
