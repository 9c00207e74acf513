//! Whether an answer says what is expected, judged by code. See the suite for what it cannot see.

use std::collections::BTreeSet;

use regex::Regex;
use rust_stemmers::{Algorithm, Stemmer};

/// The share of the plain words of an expectation that an answer must have.
const SHARE_MIN: f64 = 0.6;

/// Words that mean the same; the first stands for all. By their beginnings where a `*` ends them.
const SYNONYMS: [&[&str]; 25] = [
    &["database", "db", "postgres*", "mysql", "mongo*", "sql"],
    &[
        "error",
        "issue*",
        "problem*",
        "fail*",
        "unable",
        "cannot",
        "trouble",
        "fault*",
        "unhealthy",
    ],
    &["login", "authenticat*", "auth", "logon"],
    &["unique", "unicity", "uniqueness", "duplicate"],
    &["violate", "violation", "violat*"],
    &["timeout", "timeouts", "timed"],
    &["claim", "pvc", "persistentvolumeclaim*"],
    &["bind", "bound", "binding", "unbound"],
    &["exist*", "missing", "found"],
    &["oom", "oomkilled", "memory"],
    &["kill*", "end", "ended"],
    &["reach", "connect*", "unreachable", "unavailable", "refus*"],
    &["slow*", "latenc*"],
    &["healthy", "well", "ready"],
    &["cpu", "processor*"],
    &["certificate*", "cert", "ssl", "tls"],
    &["expir*", "expired"],
    &["image*", "docker"],
    &["node*", "machine*"],
    &["schedul*", "pending"],
    &["namespace*", "ns"],
    &["run", "running", "ran"],
    &["partition*", "split"],
    &["crash*", "crashloopbackoff", "restart*"],
    &["always", "designed"],
];

/// Words that carry nothing.
const STOP: &str = "a an the is are was were be been being in on at of for to from and or with by as it its this that these those \
there any all some either neither both must should may might can could will would does do did has have had not no mention mentions \
mentioned says say answer answers include includes including following which what who where when if so out into than then also \
date in whichever order summary summarized form shown directly temporarily temporary more less after before about has become become \
fact cause causes caused due because since root seem seems one two but only they them their you your user users experiencing";

/// What the judge says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    Correct,
    /// What is missing, or said and should not be.
    Wrong(String),
    /// Why it cannot be judged.
    NotJudged(String),
}

/// Judges answers.
pub(crate) struct Judge {
    stemmer: Stemmer,
    quoted: Regex,
    word: Regex,
    aside: Regex,
}

/// One thing that is expected.
#[derive(Debug, PartialEq, Eq)]
enum Item {
    Said(String),
    NotSaid(String),
    /// Cannot be judged by code.
    Unclear(String),
}

