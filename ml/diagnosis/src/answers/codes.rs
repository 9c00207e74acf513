//! Which status codes there were.

use std::collections::BTreeMap;

use regex::Regex;

use crate::diagnose::Known;
use crate::document::LineRef;
use crate::finding::{Diagnosis, FindingKind, LINES_MAX};
use crate::form::Form;

use super::finding;

/// Reads status codes of HTTP.
#[derive(Debug)]
pub(crate) struct CodeReader {
    code: Regex,
    path: Regex,
}

impl CodeReader {
    pub(crate) fn new() -> Result<Self, regex::Error> {
        Ok(Self {
            code: Regex::new(
                r#"(?i)(?:status[_. ]?(?:code)?|http[_. ]?(?:response[_. ])?(?:status[_. ]?)?code|response[_. ]code|\bcode)["']?\s*[:=]\s*["']?(?P<a>[1-5]\d\d)\b|HTTP/[\d.]+"?\s+(?P<b>[1-5]\d\d)\b|(?:returned|respond(?:ed|s) with|answered|status|got)(?: (?:a|an|code|status|http))* (?P<c>[1-5]\d\d)\b|\s(?P<d>[1-5]\d\d)\s+\d+(?:\.\d+)?\s?(?:ms|µs|s|b|bytes|-)\b"#,
            )?,
            path: Regex::new(r"/[A-Za-z][\w./-]*")?,
        })
    }

    /// Answers with the codes, of the path that the question names if it names one.
    pub(crate) fn answer(&self, known: &Known<'_>, diagnosis: &mut Diagnosis) {
        let path = self
            .path
            .find(&known.question.text)
            .map(|path| path.as_str().trim_end_matches(['.', '/']).to_owned());
        let mut codes: BTreeMap<String, (u64, LineRef)> = BTreeMap::new();
        let mut requests: BTreeMap<String, String> = BTreeMap::new();
        for reading in known
            .readings
            .iter()
            .filter(|reading| reading.form != Form::Prose)
        {
            let Some(page) = known.pages.get(reading.document) else {
                continue;
            };
            for (at, line) in page.of(&reading.section) {
                let id = request_id(line);
                if let (Some(id), Some(path)) = (&id, self.path.find(line)) {
                    requests
                        .entry(id.clone())
                        .or_insert_with(|| path.as_str().to_owned());
                }
                let is_path = path.as_ref().is_none_or(|path| {
                    line.contains(path.as_str())
                        || id
                            .as_ref()
                            .and_then(|id| requests.get(id))
                            .is_some_and(|known| known.contains(path.as_str()))
                });
                let code = self
                    .code
                    .captures(line)
                    .filter(|_| is_path)
                    .and_then(|found| {
                        ["a", "b", "c", "d"]
                            .iter()
                            .find_map(|name| found.name(name))
                            .map(|code| code.as_str().to_owned())
                    });
                if let Some(code) = code {
                    let place = LineRef {
                        document: reading.document,
                        line: u32::try_from(at + 1).unwrap_or(u32::MAX),
                    };
                    codes.entry(code).or_insert((0, place)).0 += 1;
                }
            }
        }
        if codes.is_empty() {
            diagnosis
                .notices
                .push("No status code stands in the attachments for this.".to_owned());
            return;
        }
        let list: Vec<String> = codes
            .iter()
            .map(|(code, (count, _))| format!("{code} ({count} times)"))
            .collect();
        let of = path
            .filter(|path| !path.contains(|c: char| c.is_ascii_digit()))
            .map(|path| format!(" of `{path}`"))
            .unwrap_or_default();
        let mut answer = finding(
            FindingKind::Value,
            format!("The status codes{of} are {}.", list.join(", ")),
            codes
                .values()
                .map(|(_, place)| *place)
                .take(LINES_MAX * 2)
                .collect(),
        );
        answer.counted = codes.values().map(|(count, _)| *count).collect();
        diagnosis.findings.push(answer);
    }
}

/// What tells which request a line is of.
fn request_id(line: &str) -> Option<String> {
    let at = [
        "\"reqId\":\"",
        "\"request_id\":\"",
        "\"requestId\":\"",
        "request_id=",
        "reqId=",
        "requestId=",
    ]
    .iter()
    .find_map(|key| line.find(key).map(|at| at + key.len()))?;
    let id: String = line
        .get(at..)?
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '-')
        .take(64)
        .collect();
    (!id.is_empty()).then_some(id)
}
