//! Questions with known answers, and how an answer is judged: by code, against what was sent and against
//! the facts it cites, each of which is opened through the API.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Context;
use regex::Regex;
use serde::Deserialize;
use serde_json::Value;

/// A question, and what a right answer has.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The words.
    pub ask: String,
    /// A statement has the number of lines of a file that match.
    #[serde(default)]
    pub counts: Option<Counts>,
    /// Patterns that are found in the statements.
    #[serde(default)]
    pub says: Vec<String>,
    /// Patterns that are found in the facts that statements cite.
    #[serde(default)]
    pub cites: Vec<String>,
    /// Nothing is there to be found: no statement cites anything.
    #[serde(default)]
    pub silent: bool,
}

/// The lines of a handed-out file that match.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// The file's set, such as `OpenSSH`.
    pub file: String,
    /// A regular expression.
    pub line: String,
}

/// What became of an answer.
#[derive(Debug, Default)]
pub struct Judged {
    /// What is missing or wrong; empty for a right answer.
    pub wrong: Vec<String>,
    /// Sentences of the answer.
    pub sentences: usize,
    /// Those that cite something.
    pub cited: usize,
    /// What sentences say that their facts do not; empty if all are borne out.
    pub unsupported: Vec<String>,
}

/// The questions of a file.
///
/// # Errors
/// If it cannot be read, with the place.
pub fn load(path: &Path) -> anyhow::Result<Vec<Question>> {
    let text = std::fs::read_to_string(path)?;
    serde_yaml_ng::from_str(&text).with_context(|| path.display().to_string())
}

/// The file of a set of the handed-out logs.
#[must_use]
pub fn log_file(data: &Path, set: &str) -> std::path::PathBuf {
    data.join("parsing").join(set).join(format!("{set}_2k.log"))
}

/// Judges an answer (a message as the API gives it). `open` opens a route and says whether it was there.
///
/// # Errors
/// If a pattern of the question, or the data, cannot be read.
pub fn judge(
    question: &Question,
    message: &Value,
    data: &Path,
    open: &mut dyn FnMut(&str) -> Option<Value>,
) -> anyhow::Result<Judged> {
    let answer = &message["answer"];
    let statements: Vec<&Value> = list(&answer["statements"]).collect();
    let said = statements.iter().map(|one| text(one, "text"));
    let said: Vec<&str> = said.collect();
    let cited: BTreeSet<&str> = statements.iter().flat_map(|one| cites(one)).collect();
    let facts: Vec<&Value> = list(&answer["facts"])
        .filter(|fact| cited.contains(text(fact, "id")))
        .collect();
    let mut judged = Judged {
        sentences: statements.len(),
        cited: statements
            .iter()
            .filter(|one| cites(one).next().is_some())
            .count(),
        ..Judged::default()
    };
    if statements.is_empty() {
        judged.wrong.push("it says nothing".into());
    }
    for pattern in &question.says {
        if !said.iter().any(|one| found(pattern, one)) {
            judged.wrong.push(format!("it does not say `{pattern}`"));
        }
    }
    for pattern in &question.cites {
        if !facts.iter().any(|fact| found(pattern, text(fact, "text"))) {
            judged.wrong.push(format!("it does not cite `{pattern}`"));
        }
    }
    if question.silent && judged.cited > 0 {
        judged.wrong.push("there is nothing to be found".into());
    }
    if let Some(counts) = &question.counts {
        let number = count(counts, data)?.to_string();
        if !said.iter().any(|one| numbers(one).contains(&number)) {
            judged.wrong.push(format!("it does not say {number}"));
        }
    }
    // The question, how it was read, and the times that were looked at.
    let given = format!(
        "{} {} {}",
        question.ask, answer["understood"], answer["steps"]
    );
    for one in &statements {
        judged.unsupported.extend(unsupported(one, answer, &given));
    }
    for fact in facts {
        judged.unsupported.extend(opens(fact, open));
    }
    Ok(judged)
}

/// What a sentence says that its facts do not.
fn unsupported(statement: &Value, answer: &Value, given: &str) -> Vec<String> {
    let mut known = numbers(given);
    let mut wrong = Vec::new();
    for id in cites(statement) {
        match list(&answer["facts"]).find(|fact| text(fact, "id") == id) {
            Some(fact) => known.extend(numbers(text(fact, "text"))),
            None => wrong.push(format!("{id} is not there")),
        }
    }
    let said = text(statement, "text");
    let unknown = numbers(said).into_iter().filter(|one| !known.contains(one));
    wrong.extend(unknown.map(|number| format!("{number} in `{said}`")));
    wrong
}

