//! Budgets: what is spent is spent, also by calls that are on their way.

use std::sync::atomic::Ordering;

use tocsin_domain::ports::{BudgetKind, ModelError};

use super::rig::*;
use crate::double::{Double, Ending, Reply};

fn ok() -> Reply {
    Reply::recording("openai/text.sse")
}

fn spent(result: Result<impl std::fmt::Debug, ModelError>) -> (BudgetKind, Option<i64>) {
    match result {
        Err(ModelError::BudgetSpent { which, until_ms }) => (which, until_ms),
        other => panic!("{other:?}"),
    }
}

/// 2024-06-01T00:00:00Z.
const JUNE_MS: i64 = 1_717_200_000_000;

#[tokio::test]
async fn each_budget_stops_calls_when_it_is_spent() {
    let double = Double::playing([ok()]).await;
    // 35 tokens a call.
    let rig = Rig::before(&double, |config| config.budgets.question_tokens = 60);
    rig.ask("x").await.unwrap();
    rig.ask("x").await.unwrap();
    assert_eq!(spent(rig.ask("x").await), (BudgetKind::Question, None));
    let mut other = request("x");
    other.scope.question_id = 8;
    all(rig.model.chat(other).await.unwrap()).await.unwrap();

    let rig = Rig::before(&double, |config| config.budgets.user_month_tokens = 60);
    rig.ask("x").await.unwrap();
    rig.ask("x").await.unwrap();
    assert_eq!(spent(rig.ask("x").await), (BudgetKind::User, Some(JUNE_MS)));
    let mut other = request("x");
    other.scope.user = "bob".into();
    all(rig.model.chat(other).await.unwrap()).await.unwrap();

    let rig = Rig::before(&double, |config| config.budgets.month_tokens = 60);
    rig.ask("x").await.unwrap();
    rig.ask("x").await.unwrap();
    assert_eq!(
        spent(rig.ask("x").await),
        (BudgetKind::Month, Some(JUNE_MS))
    );
    rig.clock.0.store(JUNE_MS, Ordering::Relaxed);
    rig.ask("x").await.unwrap();
}

#[tokio::test]
async fn money_is_a_budget_too_and_nothing_allows_nothing() {
    let double = Double::playing([ok()]).await;
    let rig = Rig::before(&double, |config| {
        config.prices.micro_usd_per_million_out = 10_000_000;
        config.budgets.month_micro_usd = Some(150);
    });
    rig.ask("x").await.unwrap();
    // 110 of 150 are spent: four tokens are left, and are asked for.
    rig.ask("x").await.unwrap_err();
    assert_eq!(double.seen()[1].json()["max_tokens"], 4);
    for change in [
        |budgets: &mut crate::ModelBudgetsConfig| budgets.question_tokens = 0,
        |budgets: &mut crate::ModelBudgetsConfig| budgets.user_month_micro_usd = Some(0),
    ] {
        let rig = Rig::before(&double, |config| change(&mut config.budgets));
        spent(rig.ask("x").await);
    }
    assert_eq!(double.seen().len(), 2);
}

#[tokio::test]
async fn an_answer_is_cut_where_the_budget_ends() {
    // The server pays no heed to `max_tokens`.
    let double = Double::playing([ok()]).await;
    let rig = Rig::before(&double, |config| config.budgets.user_month_tokens = 14);
    let mut stream = rig.model.chat(request("x")).await.unwrap();
    let first = stream.next().await.unwrap().unwrap();
    assert_eq!(text_of(&[first]), "The disk");
    let error = loop {
        match stream.next().await.unwrap() {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert_eq!(spent(Err::<(), _>(error)).0, BudgetKind::User);
    assert!(stream.next().await.is_none());
    let entry = rig.entries().remove(0);
    assert_eq!(entry.outcome, "budget_spent");
    assert!(entry.tokens_in + entry.tokens_out >= 14, "{entry:?}");
}

#[tokio::test]
async fn what_is_on_its_way_counts() {
    let double = Double::playing([Reply {
        ending: Ending::Stall,
        ..Reply::recording("openai/broken.sse")
    }])
    .await;
    let rig = Rig::before(&double, |config| config.budgets.month_tokens = 180);
    let first = rig.model.chat(request("x")).await.unwrap();
    let second = rig.model.chat(request("x")).await.unwrap();
    assert!(double.seen()[1].json()["max_tokens"].as_u64().unwrap() < 100);
    let third = rig.model.chat(request("x")).await.err().unwrap();
    assert_eq!(third.kind(), "budget_spent");
    drop((first, second));
    rig.entries_once(2).await;
    // What was reserved is given back but for what was spent.
    let fourth = rig.model.chat(request("x")).await.unwrap();
    drop(fourth);
}

#[tokio::test]
async fn many_at_once_do_not_spend_more_than_there_is() {
    let double = Double::playing([ok()]).await;
    let rig = Rig::before(&double, |config| {
        config.budgets.month_tokens = 300;
        config.concurrency = 16;
    });
    let asked = (0..16).map(|_| rig.ask("x"));
    let done = futures_of(asked).await;
    let answered = done.iter().filter(|answer| answer.is_ok()).count();
    let tokens: u64 = rig
        .entries()
        .iter()
        .map(|entry| entry.tokens_in + entry.tokens_out)
        .sum();
    assert!(answered >= 1 && tokens <= 300, "{answered} {tokens}");
}

/// Drives all at once.
async fn futures_of<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut waiting: Vec<_> = futures.map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        let mut is_done = true;
        for (future, output) in &mut waiting {
            if output.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(value) => *output = Some(value),
                    std::task::Poll::Pending => is_done = false,
                }
            }
        }
        match is_done {
            true => std::task::Poll::Ready(()),
            false => std::task::Poll::Pending,
        }
    })
    .await;
    waiting
        .into_iter()
        .map(|(_, output)| output.unwrap())
        .collect()
}
