//! What may be asked next, by a model that keeps to a schema; its questions take the place of those of the rules.

use serde_json::{Value, json};
use tocsin_llm::{Task, ask};

use super::Wording;
use crate::answer::asked::Asked;
use crate::answer::draft::Draft;
use crate::quotes::inert;

/// The most questions.
const QUESTIONS_MAX: usize = 3;
/// The most characters of a question within a prompt.
const QUESTION_CHARS_MAX: usize = 3_900;
/// The most characters of an answer within a prompt.
const ANSWER_CHARS_MAX: usize = 8_000;

/// Asks the model what to ask next. One that fails, or whose budget is spent, leaves the questions of the rules.
pub(super) async fn suggest(draft: &mut Draft<'_>, asked: Asked<'_>, wording: Wording<'_>) {
    if !wording.model.model().grade.keeps_json {
        return;
    }
    let said: Vec<&str> = draft
        .answer
        .statements
        .iter()
        .map(|one| one.text.as_str())
        .collect();
    let answer: String = said.join("\n").chars().take(ANSWER_CHARS_MAX).collect();
    let question: String = asked.question.chars().take(QUESTION_CHARS_MAX).collect();
    let input = json!({"question": question, "answer": answer});
    let prompt = wording.prompts.of(Task::FollowUps);
    match ask(wording.model, prompt, &input, wording.asker).await {
        Ok(said) => {
            let questions = plain(&said, asked.question);
            if !questions.is_empty() {
                draft.answer.follow_ups = questions;
            }
        }
        Err(error) => tracing::debug!(error = %error, "the language model suggested no questions"),
    }
}

/// The questions as plain text, each once, without the one that was just answered.
fn plain(said: &Value, asked: &str) -> Vec<String> {
    let mut questions: Vec<String> = Vec::new();
    let all = said.get("questions").and_then(Value::as_array);
    for question in all.into_iter().flatten().filter_map(Value::as_str) {
        let question = inert(question);
        // One that had to be cut asks nothing any more.
        let is_whole = question.chars().any(char::is_alphanumeric) && !question.ends_with('…');
        let is_new =
            !question.eq_ignore_ascii_case(&inert(asked)) && !questions.contains(&question);
        if is_whole && is_new && questions.len() < QUESTIONS_MAX {
            questions.push(question);
        }
    }
    questions
}
