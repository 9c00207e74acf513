//! The suite `copilot`: are recorded investigations answered from their tools' outputs, without a model?
//!
//! A folder of cases comes in, each with `test_case.yaml` (question and expected answer) and the outputs that tools gave;
//! how many are answered, and how many as expected, goes out. The outputs are attached to the question and
//! `answer_attachments` answers it.
//!
//! What the judge ([`judge`]) does: of each thing that is expected, all identifiers and numbers and at least
//! 60 % of the other words must stand in the sentences of the answer, after stems and a small table of synonyms.
//! What it cannot see: whether words stand in the right relation ("A failed because of B" and the reverse are one to it),
//! whether something is denied, whether an answer also claims what is not so, and in which order causes are told. A
//! case whose expectation is about the way of an investigation, or names what must not be said without saying it
//! in words that can be looked for, is not judged, and does not count as correct.

mod cases;
mod judge;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Context;
use serde::Serialize;
use tocsin_copilot::{DiagnosisRules, answer_attachments};
use tocsin_domain::copilot::Answer;
use tocsin_llm::{Claim, DropReason, Evidence, check};

use self::cases::Case;
use self::judge::{Judge, Verdict};

/// Published results of live models on the whole set, most with a loop of tool calls: from `README.md` of the data.
const ANCHOR: &str =
    "live models on the whole set: 56 to 86 % correct, most with a loop of tool calls";

/// What one provider makes of the cases.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Scores {
    /// Cases.
    pub(crate) cases: usize,
    /// Cases with at least one sentence that cites something.
    pub(crate) answered: usize,
    /// Cases that are answered as expected.
    pub(crate) correct: usize,
    /// Cases that the judge cannot judge; none of them is correct.
    pub(crate) not_judged: usize,
    /// Sentences that cite something.
    pub(crate) sentences: usize,
    /// Sentences whose citations do not resolve or do not bear them out.
    pub(crate) unsupported_sentences: usize,
    /// Of these, those with a number that stands nowhere in what they cite.
    pub(crate) unsupported_numbers: usize,
    /// The longest that an answer took, in ms.
    pub(crate) ms_max: u128,
    #[serde(skip)]
    lines: Vec<String>,
}

/// The scores by provider.
pub(crate) type Report = BTreeMap<&'static str, Scores>;

/// Answers and judges the cases in `data`. With `predictions`, also writes `copilot.json` with question, expectation
/// and answer of each case, for people to read.
///
/// # Errors
/// When files are missing or cannot be read or written.
pub(crate) fn run(data: &Path, predictions: Option<&Path>) -> anyhow::Result<Report> {
    let rules = DiagnosisRules::built_in()?;
    let judge = Judge::new()?;
    let mut scores = Scores::default();
    let mut told = BTreeMap::new();
    for case in cases::read(data)? {
        let started = std::time::Instant::now();
        let answer = answer_attachments(&case.question, &case.attachments, &rules);
        scores.ms_max = scores.ms_max.max(started.elapsed().as_millis());
        let verdict = judge.judge(&case.expected, &said(&answer, true), &said(&answer, false));
        scores.count(&case, &answer, &verdict);
        told.insert(case.name.clone(), Told::new(&case, &answer, &verdict));
    }
    if let Some(folder) = predictions {
        fs::create_dir_all(folder)?;
        let path = folder.join("copilot.json");
        fs::write(&path, serde_json::to_string_pretty(&told)?)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(BTreeMap::from([("extractive", scores)]))
}

impl Scores {
    fn count(&mut self, case: &Case, answer: &Answer, verdict: &Verdict) {
        self.cases += 1;
        let cited = answer
            .statements
            .iter()
            .filter(|statement| !statement.cites.is_empty())
            .count();
        self.answered += usize::from(cited > 0);
        self.sentences += cited;
        let mut evidence = Evidence::new();
        for fact in &answer.facts {
            evidence.add(&fact.id, &fact.text);
        }
        let claims: Vec<Claim> = answer
            .statements
            .iter()
            .filter(|statement| !statement.cites.is_empty())
            .map(|statement| Claim {
                text: statement.text.clone(),
                cites: statement.cites.clone(),
            })
            .collect();
        for sentence in check(&claims, &evidence).dropped {
            self.unsupported_sentences += 1;
            self.unsupported_numbers +=
                usize::from(matches!(sentence.reason, DropReason::UnsupportedNumber(_)));
        }
        let line = match verdict {
            Verdict::Correct => {
                self.correct += 1;
                "correct".to_owned()
            }
            Verdict::Wrong(missing) => format!("wrong: {missing}"),
            Verdict::NotJudged(why) => {
                self.not_judged += 1;
                format!("not judged: {why}")
            }
        };
        self.lines.push(format!("  {:55} {line}", case.name));
    }
}

/// What an answer says with a citation, or without one: then it says that something is not there.
fn said(answer: &Answer, has_cites: bool) -> String {
    let meant = answer
        .statements
        .iter()
        .filter(|statement| statement.cites.is_empty() != has_cites);
    meant
        .map(|statement| statement.text.as_str())
        .collect::<Vec<_>>()
        .join("\n")
}

/// A case as it is written down for people to read.
#[derive(Debug, Serialize)]
struct Told {
    question: String,
    expected: Vec<String>,
    statements: Vec<String>,
    notices: Vec<String>,
    verdict: String,
}

impl Told {
    fn new(case: &Case, answer: &Answer, verdict: &Verdict) -> Self {
        Self {
            question: case.question.clone(),
            expected: case.expected.clone(),
            statements: answer
                .statements
                .iter()
                .map(|statement| statement.text.clone())
                .collect(),
            notices: answer.notices.clone(),
            verdict: format!("{verdict:?}"),
        }
    }
}

/// The report for people.
pub(crate) fn table(report: &Report) -> String {
    let mut out = String::from(
        "copilot       cases  answered  correct  not judged  sentences  unsupported  numbers\n",
    );
    for (provider, s) in report {
        out.push_str(&format!(
            "{provider:12} {:6} {:9} {:8} {:11} {:10} {:12} {:8}\n",
            s.cases,
            s.answered,
            s.correct,
            s.not_judged,
            s.sentences,
            s.unsupported_sentences,
            s.unsupported_numbers
        ));
        for line in &s.lines {
            out.push_str(line);
            out.push('\n');
        }
        out.push_str(&format!("at most {} ms an answer\n", s.ms_max));
    }
    out.push_str(ANCHOR);
    out
}
