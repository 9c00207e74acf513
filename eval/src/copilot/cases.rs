//! Recorded investigations: the question, what is expected, and what tools gave, as attachments.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::Value;
use tocsin_domain::ports::Attachment;

/// Files that belong to the recording and are no output of a tool.
const NO_OUTPUT: [&str; 3] = [
    "test_case.yaml",
    "investigate_request.json",
    "resource_instructions.json",
];
/// The most bytes of a name.
const NAME_BYTES_MAX: usize = 160;

/// A case.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) question: String,
    pub(crate) expected: Vec<String>,
    pub(crate) attachments: Vec<Attachment>,
}

/// The cases of a folder, by name.
///
/// # Errors
/// When there is none, or a file is not as expected.
pub(crate) fn read(data: &Path) -> anyhow::Result<Vec<Case>> {
    let mut folders: Vec<PathBuf> = fs::read_dir(data)
        .with_context(|| format!("cannot read {}", data.display()))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.join("test_case.yaml").is_file())
        .collect();
    folders.sort();
    anyhow::ensure!(
        !folders.is_empty(),
        "no folder with a test_case.yaml in {}",
        data.display()
    );
    folders.iter().map(|folder| case(folder)).collect()
}

fn case(folder: &Path) -> anyhow::Result<Case> {
    let path = folder.join("test_case.yaml");
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let told: serde_yaml_ng::Value = serde_yaml_ng::from_str(&text)
        .with_context(|| format!("cannot read {}", path.display()))?;
    let prompts = strings(&told["user_prompt"]);
    let question = match prompts.first() {
        Some(question) => question.clone(),
        None => investigation(folder)?,
    };
    let mut files = Vec::new();
    collect(folder, &mut files)?;
    let mut attachments: Vec<Attachment> = Vec::new();
    for file in files {
        let Ok(text) = fs::read_to_string(&file) else {
            continue;
        };
        let shown = file
            .strip_prefix(folder)
            .unwrap_or(&file)
            .display()
            .to_string();
        if let Some(mut attachment) = attachment(&shown, &text) {
            let same = attachments
                .iter()
                .filter(|other| other.name == attachment.name)
                .count();
            if same > 0 {
                attachment.name = format!("{} ({shown})", attachment.name);
            }
            attachments.push(attachment);
        }
    }
    Ok(Case {
        name: folder
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default(),
        question,
        expected: strings(&told["expected_output"]),
        attachments,
    })
}

/// A text or a list of texts.
fn strings(value: &serde_yaml_ng::Value) -> Vec<String> {
    match value {
        serde_yaml_ng::Value::String(text) => vec![text.clone()],
        serde_yaml_ng::Value::Sequence(texts) => texts
            .iter()
            .filter_map(|text| text.as_str().map(str::to_owned))
            .collect(),
        _ => Vec::new(),
    }
}

