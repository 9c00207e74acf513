//! How a tracker is asked, and what its answers mean for what was asked.

use std::time::Duration;

use serde_json::Value;

use super::error::TrackerError;
use crate::http::{Answer, Auth, Call, Http, HttpConfig, Method};
use crate::words::cut;

/// The most bytes of an answer that are read: a page of a hundred long texts.
const ANSWER_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// The most characters of what a tracker said that are kept.
const DETAIL_MAX: usize = 500;
/// How long to wait once it did not know us: an operator has to mend the token.
const DENIED_WAIT: Duration = Duration::from_secs(300);

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aim {
    /// To look: however it ends, nothing was changed.
    Read,
    /// To change something.
    Write,
}

/// A tracker's address and who we are there.
#[derive(Debug, Clone)]
pub(crate) struct Wire {
    /// What people call it.
    name: &'static str,
    http: Http,
    base: String,
    auth: Auth,
    headers: Vec<(&'static str, String)>,
}

impl Wire {
    pub(crate) fn new(
        name: &'static str,
        http: &HttpConfig,
        (base, auth): (String, Auth),
        headers: &[(&'static str, &str)],
    ) -> Self {
        let headers = headers.iter().map(|(name, text)| (*name, (*text).into()));
        Self {
            name,
            http: Http::new(http),
            base,
            auth,
            headers: headers.collect(),
        }
    }

    /// Where it is, without a slash at the end.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Asks for `path` below the address, and gives what was answered, whatever its status.
    pub(crate) async fn ask(
        &self,
        aim: Aim,
        (method, path): (Method, &str),
        body: Option<&Value>,
    ) -> Result<Answer, TrackerError> {
        let mut call = Call {
            method,
            url: format!("{}{path}", self.base),
            headers: self.headers.clone(),
            auth: Some(self.auth.clone()),
            body: body.map(Value::to_string).unwrap_or_default(),
            answer_bytes_max: ANSWER_BYTES_MAX,
        };
        let answer = self.send(aim, call.clone()).await?;
        let is_kept = matches!((answer.status, method), (301, Method::Get) | (307 | 308, _));
        let Some(to) = answer.header("location").filter(|_| is_kept) else {
            return Ok(answer);
        };
        if origin(to) != origin(&self.base) {
            let detail = "it moved to another host; set its new address";
            return Err(TrackerError::Refused(format!("{}: {detail}", self.name)));
        }
        call.url = to.to_owned();
        self.send(aim, call).await
    }

    async fn send(&self, aim: Aim, call: Call) -> Result<Answer, TrackerError> {
        let answer = self.http.send(call).await.map_err(|error| {
            let detail = format!("{}: {}", self.name, error.detail);
            match error.is_temporary {
                true => TrackerError::Later {
                    is_unsure: error.is_unsure && aim == Aim::Write,
                    wait: None,
                    detail,
                },
                false => TrackerError::Refused(detail),
            }
        })?;
        if answer.is_cut && answer.status < 300 {
            return Err(self.unreadable(aim));
        }
        Ok(answer)
    }

    /// The JSON of an answer that is good.
    pub(crate) fn json(&self, aim: Aim, answer: &Answer) -> Result<Value, TrackerError> {
        serde_json::from_str(&answer.body).map_err(|_| self.unreadable(aim))
    }

    /// What to say of an answer that cannot be read. It may be that of a proxy.
    pub(crate) fn unreadable(&self, aim: Aim) -> TrackerError {
        TrackerError::Later {
            is_unsure: aim == Aim::Write,
            wait: None,
            detail: format!("{}: the answer cannot be read", self.name),
        }
    }

    /// What an answer means that is not good, by its status.
    pub(crate) fn failure(&self, aim: Aim, answer: &Answer) -> TrackerError {
        let said = said(&answer.body);
        let detail = match said.is_empty() {
            true => format!("{} answered {}", self.name, answer.status),
            false => format!("{} answered {}: {said}", self.name, answer.status),
        };
        let detail = cut(&detail, DETAIL_MAX);
        let later = |is_unsure: bool, wait: Option<Duration>| TrackerError::Later {
            is_unsure: is_unsure && aim == Aim::Write,
            wait,
            detail: detail.clone(),
        };
        match answer.status {
            401 | 403 => self.denied(&detail),
            // The conflict of two changes at the same time.
            409 | 423 | 425 | 429 => later(false, answer.retry_after),
            // A good status here is one that was not expected: what became of it is not known.
            0..=299 | 408 | 500..=599 => later(true, answer.retry_after),
            300..=399 => {
                TrackerError::Refused(format!("{detail}; set the address it redirects to"))
            }
            _ => TrackerError::Refused(detail),
        }
    }

    /// It does not know us or does not let us. Nothing is lost meanwhile.
    pub(crate) fn denied(&self, detail: &str) -> TrackerError {
        let what = "check the account, its token and its permissions";
        TrackerError::Later {
            is_unsure: false,
            wait: Some(DENIED_WAIT),
            detail: format!("{detail}; {what}"),
        }
    }
}

/// Scheme, host and port of an address, in small letters.
pub(crate) fn origin(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    Some(format!("{scheme}://{host}").to_ascii_lowercase())
}

/// What the JSON of an error says, as Jira, ServiceNow and GitHub write it.
fn said(body: &str) -> String {
    let Ok(json) = serde_json::from_str::<Value>(body) else {
        // A page of a proxy says nothing to people.
        let is_text = !body.trim_start().starts_with('<');
        let words = body.split_whitespace().collect::<Vec<_>>().join(" ");
        return if is_text { words } else { String::new() };
    };
    let mut parts = Vec::new();
    let texts = |value: &Value, parts: &mut Vec<String>| {
        parts.extend(value.as_str().map(str::to_owned));
    };
    texts(&json["message"], &mut parts);
    texts(&json["error"]["message"], &mut parts);
    texts(&json["error"]["detail"], &mut parts);
    for message in json["errorMessages"].as_array().into_iter().flatten() {
        texts(message, &mut parts);
    }
    for (field, message) in json["errors"].as_object().into_iter().flatten() {
        parts.extend(message.as_str().map(|text| format!("{field}: {text}")));
    }
    for error in json["errors"].as_array().into_iter().flatten() {
        let words = ["resource", "field", "code", "message"];
        let words = words.iter().filter_map(|word| error[word].as_str());
        parts.push(words.collect::<Vec<_>>().join(" "));
        texts(error, &mut parts);
    }
    parts.retain(|part| !part.trim().is_empty());
    parts.join("; ")
}

/// A text as part of a query: everything but letters, digits, `-`, `_`, `.` and `~` is encoded.
pub(crate) fn encoded(text: &str) -> String {
    let mut all = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                all.push(char::from(byte));
            }
            _ => all.push_str(&format!("%{byte:02X}")),
        }
    }
    all
}

