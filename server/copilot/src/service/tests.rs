//! Threads, stopping and bounds.

use std::sync::Arc;

use async_trait::async_trait;
use tocsin_domain::copilot::{Message, MessageRole, Thread, ThreadId};
use tocsin_domain::ports::{
    AnswerListener, AnswerPiece, Attachment, Copilot, CopilotError, Question, ThreadStore,
};

use super::CopilotService;
use crate::answer::scene::{Heard, NOW_MS, Shop, ask, copilot, question, rules};
use crate::config::CopilotConfig;
use crate::fakes::World;

fn thread(id: u128) -> Thread {
    Thread {
        id: ThreadId(id),
        title: String::new(),
        user: "ana".into(),
        created_ms: NOW_MS,
        updated_ms: NOW_MS,
        messages: 0,
    }
}

fn in_thread(text: &str, id: u128) -> Question {
    Question {
        thread: Some(ThreadId(id)),
        ..question(text)
    }
}

/// Leaves after some pieces.
struct Leaves {
    after: usize,
    heard: usize,
}

#[async_trait]
impl AnswerListener for Leaves {
    async fn hear(&mut self, _: AnswerPiece) -> bool {
        self.heard += 1;
        self.heard < self.after
    }
}

/// Asks another question while it hears.
struct Asks {
    copilot: Arc<CopilotService>,
    refused: bool,
}

#[async_trait]
impl AnswerListener for Asks {
    async fn hear(&mut self, _: AnswerPiece) -> bool {
        let mut heard = Heard::default();
        let other = self.copilot.ask(question("what changed?"), &mut heard);
        self.refused |= matches!(other.await, Err(CopilotError::Busy));
        true
    }
}

async fn kept(world: &World, id: u128) -> Vec<Message> {
    ThreadStore::messages(world, ThreadId(id)).await.unwrap()
}

#[tokio::test]
async fn a_thread_is_named_kept_and_gone_on_with() {
    let shop = Shop::open();
    let copilot = shop.copilot();
    shop.world.put_thread(thread(1)).await.unwrap();
    let (first, pieces) = ask(&copilot, in_thread("show errors of payment today", 1)).await;
    assert!(matches!(pieces[0], AnswerPiece::Asked(id) if Some(id) == first.answers));
    let named = shop.world.thread(ThreadId(1)).await.unwrap().unwrap();
    assert_eq!(
        (named.title.as_str(), named.messages),
        ("show errors of payment today", 2)
    );
    shop.world.set_now(NOW_MS + 60_000);
    let (second, _) = ask(&copilot, in_thread("and of orders?", 1)).await;
    let understood = second.answer.unwrap().understood;
    assert_eq!(understood.intent, "errors");
    assert_eq!(understood.entities, ["orders"]);
    assert_eq!(understood.time_words.as_deref(), Some("today"));
    let messages = kept(&shop.world, 1).await;
    let roles: Vec<MessageRole> = messages.iter().map(|one| one.role).collect();
    use MessageRole::{Assistant, User};
    assert_eq!(roles, [User, Assistant, User, Assistant]);
    let named = shop.world.thread(ThreadId(1)).await.unwrap().unwrap();
    assert_eq!(named.title, "show errors of payment today");
}

#[tokio::test]
async fn what_was_said_before_counts_without_a_thread_too() {
    let shop = Shop::open();
    let asked = Question {
        before: vec![("show errors of payment".into(), "there were some".into())],
        ..question("why?")
    };
    let (message, pieces) = ask(&shop.copilot(), asked).await;
    assert_eq!(message.answer.unwrap().understood.entities, ["payment"]);
    assert!(
        !pieces
            .iter()
            .any(|piece| matches!(piece, AnswerPiece::Asked(_)))
    );
}

#[tokio::test]
async fn a_question_is_answered_again_beside_the_first_answer() {
    let shop = Shop::open();
    let copilot = shop.copilot();
    shop.world.put_thread(thread(1)).await.unwrap();
    let (first, _) = ask(&copilot, in_thread("what changed?", 1)).await;
    shop.world.set_now(NOW_MS + 60_000);
    let again = Question {
        again: first.answers,
        ..in_thread("", 1)
    };
    let (second, _) = ask(&copilot, again).await;
    assert_eq!(second.answers, first.answers);
    assert_ne!(second.id, first.id);
    assert_eq!(kept(&shop.world, 1).await.len(), 3);
    let unknown = Question {
        again: Some(first.id),
        ..in_thread("", 1)
    };
    let refused = copilot.ask(unknown, &mut Heard::default()).await;
    assert!(matches!(refused, Err(CopilotError::NotFound(_))));
}

