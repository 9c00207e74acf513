//! What can be asked.

use super::draft::{Draft, Stopped};

/// Questions that are understood without a model.
const EXAMPLES: [&str; 4] = [
    "What is broken?",
    "What will fill up?",
    "What changed since yesterday?",
    "What happened last night?",
];

pub(super) async fn answer(draft: &mut Draft<'_>) -> Result<(), Stopped> {
    for text in [
        "Ask what is wrong, why, since when, and what to do, of a service, a host or a time.",
        "Ask for errors, their patterns, how many there are and who has most of them; for metrics and alerts; for changes, similar incidents and what will fill up.",
        "Ask what was done about an alert, what can be done, which runs wait for approval and whether they helped.",
        "Every statement of an answer opens the line, the chart, the alert or the change it rests on.",
        "Nothing is changed by a question: what could be done is proposed, and people decide.",
    ] {
        draft.remark(text).await?;
    }
    EXAMPLES
        .into_iter()
        .for_each(|example| draft.follow_up(example));
    Ok(())
}
