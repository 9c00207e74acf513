//! The servers of models: how a request is written for each, and how its answer is read. They send
//! what they are given; redaction, budgets and attempts are the business of the wall before them.

mod answer;
mod failure;
mod frames;
mod ollama;
mod ollama_answer;
mod openai;
mod openai_answer;
mod said;
mod tool_calls;
mod wire;

use std::time::Duration;

use tocsin_domain::ports::{ChatRequest, ModelProvider};

pub(crate) use answer::Answer;
pub(crate) use failure::Failure;

use crate::config::{Endpoint, ModelConfigError};
use ollama::Ollama;
use openai::OpenAi;

/// A request as it leaves.
#[derive(Debug, Clone)]
pub(crate) struct Prepared {
    /// Below the base address.
    path: &'static str,
    pub(crate) body: Vec<u8>,
}

/// Vectors of texts.
#[derive(Debug)]
pub(crate) struct Embedded {
    pub(crate) vectors: Vec<Vec<f32>>,
    /// Tokens of the texts, if the server said.
    pub(crate) tokens_in: Option<u64>,
}

/// A server of models.
#[derive(Debug)]
pub(crate) enum Provider {
    OpenAi(OpenAi),
    Ollama(Ollama),
}

impl Provider {
    /// A client for what is configured; none is reached yet.
    pub(crate) fn new(endpoint: &Endpoint) -> Result<Self, ModelConfigError> {
        Ok(match endpoint.provider {
            ModelProvider::Ollama => Self::Ollama(Ollama::new(endpoint)?),
            ModelProvider::OpenAi | ModelProvider::Extractive => {
                Self::OpenAi(OpenAi::new(endpoint)?)
            }
        })
    }

    /// A conversation as it leaves.
    pub(crate) fn prepare_chat(&self, request: &ChatRequest) -> Result<Prepared, Failure> {
        match self {
            Self::OpenAi(server) => server.prepare_chat(request),
            Self::Ollama(server) => server.prepare_chat(request),
        }
    }

    /// Sends a conversation. Returns when the server began to answer.
    pub(crate) async fn chat(&self, prepared: Prepared) -> Result<Answer, Failure> {
        match self {
            Self::OpenAi(server) => server.chat(prepared).await,
            Self::Ollama(server) => server.chat(prepared).await,
        }
    }

    /// Texts as they leave, to become vectors; none if there is no model for it.
    pub(crate) fn prepare_embed(&self, texts: &[String]) -> Option<Result<Prepared, Failure>> {
        match self {
            Self::OpenAi(server) => server.prepare_embed(texts),
            Self::Ollama(server) => server.prepare_embed(texts),
        }
    }

    /// Sends texts that become vectors, `count` of them.
    pub(crate) async fn embed(
        &self,
        prepared: Prepared,
        count: usize,
    ) -> Result<Embedded, Failure> {
        let embedded = match self {
            Self::OpenAi(server) => server.embed(prepared).await,
            Self::Ollama(server) => server.embed(prepared).await,
        }?;
        let dimensions = embedded.vectors.first().map_or(0, Vec::len);
        let is_even = embedded
            .vectors
            .iter()
            .all(|vector| vector.len() == dimensions);
        if embedded.vectors.len() != count || !is_even || (count > 0 && dimensions == 0) {
            return Err(Failure::malformed("expected one vector for each text", ""));
        }
        Ok(embedded)
    }

    /// The context of the model as the server tells it, in tokens; none if it does not. Nothing but
    /// the name of the model is sent.
    pub(crate) async fn context_tokens(&self) -> Result<Option<u32>, Failure> {
        match self {
            Self::OpenAi(server) => server.context_tokens().await,
            Self::Ollama(server) => server.context_tokens().await,
        }
    }

    /// Tokens that the model spends before it answers, beside those of its answer.
    pub(crate) fn thinking_tokens(&self) -> u32 {
        match self {
            Self::OpenAi(server) => server.thinking_tokens(),
            // It is told not to.
            Self::Ollama(_) => 0,
        }
    }

    /// Whether something was learnt from a refusal, so that the same conversation may be taken if
    /// it is written anew.
    pub(crate) fn learn(&self, failure: &Failure) -> bool {
        match self {
            Self::OpenAi(server) => server.learn(failure),
            Self::Ollama(_) => false,
        }
    }
}

/// How long an answer that is read as a whole may take to begin, where no text was sent.
const QUESTION_TIMEOUT: Duration = Duration::from_secs(10);

#[cfg(test)]
mod clients_tests;
#[cfg(test)]
mod tests;
