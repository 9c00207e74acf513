//! A model is asked: it may call tools, and its sentences are told as they come.

use serde::Serialize;
use serde_json::{Value, json};
use tocsin_domain::copilot::Statement;
use tocsin_domain::ports::{
    ChatMessage, ChatPiece, ChatRequest, ChatRole, Finish, ModelError, ToolCall,
};
use tocsin_llm::{Task, ask as ask_once};

use super::evidence::{Sentence, fitting, in_order, judge};
use super::sentences::Arriving;
use super::{Failure, Wording};
use crate::answer::asked::Asked;
use crate::answer::draft::Draft;
use crate::tools::{rfc3339, specs};

/// The most characters of a question within a prompt.
const QUESTION_CHARS_MAX: usize = 3_900;
/// The most characters of a fact within what a tool answers.
const FACT_CHARS_MAX: usize = 500;
/// The most facts within what a tool answers.
const FACTS_MAX: usize = 20;
/// Tools are offered only if their definitions take at most this share of the context.
const TOOLS_SHARE_MAX: f64 = 0.4;

/// What a model said in one turn.
struct Turn {
    text: String,
    calls: Vec<ToolCall>,
    told: usize,
}

/// What a tool answers to a model.
#[derive(Serialize)]
struct Answered<'a> {
    summary: &'a str,
    /// Found by machines, written by strangers: material, never an instruction.
    evidence: Vec<Value>,
}

/// Asks the model and tells its sentences.
pub(super) async fn ask(
    draft: &mut Draft<'_>,
    asked: Asked<'_>,
    by_rules: &[Statement],
    wording: Wording<'_>,
) -> Result<(), Failure> {
    let mut request = request(draft, asked, by_rules, wording)?;
    if !offers_tools(&mut request, wording) {
        return single(draft, asked, by_rules, request, wording).await;
    }
    // A schema would keep some servers from calling a tool at all.
    request.schema = None;
    let mut left = wording.tool_calls_max;
    while left > 0 {
        let turn = turn(draft, request.clone(), wording).await?;
        if turn.calls.is_empty() {
            if turn.told > 0 || is_answer(wording, &turn.text) {
                return Ok(());
            }
            break;
        }
        let calls = turn
            .calls
            .get(..left.min(turn.calls.len()))
            .unwrap_or_default()
            .to_vec();
        left -= calls.len();
        request.messages.push(ChatMessage {
            tool_calls: calls.clone(),
            ..ChatMessage::text(ChatRole::Assistant, turn.text)
        });
        for call in calls {
            let result = call_tool(draft, &call).await?;
            request
                .messages
                .push(ChatMessage::tool_result(call.id, result));
        }
    }
    // Out of calls, or its words are no answer: once more, with all that was found and nothing to call.
    let request = self::request(draft, asked, by_rules, wording)?;
    single(draft, asked, by_rules, request, wording).await
}

/// The conversation with what was found so far.
fn request(
    draft: &Draft<'_>,
    asked: Asked<'_>,
    by_rules: &[Statement],
    wording: Wording<'_>,
) -> Result<ChatRequest, Failure> {
    let facts = in_order(draft.book.facts(), by_rules);
    let prompt = wording.prompts.of(Task::Answer);
    let request = fitting(wording, prompt, &facts, |evidence| {
        input(draft, asked, evidence)
    })?;
    Ok(request)
}

fn input(draft: &Draft<'_>, asked: Asked<'_>, evidence: &[Value]) -> Value {
    let question = match asked.before {
        Some(before) => format!("{before}\n{}", asked.question),
        None => asked.question.to_owned(),
    };
    let question: String = question.chars().take(QUESTION_CHARS_MAX).collect();
    json!({"question": question, "now": rfc3339(draft.asker.now_ms), "evidence": evidence})
}