/// The question of an investigation: what is wrong, with the title and the subject of the alert.
fn investigation(folder: &Path) -> anyhow::Result<String> {
    let path = folder.join("investigate_request.json");
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let request: Value =
        serde_json::from_str(&text).with_context(|| format!("cannot read {}", path.display()))?;
    let of = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let subject = &request["subject"];
    let kind = [of(subject, "kind"), of(subject, "subject_type")].concat();
    let mut question = format!(
        "What is wrong? {} {}",
        of(&request, "title"),
        of(&request, "description")
    );
    question.push_str(&format!(" {kind} {}", of(subject, "name")));
    let namespace = of(subject, "namespace");
    if !namespace.is_empty() {
        question.push_str(&format!(" in namespace {namespace}"));
    }
    Ok(question.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .collect();
    entries.sort();
    for path in entries {
        let is_output = path
            .file_name()
            .is_some_and(|name| !NO_OUTPUT.contains(&&*name.to_string_lossy()));
        if path.is_dir() {
            collect(&path, files)?;
        } else if is_output {
            files.push(path);
        }
    }
    Ok(())
}

/// What a person would paste: the output, under the command that gave it. None for an output that is empty. Two lines of
/// JSON before it say which tool was asked, with what, and how that went.
fn attachment(file: &str, text: &str) -> Option<Attachment> {
    let mut lines = text.splitn(3, '\n');
    let (first, second, rest) = (
        lines.next()?,
        lines.next().unwrap_or_default(),
        lines.next().unwrap_or_default(),
    );
    let asked = serde_json::from_str::<Value>(first)
        .ok()
        .filter(|asked| asked.get("tool_name").is_some());
    let (name, body) = match asked {
        Some(asked) => {
            let went: Value = serde_json::from_str(second).unwrap_or_default();
            if went["status"] == "no_data" {
                return None;
            }
            (command(&asked, &went), rest)
        }
        None => (file.to_owned(), text),
    };
    let is_empty = body
        .lines()
        .all(|line| matches!(line.trim(), "" | "stdout:" | "stderr:" | "{}"));
    let end = (0..=NAME_BYTES_MAX.min(name.len()))
        .rev()
        .find(|&at| name.is_char_boundary(at))?;
    (!is_empty).then(|| Attachment {
        name: name[..end].trim().to_owned(),
        text: body.to_owned(),
    })
}

/// The command, or what was asked of a tool in its place.
fn command(asked: &Value, went: &Value) -> String {
    let invocation = went["invocation"].as_str().unwrap_or_default();
    let is_command = ["kubectl ", "kube-", "docker ", "helm ", "argocd "]
        .iter()
        .any(|start| invocation.starts_with(start));
    if is_command && !invocation.contains('\n') {
        return invocation.to_owned();
    }
    let given = &asked["match_params"];
    let of = |key: &str| given[key].as_str().unwrap_or_default();
    let mut words = vec![asked["tool_name"].as_str().unwrap_or_default().to_owned()];
    words.extend([of("kind"), of("name"), of("pod_name")].map(str::to_owned));
    if !of("namespace").is_empty() {
        words.push(format!("-n {}", of("namespace")));
    }
    for (key, value) in given.as_object().into_iter().flatten() {
        let is_told = ["kind", "name", "pod_name", "namespace"].contains(&key.as_str());
        if let Some(text) = value.as_str().filter(|_| !is_told) {
            words.push(format!("{key}={text}"));
        }
    }
    words.retain(|word| !word.is_empty());
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_is_attached_under_its_command() {
        let text = "{\"tool_name\":\"kubectl_describe\",\"match_params\":{\"kind\":\"pod\",\"name\":\"a-1\",\"namespace\":\"n\"}}\n{\"status\":\"success\",\"invocation\":\"kubectl describe pod a-1 -n n\"}\nName: a-1\nx\n";
        let attachment = attachment("f.txt", text).unwrap();
        assert_eq!(
            (attachment.name.as_str(), attachment.text.as_str()),
            ("kubectl describe pod a-1 -n n", "Name: a-1\nx\n")
        );
    }

    #[test]
    fn a_tool_without_a_command_is_named_with_what_it_was_asked() {
        let text = "{\"tool_name\":\"fetch_pod_logs\",\"match_params\":{\"pod_name\":\"a-1\",\"namespace\":\"n\",\"filter\":\"x\"}}\n{\"status\":\"success\",\"invocation\":null}\nline\n";
        assert_eq!(
            attachment("f.txt", text).unwrap().name,
            "fetch_pod_logs a-1 -n n filter=x"
        );
    }

    #[test]
    fn what_is_empty_is_not_attached_and_what_has_no_head_is_as_it_is() {
        let empty = "{\"tool_name\":\"t\"}\n{\"status\":\"success\"}\nstdout:\n\nstderr:\n";
        assert!(attachment("f.txt", empty).is_none());
        assert!(attachment("f.json", "{}\n").is_none());
        assert_eq!(
            attachment("f.json", "{\"a\":1}\n").unwrap().text,
            "{\"a\":1}\n"
        );
    }
}
