//! Loads prompts: the shipped files, and over them those of a folder.

use std::path::Path;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::files::{FILE_NAMES, REPAIR, REPAIR_FILE, Task};
use super::render::{Source, Templates};
use super::{Prompt, PromptError, Prompts};
use crate::schema::Schema;

/// The most bytes of a file.
const FILE_BYTES_MAX: u64 = 256 * 1024;
/// Where the schema of an answer says how many tokens it may have.
const TOKENS_MAX: &str = "x-tokens-max";

impl Prompts {
    /// All prompts: the shipped ones, with each file of `folder` in place of the shipped one of the
    /// same path. Everything is checked here, so that no question meets a broken prompt.
    ///
    /// # Errors
    /// The first file that cannot be, or that is no file of a prompt.
    pub fn load(folder: Option<&Path>) -> Result<Self, PromptError> {
        if let Some(folder) = folder {
            check_names(folder)?;
        }
        let repair = source(folder, REPAIR_FILE, REPAIR)?;
        let prompts = Task::ALL
            .into_iter()
            .map(|task| load(task, folder, &repair));
        Ok(Self {
            prompts: prompts.collect::<Result<_, _>>()?,
        })
    }
}

fn load(task: Task, folder: Option<&Path>, repair: &Source) -> Result<Prompt, PromptError> {
    let mut sources = Vec::new();
    for (name, text) in FILE_NAMES.iter().zip(task.files()) {
        sources.push(source(folder, &format!("{}/{name}", task.name()), text)?);
    }
    let [system, user, input, output] = &sources[..] else {
        return Err(PromptError::File {
            file: task.name().to_owned(),
            line: None,
            what: "expected four files".into(),
        });
    };
    let mut hash = Sha256::new();
    for source in sources.iter().chain([repair]) {
        hash.update((source.text.len() as u64).to_le_bytes());
        hash.update(&source.text);
    }
    let (input, _) = schema(input)?;
    let (output_schema, mut output_json) = schema(output)?;
    let tokens_max = output_json
        .as_object_mut()
        .and_then(|parts| parts.remove(TOKENS_MAX));
    let tokens_max = tokens_max.and_then(|tokens| u32::try_from(tokens.as_u64()?).ok());
    let Some(tokens_max) = tokens_max.filter(|tokens| *tokens > 0) else {
        return Err(PromptError::File {
            file: output.file.clone(),
            line: None,
            what: format!("`{TOKENS_MAX}` is missing: expected the most tokens of an answer"),
        });
    };
    let fields: Vec<&str> = input.fields().collect();
    Ok(Prompt {
        task,
        templates: Templates::new(task, (system, user, repair), &fields)?,
        input,
        output: output_schema,
        output_json: output_json.to_string(),
        tokens_max,
        temperature: 0.0,
        files_hash: hash.finalize().into(),
    })
}

/// A file of the folder, or the shipped one.
fn source(folder: Option<&Path>, name: &str, shipped: &str) -> Result<Source, PromptError> {
    let path = folder
        .map(|folder| folder.join(name))
        .filter(|path| path.exists());
    let Some(path) = path else {
        return Ok(Source {
            file: name.to_owned(),
            text: shipped.to_owned(),
        });
    };
    let file = path.display().to_string();
    let wrong = |what: String| PromptError::File {
        file: file.clone(),
        line: None,
        what,
    };
    let length = std::fs::metadata(&path)
        .map_err(|error| wrong(error.to_string()))?
        .len();
    if length > FILE_BYTES_MAX {
        return Err(wrong("it is larger than 256 kB".into()));
    }
    let text = std::fs::read_to_string(&path).map_err(|error| wrong(error.to_string()))?;
    Ok(Source { file, text })
}

fn schema(source: &Source) -> Result<(Schema, Value), PromptError> {
    let wrong = |line, what: String| PromptError::File {
        file: source.file.clone(),
        line,
        what,
    };
    let value: Value = serde_json::from_str(&source.text)
        .map_err(|error| wrong(Some(error.line()), error.to_string()))?;
    let mut known = value.clone();
    if let Some(parts) = known.as_object_mut() {
        parts.remove(TOKENS_MAX);
    }
    let schema = Schema::new(&known).map_err(|what| wrong(None, what))?;
    Ok((schema, value))
}

/// A file with a name that is none of ours would be passed over in silence.
fn check_names(folder: &Path) -> Result<(), PromptError> {
    for task in entries(folder)? {
        let is_task = Task::ALL.iter().any(|known| known.name() == task);
        let path = folder.join(&task);
        if !is_task && task != REPAIR_FILE && !task.starts_with('.') {
            let names = Task::ALL.map(Task::name).join("`, `");
            return Err(unknown(
                &path,
                &format!("expected `{REPAIR_FILE}` or one of the folders `{names}`"),
            ));
        }
        if !is_task {
            continue;
        }
        for file in entries(&path)? {
            if !FILE_NAMES.contains(&file.as_str()) && file != "cases" && !file.starts_with('.') {
                let expected = format!("expected one of `{}`", FILE_NAMES.join("`, `"));
                return Err(unknown(&path.join(&file), &expected));
            }
        }
    }
    Ok(())
}

fn unknown(path: &Path, expected: &str) -> PromptError {
    PromptError::File {
        file: path.display().to_string(),
        line: None,
        what: format!("it is none of a prompt's files: {expected}"),
    }
}

fn entries(folder: &Path) -> Result<Vec<String>, PromptError> {
    let unreadable = |error: std::io::Error| PromptError::Folder {
        path: folder.into(),
        what: error.to_string(),
    };
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name();
        names.push(name.to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}