impl Judge {
    pub(crate) fn new() -> Result<Self, regex::Error> {
        Ok(Self {
            stemmer: Stemmer::create(Algorithm::English),
            quoted: Regex::new(r#"`([^`]+)`|"([^"]+)""#)?,
            word: Regex::new(r"[\p{L}\p{N}][\p{L}\p{N}._/:-]*")?,
            aside: Regex::new(r"\([^()]*\)")?,
        })
    }

    /// Whether an answer says all that is expected. `absent` is what it says to be not there, which counts only where
    /// that is expected.
    pub(crate) fn judge(&self, expected: &[String], answer: &str, absent: &str) -> Verdict {
        let items: Vec<Item> = expected.iter().flat_map(|text| items(text)).collect();
        if let Some(Item::Unclear(why)) = items.iter().find(|item| matches!(item, Item::Unclear(_)))
        {
            return Verdict::NotJudged(why.clone());
        }
        if !items.iter().any(|item| matches!(item, Item::Said(_))) {
            return Verdict::NotJudged("nothing is expected that could be looked for".to_owned());
        }
        for item in &items {
            match item {
                Item::Said(text) => {
                    let both = format!("{answer}\n{absent}");
                    let is_absence = self.word.find_iter(text).any(|word| {
                        ["no", "not", "none", "nothing", "without", "cannot"]
                            .contains(&word.as_str().to_lowercase().as_str())
                    });
                    let said = if is_absence { both.as_str() } else { answer };
                    if let Some(missing) = self.missing(text, said) {
                        return Verdict::Wrong(missing);
                    }
                }
                Item::NotSaid(text) => {
                    if plain(answer).contains(&plain(text)) {
                        return Verdict::Wrong(format!("says `{text}`"));
                    }
                }
                Item::Unclear(_) => {}
            }
        }
        Verdict::Correct
    }

    /// What an answer lacks of an expectation; none if it says it.
    fn missing(&self, text: &str, answer: &str) -> Option<String> {
        let flat = plain(answer);
        let text = self.aside.replace_all(text, " ");
        let names: Vec<String> = self
            .quoted
            .captures_iter(&text)
            .filter_map(|found| {
                found
                    .get(1)
                    .or_else(|| found.get(2))
                    .map(|name| name.as_str().to_owned())
            })
            .collect();
        let has = |name: &&String| flat.contains(&plain(name));
        // Of what stands after "either", any will do.
        let choice = text.find("either ").map_or(text.len(), |at| at);
        let after = |name: &&String| text.find(name.as_str()).is_some_and(|at| at > choice);
        let (any, all): (Vec<&String>, Vec<&String>) = names.iter().partition(after);
        if let Some(name) = all.iter().find(|name| !has(name)) {
            return Some(format!("`{name}`"));
        }
        if !any.is_empty() && !any.iter().any(has) {
            return Some(format!("none of the choices, such as `{}`", any.first()?));
        }
        let rest = self.quoted.replace_all(&text, " ");
        let mut wanted = BTreeSet::new();
        for word in self.word.find_iter(&rest) {
            let word = word.as_str().trim_end_matches(['.', ':', '-']);
            // A date may be followed by a time of day.
            let is_date = word.len() == 10 && word.matches('-').count() == 2;
            let is_name = word.trim_matches('-').contains(['-', '_', '/']) && word.len() > 4;
            if is_date && flat.contains(word) || is_name && flat.contains(&plain(word)) {
                continue;
            }
            if word.contains(|c: char| c.is_ascii_digit()) {
                if !has_word(&flat, &plain(word)) {
                    return Some(format!("`{word}`"));
                }
            } else if !STOP
                .split_whitespace()
                .any(|stop| stop == word.to_lowercase())
            {
                wanted.extend(word.split(['-', '/']).map(|part| self.canonical(part)));
            }
        }
        let said: BTreeSet<String> = self
            .word
            .find_iter(answer)
            .flat_map(|word| word.as_str().split(['-', '_', '.', '/', ':']))
            .filter(|word| !word.is_empty())
            .map(|word| self.canonical(word))
            .collect();
        let missing: Vec<&String> = wanted.iter().filter(|word| !said.contains(*word)).collect();
        let share = 1.0 - missing.len() as f64 / wanted.len().max(1) as f64;
        (share < SHARE_MIN).then(|| {
            let words: Vec<&str> = missing.iter().map(|word| word.as_str()).collect();
            format!("{} ({:.0} % of the words)", words.join(", "), share * 100.0)
        })
    }

    /// A word in lower case by its stem, or by the word that stands for it.
    fn canonical(&self, word: &str) -> String {
        let word = word.to_lowercase();
        let is = |pattern: &&str| match pattern.strip_suffix('*') {
            Some(start) => word.starts_with(start),
            None => word == *pattern,
        };
        let group = SYNONYMS.iter().find(|group| group.iter().any(&is));
        match group.and_then(|group| group.first()) {
            Some(first) => first.trim_end_matches('*').to_owned(),
            None => self.stemmer.stem(&word).into_owned(),
        }
    }
}

/// In lower case, without quotes and with single spaces.
fn plain(text: &str) -> String {
    let text: String = text
        .to_lowercase()
        .chars()
        .filter(|c| !matches!(c, '`' | '"' | '\'' | '“' | '”' | '’' | '\\'))
        .collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, found)| {
        let before = text[..at].chars().next_back();
        let after = text[at + found.len()..].chars().next();
        let goes_on = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        !goes_on(before) && !goes_on(after)
    })
}

