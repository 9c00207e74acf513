//! No model: whoever asks assembles the answer from evidence by rules.

use async_trait::async_trait;
use tocsin_domain::ports::{
    CallScope, ChatRequest, ChatStream, LanguageModel, ModelError, ModelGrade, ModelInfo,
    ModelProvider,
};

use crate::tokens;

/// The provider `extractive`, the default: it never answers, and nothing leaves the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoLanguageModel;

#[async_trait]
impl LanguageModel for NoLanguageModel {
    fn model(&self) -> ModelInfo {
        ModelInfo {
            provider: ModelProvider::Extractive,
            name: String::new(),
            host: String::new(),
            grade: ModelGrade::unknown("no language model is configured", 0),
        }
    }

    fn count_tokens(&self, text: &str) -> usize {
        tokens::estimate(text)
    }

    async fn chat(&self, _request: ChatRequest) -> Result<Box<dyn ChatStream>, ModelError> {
        Err(ModelError::NoModel)
    }

    async fn embed(
        &self,
        _scope: &CallScope,
        _texts: &[String],
    ) -> Result<Vec<Vec<f32>>, ModelError> {
        Err(ModelError::NoModel)
    }
}
