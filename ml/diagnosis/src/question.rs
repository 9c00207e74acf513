//! What is asked: the kind of question, of what it speaks, and of when.

use regex::Regex;

use crate::vocabulary::{is_kind, is_stop};
use crate::window::{Window, window};

/// The kind of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerKind {
    /// What is wrong, and why.
    Cause,
    /// Whether something is well.
    Health,
    /// How many there are.
    Count,
    /// What something is: a version, an image, a limit.
    Value,
    /// Lines that say something.
    Lines,
    /// Which status codes there were.
    Codes,
    /// Whether something was there.
    Exists,
}

/// A question as it was understood.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Question {
    pub(crate) kind: AnswerKind,
    /// In lower case.
    pub(crate) text: String,
    /// Names that the question gives: identifiers and what stands in quotes after a kind of object.
    pub(crate) names: Vec<String>,
    pub(crate) namespaces: Vec<String>,
    /// What stands in quotes.
    pub(crate) phrases: Vec<String>,
    /// Words that matter, in lower case, in their order.
    pub(crate) words: Vec<String>,
    /// The most lines that are asked for.
    pub(crate) limit: Option<usize>,
    pub(crate) window: Window,
}

impl Question {
    /// Whether any of some words or starts of words is in the question.
    pub(crate) fn says(&self, starts: &[&str]) -> bool {
        self.words
            .iter()
            .any(|word| starts.iter().any(|start| word.starts_with(start)))
    }

    pub(crate) fn is_about_time(&self) -> bool {
        self.says(&["slow", "latenc", "performan", "lag", "delay", "respons"])
    }
}

/// Reads questions.
#[derive(Debug)]
pub(crate) struct QuestionReader {
    kinds: Vec<(AnswerKind, Regex)>,
    after_namespace: Regex,
    before_namespace: Regex,
    quoted: Regex,
    json_name: Regex,
    limit: Regex,
    word: Regex,
}