/// Puts the tools into a request if the model calls tools and there is room for them.
fn offers_tools(request: &mut ChatRequest, wording: Wording<'_>) -> bool {
    let grade = wording.model.model().grade;
    if !grade.calls_tools || wording.tool_calls_max == 0 {
        return false;
    }
    let tools = specs();
    let tokens: usize = tools
        .iter()
        .map(|tool| {
            wording.model.count_tokens(&tool.parameters_json_schema)
                + wording.model.count_tokens(&tool.description)
        })
        .sum();
    let is_roomy = tokens as f64 <= TOOLS_SHARE_MAX * f64::from(grade.context_tokens);
    if is_roomy {
        request.tools = tools;
    }
    is_roomy
}

/// One question, one answer; with a round of repair if it is none.
async fn single(
    draft: &mut Draft<'_>,
    asked: Asked<'_>,
    by_rules: &[Statement],
    request: ChatRequest,
    wording: Wording<'_>,
) -> Result<(), Failure> {
    let turn = turn(draft, request, wording).await?;
    if turn.told > 0 || is_answer(wording, &turn.text) {
        return Ok(());
    }
    let facts = in_order(draft.book.facts(), by_rules);
    let evidence: Vec<Value> = facts
        .iter()
        .take(20)
        .map(|fact| super::input_of(fact))
        .collect();
    let prompt = wording.prompts.of(Task::Answer);
    let input = input(draft, asked, &evidence);
    let value = ask_once(wording.model, prompt, &input, wording.asker).await?;
    let sentences = value.get("sentences").cloned().unwrap_or_default();
    let sentences: Vec<Sentence> = serde_json::from_value(sentences).unwrap_or_default();
    tell(draft, &sentences).await?;
    Ok(())
}

/// Whether a text is an answer, if only one that says nothing.
fn is_answer(wording: Wording<'_>, text: &str) -> bool {
    wording.prompts.of(Task::Answer).read(text).is_ok()
}

/// One turn of the model: its sentences are told as they come.
async fn turn(
    draft: &mut Draft<'_>,
    request: ChatRequest,
    wording: Wording<'_>,
) -> Result<Turn, Failure> {
    let mut stream = wording.model.chat(request).await?;
    let mut arriving = Arriving::default();
    let (mut calls, mut told) = (Vec::new(), 0);
    while let Some(piece) = stream.next().await {
        match piece? {
            ChatPiece::Text(more) => {
                let sentences = arriving.push(&more);
                told += sentences.len();
                tell(draft, &sentences).await?;
            }
            ChatPiece::ToolCall(call) => calls.push(call),
            ChatPiece::Done { finish, .. } => {
                if finish == Finish::Length && told == 0 {
                    return Err(Failure::Model(ModelError::Malformed {
                        detail: "the answer is longer than it may be".into(),
                        text: String::new(),
                    }));
                }
                break;
            }
        }
    }
    Ok(Turn {
        text: arriving.into_text(),
        calls,
        told,
    })
}

/// Tells the sentences that facts bear out; counts the others.
async fn tell(draft: &mut Draft<'_>, sentences: &[Sentence]) -> Result<(), Failure> {
    let (kept, dropped) = judge(sentences, draft.book.facts(), &draft.answer.understood);
    draft.dropped += dropped;
    for statement in kept {
        draft.statement(statement).await?;
    }
    Ok(())
}

/// Calls a tool as the model asks, and says what came of it. What cannot be asked is told to the model.
async fn call_tool(draft: &mut Draft<'_>, call: &ToolCall) -> Result<String, Failure> {
    let found = draft.call(&call.name, &call.arguments_json).await?;
    Ok(match found {
        Ok(answer) => {
            let evidence = answer.facts.iter().take(FACTS_MAX).map(|fact| {
                let text: String = fact.text.chars().take(FACT_CHARS_MAX).collect();
                json!({"id": fact.id, "text": text})
            });
            let answered = Answered {
                summary: &answer.summary,
                evidence: evidence.collect(),
            };
            serde_json::to_string(&answered).unwrap_or_default()
        }
        Err(problem) => json!({"error": problem}).to_string(),
    })
}
