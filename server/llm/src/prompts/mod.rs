//! Prompts: each is two templates and the schemas of what goes in and what comes out, in a folder of
//! `prompts/`. They are in the binary; a file of a folder of one's own takes the place of one of them.
//! All are checked when they are loaded.

mod ask;
mod files;
mod load;
mod render;

use std::path::PathBuf;

use serde_json::Value;
use sha2::{Digest, Sha256};
use tocsin_domain::ports::ModelInfo;

pub use ask::{AskError, Asker, ask};
pub use files::Task;
use render::Templates;

use crate::schema::Schema;

/// Why a prompt cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PromptError {
    /// A file cannot be.
    #[error("the prompt `{file}`{} cannot be used: {what}", at_line(*.line))]
    File {
        /// Which file: of the shipped ones, such as `answer/system.j2`, or its path.
        file: String,
        /// Which line of it, from 1, if that is known.
        line: Option<usize>,
        /// What is wrong.
        what: String,
    },
    /// The folder cannot be read.
    #[error("the folder of prompts `{}` cannot be read: {what}", path.display())]
    Folder {
        /// Which one.
        path: PathBuf,
        /// Why.
        what: String,
    },
    /// What goes in is not what the prompt takes.
    #[error("the prompt `{task}` does not take what it was given: {what}")]
    Input {
        /// Which prompt.
        task: &'static str,
        /// What is wrong.
        what: String,
    },
}

fn at_line(line: Option<usize>) -> String {
    line.map(|line| format!(", line {line},"))
        .unwrap_or_default()
}

/// All prompts.
#[derive(Debug)]
pub struct Prompts {
    prompts: Vec<Prompt>,
}

/// A prompt.
#[derive(Debug)]
pub struct Prompt {
    task: Task,
    templates: Templates,
    input: Schema,
    output: Schema,
    /// The schema of what comes out, as it is sent.
    output_json: String,
    tokens_max: u32,
    temperature: f32,
    files_hash: [u8; 32],
}

/// A prompt with everything in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The rules.
    pub system: String,
    /// What is asked, with the evidence.
    pub user: String,
}

impl Prompts {
    /// The prompt of a task.
    #[must_use]
    pub fn of(&self, task: Task) -> &Prompt {
        // One for each task, in their order.
        &self.prompts[task as usize]
    }

    /// The same, speaking more or less freely: 0 to 2.
    #[must_use]
    pub fn with_temperature(mut self, temperature: f32) -> Self {
        for prompt in &mut self.prompts {
            prompt.temperature = temperature;
        }
        self
    }
}

impl Prompt {
    /// Which one it is.
    #[must_use]
    pub const fn task(&self) -> Task {
        self.task
    }

    /// The most tokens of its answer.
    #[must_use]
    pub const fn tokens_max(&self) -> u32 {
        self.tokens_max
    }

    /// The prompt with `input` in its places. Whatever the input says, it cannot close the fences
    /// around evidence.
    ///
    /// # Errors
    /// [`PromptError`], if the input is not what the prompt takes.
    pub fn render(&self, input: &Value) -> Result<Rendered, PromptError> {
        let taken = self.input.check(input);
        taken.map_err(|what| PromptError::Input {
            task: self.task.name(),
            what,
        })?;
        self.templates.render(input)
    }

    /// Whether an answer is one.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_output(&self, output: &Value) -> Result<(), String> {
        self.output.check(output)
    }

    /// The hash of the prompt's files, the model and the settings, in hexadecimal.
    #[must_use]
    pub fn hash(&self, model: &ModelInfo) -> String {
        let mut hash = Sha256::new();
        hash.update(self.files_hash);
        for part in [model.provider.name(), &model.name, &model.host] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        hash.update(self.temperature.to_le_bytes());
        hash.update(self.tokens_max.to_le_bytes());
        hash.finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

#[cfg(test)]
mod tests;
