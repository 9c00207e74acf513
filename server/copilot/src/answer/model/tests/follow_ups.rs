//! A scripted model suggests what to ask next.

use std::sync::Arc;

use serde_json::{Value, json};
use tocsin_domain::copilot::Answer;
use tocsin_domain::ports::{BudgetKind, ChatPiece, ModelError, ModelGrade};

use super::scripted::{DONE, Scripted, Turn, cited, copilot, grade, model};
use crate::answer::tests::scene::{Shop, ask, question};

const ASKED: &str = "what changed?";

/// Says that payment was deployed, and what its script says of what to ask next.
fn suggesting(keeps_json: bool, next: impl Fn() -> Turn + Send + Sync + 'static) -> Arc<Scripted> {
    let grade = ModelGrade {
        keeps_json,
        ..grade(false, 32_000)
    };
    model(grade, move |_, request| {
        if request.scope.task == "follow_ups" {
            return next();
        }
        let id = cited(request, "payment 2.4.1");
        text(&json!({"sentences": [{"text": "Payment was deployed.", "cites": [id]}]}))
    })
}

fn text(value: &Value) -> Turn {
    Ok(vec![Ok(ChatPiece::Text(value.to_string())), Ok(DONE)])
}

async fn answered(model: &Arc<Scripted>) -> Answer {
    let shop = Shop::open();
    let (message, _) = ask(&copilot(&shop.world, model), question(ASKED)).await;
    message.answer.unwrap()
}

async fn by_rules() -> Vec<String> {
    let (message, _) = ask(&Shop::open().copilot(), question(ASKED)).await;
    message.answer.unwrap().follow_ups
}

#[tokio::test]
async fn a_model_that_keeps_to_a_schema_suggests_plain_questions() {
    let model = suggesting(true, || {
        text(&json!({"questions": [
            "Did **payment** fail [after](https://evil.example/?q=1) it? [E1]",
            "What Changed?",
            format!("Why {}?", "so ".repeat(90)),
        ]}))
    });
    let answer = answered(&model).await;
    assert_eq!(answer.follow_ups.len(), 1, "{:?}", answer.follow_ups);
    let only = &answer.follow_ups[0];
    assert!(only.contains("fail after it?"), "{only}");
    assert!(
        !only.contains(['[', ']']) && !only.contains("http"),
        "{only}"
    );
    let seen = model.seen.lock();
    let next = seen.last().unwrap();
    assert_eq!(
        (
            seen.len(),
            next.scope.task.as_str(),
            next.scope.user.as_str()
        ),
        (2, "follow_ups", "ana")
    );
    assert_eq!(next.scope.question_id, seen[0].scope.question_id);
    let prompt = &next.messages[1].text;
    assert!(prompt.contains(ASKED) && prompt.contains("Payment was deployed."));
}

#[tokio::test]
async fn a_model_that_fails_here_leaves_the_questions_of_the_rules() {
    let expected = by_rules().await;
    assert!(!expected.is_empty());
    let scripts: [fn() -> Turn; 4] = [
        || {
            Err(ModelError::BudgetSpent {
                which: BudgetKind::Question,
                until_ms: None,
            })
        },
        || text(&json!({"questions": ["a?", "b?", "c?", "d?"]})),
        || text(&json!({"questions": []})),
        || text(&json!({"questions": ["***", "?"]})),
    ];
    for (place, next) in scripts.into_iter().enumerate() {
        let answer = answered(&suggesting(true, next)).await;
        assert_eq!(answer.follow_ups, expected, "{place}");
        assert_eq!(answer.writer.model, "scripted", "{place}");
        assert!(answer.notices.is_empty(), "{place}: {:?}", answer.notices);
    }
}

#[tokio::test]
async fn who_does_not_keep_to_a_schema_or_could_not_answer_is_not_asked() {
    let expected = by_rules().await;
    let careless = suggesting(false, || text(&json!({"questions": ["Why?"]})));
    assert_eq!(answered(&careless).await.follow_ups, expected);
    assert_eq!(careless.seen.lock().len(), 1);
    let able = ModelGrade {
        keeps_json: true,
        ..grade(false, 32_000)
    };
    let away = model(able, |_, _| {
        Err(ModelError::Unavailable {
            retry_after_secs: None,
            detail: "503".into(),
        })
    });
    assert_eq!(answered(&away).await.follow_ups, expected);
    assert_eq!(away.seen.lock().len(), 1);
}
