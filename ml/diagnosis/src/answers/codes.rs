//! Which status codes there were.

use std::collections::{BTreeMap, HashSet};

use regex::Regex;

use crate::diagnose::Known;
use crate::document::LineRef;
use crate::fields::Field;
use crate::finding::{Diagnosis, FindingKind, LINES_MAX};
use crate::form::{Form, Reading};

use super::finding;

/// Codes with how often they stand and where first.
type Codes = BTreeMap<String, (u64, LineRef)>;

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
        let mut codes = Codes::new();
        for reading in known.readings {
            match reading.form {
                Form::Prose => {}
                Form::Json => of_objects(reading, path.as_deref(), &mut codes),
                _ => self.of_lines(known, reading, path.as_deref(), &mut codes),
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

    fn of_lines(
        &self,
        known: &Known<'_>,
        reading: &Reading,
        path: Option<&str>,
        codes: &mut Codes,
    ) {
        let Some(page) = known.pages.get(reading.document) else {
            return;
        };
        let mut requests: BTreeMap<String, String> = BTreeMap::new();
        for (at, line) in page.of(&reading.section) {
            let id = request_id(line);
            if let (Some(id), Some(path)) = (&id, self.path.find(line)) {
                requests
                    .entry(id.clone())
                    .or_insert_with(|| path.as_str().to_owned());
            }
            let is_of_path = path.is_none_or(|path| {
                let of_request = id.as_ref().and_then(|id| requests.get(id));
                line.contains(path) || of_request.is_some_and(|known| known.contains(path))
            });
            let Some(found) = self.code.captures(line).filter(|_| is_of_path) else {
                continue;
            };
            let code = ["a", "b", "c", "d"]
                .iter()
                .find_map(|name| found.name(name));
            if let Some(code) = code {
                let place = LineRef {
                    document: reading.document,
                    line: u32::try_from(at + 1).unwrap_or(u32::MAX),
                };
                codes
                    .entry(code.as_str().to_owned())
                    .or_insert((0, place))
                    .0 += 1;
            }
        }
    }
}

/// Codes of the objects of a JSON text; the path stands in the same object.
fn of_objects(reading: &Reading, path: Option<&str>, codes: &mut Codes) {
    const CODES: [&str; 9] = [
        "statuscode",
        "httpstatuscode",
        "httpresponsestatuscode",
        "responsecode",
        "httpcode",
        "httpresponsecode",
        "status",
        "responsestatus",
        "code",
    ];
    // The objects around what names the path.
    let mut of_path: HashSet<&[String]> = HashSet::new();
    let is_path =
        |field: &&Field| path.is_some_and(|path| field.value.to_lowercase().contains(path));
    for field in reading.fields.iter().filter(is_path) {
        let ends = (0..=field.path.len()).filter_map(|end| field.path.get(..end));
        of_path.extend(ends);
    }
    for field in &reading.fields {
        let is_code = CODES.contains(&field.plain_key().as_str())
            && field.value.len() == 3
            && field
                .value
                .parse::<u16>()
                .is_ok_and(|code| (100..600).contains(&code));
        // The nearest object of a list holds what belongs to the code.
        let item = field.path.iter().rposition(|part| part.starts_with('['));
        let owner = field.path.get(..item.map_or(0, |at| at + 1));
        let is_of_path = path.is_none() || owner.is_some_and(|owner| of_path.contains(owner));
        if is_code && is_of_path {
            codes
                .entry(field.value.clone())
                .or_insert((0, field.place))
                .0 += 1;
        }
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
