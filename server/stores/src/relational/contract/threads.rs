//! The suite of the store of threads.

use tocsin_domain::RecordId;
use tocsin_domain::alert::{AlertId, IncidentId};
use tocsin_domain::copilot::{
    Answer, Chart, Feedback, Message, MessageId, MessageRole, PageContext, Proposal, Statement,
    Step, Thread, ThreadId, Understood, Writer,
};
use tocsin_domain::ports::{StoreError, ThreadStore};

fn id(number: u8) -> ThreadId {
    ThreadId::new(1000, [number; 10])
}

pub(in super::super) fn thread(number: u8, updated_ms: i64) -> Thread {
    Thread {
        id: id(number),
        title: format!("Why is \"ÜBER\" 100 % full_{number}? \u{1f514}"),
        user: "ann".into(),
        created_ms: -1,
        updated_ms,
        messages: 0,
    }
}

pub(in super::super) fn question(thread: u8, number: u16, at_ms: i64) -> Message {
    let mut bytes = [thread; 10];
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    Message {
        id: MessageId::new(1000, bytes),
        thread: id(thread),
        answers: None,
        role: MessageRole::User,
        at_ms,
        text: "It's \"Ölig\"?\n".into(),
        page: None,
        answer: None,
        feedback: None,
        comment: None,
    }
}

/// The first number of an answer is below that of its question, which it follows all the same.
pub(in super::super) fn answer(question: &Message, number: u16) -> Message {
    let texts = |texts: [&str; 2]| texts.map(str::to_owned).to_vec();
    let answer = Answer {
        understood: Understood {
            intent: "why".into(),
            text: "Why it is \"oily\".".into(),
            entities: texts(["db", "it's"]),
            from_ms: i64::MIN,
            to_ms: i64::MAX,
            time_words: Some("last night".into()),
        },
        steps: vec![Step {
            tool: "search_logs".into(),
            arguments_json: r#"{"query":"\"a\""}"#.into(),
            summary: "2 lines".into(),
            is_ok: false,
            took_ms: u64::MAX,
        }],
        statements: vec![Statement {
            text: "Because.".into(),
            cites: texts(["E1", "E2"]),
        }],
        facts: super::root_causes::facts(),
        charts: vec![Chart {
            title: "Up".into(),
            query: "up{a=\"b\"}".into(),
            from_ms: -1,
            to_ms: 1,
        }],
        proposals: vec![Proposal {
            failure_type: "disk".into(),
            steps: texts(["First.", "Then."]),
            verify: "It runs.".into(),
            cites: texts(["E3", "E4"]),
        }],
        follow_ups: texts(["And?", "Since when?"]),
        notices: texts(["The model was away.", ""]),
        writer: Writer {
            dropped: 3,
            provider: "openai".into(),
            ..Writer::default()
        },
        is_stopped: true,
        took_ms: 12,
    };
    Message {
        answers: Some(question.id),
        role: MessageRole::Assistant,
        text: "Wegen Überlauf.".into(),
        answer: Some(answer),
        feedback: Some(Feedback::Up),
        comment: Some("ja".into()),
        ..self::question(number_of(question.thread), number, question.at_ms)
    }
}

fn number_of(thread: ThreadId) -> u8 {
    u8::try_from(thread.0 & 0xff).unwrap_or(0)
}

/// The suite of [`ThreadStore`].
///
/// # Errors
/// What the store answers when it should not refuse.
///
/// # Panics
/// If the store breaks the contract.
pub async fn threads(store: &dyn ThreadStore) -> Result<(), StoreError> {
    assert_eq!(store.threads(None, None, 9).await?, []);
    keeping(store).await?;
    messages(store).await?;
    lists(store).await?;
    bound(store).await?;
    forgetting(store).await
}

async fn keeping(store: &dyn ThreadStore) -> Result<(), StoreError> {
    let mut first = thread(1, 1000);
    first.messages = 77;
    store.put_thread(first.clone()).await?;
    first.messages = 0;
    assert_eq!(store.thread(id(1)).await?, Some(first.clone()));
    assert_eq!(store.thread(id(9)).await?, None);
    let added = store.add_message(question(9, 1, 0)).await;
    assert!(matches!(added, Err(StoreError::Invalid(_))), "{added:?}");
    store.add_message(question(1, 5, 2000)).await?;
    store.add_message(question(1, 4, 500)).await?;
    first.messages = 2;
    first.updated_ms = 2000;
    assert_eq!(
        store.thread(id(1)).await?,
        Some(first.clone()),
        "it only moves on"
    );
    let again = store.add_message(question(1, 5, 3000)).await;
    assert!(matches!(again, Err(StoreError::Invalid(_))), "{again:?}");
    let renamed = Thread {
        title: "it's %".into(),
        user: "bob".into(),
        messages: 0,
        ..first
    };
    store.put_thread(renamed.clone()).await?;
    let kept = Thread {
        messages: 2,
        ..renamed
    };
    assert_eq!(store.thread(id(1)).await?, Some(kept));
    Ok(())
}