impl QuestionReader {
    pub(crate) fn new() -> Result<Self, regex::Error> {
        let kind = |kind, pattern: &str| Regex::new(pattern).map(|regex| (kind, regex));
        Ok(Self {
            kinds: vec![
                kind(
                    AnswerKind::Count,
                    r"\bhow many\b|\bnumber of\b|\bcount (?:of|the|how|all)\b|^count\b|\btotal number\b",
                )?,
                kind(
                    AnswerKind::Codes,
                    r"(?:status|http|response|return|error)[- ](?:status[- ])?codes?\b",
                )?,
                kind(
                    AnswerKind::Value,
                    r"\b(?:what|which|tell me|give me|get|show(?: me)?)\b.{0,40}\b(?:version|image|tag|ports?|ip|address|limits?|requests?|labels?|annotations?|replicas|storage ?class|service ?account|command|schedule|selector|uptime|capacity|size|owner|runtime|kernel|restart policy|strategy|qos|cpu|memory)\b|\b(?:on which|what|which) (?:node|namespace|host)\b|\bwhere (?:is|does|do)\b.{0,60}\brun",
                )?,
                kind(
                    AnswerKind::Exists,
                    r"^(?:was|were|is|are|did|do|does|has|have)\b.{0,30}\b(?:there|any|anyone|anything|ever|you see|the logs?)\b",
                )?,
                kind(
                    AnswerKind::Lines,
                    r"\b(?:show|fetch|get|give|list|print|post|display|find|summari[sz]e|see|share|return|search|retrieve|read|tail|what are|which)\b.{0,60}\b(?:logs?|errors?|lines?|warnings?|exceptions?|messages?|events?|traces?|entries)\b|\blogs? (?:for|of|from|since|in)\b|\blast \d+ (?:logs?|lines?|errors?|messages?)\b",
                )?,
                kind(
                    AnswerKind::Health,
                    r"\bis\b.{0,80}\b(?:healthy|ok|okay|up|running|working|alive|fine|well|stable)\b|\bhealth\b|\bstatus of\b|\bany (?:problems?|issues?)\b",
                )?,
            ],
            after_namespace: Regex::new(
                r#"(?i)\b(?:namespace|ns)\s+(?:called |named |is |= ?)?[`'"]?([a-z0-9][a-z0-9-]*)"#,
            )?,
            before_namespace: Regex::new(
                r#"(?i)\b([a-z0-9][a-z0-9-]*)[`'"]?\s+(?:namespace|ns)(?:[\s?.,;:!`'"]|$)"#,
            )?,
            quoted: Regex::new(
                r#""([^"]{1,120})"|`([^`]{1,120})`|“([^”]{1,120})”|(?:^|[\s(])'([^']{1,120})'"#,
            )?,
            json_name: Regex::new(r#""name"\s*:\s*"([^"]{1,253})""#)?,
            limit: Regex::new(
                r"\b(?:last|first|latest|top|recent) (\d{1,4})\b(?:\s+(?:error|warning|log|line|message|event|entr)\w*)?",
            )?,
            word: Regex::new(r"[\p{L}\p{N}][\p{L}\p{N}_./@:-]*")?,
        })
    }

    pub(crate) fn read(&self, text: &str) -> Question {
        let lower = text.to_lowercase();
        let namespaces = self.namespaces(text);
        let json_names: Vec<String> = self.all(&self.json_name, text);
        let is_json = !json_names.is_empty();
        // A name in quotes is a name, unless it is looked for in lines.
        let is_searched = [
            "contain", "with ", "say", "match", "mention", "string", "word", "term",
        ]
        .iter()
        .any(|word| lower.contains(word));
        let mut phrases = if is_json {
            Vec::new()
        } else {
            self.all(&self.quoted, text)
        };
        phrases.retain(|phrase| is_searched || !is_identifier(phrase));
        phrases.retain(|phrase| !namespaces.contains(&phrase.to_lowercase()));
        let words: Vec<String> = self
            .word
            .find_iter(&lower)
            .map(|word| {
                word.as_str()
                    .trim_end_matches(['.', ':', '-', '/'])
                    .to_owned()
            })
            .collect();
        let mut names = json_names;
        for word in self.word.find_iter(text) {
            let word = word.as_str().trim_end_matches(['.', ':', '-', '/', '?']);
            let is_namespace = namespaces
                .iter()
                .any(|namespace| namespace == &word.to_lowercase());
            let is_cluster = is_beside(text, word, "cluster");
            if is_identifier(word)
                && !is_namespace
                && !is_cluster
                && !names.iter().any(|name| name == word)
            {
                names.push(word.to_owned());
            }
        }
        names.extend(self.named_after_kind(text));
        names.retain(|name| !namespaces.contains(&name.to_lowercase()));
        names.dedup();
        Question {
            kind: self.kind(&lower),
            names,
            namespaces,
            phrases,
            words: words.into_iter().filter(|word| !is_stop(word)).collect(),
            limit: self
                .limit
                .captures(&lower)
                .filter(|found| !is_duration(&lower, found.get(0).map_or(0, |m| m.end())))
                .and_then(|found| found.get(1)?.as_str().parse().ok()),
            window: window(&lower),
            text: lower,
        }
    }

    fn kind(&self, lower: &str) -> AnswerKind {
        let asks_why = [
            "why",
            "wrong",
            "root cause",
            "what happened",
            "going on",
            "investigate",
            "unhealthy",
            "the issue",
            "the problem",
        ];
        let found = self
            .kinds
            .iter()
            .find(|(_, regex)| regex.is_match(lower))
            .map(|(kind, _)| *kind);
        let is_why = asks_why.iter().any(|words| lower.contains(words));
        match found {
            Some(AnswerKind::Count | AnswerKind::Codes) => found.unwrap_or(AnswerKind::Cause),
            _ if is_why => AnswerKind::Cause,
            Some(kind) => kind,
            None => AnswerKind::Cause,
        }
    }

    fn all(&self, regex: &Regex, text: &str) -> Vec<String> {
        let groups = |found: regex::Captures<'_>| {
            found
                .iter()
                .skip(1)
                .flatten()
                .next()
                .map(|m| m.as_str().trim().to_owned())
        };
        let mut all: Vec<String> = regex.captures_iter(text).filter_map(groups).collect();
        all.retain(|text| !text.is_empty());
        all.dedup();
        all
    }

    fn namespaces(&self, text: &str) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        let after = self.after_namespace.captures_iter(text);
        for captures in after.chain(self.before_namespace.captures_iter(text)) {
            let Some(name) = captures.get(1) else {
                continue;
            };
            let name = name.as_str().to_lowercase();
            let is_word = is_stop(&name) || is_kind(&name) || name == "same";
            if !is_word && !found.contains(&name) {
                found.push(name);
            }
        }
        found
    }

    /// `pod client`, `job "import"`: a name after the kind of its object, also if it is a plain word.
    fn named_after_kind(&self, text: &str) -> Vec<String> {
        let words: Vec<&str> = self
            .word
            .find_iter(text)
            .map(|word| word.as_str())
            .collect();
        let mut names = Vec::new();
        for pair in words.windows(2) {
            let [kind, name] = pair else { continue };
            let lower = name.to_lowercase();
            let follows_kind = [
                "pod",
                "job",
                "deployment",
                "container",
                "statefulset",
                "daemonset",
                "cronjob",
                "workload",
                "node",
                "pvc",
            ]
            .contains(&kind.to_lowercase().as_str());
            let is_plain = is_stop(&lower) || is_kind(&lower);
            if follows_kind && !is_plain && name.len() >= 3 && !is_verb(&lower) {
                names.push((*name).to_owned());
            }
        }
        names
    }
}

