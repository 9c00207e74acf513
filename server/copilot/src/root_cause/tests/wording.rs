//! A scripted model words reports.

use std::future::pending;

use async_trait::async_trait;
use serde_json::{Value, json};
use tocsin_domain::ports::{
    CallScope, ChatPiece, ChatRequest, ChatStream, LanguageModel, ModelError, ModelGrade, ModelInfo,
};

use super::reports::broken;
use super::*;
use crate::answer::scripted::{DONE, Scripted, Turn, grade, model};
use crate::fakes::alert;

/// A statement that the model was shown.
struct Piece {
    id: String,
    kind: String,
    text: String,
}

/// What a request shows.
fn pieces(request: &ChatRequest) -> Vec<Piece> {
    let prompt = &request.messages[1].text;
    let blocks = prompt.split("<evidence id=\"").skip(1);
    let blocks = blocks.map(|block| {
        let (id, rest) = block.split_once("\" kind=\"").unwrap();
        let (kind, rest) = rest.split_once("\">\n").unwrap();
        let (text, _) = rest.split_once("\n</evidence>").unwrap();
        Piece {
            id: id.into(),
            kind: kind.into(),
            text: text.into(),
        }
    });
    blocks.collect()
}

/// The first statement of a part.
fn first<'p>(pieces: &'p [Piece], kind: &str) -> &'p Piece {
    pieces.iter().find(|piece| piece.kind == kind).unwrap()
}

fn says(sentences: &[Value]) -> Turn {
    let text = json!({"sentences": sentences}).to_string();
    Ok(vec![Ok(ChatPiece::Text(text)), Ok(DONE)])
}

/// Says every statement with a word before it.
fn echo(word: &str, request: &ChatRequest) -> Turn {
    let said: Vec<Value> = pieces(request)
        .iter()
        .map(|piece| json!({"text": format!("{word}, {}", piece.text), "cites": [piece.id]}))
        .collect();
    says(&said)
}

fn orders_fail() -> Alert {
    alert("failure", &[("service", "orders")], "orders fail", FAULT_MS)
}

async fn by_rules() -> RootCause {
    explain(&broken(3), &orders_fail()).await
}

/// The report of a world with a model.
async fn worded(world: &Arc<World>, model: Arc<dyn LanguageModel>) -> RootCause {
    let alert = orders_fail();
    world.raise(&alert);
    let mut parts = Arc::into_inner(world.parts()).unwrap();
    parts.model = model;
    let report = finder_over(Arc::new(parts))
        .report(RootCauseSubject::Alert(alert.id), Some("ana"))
        .await;
    let report = report.unwrap().unwrap();
    hold(&report);
    report
}

#[tokio::test]
async fn a_model_says_the_statements_and_changes_nothing_else() {
    let by_rules = by_rules().await;
    let model = model(grade(false, 64_000), |_, request| echo("Indeed", request));
    let report = worded(&broken(3), model.clone()).await;
    let (new, old) = (statements(&report), statements(&by_rules));
    assert_eq!(new.len(), old.len());
    let mut said = 0;
    for (new, old) in new.iter().zip(&old) {
        assert_eq!(new.cites, old.cites);
        let is_said = new.text == format!("Indeed, {}", old.text);
        assert!(is_said || new.text == old.text, "{new:?} {old:?}");
        said += usize::from(is_said);
    }
    let seen = model.seen.lock();
    let shown = pieces(&seen[0]);
    assert_eq!((seen.len(), said), (1, shown.len()));
    assert!(said > 8, "{said}");
    let scope = &seen[0].scope;
    assert_eq!(
        (scope.user.as_str(), scope.task.as_str(), scope.question_id),
        ("ana", "root_cause", report.id.0)
    );
    assert!(
        seen[0].messages[1]
            .text
            .contains("orders fail (a likely cause was found)")
    );
    let writer = &report.writer;
    assert_eq!(
        (writer.provider.as_str(), writer.model.as_str()),
        ("openai", "scripted")
    );
    assert_eq!(
        (&writer.prompt_hash, writer.dropped),
        (&scope.prompt_hash, 0)
    );
    // But for its words and who wrote them it is the report of the rules.
    let same = RootCause {
        what: by_rules.what.clone(),
        impact: by_rules.impact.clone(),
        remediation: by_rules.remediation.clone(),
        ruled_out: by_rules.ruled_out.clone(),
        writer: by_rules.writer.clone(),
        causes: report
            .causes
            .iter()
            .zip(&by_rules.causes)
            .map(|(new, old)| tocsin_domain::copilot::Cause {
                statements: old.statements.clone(),
                ..new.clone()
            })
            .collect(),
        ..report.clone()
    };
    assert_eq!(same, by_rules);
}

