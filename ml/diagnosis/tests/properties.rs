//! Whatever is pasted: nothing panics, lines exist, numbers stand in what is cited, and time grows with length.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests end the test when they fail"
)]

use std::sync::LazyLock;
use std::time::Instant;

use proptest::prelude::*;
use tocsin_diagnosis::{Diagnosis, Diagnostician, Document, RuleFile, Rules};

static RULES: LazyLock<Rules> = LazyLock::new(|| {
    let file: RuleFile =
        serde_yaml_ng::from_str(include_str!("../../../rules/diagnosis.yml")).unwrap();
    Rules::new(file).unwrap()
});
static DIAGNOSTICIAN: LazyLock<Diagnostician> = LazyLock::new(|| Diagnostician::new().unwrap());

/// Numbers as they are written.
fn numbers(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_ascii_digit())
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}

fn check(
    documents: &[Document],
    question: &str,
    diagnosis: &Diagnosis,
) -> Result<(), TestCaseError> {
    for finding in &diagnosis.findings {
        prop_assert!(!finding.lines.is_empty(), "{:?}", finding);
        let mut known = String::new();
        for place in &finding.lines {
            let document = documents.get(place.document);
            prop_assert!(document.is_some(), "{:?}", finding);
            let line =
                document.and_then(|document| document.text.lines().nth(place.line as usize - 1));
            prop_assert!(line.is_some(), "{:?}", finding);
            known.push_str(line.unwrap_or_default());
            known.push(' ');
            known.push_str(document.map_or("", |document| document.name.as_str()));
        }
        let counted: Vec<String> = finding.counted.iter().map(u64::to_string).collect();
        for number in numbers(&finding.text) {
            let is_known =
                known.contains(&number) || counted.contains(&number) || question.contains(&number);
            prop_assert!(is_known, "{}: {:?}", number, finding);
        }
    }
    Ok(())
}

fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,60}",
        "[ -~]{0,100}",
        "  {0,3}[A-Z][a-z]{1,8}( [A-Z][a-z]{1,6})?: {1,4}[a-zA-Z0-9<>/._-]{0,20}",
        "[a-z]{1,6}-[0-9]{1,3}   [0-9]/[0-9]   (Running|Pending|Error|CrashLoopBackOff)   [0-9]{1,3} \\([0-9]m ago\\)   [0-9]{1,3}[smhd]",
        Just("NAME    READY   STATUS    RESTARTS   AGE".to_owned()),
        Just("Events:".to_owned()),
        Just("  Type     Reason   Age   From     Message".to_owned()),
        "  Warning  [A-Z][a-z]{3,8}  [0-9]{1,2}s \\(x[0-9] over [0-9]m\\)  kubelet  [a-z ]{3,30} [0-9]{1,4}",
        "20[0-9]{2}-[01][0-9]-[0-3][0-9][T ][0-2][0-9]:[0-5][0-9]:[0-5][0-9]Z? (INFO|WARN|ERROR) [a-z ]{1,30} [0-9]{1,6} ?(ms|s|MB|%)?",
        "\\{\"level\":(30|40|50),\"time\":1[0-9]{12},\"msg\":\"[a-z ]{1,20} [0-9]{1,4}\"\\}",
        "[│├└─ ]{0,6}[a-z.]{1,8} \\([a-z-]{1,8}\\) - [0-9]{1,4}\\.[0-9]ms",
        "[{}\\[\\],:\"]{1,8}",
        "\"[a-z_]{1,8}\": (true|false|null|[0-9]{1,4}|\"[a-zA-Z ]{0,12}\"),",
        "\"GET /[a-z]{1,5} HTTP/1\\.1\" [2345]0[0-9] [0-9]{1,4}",
    ]
}

fn question() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("what is wrong?".to_owned()),
        Just("why is web slow?".to_owned()),
        Just("How many pods are running in namespace a?".to_owned()),
        Just("which image does web have?".to_owned()),
        Just("show the last 5 errors since yesterday".to_owned()),
        Just("which status codes of /a are there?".to_owned()),
        Just("was there any 'failed' message?".to_owned()),
        Just("is it healthy?".to_owned()),
        "\\PC{0,60}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn lines_exist_and_numbers_stand_in_them(
        texts in proptest::collection::vec(proptest::collection::vec(line(), 0..25), 0..4),
        question in question(),
    ) {
        let documents: Vec<Document> = (1..)
            .zip(&texts)
            .map(|(n, lines)| Document { name: format!("kubectl logs x-{n}"), text: lines.join("\n") })
            .collect();
        let diagnosis = DIAGNOSTICIAN.diagnose(&question, &documents, &RULES);
        check(&documents, &question, &diagnosis)?;
        prop_assert_eq!(DIAGNOSTICIAN.diagnose(&question, &documents, &RULES), diagnosis);
    }

    #[test]
    fn bytes_of_any_kind_are_read(text in "\\PC{0,400}", question in "\\PC{0,60}") {
        let documents = [Document { name: String::new(), text }];
        let diagnosis = DIAGNOSTICIAN.diagnose(&question, &documents, &RULES);
        check(&documents, &question, &diagnosis)?;
    }
}

/// The shortest of a few runs, in seconds.
fn seconds(question: &str, text: &str) -> f64 {
    let documents = [Document {
        name: "kubectl get pods".into(),
        text: text.into(),
    }];
    let run = || {
        let start = Instant::now();
        let diagnosis = DIAGNOSTICIAN.diagnose(question, &documents, &RULES);
        assert!(diagnosis.findings.len() <= 100);
        start.elapsed().as_secs_f64()
    };
    (0..3).map(|_| run()).fold(f64::INFINITY, f64::min)
}

#[test]
fn time_grows_with_the_length_of_the_text_and_not_faster() {
    let log = |n: usize| -> String {
        (0..n)
            .map(|at| {
                format!(
                    "2025-01-01 10:00:00 ERROR {}{} failed to reach x{at}: timeout\n",
                    char::from(b'a' + (at % 26) as u8),
                    at / 26 % 26
                )
            })
            .collect()
    };
    let table = |n: usize| -> String {
        let rows: String = (0..n)
            .map(|at| format!("web-{at}-x   0/1   CrashLoopBackOff   {at}   3d\n"))
            .collect();
        format!("NAME   READY   STATUS   RESTARTS   AGE\n{rows}")
    };
    let objects = |n: usize| -> String {
        (0..n).map(|at| format!("Name: web-{at}\nNamespace: a\nStatus: Pending\nReason: OOMKilled\nReady: False\n")).collect()
    };
    let json = |n: usize| -> String {
        let items: Vec<String> = (0..n)
            .map(|at| {
                format!(
                    "{{\"name\":\"web-{at}\",\"running\":false,\"status\":\"500\",\"path\":\"/a\"}}"
                )
            })
            .collect();
        format!("[\n{}\n]", items.join(",\n"))
    };
    for (form, text) in [
        ("log", &log as &dyn Fn(usize) -> String),
        ("table", &table),
        ("objects", &objects),
        ("json", &json),
    ] {
        for question in [
            "what is wrong with web?",
            "how many pods are running?",
            "show the errors",
            "which status codes of /a?",
            "which status has web?",
        ] {
            let (short, long) = (
                seconds(question, &text(1_000)),
                seconds(question, &text(8_000)),
            );
            // Eight times the text; a quadratic reader would take sixty-four times as long.
            assert!(
                long < short * 24.0 + 0.1,
                "{form}, {question}: {short:.4} s and {long:.4} s"
            );
        }
    }
}
