//! What was changed.

use super::asked::Asked;
use super::draft::{Draft, Stopped};
use crate::quotes::inert;
use crate::tools::{ChangeArguments, ChangeFound, ListChanges};
use crate::words::moment;

/// Changes that are told.
const TOLD_MAX: usize = 10;

pub(super) async fn answer(draft: &mut Draft<'_>, asked: Asked<'_>) -> Result<(), Stopped> {
    let found = list(draft, asked, asked.thing()).await?;
    let Some(found) = found else {
        return Ok(());
    };
    if found.is_empty() {
        let text = format!("No change{} is known {}.", asked.of_things(), asked.span());
        draft.remark(text).await?;
        draft
            .remark("Known is what was told through the API, and what log lines say of deployments, restarts and the like.")
            .await?;
        if asked.thing().is_some() {
            draft.follow_up("What changed anywhere?");
        }
        draft.follow_up("What changed in the last 7 days?");
        return Ok(());
    }
    say(draft, found.get(..TOLD_MAX).unwrap_or(&found)).await?;
    draft.follow_up("Did a change cause errors?");
    draft.follow_up("Is everything ok?");
    Ok(())
}

/// Changes within the time, to an entity or to anything, the newest first.
pub(super) async fn list(
    draft: &mut Draft<'_>,
    asked: Asked<'_>,
    entity: Option<String>,
) -> Result<Option<Vec<ChangeFound>>, Stopped> {
    let arguments = ChangeArguments {
        entity,
        from: asked.from(),
        to: asked.to(),
        limit: Some(20),
        ..ChangeArguments::default()
    };
    let found = draft.ask::<ListChanges>(&arguments).await?;
    Ok(found.map(|found| found.changes))
}

/// Says what was changed.
pub(crate) async fn say(draft: &mut Draft<'_>, changes: &[ChangeFound]) -> Result<(), Stopped> {
    for change in changes {
        let by = change
            .actor
            .as_deref()
            .map_or_else(String::new, |who| format!(" by {}", inert(who)));
        let text = format!(
            "At {} {} of `{}`{by}: “{}”.",
            moment(change.at_ms),
            change.kind,
            inert(&change.entity),
            inert(&change.title)
        );
        draft.say(text, [&change.fact]).await?;
    }
    Ok(())
}
