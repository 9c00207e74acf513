//! Threads: kept, found, renamed and deleted; and the stream of an answer.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::Request;
use serde_json::{Value, json};
use tocsin_domain::copilot::{Feedback, Message, MessageId, MessageRole, PageContext, ThreadId};
use tower::ServiceExt;

use super::Server;
use super::fakes::{NOW, copilot, lock};
use super::live::next;

const THREADS: &str = "/api/v1/copilot/threads";

/// A thread in the store.
fn keep(server: &Server, at_ms: i64, title: &str) -> ThreadId {
    let thread = copilot::thread(at_ms, title);
    let id = thread.id;
    lock(&server.fakes.answering).threads.push(thread);
    id
}

fn question(thread: ThreadId, text: &str) -> Message {
    Message {
        id: MessageId::new(NOW.millis(), [1; 10]),
        thread,
        answers: None,
        role: MessageRole::User,
        at_ms: NOW.millis(),
        text: text.into(),
        page: Some(PageContext {
            query: Some("db-1".into()),
            from_ms: Some(NOW.millis()),
            ..PageContext::default()
        }),
        answer: None,
        feedback: None,
        comment: None,
    }
}

#[tokio::test]
async fn threads_are_made_found_renamed_and_deleted() {
    let server = Server::new();
    let made = server.ask("POST", THREADS, json!({})).await.ok(201);
    let expected = json!({
        "id": made["id"], "title": "", "user": "anonymous", "created_at": "2027-01-15T08:00:00Z",
        "updated_at": "2027-01-15T08:00:00Z", "messages": 0,
    });
    assert_eq!(made, expected);
    let path = format!("{THREADS}/{}", made["id"].as_str().unwrap());
    let renamed = server
        .ask("PATCH", &path, json!({"title": " Slow db-1 "}))
        .await
        .ok(200);
    assert_eq!(renamed["title"], "Slow db-1");
    for title in [json!(""), json!("x".repeat(201))] {
        let answer = server.ask("PATCH", &path, json!({"title": title})).await;
        assert_eq!(answer.wrong(), "title");
    }
    let wrong = server.ask("POST", THREADS, json!({"title": " "})).await;
    assert_eq!(wrong.wrong(), "title");

    let deleted = server.ask("DELETE", &path, json!({})).await;
    assert_eq!(deleted.status.as_u16(), 204);
    server.get(&path).await.problem(404, "not-found");
    let again = server.ask("DELETE", &path, json!({})).await;
    again.problem(404, "not-found");
    let audit = lock(&server.fakes.audit).clone();
    assert_eq!(audit.len(), 1, "only what was there is audited");
    assert_eq!(audit[0].action, "threads.delete");
    assert_eq!(
        audit[0].subject,
        format!("thread:{}", made["id"].as_str().unwrap())
    );
    server
        .get(&format!("{THREADS}/x"))
        .await
        .problem(400, "bad-request");
}

#[tokio::test]
async fn threads_come_page_by_page_the_last_spoken_in_first() {
    let server = Server::new();
    let ids: Vec<_> = (0..3)
        .map(|at| keep(&server, at, &format!("db-{at}")))
        .collect();
    let page = server.json(&format!("{THREADS}?limit=2")).await;
    assert_eq!(page["items"][0]["id"], ids[2].to_string());
    let cursor = page["next_cursor"].as_str().unwrap();
    let next = server
        .json(&format!("{THREADS}?limit=2&cursor={cursor}"))
        .await;
    assert_eq!(next["items"][0]["id"], ids[0].to_string());
    assert_eq!(next["next_cursor"], Value::Null);
    let found = server.json(&format!("{THREADS}?q=db-1")).await;
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
    // The cursor of another list.
    let foreign = server.get(&format!("{THREADS}?cursor=aTk")).await;
    assert_eq!(foreign.wrong(), "cursor");
}