/// The single things of an expectation: its lines, under headings that say whether they are to be shown.
fn items(text: &str) -> Vec<Item> {
    /// Under which heading lines stand.
    enum Under {
        Said,
        NotSaid,
        Optional,
    }
    let lower = text.to_lowercase();
    let is_about_way = ["went through", "must not tell", "should have run", "steps"]
        .iter()
        .any(|words| lower.contains(words));
    if is_about_way {
        return vec![Item::Unclear(
            "it is about the way of the investigation".to_owned(),
        )];
    }
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let mut under = Under::Said;
    let mut items = Vec::new();
    for line in &lines {
        let bare = bare(line);
        let lower = bare.to_lowercase();
        if line.ends_with(':') && lines.len() > 1 {
            under = if lower.contains("not shown") || lower.contains("not be shown") {
                Under::NotSaid
            } else if lower.contains(" may ") || lower.contains("(it does not impact") {
                Under::Optional
            } else {
                Under::Said
            };
            continue;
        }
        let is_limit = [
            "doesn't mention",
            "does not mention",
            "not mention any other",
        ]
        .iter()
        .any(|words| lower.contains(words));
        match under {
            // That nothing else is said cannot be looked for; what is expected beside it can.
            _ if is_limit => {}
            Under::Said => items.push(Item::Said(bare.to_owned())),
            Under::NotSaid => items.push(Item::NotSaid(bare.to_owned())),
            Under::Optional => {}
        }
    }
    items
}

/// A line without its mark of a list.
fn bare(line: &str) -> &str {
    let line = line.trim_start_matches(['-', '*', '•', ' ']);
    let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    match line.get(digits..).and_then(|rest| rest.strip_prefix(". ")) {
        Some(rest) if (1..=2).contains(&digits) => rest,
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(expected: &str, answer: &str) -> Verdict {
        Judge::new()
            .unwrap()
            .judge(&[expected.to_owned()], answer, "")
    }

    #[test]
    fn names_and_numbers_must_all_be_there_and_most_of_the_words() {
        let expected = "There are 12 pods in the `shop-1` namespace";
        assert_eq!(
            judge(expected, "12 pods run in namespace `shop-1`."),
            Verdict::Correct
        );
        assert_eq!(
            judge(expected, "There are 112 pods in the `shop-1` namespace"),
            Verdict::Wrong("`12`".into())
        );
        assert_eq!(
            judge(expected, "There are 12 pods in the namespace"),
            Verdict::Wrong("`shop-1`".into())
        );
        assert!(matches!(
            judge("the disk of the queue is full", "the disk is fine"),
            Verdict::Wrong(_)
        ));
    }

    #[test]
    fn other_words_for_the_same_count() {
        assert_eq!(
            judge(
                "Problems to authenticate due to ldap timeouts",
                "login failed: ldap timed out"
            ),
            Verdict::Correct
        );
        assert_eq!(
            judge(
                "the version is either `1.2` or `a:1.2`",
                "its version is `a:1.2`"
            ),
            Verdict::Correct
        );
    }

    #[test]
    fn what_must_not_be_shown_is_looked_for() {
        let expected = "The following logs are shown:\n  ERROR: lost\n\nThe following log is NOT shown:\n  INFO: fine\n\nThe following log MAY be shown (it does not impact it):\n  FATAL: x\n";
        assert_eq!(judge(expected, "“ERROR: lost”"), Verdict::Correct);
        assert!(matches!(
            judge(expected, "“ERROR: lost” “INFO: fine”"),
            Verdict::Wrong(_)
        ));
    }

    #[test]
    fn what_is_not_there_counts_only_where_that_is_expected() {
        let judge = |expected: &str| {
            Judge::new().unwrap().judge(
                &[expected.to_owned()],
                "",
                "Nothing speaks of errors of `a-1`.",
            )
        };
        assert_eq!(judge("There are no errors of `a-1`"), Verdict::Correct);
        assert!(matches!(
            judge("There are errors of `a-1`"),
            Verdict::Wrong(_)
        ));
    }

    #[test]
    fn what_is_about_the_way_is_not_judged() {
        let verdict = judge("The investigation went through the following steps: x", "x");
        assert!(matches!(verdict, Verdict::NotJudged(_)));
    }
}
