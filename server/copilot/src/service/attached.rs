//! Questions that come with texts are answered from them.

use std::sync::Arc;

use tocsin_domain::copilot::Answer;
use tocsin_domain::ports::{AnswerListener, AnswerPiece, Attachment, CopilotError};

use super::CopilotService;
use super::question::Taken;
use super::writing::Written;
use crate::attachments::answer_attachments;
use crate::quotes::inert;

/// Stands in the kept words of a question before the names of what came with it.
const ATTACHED: &str = "\nAttached: ";

impl CopilotService {
    /// The answer from the texts that came with a question. No model is asked: what it could add, it would
    /// have to be sent the texts for.
    pub(super) async fn read_attachments(
        &self,
        taken: &Taken,
        is_heard: bool,
        listener: &mut dyn AnswerListener,
    ) -> Result<(Answer, Written), CopilotError> {
        let rules = Arc::clone(&self.diagnosis);
        let (question, attachments) = (words(&taken.text).to_owned(), taken.attachments.clone());
        let answer = tokio::task::spawn_blocking(move || {
            answer_attachments(&question, &attachments, &rules)
        });
        let mut answer = answer
            .await
            .map_err(|_| CopilotError::Invalid("the attachments cannot be read".into()))?;
        (answer.understood.from_ms, answer.understood.to_ms) = (taken.at_ms, taken.at_ms);
        let is_heard = is_heard && tell(&answer, listener).await;
        answer.is_stopped = !is_heard;
        Ok((answer, Written::default()))
    }
}

/// Tells all of an answer. False: nobody listens any more.
async fn tell(answer: &Answer, listener: &mut dyn AnswerListener) -> bool {
    let understood = AnswerPiece::Understood(answer.understood.clone());
    let facts = answer.facts.iter().cloned().map(AnswerPiece::Fact);
    let statements = answer.statements.iter().cloned();
    let statements = statements.map(AnswerPiece::Statement);
    let notices = answer.notices.iter().cloned().map(AnswerPiece::Notice);
    for piece in std::iter::once(understood)
        .chain(facts)
        .chain(statements)
        .chain(notices)
    {
        if !listener.hear(piece).await {
            return false;
        }
    }
    true
}

/// The words of a question as they are kept: with the names of what came with it, which itself is not kept.
pub(super) fn kept(text: &str, attachments: &[Attachment]) -> String {
    if attachments.is_empty() {
        return text.to_owned();
    }
    let names: Vec<String> = attachments.iter().map(|one| inert(&one.name)).collect();
    format!("{text}{ATTACHED}{}", names.join(", "))
}

/// The words of a kept question.
pub(super) fn words(kept: &str) -> &str {
    kept.rsplit_once(ATTACHED).map_or(kept, |(words, _)| words)
}

/// Whether something came with a kept question.
pub(super) fn had_attachments(kept: &str) -> bool {
    kept.contains(ATTACHED)
}