/// Whether a text can be looked for: letters, digits and dashes, as markers and keys are.
pub(crate) fn is_plain(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    !text.is_empty() && text.chars().all(is_plain)
}

#[cfg(test)]
mod tests {
    use tocsin_domain::subscription::Secret;

    use super::*;

    fn wire() -> Wire {
        let auth = Auth::Bearer(Secret("t".into()));
        let at = ("https://a.example".to_owned(), auth);
        Wire::new("Jira", &HttpConfig::default(), at, &[])
    }

    fn failure(aim: Aim, status: u16, body: &str) -> TrackerError {
        let answer = Answer {
            status,
            body: body.into(),
            retry_after: Some(Duration::from_secs(7)),
            ..Answer::default()
        };
        wire().failure(aim, &answer)
    }

    #[test]
    fn what_may_have_been_done_is_told_apart_from_what_was_not() {
        let is_unsure = |aim, status| match failure(aim, status, "") {
            TrackerError::Later { is_unsure, .. } => Some(is_unsure),
            _ => None,
        };
        for status in [202, 408, 500, 502, 503, 504] {
            assert_eq!(is_unsure(Aim::Write, status), Some(true), "{status}");
            assert_eq!(is_unsure(Aim::Read, status), Some(false), "{status}");
        }
        for status in [401, 403, 409, 429] {
            assert_eq!(is_unsure(Aim::Write, status), Some(false), "{status}");
        }
        for status in [302, 400, 404, 410, 413, 422] {
            assert_eq!(is_unsure(Aim::Write, status), None, "{status}");
        }
    }

    #[test]
    fn a_wrong_token_waits_for_people() {
        let TrackerError::Later { wait, detail, .. } = failure(Aim::Write, 401, "") else {
            panic!("a wrong token must lose nothing");
        };
        assert_eq!(wait, Some(DENIED_WAIT));
        assert!(
            detail.contains("401") && detail.contains("token"),
            "{detail}"
        );
    }

    #[test]
    fn what_each_vendor_says_is_told() {
        let jira = r#"{"errorMessages":["No"],"errors":{"priority":"cannot be set"}}"#;
        assert_eq!(said(jira), "No; priority: cannot be set");
        let now = r#"{"error":{"message":"No Record found","detail":"ACL"},"status":"failure"}"#;
        assert_eq!(said(now), "No Record found; ACL");
        let hub = r#"{"message":"Validation Failed","errors":[{"resource":"Issue","field":"title","code":"missing_field"}]}"#;
        assert_eq!(said(hub), "Validation Failed; Issue title missing_field");
        assert_eq!(said("<html>bad gateway</html>"), "");
        assert_eq!(said("  no\n healthy upstream "), "no healthy upstream");
    }

    #[test]
    fn an_origin_has_scheme_host_and_port() {
        assert_eq!(origin("https://A.example/x"), origin("https://a.example"));
        assert_ne!(origin("https://a.example:8/x"), origin("https://a.example"));
        assert_ne!(origin("http://a.example"), origin("https://a.example"));
        assert_eq!(origin("/relative"), None);
    }

    #[test]
    fn a_query_is_encoded() {
        assert_eq!(encoded("a b=c^d~é"), "a%20b%3Dc%5Ed~%C3%A9");
    }
}
