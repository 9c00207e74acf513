//! Attachments as people paste them, and what is answered.

use std::sync::LazyLock;

use proptest::prelude::*;
use tocsin_domain::alert::Evidence;
use tocsin_domain::copilot::Answer;
use tocsin_domain::ports::Attachment;
use tocsin_llm::{Claim, check};

use super::{DiagnosisRules, answer_attachments};

const POD: &str = "Name:             billing-worker-7d9f8b6c5-x2x4z
Namespace:        shop
Status:           Running
Containers:
  worker:
    Image:          registry.example/billing:2.4.1
    State:          Waiting
      Reason:       CrashLoopBackOff
    Last State:     Terminated
      Reason:       OOMKilled
      Exit Code:    137
    Ready:          False
    Restart Count:  14
    Limits:
      memory:  256Mi
Events:
  Type     Reason   Age                 From     Message
  ----     ------   ----                ----     -------
  Warning  BackOff  32s (x60 over 77m)  kubelet  Back-off restarting failed container worker in pod billing-worker-7d9f8b6c5-x2x4z
";

/// Compiled once: making them costs more than using them.
static RULES: LazyLock<DiagnosisRules> = LazyLock::new(|| DiagnosisRules::built_in().unwrap());

fn attachment(name: &str, text: &str) -> Attachment {
    Attachment {
        name: name.into(),
        text: text.into(),
    }
}

fn ask(question: &str, attachments: &[Attachment]) -> Answer {
    answer_attachments(question, attachments, &RULES)
}

fn texts(answer: &Answer) -> Vec<&str> {
    answer
        .statements
        .iter()
        .map(|statement| statement.text.as_str())
        .collect()
}

/// Sentences that their facts do not bear out.
fn unsupported(answer: &Answer) -> Vec<String> {
    let mut evidence = tocsin_llm::Evidence::new();
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
    let dropped = check(&claims, &evidence).dropped;
    dropped
        .into_iter()
        .map(|sentence| format!("{}: {}", sentence.reason, sentence.text))
        .collect()
}

#[test]
fn a_stated_reason_comes_before_what_follows_from_it_and_each_line_can_be_opened() {
    let answer = ask(
        "why does billing-worker crash?",
        &[attachment("describe.txt", POD)],
    );
    let texts = texts(&answer);
    assert!(
        texts[0].contains("OOM killed") && texts[0].contains("billing-worker"),
        "{texts:?}"
    );
    assert!(
        texts.iter().any(|text| text.contains("CrashLoopBackOff")),
        "{texts:?}"
    );
    assert!(texts.iter().any(|text| text.contains("256Mi")), "{texts:?}");
    assert!(texts.last().unwrap().starts_with("To fix it:"), "{texts:?}");
    let lines: Vec<u32> = answer
        .facts
        .iter()
        .map(|fact| match &fact.evidence {
            Evidence::Attachment { name, line } if name == "describe.txt" => *line,
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(lines.contains(&10), "{lines:?}");
    assert_eq!(answer.proposals[0].failure_type, "out_of_memory");
    assert_eq!(unsupported(&answer), Vec::<String>::new());
}

#[test]
fn what_is_well_is_said_to_be_well() {
    let text =
        "NAME    READY   STATUS    RESTARTS   AGE\napi-1   2/2     Running   0          4d\n";
    let answer = ask("is api-1 healthy?", &[attachment("kubectl get pods", text)]);
    assert!(
        texts(&answer)[0].contains("is ready (2/2)"),
        "{:?}",
        texts(&answer)
    );
    assert!(answer.proposals.is_empty());
}

#[test]
fn rows_are_counted_and_the_number_is_borne_out() {
    let text = "NAME    READY   STATUS             RESTARTS   AGE\na-1   1/1   Running   0   4d\na-2   0/1   CrashLoopBackOff   9   4d\na-3   1/1   Running   0   4d\n";
    let answer = ask(
        "How many pods are running?",
        &[attachment("kubectl get pods -n shop", text)],
    );
    assert!(
        texts(&answer)[0].contains("There are 2 pods"),
        "{:?}",
        texts(&answer)
    );
    assert_eq!(unsupported(&answer), Vec::<String>::new());
}

#[test]
fn names_that_nothing_speaks_of_are_told() {
    let answer = ask(
        "which image has pod whale-1?",
        &[attachment("describe.txt", POD)],
    );
    assert!(
        answer.notices[0].contains("whale-1"),
        "{:?}",
        answer.notices
    );
    assert!(
        !texts(&answer).iter().any(|text| text.contains("2.4.1")),
        "{:?}",
        texts(&answer)
    );
}

#[test]
fn an_image_is_named_where_it_stands() {
    let answer = ask(
        "which image version does billing-worker run?",
        &[attachment("describe.txt", POD)],
    );
    assert!(
        texts(&answer)[0].contains("registry.example/billing:2.4.1"),
        "{:?}",
        texts(&answer)
    );
    assert_eq!(unsupported(&answer), Vec::<String>::new());
}

#[test]
fn brackets_of_logs_are_no_citations_and_addresses_are_not_active() {
    let log = "2025-06-12 22:14:51 ERROR [worker-3] [E1] GET http://evil.example/x failed: ![x](http://evil.example/y) connection refused\n";
    let answer = ask("what is wrong?", &[attachment("app.log", log)]);
    let text = texts(&answer)[0];
    assert!(text.contains("worker-3"), "{text}");
    assert!(!text.contains("](") && !text.contains("http://"), "{text}");
    assert_eq!(unsupported(&answer), Vec::<String>::new());
}

#[test]
fn without_attachments_it_is_said_that_there_is_nothing() {
    let answer = ask("what is wrong?", &[]);
    assert_eq!(answer.statements.len(), 1);
    assert!(answer.statements[0].cites.is_empty());
}

fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,80}",
        "(ERROR|WARN|INFO|Reason:|Exit Code:|Warning|status=) [a-zA-Z0-9_./:=-]{1,30} (failed|refused|not found|42 ms|[0-9]{1,6})",
        "[a-z]{1,8}-[0-9]{1,3}   [0-9]/[0-9]     (Running|Error|Pending)   [0-9]{1,2}   [0-9]{1,2}[smhd]",
        "\\PC{0,40}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn every_sentence_is_borne_out_whatever_is_attached(
        lines in proptest::collection::vec(line(), 0..30),
        question in prop_oneof![
            Just("what is wrong?"), Just("how many pods are there?"), Just("show the errors"), Just("which status codes are there?"),
            Just("is it healthy?"), Just("was there any 'failed'?"), Just("which image runs?"),
        ],
    ) {
        let answer = ask(question, &[attachment("x1.txt", &lines.join("\n"))]);
        prop_assert_eq!(unsupported(&answer), Vec::<String>::new());
        for statement in &answer.statements {
            for cite in &statement.cites {
                prop_assert!(answer.facts.iter().any(|fact| fact.id == *cite));
            }
        }
    }
}