#[tokio::test]
async fn a_thread_shows_what_was_said_and_takes_what_people_think_of_it() {
    let server = Server::new();
    let id = keep(&server, 1, "db-1");
    let asked = question(id, "Why?");
    let answered = copilot::message(id, asked.id, copilot::answer("It is slow."));
    let feedback = format!("/api/v1/copilot/messages/{}/feedback", answered.id);
    lock(&server.fakes.answering).messages = vec![asked.clone(), answered];
    let body = json!({"feedback": "down", "comment": " Not so "});
    let noted = server.ask("POST", &feedback, body).await;
    assert_eq!(noted.status.as_u16(), 204, "{}", noted.text());

    let shown = server.json(&format!("{THREADS}/{id}")).await;
    assert_eq!(shown["title"], "db-1");
    let items = shown["items"].as_array().unwrap();
    assert_eq!(
        (&items[0]["role"], &items[0]["answer"]),
        (&json!("user"), &Value::Null)
    );
    assert_eq!(items[0]["page"]["from"], "2027-01-15T08:00:00Z");
    assert_eq!(items[1]["answers"], asked.id.to_string());
    assert_eq!(
        (&items[1]["feedback"], &items[1]["comment"]),
        (&json!("down"), &json!("Not so"))
    );
    let taken_back = server
        .ask("POST", &feedback, json!({"feedback": null}))
        .await;
    assert_eq!(taken_back.status.as_u16(), 204);
    let kept: Option<Feedback> = lock(&server.fakes.answering).messages[1].feedback;
    assert_eq!(kept, None);

    for (body, field) in [
        (json!({"feedback": "meh"}), "feedback"),
        (json!({"comment": "x".repeat(2001)}), "comment"),
    ] {
        assert_eq!(server.ask("POST", &feedback, body).await.wrong(), field);
    }
    let unknown = "/api/v1/copilot/messages/00000000-0000-7000-8000-000000000000/feedback";
    let answer = server.ask("POST", unknown, json!({"feedback": "up"})).await;
    answer.problem(404, "not-found");
}

async fn ask(server: &Server, id: ThreadId, body: Value) -> BodyDataStream {
    let request = Request::post(format!("{THREADS}/{id}/messages"))
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    let response = server.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status().as_u16(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert_eq!(response.headers()["x-accel-buffering"], "no");
    response.into_body().into_data_stream()
}

/// The name and data of an event.
fn parts(event: &str) -> (String, Value) {
    let part = |name: &str| {
        let line = event.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_default().to_owned()
    };
    let data = serde_json::from_str(&part("data: ")).unwrap_or_default();
    (part("event: "), data)
}

/// All events up to the end.
async fn rest(events: &mut BodyDataStream) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    while let Some(event) = next(events).await {
        all.push(parts(&event));
    }
    all
}

#[tokio::test]
async fn an_answer_comes_in_pieces_and_whole_at_the_end() {
    let server = Server::new();
    let id = keep(&server, 1, "");
    let mut events = ask(&server, id, json!({"text": "Why is db-1 slow?"})).await;
    let all = rest(&mut events).await;
    let names: Vec<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
    let expected = [
        "asked",
        "understood",
        "step",
        "fact",
        "statement",
        "chart",
        "notice",
        "message",
    ];
    assert_eq!(names, expected);
    let asked = MessageId::new(NOW.millis(), [1; 10]).to_string();
    assert_eq!(all[0].1, json!({ "id": asked }));
    assert_eq!(all[3].1["id"], "E1");
    assert_eq!(all[6].1, json!({"text": "The model was away."}));
    let whole = &all[7].1;
    assert_eq!(
        (&whole["answers"], &whole["thread"]),
        (&json!(asked), &json!(id.to_string()))
    );
    // What came in pieces is in the whole.
    assert_eq!(whole["answer"]["understood"], all[1].1);
    assert_eq!(whole["answer"]["steps"][0], all[2].1);
    assert_eq!(whole["answer"]["facts"][0], all[3].1);
    assert_eq!(whole["answer"]["statements"][0], all[4].1);
    assert_eq!(whole["answer"]["charts"][0], all[5].1);
    let question = lock(&server.fakes.answering).asked[0].clone();
    assert_eq!((question.thread, question.again), (Some(id), None));

    let again = ask(&server, id, json!({ "again": asked })).await;
    drop(again);
    let question = lock(&server.fakes.answering).asked[1].clone();
    assert_eq!(question.again.unwrap().to_string(), asked);
    assert_eq!(question.text, "");
}