async fn messages(store: &dyn ThreadStore) -> Result<(), StoreError> {
    let first = [question(1, 4, 500), question(1, 5, 2000)];
    assert_eq!(store.messages(id(1)).await?, first);
    assert_eq!(store.messages(id(2)).await?, []);
    store.put_thread(thread(2, 0)).await?;
    let mut asked = question(2, 9, 3000);
    asked.page = Some(PageContext {
        alert: Some(AlertId(u128::MAX)),
        incident: Some(IncidentId(1)),
        record: Some(RecordId::from_bits(2)),
        metric: Some("up{a=\"b\"}".into()),
        query: Some("\"it's\"".into()),
        from_ms: Some(i64::MIN),
        to_ms: Some(i64::MAX),
    });
    let mut first = answer(&asked, 8);
    let mut again = answer(&asked, 7);
    again.answer = Some(Answer::default());
    let mut later = question(2, 1, 4000);
    later.page = Some(PageContext::default());
    for message in [&asked, &first, &again, &later] {
        store.add_message(message.clone()).await?;
    }
    let all = [asked.clone(), first.clone(), again.clone(), later.clone()];
    assert_eq!(store.messages(id(2)).await?, all);
    let say = async |id, feedback, comment: Option<&str>| {
        let comment = comment.map(str::to_owned);
        store.set_message_feedback(id, feedback, comment).await
    };
    assert!(say(first.id, Some(Feedback::Down), Some("it's not")).await?);
    assert!(say(again.id, None, None).await?);
    assert!(!say(MessageId(1), Some(Feedback::Up), None).await?);
    first.feedback = Some(Feedback::Down);
    first.comment = Some("it's not".into());
    again.feedback = None;
    again.comment = None;
    let all = [asked, first, again, later];
    assert_eq!(store.messages(id(2)).await?, all);
    Ok(())
}

async fn lists(store: &dyn ThreadStore) -> Result<(), StoreError> {
    for (number, updated_ms) in [(3, 4000), (4, 4000), (5, -5)] {
        store.put_thread(thread(number, updated_ms)).await?;
    }
    let all = store.threads(None, None, 9).await?;
    let ids: Vec<ThreadId> = all.iter().map(|thread| thread.id).collect();
    assert_eq!(ids, [4, 3, 2, 1, 5].map(id), "by time, then id");
    assert_eq!(all[2].messages, 4);
    let mut paged: Vec<Thread> = Vec::new();
    for _ in 0..=all.len() {
        let before = paged.last().map(|last| (last.updated_ms, last.id));
        paged.extend(store.threads(None, before, 1).await?);
    }
    assert_eq!(paged, all, "each once");
    for (text, found) in [
        ("über\" 100 % FULL_", &[4, 3, 2, 5][..]),
        ("full_3", &[3]),
        ("IT'S %", &[1]),
        ("wegen ÜBER", &[2]),
        ("ölig\"?", &[2, 1]),
        ("because", &[]),
        ("wegen%", &[]),
        ("_ull", &[]),
    ] {
        let threads = store.threads(Some(text), None, 9).await?;
        let ids: Vec<ThreadId> = threads.iter().map(|thread| thread.id).collect();
        let found: Vec<ThreadId> = found.iter().copied().map(id).collect();
        assert_eq!(ids, found, "{text}");
    }
    let before = Some((4000, id(3)));
    let page = store.threads(Some("ölig"), before, 1).await?;
    assert_eq!(page, all[2..3]);
    Ok(())
}

async fn bound(store: &dyn ThreadStore) -> Result<(), StoreError> {
    store.put_thread(thread(6, 10_000)).await?;
    for number in (0..).take(Thread::MESSAGES_MAX as usize) {
        store.add_message(question(6, number, 10_000)).await?;
    }
    let full = store.add_message(question(6, 9999, 20_000)).await;
    assert!(matches!(full, Err(StoreError::Invalid(_))), "{full:?}");
    let kept = store.messages(id(6)).await?;
    assert_eq!(kept.len(), Thread::MESSAGES_MAX as usize);
    let full = store.thread(id(6)).await?;
    let full = full.map(|thread| (thread.messages, thread.updated_ms));
    assert_eq!(full, Some((Thread::MESSAGES_MAX, 10_000)));
    Ok(())
}

async fn forgetting(store: &dyn ThreadStore) -> Result<(), StoreError> {
    assert!(store.delete_thread(id(6)).await?);
    assert!(!store.delete_thread(id(6)).await?);
    assert_eq!(store.messages(id(6)).await?, []);
    assert_eq!(
        store.messages(id(2)).await?.len(),
        4,
        "those of others stay"
    );
    store.put_thread(thread(6, 10_000)).await?;
    let again = store.thread(id(6)).await?;
    assert_eq!(again.map(|thread| thread.messages), Some(0));
    assert_eq!(store.forget_threads(-5).await?, 0);
    assert_eq!(store.forget_threads(4000).await?, 2);
    assert_eq!(store.messages(id(1)).await?, []);
    let left = store.threads(None, None, 9).await?;
    let ids: Vec<ThreadId> = left.iter().map(|thread| thread.id).collect();
    assert_eq!(ids, [6, 4, 3, 2].map(id));
    // More than go at once.
    for number in 100..150 {
        store.put_thread(thread(number, 5000)).await?;
        store.add_message(question(number, 1, 5000)).await?;
    }
    assert_eq!(store.forget_threads(5001).await?, 53);
    assert_eq!(store.threads(None, None, 9).await?.len(), 1);
    assert_eq!(store.messages(id(149)).await?, []);
    Ok(())
}