/// Opens what a fact cites.
fn opens(fact: &Value, open: &mut dyn FnMut(&str) -> Option<Value>) -> Option<String> {
    let evidence = &fact["evidence"];
    let id = text(evidence, "id");
    let route = match text(evidence, "type") {
        "record" => format!("/api/v1/logs/{id}"),
        "template" => format!("/api/v1/logs/templates/{id}"),
        "anomaly" => format!("/api/v1/metrics/anomalies/{id}"),
        "alert" => format!("/api/v1/alerts/{id}"),
        "incident" => format!("/api/v1/incidents/{id}"),
        "runbook" => format!("/api/v1/runbooks/{}", text(evidence, "failure_type")),
        // A query and a prediction are asked for by their series and time; an attachment was sent along.
        _ => return None,
    };
    let opened = open(&route);
    let Some(opened) = opened else {
        return Some(format!("{route} cannot be opened"));
    };
    let body = text(&opened, "body");
    let words: Vec<&str> = text(evidence, "body")
        .trim_end_matches('…')
        .split_whitespace()
        .collect();
    let shown = body.split_whitespace().collect::<Vec<_>>().join(" ");
    let same = text(evidence, "type") != "record" || shown.contains(&words.join(" "));
    (!same).then(|| format!("{route} says something else"))
}

/// Lines of a file that match.
fn count(counts: &Counts, data: &Path) -> anyhow::Result<usize> {
    let path = log_file(data, &counts.file);
    let bytes = std::fs::read(&path).with_context(|| path.display().to_string())?;
    let pattern = Regex::new(&counts.line)?;
    let text = String::from_utf8_lossy(&bytes);
    Ok(text.lines().filter(|line| pattern.is_match(line)).count())
}

/// The numbers of a text, without separators of thousands and zeros in front.
fn numbers(text: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    let mut number = String::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let goes_on = characters.peek().is_some_and(char::is_ascii_digit);
        if character.is_ascii_digit() {
            number.push(character);
            continue;
        }
        let is_separator = character == ',' && goes_on;
        if !number.is_empty() && !is_separator {
            all.insert(trimmed(&number));
            number.clear();
        }
    }
    if !number.is_empty() {
        all.insert(trimmed(&number));
    }
    all
}

fn trimmed(number: &str) -> String {
    let rest = number.trim_start_matches('0');
    if rest.is_empty() {
        "0".into()
    } else {
        rest.into()
    }
}

fn found(pattern: &str, text: &str) -> bool {
    Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(text))
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn cites(statement: &Value) -> impl Iterator<Item = &str> {
    list(&statement["cites"]).filter_map(Value::as_str)
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn question(yaml: &str) -> Question {
        serde_yaml_ng::from_str(yaml).unwrap()
    }

    fn message(text: &str, cites: &[&str]) -> Value {
        json!({ "answer": {
            "understood": { "text": "errors of web" },
            "statements": [{ "text": text, "cites": cites }],
            "facts": [{ "id": "E1", "text": "1,204 lines of web", "evidence": { "type": "record", "id": "r", "body": "1,204 lines of web" } }],
        }})
    }

    fn judged(question_yaml: &str, message: &Value) -> Judged {
        let mut open = |_: &str| Some(json!({ "body": "1,204  lines of web" }));
        judge(&question(question_yaml), message, Path::new("."), &mut open).unwrap()
    }

    #[test]
    fn an_answer_is_held_to_what_was_asked_and_to_its_facts() {
        let right = judged(
            "{ ask: errors?, says: ['1,204'], cites: [web] }",
            &message("There are 1,204.", &["E1"]),
        );
        assert!(
            right.wrong.is_empty() && right.unsupported.is_empty(),
            "{right:?}"
        );
        let wrong = judged(
            "{ ask: errors?, silent: true }",
            &message("There are 1,205.", &["E1"]),
        );
        assert_eq!(
            (wrong.wrong.len(), wrong.unsupported.len()),
            (1, 1),
            "{wrong:?}"
        );
        let nowhere = judged("{ ask: errors? }", &message("Some.", &["E7"]));
        assert_eq!(nowhere.unsupported, ["E7 is not there"]);
    }

    #[test]
    fn numbers_are_compared_without_separators() {
        let numbers = numbers("1,204 of 07, 3.5 %");
        assert_eq!(
            numbers.into_iter().collect::<Vec<_>>(),
            ["1204", "3", "5", "7"]
        );
    }
}