#[tokio::test]
async fn who_leaves_stops_the_answer_and_it_is_kept_as_stopped() {
    let server = Server::new();
    let id = keep(&server, 1, "");
    lock(&server.fakes.answering).is_endless = true;
    let mut events = ask(&server, id, json!({"text": "Why?"})).await;
    assert_eq!(parts(&next(&mut events).await.unwrap()).0, "asked");
    drop(events);
    server.tasks.close();
    let ended = tokio::time::timeout(Duration::from_secs(5), server.tasks.wait());
    ended.await.unwrap();
    let all = lock(&server.fakes.answering);
    assert_eq!((all.stopped, all.messages.len()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn who_takes_nothing_is_let_go() {
    let server = Server::new();
    let id = keep(&server, 1, "");
    lock(&server.fakes.answering).is_endless = true;
    let events = ask(&server, id, json!({"text": "Why?"})).await;
    server.tasks.close();
    let begun = tokio::time::Instant::now();
    server.tasks.wait().await;
    let waited = begun.elapsed().as_secs();
    assert!((10..60).contains(&waited), "{waited} s");
    assert_eq!(lock(&server.fakes.answering).stopped, 1);
    drop(events);
}

#[tokio::test]
async fn a_shutdown_ends_the_answer_with_what_there_is() {
    let server = Server::new();
    let id = keep(&server, 1, "");
    lock(&server.fakes.answering).is_endless = true;
    let mut events = ask(&server, id, json!({"text": "Why?"})).await;
    next(&mut events).await.unwrap();
    server.shutdown.cancel();
    let all = tokio::time::timeout(Duration::from_secs(5), rest(&mut events));
    let (name, last) = all.await.unwrap().pop().unwrap();
    assert_eq!(
        (name.as_str(), &last["answer"]["stopped"]),
        ("message", &json!(true))
    );
}

#[tokio::test(start_paused = true)]
async fn a_copilot_that_is_stuck_does_not_hold_up_the_shutdown() {
    let server = Server::new();
    let id = keep(&server, 1, "");
    lock(&server.fakes.answering).is_stuck = true;
    let mut events = ask(&server, id, json!({"text": "Why?"})).await;
    next(&mut events).await.unwrap();
    server.shutdown.cancel();
    let begun = tokio::time::Instant::now();
    let (name, problem) = rest(&mut events).await.pop().unwrap();
    assert_eq!((name.as_str(), &problem["status"]), ("error", &json!(503)));
    assert!(begun.elapsed().as_secs() < 10);
    server.tasks.close();
    server.tasks.wait().await;
}

#[tokio::test(start_paused = true)]
async fn a_silent_answer_is_kept_alive() {
    let server = Server::new();
    let id = keep(&server, 1, "");
    lock(&server.fakes.answering).is_stuck = true;
    let mut events = ask(&server, id, json!({"text": "Why?"})).await;
    let mut last = String::new();
    while !last.starts_with(':') {
        last = next(&mut events).await.unwrap();
    }
    assert_eq!(last, ": ping\n\n");
}

#[tokio::test]
async fn what_fails_on_the_way_is_the_last_event_without_secrets() {
    let server = Server::new();
    let id = keep(&server, 1, "");
    lock(&server.fakes.answering).is_broken = true;
    let mut events = ask(&server, id, json!({"text": "Why?"})).await;
    let (name, problem) = rest(&mut events).await.pop().unwrap();
    assert_eq!(name, "error");
    assert_eq!(problem["status"], 503);
    assert_eq!(problem["type"], "https://tocsin.dev/problems/unavailable");
    assert!(!problem.to_string().contains("space left"));
}

#[tokio::test]
async fn a_question_that_cannot_be_answered_is_a_problem_and_no_stream() {
    let server = Server::new();
    let id = keep(&server, 1, "");
    let path = format!("{THREADS}/{id}/messages");
    for (body, field) in [
        (json!({}), "text"),
        (json!({"text": "a", "again": id.to_string()}), "again"),
        (json!({"again": "x"}), "again"),
    ] {
        assert_eq!(server.ask("POST", &path, body).await.wrong(), field);
    }
    let unknown = format!("{THREADS}/00000000-0000-7000-8000-000000000000/messages");
    let answer = server.ask("POST", &unknown, json!({"text": "a"})).await;
    answer.problem(404, "not-found");
    assert!(lock(&server.fakes.answering).asked.is_empty());
    lock(&server.fakes.answering).is_busy = true;
    let busy = server.ask("POST", &path, json!({"text": "a"})).await;
    busy.problem(429, "too-many-requests");
}

#[tokio::test]
async fn a_thread_is_exported_as_markdown() {
    let server = Server::new();
    let id = keep(&server, 0, "Slow [db-1](https://evil.example)");
    let asked = question(id, "Why?\n# Not a heading");
    let answered = copilot::message(id, asked.id, copilot::answer("It is <b>slow</b>."));
    lock(&server.fakes.answering).messages = vec![asked, answered];
    let answer = server.get(&format!("{THREADS}/{id}/export")).await;
    assert_eq!(
        answer.header("content-type"),
        "text/markdown; charset=utf-8"
    );
    let name = format!("attachment; filename=\"tocsin-thread-{id}.md\"");
    assert_eq!(answer.header("content-disposition"), name);
    let text = answer.text();
    for part in [
        "# Slow `[db-1](https://evil.example)`\n",
        "> Why?  \n> \\# Not a heading  \n",
        "It is &lt;b&gt;slow&lt;/b&gt;. \\[E1\\]\n",
        "Note: The model was away.\n",
        "1. Look at the locks\n",
        "- \\[E1\\] `12 lines: slow <*>`, 2027-01-15T07:59:59Z\n",
        "Written without a model",
    ] {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
}