/// Whether a word stands before or after another: `the prod-1 cluster`.
fn is_beside(text: &str, word: &str, other: &str) -> bool {
    text.contains(&format!("{word} {other}")) || text.contains(&format!("{other} {word}"))
}

/// `last 10 minutes` limits time, not lines.
fn is_duration(lower: &str, end: usize) -> bool {
    let after = lower.get(end..).unwrap_or_default().trim_start();
    [
        "sec", "min", "hour", "hr", "day", "week", "month", "h ", "d ",
    ]
    .iter()
    .any(|unit| after.starts_with(unit))
}

/// Words that follow a kind and are no name of it.
fn is_verb(word: &str) -> bool {
    word.ends_with("ing")
        || word.ends_with("ed")
        || [
            "fails",
            "uses",
            "use",
            "has",
            "needs",
            "consumes",
            "takes",
            "fail",
            "crashes",
            "crash",
            "logs",
            "log",
            "status",
            "name",
            "restarts",
            "run",
            "runs",
            "stuck",
            "events",
            "crashloop",
            "errors",
            "image",
            "version",
        ]
        .contains(&word)
}

/// A word that is a name: it has a sign or a digit among its letters.
fn is_identifier(word: &str) -> bool {
    let has_letter = word.contains(char::is_alphabetic);
    let has_sign = word
        .trim_matches(['-', '_', '.', '/', ':'])
        .contains(['-', '_', '.', '/', '@', ':']);
    let has_digit = word.contains(|c: char| c.is_ascii_digit());
    let is_date = word.len() >= 8
        && word.chars().filter(char::is_ascii_digit).count() * 2 > word.len()
        && word.contains(['-', ':']);
    has_letter && (has_sign || has_digit) && word.len() >= 3 && !is_date && !is_common(word)
}

/// Words with a sign that are no names.
fn is_common(word: &str) -> bool {
    let lower = word.to_lowercase();
    [
        "k8s",
        "and/or",
        "out-of-memory",
        "crash-looping",
        "e.g",
        "i.e",
        "4xx",
        "5xx",
        "http2",
        "ipv4",
        "ipv6",
        "follow-up",
        "root-cause",
        "back-off",
        "non-running",
    ]
    .contains(&lower.as_str())
        || lower
            .strip_suffix(['s', 'm', 'h', 'd'])
            .is_some_and(|number| number.parse::<f64>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Question {
        QuestionReader::new().unwrap().read(text)
    }

    #[test]
    fn the_kind_of_a_question_is_known() {
        use AnswerKind::{Cause, Codes, Count, Exists, Health, Lines, Value};
        for (text, kind) in [
            ("How many pods are in the x namespace?", Count),
            ("What HTTP status codes does /cart return?", Codes),
            ("what is the image version of pod web-1", Value),
            ("Which node is web-1 on?", Value),
            ("Was there any 'disk full' problem?", Exists),
            ("Show me the errors of web", Lines),
            ("fetch the logs for the last 6 hours", Lines),
            ("is kafka healthy?", Health),
            ("Why is the shop slow?", Cause),
            ("figure out why web is unhealthy", Cause),
            ("What is the issue with web?", Cause),
            ("KubeJobFailed", Cause),
        ] {
            assert_eq!(read(text).kind, kind, "{text}");
        }
    }

    #[test]
    fn names_and_namespaces_are_told_from_words() {
        let question =
            read("why does the pod client in namespace shop-1 not reach `db-0.db:5432` in 2 days?");
        assert_eq!(question.namespaces, ["shop-1"]);
        assert_eq!(question.names, ["db-0.db:5432", "client"]);
        assert_eq!(
            read(r#"image of << {"type": "pod", "name": "whale"} >>"#).names,
            ["whale"]
        );
        assert_eq!(
            read("errors of the billing namespace").namespaces,
            ["billing"]
        );
    }

    #[test]
    fn quoted_words_and_limits_are_read() {
        let question = read("show the last 10 logs that contain \"Peer gone\"");
        assert_eq!(question.phrases, ["Peer gone"]);
        assert_eq!(question.limit, Some(10));
        assert_eq!(read("logs of the last 10 minutes").limit, None);
    }
}
