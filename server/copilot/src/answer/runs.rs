//! What automation did about something, what waits for approval, and whether it helped.

use tocsin_domain::automation::RunState;

use super::asked::Asked;
use super::draft::{Draft, Stopped};
use crate::quotes::inert;
use crate::tools::{ListRuns, RunArguments, RunFound};
use crate::words::moment;

/// Runs that are told.
const TOLD_MAX: usize = 8;
/// Words that ask for what waits.
const WAITING: [&str; 10] = [
    "wait",
    "waits",
    "waiting",
    "await",
    "awaits",
    "awaiting",
    "pending",
    "approval",
    "approvals",
    "approved",
];
/// Words that ask whether it helped.
const HELPED: [&str; 6] = ["help", "helped", "work", "worked", "fix", "fixed"];

pub(super) async fn answer(draft: &mut Draft<'_>, asked: Asked<'_>) -> Result<(), Stopped> {
    let lower = asked.question.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).collect();
    let has = |any: &[&str]| any.iter().any(|word| words.contains(word));
    let waits = has(&WAITING);
    let alert = asked.page.and_then(|page| page.alert);
    let states = match waits {
        true => vec![RunState::AwaitingApproval.name().to_owned()],
        false => Vec::new(),
    };
    let arguments = RunArguments {
        // What waits is asked of everything.
        alert: alert.filter(|_| !waits).map(|id| id.to_string()),
        target: asked.thing(),
        states,
        from: asked.has_time().then(|| asked.from()).flatten(),
        to: asked.has_time().then(|| asked.to()).flatten(),
        limit: Some(TOLD_MAX),
        ..RunArguments::default()
    };
    let Some(found) = draft.ask::<ListRuns>(&arguments).await? else {
        return Ok(());
    };
    let asks_help = has(&HELPED) && !waits;
    let mut runs = found.runs;
    if asks_help && runs.iter().any(|run| run.is_executed) {
        runs.retain(|run| run.is_executed);
    }
    if runs.is_empty() {
        return nothing(draft, asked, waits, alert.is_some()).await;
    }
    for run in &runs {
        say(draft, run).await?;
    }
    if found.is_more {
        draft.remark("There are older ones.").await?;
    }
    match waits {
        true => draft.follow_up("What was done in the last 7 days?"),
        false => draft.follow_up("Which runs wait for approval?"),
    }
    if alert.is_some() {
        draft.follow_up("What can be done about this alert?");
    }
    Ok(())
}

async fn nothing(
    draft: &mut Draft<'_>,
    asked: Asked<'_>,
    waits: bool,
    is_of_alert: bool,
) -> Result<(), Stopped> {
    let of = asked.of_things().replace(" of ", " on ");
    let text = match (waits, is_of_alert) {
        (true, _) => format!("No run of automation{of} waits for approval."),
        (false, true) => "Automation did nothing about this alert, and proposed nothing.".into(),
        (false, false) if asked.has_time() => {
            format!("No run of automation{of} is known {}.", asked.span())
        }
        (false, false) => format!("No run of automation{of} is known."),
    };
    draft.remark(text).await?;
    match is_of_alert {
        true => draft.follow_up("What can be done about this alert?"),
        false => draft.follow_up("What can be done?"),
    }
    draft.follow_up("What changed?");
    Ok(())
}

/// Says what became of a run.
pub(crate) async fn say(draft: &mut Draft<'_>, run: &RunFound) -> Result<(), Stopped> {
    let (rule, action) = (inert(&run.rule), inert(&run.action));
    let when = moment(run.proposed_ms);
    let text = match run.run_state {
        RunState::AwaitingApproval => {
            let who = run.waits_for.as_deref().unwrap_or("someone");
            format!(
                "Automation `{rule}` proposed “{action}” at {when}; it waits for {}.",
                inert(who)
            )
        }
        state => {
            let by = match run.approved_by.is_empty() {
                true => String::new(),
                false => format!(", approved by {}", inert(&run.approved_by.join(", "))),
            };
            format!(
                "Automation `{rule}` proposed “{action}” at {when}{by}: {}.",
                became(state)
            )
        }
    };
    draft.say(text, [&run.fact]).await?;
    let because = inert(&run.because);
    let outcome = match run.helped {
        Some(true) => format!("It was seen that it helped: “{because}”."),
        Some(false) => format!("It was seen that it did not help: “{because}”."),
        None if run.run_state.is_final() && !because.is_empty() => {
            let unseen = match run.run_state {
                RunState::Succeeded => "; whether it helped was not looked for",
                _ => "",
            };
            format!("What was said of it: “{because}”{unseen}.")
        }
        None => return Ok(()),
    };
    draft.say(outcome, [&run.fact]).await
}

/// What became of it, for sentences.
const fn became(state: RunState) -> &'static str {
    match state {
        RunState::Proposed => "its plan is being made",
        RunState::AwaitingApproval => "it waits for approval",
        RunState::Approved => "it may begin, and has not yet",
        RunState::Executing => "it is being done",
        RunState::Verifying => "it is done, and whether it helped is being looked at",
        RunState::RollingBack => "it is being undone",
        RunState::Succeeded => "it succeeded",
        RunState::Failed => "it failed",
        RunState::RolledBack => "it did not help, and was undone",
        RunState::Rejected => "people said no, and nothing was done",
        RunState::Expired => "nobody agreed in time, and nothing was done",
        RunState::Cancelled => "it was called off",
    }
}
