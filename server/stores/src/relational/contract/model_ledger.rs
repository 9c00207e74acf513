//! The suite of the ledger of models.

use tocsin_domain::Timestamp;
use tocsin_domain::ports::{LedgerEntry, LedgerId, ModelLedger, SpendScope, Spent, StoreError};

fn entry(number: u8, user: &str, question_id: u128) -> LedgerEntry {
    let at_ms = 1_700_000_000_000 + i64::from(number);
    LedgerEntry {
        id: LedgerId::new(Timestamp::from_millis(at_ms), [0; 10]),
        at_ms,
        provider: "openai".into(),
        model: "it's \"ö\"".into(),
        destination: "models.example.org:8443".into(),
        user: user.into(),
        question_id,
        task: "answer".into(),
        prompt_hash: "ab".repeat(32),
        tokens_in: 1 << number,
        tokens_out: 100 << number,
        micro_usd: 10_000 << number,
        redactions: vec![("EMAIL".into(), u32::MAX), ("TOKEN".into(), 1)],
        outcome: "ok".into(),
        took_ms: 1234,
        sent_sha256: "cd".repeat(32),
    }
}

/// What the entries of some numbers cost together.
fn sum(numbers: &[u8]) -> Spent {
    let powers: u64 = numbers.iter().map(|number| 1 << number).sum();
    Spent {
        tokens: 101 * powers,
        micro_usd: 10_000 * powers,
    }
}

/// The suite of [`ModelLedger`].
///
/// # Errors
/// What the store answers when it should not refuse.
///
/// # Panics
/// If the store breaks the contract.
pub async fn model_ledger(store: &dyn ModelLedger) -> Result<(), StoreError> {
    assert_eq!(store.page(None, 9).await?, []);
    let month = |since_ms| SpendScope::Month { since_ms };
    assert_eq!(store.spent(month(0)).await?, Spent::default());
    let mut bare = entry(3, "ann", 8);
    bare.redactions = Vec::new();
    bare.outcome = "cut".into();
    let all = [
        entry(0, "ann", u128::MAX),
        entry(1, "bob", u128::MAX),
        entry(2, "ann", 8),
        bare,
    ];
    for number in [2, 0, 3, 1] {
        store.record(all[number].clone()).await?;
    }
    let mut other = all[1].clone();
    other.micro_usd = 0;
    assert!(store.record(other).await.is_err(), "none is replaced");
    let page = store.page(None, 3).await?;
    let newest = [all[3].clone(), all[2].clone(), all[1].clone()];
    assert_eq!(page, newest, "newest first");
    assert_eq!(store.page(Some(page[2].id), 3).await?, all[..1]);
    let question = |question_id| SpendScope::Question { question_id };
    let user = |user: &str, since_ms| SpendScope::User {
        user: user.into(),
        since_ms,
    };
    for (scope, numbers) in [
        (question(u128::MAX), &[0, 1][..]),
        (question(8), &[2, 3]),
        (question(9), &[]),
        (user("ann", 0), &[0, 2, 3]),
        (user("ann", all[2].at_ms), &[2, 3]),
        (user("ann", all[3].at_ms + 1), &[]),
        (user("Ann", 0), &[]),
        (month(all[1].at_ms), &[1, 2, 3]),
        (month(i64::MIN), &[0, 1, 2, 3]),
        (month(i64::MAX), &[]),
    ] {
        assert_eq!(store.spent(scope.clone()).await?, sum(numbers), "{scope:?}");
    }
    Ok(())
}
