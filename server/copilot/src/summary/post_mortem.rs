//! The draft of an incident's post-mortem: people complete it.

use tocsin_domain::alert::IncidentId;
use tocsin_domain::copilot::RootCauseSubject;

use super::incident::{lasted, say_happened, say_impact, say_next, say_status, say_what};
use super::report::say_cause;
use crate::answer::{Draft, Stopped, say_changes};
use crate::tools::{
    ChangeArguments, ChangeFound, GetIncident, Happened, IncidentArguments, ListChanges,
    ProposeArguments, rfc3339,
};
use crate::understand::time::HOUR_MS;

/// How long before its begin changes are looked for, in ms.
const BEFORE_MS: i64 = HOUR_MS;
/// What is told of the timeline.
const TIMELINE_MAX: usize = 20;

/// Something of the timeline.
enum Entry<'a> {
    Happened(&'a Happened),
    Changed(&'a ChangeFound),
}

impl Entry<'_> {
    const fn at_ms(&self) -> i64 {
        match self {
            Self::Happened(one) => one.at_ms,
            Self::Changed(one) => one.at_ms,
        }
    }
}

/// Drafts a post-mortem. False if there is no such incident.
pub(crate) async fn post_mortem(draft: &mut Draft<'_>, id: IncidentId) -> Result<bool, Stopped> {
    let arguments = IncidentArguments { id: id.to_string() };
    let Some(found) = draft.ask::<GetIncident>(&arguments).await? else {
        return Ok(false);
    };
    let Some(incident) = &found.incident else {
        return Ok(false);
    };
    draft.section("Summary");
    say_what(draft, incident).await?;
    if let Some(length) = lasted(incident) {
        draft
            .say(format!("It lasted {length}."), [&incident.lasted])
            .await?;
    }
    draft.section("Impact");
    say_impact(draft, &found).await?;
    draft.section("Timeline");
    let whole = &incident.incident;
    let end = whole.ends_ms.unwrap_or(draft.asker.now_ms);
    let arguments = ChangeArguments {
        from: Some(rfc3339(whole.starts_ms - BEFORE_MS)),
        to: Some(rfc3339(end.max(whole.starts_ms))),
        limit: Some(TIMELINE_MAX),
        ..ChangeArguments::default()
    };
    let changed = draft.ask::<ListChanges>(&arguments).await?;
    let changed = changed.map_or_else(Vec::new, |found| found.changes);
    let mut timeline: Vec<Entry<'_>> = found.timeline.iter().map(Entry::Happened).collect();
    timeline.extend(changed.iter().map(Entry::Changed));
    timeline.sort_by_key(Entry::at_ms);
    for entry in timeline.iter().take(TIMELINE_MAX) {
        match entry {
            Entry::Happened(one) => say_happened(draft, one).await?,
            Entry::Changed(one) => say_changes(draft, std::slice::from_ref(one)).await?,
        }
    }
    draft.section("Root cause");
    say_cause(draft, RootCauseSubject::Incident(id)).await?;
    draft.section("Resolution");
    say_status(draft, incident).await?;
    draft.section("Lessons and actions");
    let arguments = ProposeArguments {
        incident: Some(id.to_string()),
        ..ProposeArguments::default()
    };
    say_next(draft, &arguments).await?;
    draft
        .remark("What went well, what was luck, and who does what until when is for people to say.")
        .await?;
    Ok(true)
}
