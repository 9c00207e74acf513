//! A model that says what its script says.

use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use serde_json::json;
use tocsin_domain::copilot::Answer;
use tocsin_domain::ports::{
    CallScope, ChatPiece, ChatRequest, ChatStream, Finish, LanguageModel, ModelError, ModelGrade,
    ModelInfo, ModelProvider, ToolCall, Usage,
};

use crate::answer::tests::scene::rules;
use crate::config::CopilotConfig;
use crate::fakes::World;
use crate::service::CopilotService;

pub(crate) type Turn = Result<Vec<Result<ChatPiece, ModelError>>, ModelError>;
type Script = Box<dyn Fn(usize, &ChatRequest) -> Turn + Send + Sync>;

/// Says what its script says to the n-th request.
pub(crate) struct Scripted {
    grade: ModelGrade,
    script: Script,
    pub(crate) seen: Mutex<Vec<ChatRequest>>,
}

struct Pieces(std::vec::IntoIter<Result<ChatPiece, ModelError>>);

#[async_trait]
impl ChatStream for Pieces {
    async fn next(&mut self) -> Option<Result<ChatPiece, ModelError>> {
        self.0.next()
    }
}

#[async_trait]
impl LanguageModel for Scripted {
    fn model(&self) -> ModelInfo {
        ModelInfo {
            provider: ModelProvider::OpenAi,
            name: "scripted".into(),
            host: "127.0.0.1".into(),
            grade: self.grade.clone(),
        }
    }

    fn count_tokens(&self, text: &str) -> usize {
        text.len() / 4
    }

    async fn chat(&self, request: ChatRequest) -> Result<Box<dyn ChatStream>, ModelError> {
        let turn = {
            let mut seen = self.seen.lock();
            seen.push(request.clone());
            (self.script)(seen.len(), &request)
        };
        Ok(Box::new(Pieces(turn?.into_iter())))
    }

    async fn embed(&self, _: &CallScope, _: &[String]) -> Result<Vec<Vec<f32>>, ModelError> {
        Err(ModelError::NoModel)
    }
}

pub(crate) fn grade(calls_tools: bool, context_tokens: u32) -> ModelGrade {
    ModelGrade {
        unknown: None,
        streams: true,
        calls_tools,
        keeps_json: false,
        context_tokens,
    }
}

pub(crate) fn model(
    grade: ModelGrade,
    script: impl Fn(usize, &ChatRequest) -> Turn + Send + Sync + 'static,
) -> Arc<Scripted> {
    Arc::new(Scripted {
        grade,
        script: Box::new(script),
        seen: Mutex::default(),
    })
}

pub(crate) fn copilot(world: &Arc<World>, model: &Arc<Scripted>) -> CopilotService {
    let mut parts = Arc::into_inner(world.parts()).unwrap();
    parts.model = model.clone();
    CopilotService::new(Arc::new(parts), rules(), CopilotConfig::default()).unwrap()
}

pub(crate) const DONE: ChatPiece = ChatPiece::Done {
    finish: Finish::Stop,
    usage: Usage {
        tokens_in: 1,
        tokens_out: 1,
        is_estimate: true,
    },
};

/// An answer in small pieces.
pub(crate) fn says(sentences: &serde_json::Value) -> Turn {
    let text = json!({"sentences": sentences}).to_string();
    let chars: Vec<char> = text.chars().collect();
    let pieces = chars
        .chunks(7)
        .map(|some| Ok(ChatPiece::Text(some.iter().collect())));
    Ok(pieces.chain([Ok(DONE)]).collect())
}

pub(crate) fn calls(name: &str, arguments: &serde_json::Value) -> Turn {
    let call = ToolCall {
        id: "c1".into(),
        name: name.into(),
        arguments_json: arguments.to_string(),
    };
    let done = ChatPiece::Done {
        finish: Finish::ToolCalls,
        usage: Usage::default(),
    };
    Ok(vec![Ok(ChatPiece::ToolCall(call)), Ok(done)])
}

/// The id of the first evidence of a request that holds some words.
pub(crate) fn cited(request: &ChatRequest, words: &str) -> String {
    let prompt = &request.messages[1].text;
    let blocks = prompt.split("<evidence id=\"").skip(1);
    let mut with = blocks.filter(|block| block.contains(words));
    with.next().unwrap().split('"').next().unwrap().to_owned()
}

pub(crate) fn text_of(answer: &Answer) -> Vec<&str> {
    answer
        .statements
        .iter()
        .map(|one| one.text.as_str())
        .collect()
}