#[tokio::test]
async fn an_answer_that_nobody_hears_any_more_is_kept_as_stopped() {
    let shop = Shop::open();
    let copilot = shop.copilot();
    shop.world.put_thread(thread(1)).await.unwrap();
    let mut leaves = Leaves {
        after: 20,
        heard: 0,
    };
    let message = copilot
        .ask(in_thread("what is broken?", 1), &mut leaves)
        .await
        .unwrap();
    let answer = message.answer.unwrap();
    assert!(answer.is_stopped);
    assert_eq!(leaves.heard, 20);
    assert_eq!(kept(&shop.world, 1).await.len(), 2);
    let mut leaves = Leaves { after: 1, heard: 0 };
    let message = copilot
        .ask(in_thread("what is broken?", 1), &mut leaves)
        .await
        .unwrap();
    assert!(message.answer.unwrap().statements.is_empty());
    assert_eq!(copilot.telemetry().counts().stopped, 2);
}

#[tokio::test]
async fn no_more_are_answered_at_a_time_than_is_said() {
    let shop = Shop::open();
    let config = CopilotConfig {
        answering_max: 1,
        ..CopilotConfig::default()
    };
    let copilot = CopilotService::new(shop.world.parts(), rules(), config);
    let copilot = Arc::new(copilot.unwrap());
    let mut asks = Asks {
        copilot: copilot.clone(),
        refused: false,
    };
    copilot
        .ask(question("what changed?"), &mut asks)
        .await
        .unwrap();
    assert!(asks.refused);
    assert_eq!(copilot.status().answering, 0);
    let after = copilot
        .ask(question("what changed?"), &mut Heard::default())
        .await;
    assert!(after.is_ok());
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused() {
    let copilot = copilot(&World::new());
    let refused = |question| {
        let copilot = &copilot;
        async move {
            copilot
                .ask(question, &mut Heard::default())
                .await
                .unwrap_err()
        }
    };
    assert!(matches!(
        refused(question("  ")).await,
        CopilotError::Invalid(_)
    ));
    let long = "x".repeat(Message::QUESTION_BYTES_MAX + 1);
    assert!(matches!(
        refused(question(&long)).await,
        CopilotError::Invalid(_)
    ));
    let unknown = in_thread("what changed?", 9);
    assert!(matches!(refused(unknown).await, CopilotError::NotFound(_)));
    let far = Question {
        utc_offset_minutes: 5_000,
        ..question("what changed?")
    };
    assert!(matches!(refused(far).await, CopilotError::Invalid(_)));
    let tool = copilot.call_tool("rm", "{}").await.unwrap_err();
    assert!(matches!(tool, CopilotError::NotFound(_)));
    let tool = copilot
        .call_tool("list_alerts", "{\"no\": 1}")
        .await
        .unwrap_err();
    assert!(matches!(tool, CopilotError::Invalid(_)));
}

#[tokio::test]
async fn a_full_thread_takes_no_more() {
    let shop = Shop::open();
    let full = Thread {
        messages: Thread::MESSAGES_MAX - 1,
        ..thread(1)
    };
    shop.world.put_thread(full).await.unwrap();
    let refused = shop
        .copilot()
        .ask(in_thread("what changed?", 1), &mut Heard::default())
        .await;
    assert!(matches!(refused, Err(CopilotError::Invalid(_))));
    assert!(kept(&shop.world, 1).await.is_empty());
}

#[tokio::test]
async fn the_copilot_says_what_it_can_do() {
    let copilot = copilot(&World::new());
    let status = copilot.status();
    assert_eq!(status.answering, 0);
    assert!(status.explanation.contains("no language model"));
    assert_eq!(copilot.tools().len(), 16);
    assert!(copilot.runbooks().len() >= 20);
}

#[tokio::test]
async fn what_comes_with_a_question_is_what_answers_it_and_is_not_kept() {
    let world = World::new();
    world.put_thread(thread(7)).await.unwrap();
    let copilot = copilot(&world);
    let attached = || Attachment {
        name: "describe.txt".into(),
        text: "Name: web-1\nLast State: Terminated\n  Reason: OOMKilled\n  Exit Code: 137".into(),
    };
    let asked = Question {
        attachments: vec![attached()],
        ..in_thread("why did web-1 die?", 7)
    };
    let (message, pieces) = ask(&copilot, asked).await;
    let answer = message.answer.unwrap();
    assert!(message.text.contains("OOMKilled"), "{}", message.text);
    assert!(matches!(pieces[1], AnswerPiece::Understood(_)));
    assert!(
        answer
            .facts
            .iter()
            .all(|fact| fact.text.contains("describe.txt")
                || matches!(
                    fact.evidence,
                    tocsin_domain::alert::Evidence::Attachment { .. }
                ))
    );
    let kept = world.messages(ThreadId(7)).await.unwrap();
    assert_eq!(kept[0].text, "why did web-1 die?\nAttached: describe.txt");
    let again = Question {
        text: String::new(),
        again: Some(kept[0].id),
        ..in_thread("", 7)
    };
    let mut heard = Heard::default();
    let refused = copilot.ask(again.clone(), &mut heard).await;
    assert!(
        matches!(refused, Err(CopilotError::Invalid(_))),
        "{refused:?}"
    );
    let with_it = Question {
        attachments: vec![attached()],
        ..again
    };
    assert!(ask(&copilot, with_it).await.0.text.contains("OOMKilled"));
}