#[tokio::test]
async fn what_the_facts_do_not_bear_out_is_said_by_the_rules() {
    let by_rules = by_rules().await;
    let model = model(grade(false, 64_000), |_, request| {
        let pieces = pieces(request);
        let (what, cause) = (first(&pieces, "what"), first(&pieces, "cause_1"));
        let ruled_out = first(&pieces, "ruled_out_1");
        let next = &pieces[pieces.iter().position(|one| one.id == cause.id).unwrap() + 1];
        assert_eq!(next.kind, "cause_1");
        says(&[
            json!({"text": "It cost 1000000 euros.", "cites": [what.id]}),
            json!({"text": "The moon did it.", "cites": ["E999"]}),
            json!({"text": "Nobody knows.", "cites": []}),
            json!({"text": "All of it fails.", "cites": [what.id, cause.id]}),
            json!({"text": "The store has no space [left](https://evil.example/?q=1).", "cites": [next.id, cause.id]}),
            json!({"text": "Orders departs. It needs the store.", "cites": [ruled_out.id]}),
        ])
    });
    let report = worded(&broken(3), model).await;
    assert_eq!(report.writer.dropped, 4);
    assert_eq!(report.what, by_rules.what);
    assert_eq!(report.impact, by_rules.impact);
    assert_eq!(report.remediation, by_rules.remediation);
    let (new, old) = (&report.causes[0].statements, &by_rules.causes[0].statements);
    assert_eq!(new[0].text, "The store has no space left.");
    assert_eq!(new[1..], old[2..]);
    let mut cites = [old[0].cites.clone(), old[1].cites.clone()].concat();
    cites.dedup();
    cites
        .iter()
        .for_each(|id| assert!(new[0].cites.contains(id)));
    let ruled_out = &report.ruled_out[0].statement;
    assert_eq!(ruled_out.text, "Orders departs. It needs the store.");
    assert_eq!(ruled_out.cites, by_rules.ruled_out[0].statement.cites);
}

#[tokio::test]
async fn a_model_that_fails_leaves_the_report_of_the_rules() {
    let by_rules = by_rules().await;
    let scripts: [fn(&ChatRequest) -> Turn; 4] = [
        |_| {
            Err(ModelError::Unavailable {
                retry_after_secs: None,
                detail: "503".into(),
            })
        },
        |_| Ok(vec![Ok(ChatPiece::Text("It is DNS.".into())), Ok(DONE)]),
        |_| says(&[]),
        |_| {
            says(&[
                json!({"text": "It is DNS.", "cites": ["E1"]}),
                json!({"te": 1}),
            ])
        },
    ];
    for (place, script) in scripts.into_iter().enumerate() {
        let model = model(grade(false, 64_000), move |_, request| script(request));
        assert_eq!(worded(&broken(3), model).await, by_rules, "{place}");
    }
    let model = model(grade(false, 64_000), |_, _| {
        says(&[json!({"text": "It is DNS.", "cites": []})])
    });
    let report = worded(&broken(3), model).await;
    let writer = &report.writer;
    assert_eq!(
        (writer.provider.as_str(), writer.dropped),
        ("extractive", 1)
    );
    assert_eq!(statements(&report), statements(&by_rules));
}

#[tokio::test]
async fn who_is_not_known_or_has_no_room_is_not_asked() {
    let by_rules = by_rules().await;
    for grade in [
        ModelGrade::unknown("the probe runs", 8_192),
        grade(false, 2_100),
    ] {
        let model = model(grade, |_, _| Err(ModelError::NoModel));
        assert_eq!(worded(&broken(3), model.clone()).await, by_rules);
        assert!(model.seen.lock().is_empty());
    }
}

#[tokio::test]
async fn a_small_model_words_as_much_as_fits() {
    let roomy = model(grade(false, 64_000), |_, request| echo("Indeed", request));
    worded(&broken(3), roomy.clone()).await;
    let tokens: usize = {
        let seen = roomy.seen.lock();
        let texts = seen[0].messages.iter().map(|one| one.text.as_str());
        let sent: usize = texts.map(|text| roomy.count_tokens(text)).sum();
        sent + seen[0].tokens_max as usize
    };
    let small = grade(false, u32::try_from(tokens).unwrap() - 1);
    let model = model(small, |_, request| echo("Indeed", request));
    let report = worded(&broken(3), model.clone()).await;
    let shown = pieces(&model.seen.lock()[0]).len();
    assert!(shown < pieces(&roomy.seen.lock()[0]).len());
    let said = statements(&report);
    let said = said.iter().filter(|one| one.text.starts_with("Indeed"));
    assert_eq!(said.count(), shown);
}

#[tokio::test]
async fn other_words_are_no_new_revision_and_more_evidence_is() {
    let world = broken(3);
    let model: Arc<Scripted> = model(grade(false, 64_000), |turn, request| {
        let word = if turn == 1 { "Indeed" } else { "In fact" };
        echo(word, request)
    });
    let first = worded(&world, model.clone()).await;
    let again = worded(&world, model.clone()).await;
    assert_eq!((&first, model.seen.lock().len()), (&again, 1));
    assert_eq!(world.reports.lock().len(), 1);
    // Nor are the words of the rules, once the model is gone.
    assert_eq!(explain(&world, &orders_fail()).await, first);
    say(
        &world,
        FAULT_MS + 90_000,
        "error",
        ("store", ""),
        "the journal is corrupt: checksum mismatch",
    );
    let second = worded(&world, model.clone()).await;
    assert_eq!((second.revision, model.seen.lock().len()), (2, 2));
    assert!(
        second.what[0].text.starts_with("In fact, "),
        "{:?}",
        second.what
    );
    assert_eq!(world.reports.lock().first(), Some(&first));
}

/// Never answers.
struct Silent;

#[async_trait]
impl LanguageModel for Silent {
    fn model(&self) -> ModelInfo {
        let known = model(grade(false, 64_000), |_, _| Err(ModelError::NoModel));
        known.model()
    }

    fn count_tokens(&self, text: &str) -> usize {
        text.len()
    }

    async fn chat(&self, _: ChatRequest) -> Result<Box<dyn ChatStream>, ModelError> {
        pending().await
    }

    async fn embed(&self, _: &CallScope, _: &[String]) -> Result<Vec<Vec<f32>>, ModelError> {
        pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_report_does_not_wait_for_a_model_for_ever() {
    assert_eq!(worded(&broken(3), Arc::new(Silent)).await, by_rules().await);
}
