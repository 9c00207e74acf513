//! The part of the suite of tickets that is about decisions, and about forgetting.

use tocsin_domain::alert::AlertSeverity;
use tocsin_domain::ports::{DecisionFilter, StoreError, TicketCommit, TicketFilter, TicketStore};
use tocsin_domain::ticket::{
    Decision, DecisionAction, DecisionId, NewDecision, TaskState, TicketStatus, TrackerKind,
};

use super::tickets::{alert, ticket};

fn decision(number: u64, action: DecisionAction) -> NewDecision {
    NewDecision {
        alert: alert(number / 10),
        event_seq: number,
        event: "fired".into(),
        at_ms: 1000 * number.cast_signed(),
        due_ms: (action == DecisionAction::Hold).then_some(100_000),
        action,
        reason: format!("Its confidence, 0.{number}, isn't enough."),
        title: "Über \"full\": 100 %".into(),
        rule: "disk".into(),
        failure_type: None,
        severity: AlertSeverity::Low,
        confidence: 0.1 + 0.2,
        threshold: 0.9,
        ticket: None,
    }
}

async fn keep(store: &dyn TicketStore, decisions: Vec<NewDecision>) -> Result<(), StoreError> {
    let commit = TicketCommit {
        decisions,
        ..TicketCommit::default()
    };
    store.commit_tickets(commit).await
}

async fn find(
    store: &dyn TicketStore,
    filter: DecisionFilter,
) -> Result<Vec<NewDecision>, StoreError> {
    let found = store.decisions(&filter, None, 9).await?;
    Ok(found.into_iter().map(|one| one.decided).collect())
}

/// What is decided is kept once, a held decision until its outcome, and all is found again.
pub(super) async fn decisions(store: &dyn TicketStore) -> Result<(), StoreError> {
    let skip = decision(10, DecisionAction::Skip);
    let hold = decision(11, DecisionAction::Hold);
    let mut create = decision(20, DecisionAction::Create);
    create.severity = AlertSeverity::Critical;
    create.failure_type = Some("disk".into());
    create.ticket = Some(ticket(2, TrackerKind::BuiltIn).id);
    let all = vec![skip.clone(), hold.clone(), create.clone()];
    keep(store, all.clone()).await?;
    let mut other = skip.clone();
    other.action = DecisionAction::Create;
    keep(store, vec![other, create.clone()]).await?;
    let newest = [create.clone(), hold.clone(), skip.clone()];
    assert_eq!(find(store, DecisionFilter::default()).await?, newest);
    // Create, update, reopen, resolve, skip, hold.
    let counts = async || store.ticket_counts().await.map(|counts| counts.decisions);
    assert_eq!(counts().await?, [1, 0, 0, 0, 1, 1], "none twice");
    assert_eq!(store.held_decisions(99_999, 9).await?, []);
    assert_eq!(store.next_ticket_due_ms(99_999).await?, Some(100_000));
    let held = store.held_decisions(100_000, 9).await?;
    assert_eq!(held[0].decided, hold);
    let longer = NewDecision {
        due_ms: Some(200_000),
        ..hold.clone()
    };
    keep(store, vec![longer.clone()]).await?;
    assert_eq!(store.held_decisions(100_000, 9).await?, []);
    let held_again = store.held_decisions(200_000, 9).await?;
    assert_eq!(held_again[0].decided, longer);
    assert!(held_again[0].id > held[0].id, "no number is given twice");
    let outcome = NewDecision {
        action: DecisionAction::Update,
        due_ms: None,
        at_ms: 30_000,
        ..hold
    };
    keep(store, vec![outcome.clone(), longer]).await?;
    assert_eq!(store.held_decisions(i64::MAX, 9).await?, []);
    assert_eq!(counts().await?, [1, 1, 0, 0, 1, 0]);
    let newest = [outcome, create, skip];
    assert_eq!(find(store, DecisionFilter::default()).await?, newest);
    filters(store, newest).await?;
    pages(store).await
}

async fn filters(
    store: &dyn TicketStore,
    [update, create, skip]: [NewDecision; 3],
) -> Result<(), StoreError> {
    let all = DecisionFilter::default;
    let actions = |actions: &[DecisionAction]| DecisionFilter {
        actions: actions.to_vec(),
        ..all()
    };
    let pair = [DecisionAction::Skip, DecisionAction::Create];
    let found = find(store, actions(&pair)).await?;
    assert_eq!(found, [create.clone(), skip.clone()]);
    assert_eq!(find(store, actions(&[DecisionAction::Hold])).await?, []);
    let mut low = actions(&[DecisionAction::Skip, DecisionAction::Update]);
    low.severities = vec![AlertSeverity::Low];
    assert_eq!(
        find(store, low.clone()).await?,
        [update.clone(), skip.clone()]
    );
    low.severities = vec![AlertSeverity::Critical];
    assert_eq!(find(store, low).await?, []);
    let of_alert = DecisionFilter {
        alert: Some(alert(1)),
        actions: vec![DecisionAction::Update],
        ..all()
    };
    assert_eq!(find(store, of_alert).await?, std::slice::from_ref(&update));
    let of_ticket = DecisionFilter {
        ticket: create.ticket,
        ..all()
    };
    assert_eq!(find(store, of_ticket).await?, std::slice::from_ref(&create));
    let text = |text: &str| DecisionFilter {
        text: Some(text.into()),
        ..all()
    };
    for (wanted, found) in [
        ("0.20, ISN'T", vec![create.clone()]),
        (
            "über \"FULL\": 100 %",
            vec![update.clone(), create.clone(), skip.clone()],
        ),
        ("%", vec![update.clone(), create.clone(), skip.clone()]),
        ("\"*", vec![]),
        ("a\0b", vec![]),
    ] {
        assert_eq!(find(store, text(wanted)).await?, found, "{wanted}");
    }
    let times = |from_ms, to_ms| DecisionFilter {
        from_ms,
        to_ms,
        ..all()
    };
    assert_eq!(
        find(store, times(Some(20_001), None)).await?,
        std::slice::from_ref(&update)
    );
    let two = [create.clone(), skip.clone()];
    assert_eq!(find(store, times(Some(10_000), Some(20_001))).await?, two);
    assert_eq!(find(store, times(None, Some(10_000))).await?, []);
    let mut text = text("isn't enough");
    text.severities = vec![AlertSeverity::Critical];
    text.to_ms = Some(20_001);
    assert_eq!(find(store, text).await?, [create]);
    Ok(())
}

async fn pages(store: &dyn TicketStore) -> Result<(), StoreError> {
    for filter in [
        DecisionFilter::default(),
        DecisionFilter {
            severities: AlertSeverity::ALL.to_vec(),
            ..DecisionFilter::default()
        },
        DecisionFilter {
            text: Some("full".into()),
            ..DecisionFilter::default()
        },
    ] {
        let all = store.decisions(&filter, None, 9).await?;
        let mut pages: Vec<Decision> = Vec::new();
        loop {
            let before: Option<DecisionId> = pages.last().map(|one| one.id);
            let page = store.decisions(&filter, before, 2).await?;
            if page.is_empty() {
                break;
            }
            pages.extend(page);
        }
        assert_eq!(all.len(), 3);
        assert_eq!(pages, all, "the newest first, none twice");
    }
    Ok(())
}

/// At the end of the suite: three decisions, and four tickets of which one is resolved.
pub(super) async fn forgetting(store: &dyn TicketStore) -> Result<(), StoreError> {
    let held = decision(5, DecisionAction::Hold);
    keep(store, vec![held.clone()]).await?;
    assert_eq!(store.forget_tickets(1500).await?, 0);
    // A decision, and the ticket that was resolved.
    assert_eq!(store.forget_tickets(10_001).await?, 2);
    let first = ticket(1, TrackerKind::BuiltIn).id;
    assert_eq!(store.ticket(first).await?, None);
    assert_eq!(store.ticket_comments(first, 9).await?, []);
    let left = find(store, DecisionFilter::default()).await?;
    let events: Vec<u64> = left.iter().map(|one| one.event_seq).collect();
    assert_eq!(events, [5, 11, 20], "what is held is kept");
    assert_eq!(store.ticket_counts().await?.decisions, [1, 1, 0, 0, 0, 1]);
    let text = DecisionFilter {
        text: Some("0.10".into()),
        ..DecisionFilter::default()
    };
    assert_eq!(find(store, text).await?, []);
    // One that is still to be told is kept.
    let open = store.tickets(&TicketFilter::default(), None, 9).await?;
    let resolved = open.iter().cloned().map(|mut one| {
        one.status = TicketStatus::Resolved;
        one.resolved_ms = Some(10_000);
        one
    });
    let commit = TicketCommit {
        tickets: resolved.collect(),
        ..TicketCommit::default()
    };
    store.commit_tickets(commit).await?;
    let told = store.tasks_in(TaskState::Pending, 9).await?;
    let waiting: Vec<_> = told.iter().map(|one| one.task.ticket).collect();
    let gone = open.iter().filter(|one| !waiting.contains(&one.id)).count();
    assert_eq!(store.forget_tickets(10_001).await?, gone as u64);
    let left = store.tickets(&TicketFilter::default(), None, 9).await?;
    assert!(left.iter().all(|one| waiting.contains(&one.id)));
    // Numbers are not given again.
    let mut next = ticket(6, TrackerKind::BuiltIn);
    next.id = tocsin_domain::ticket::TicketId::of(alert(6), 6, 6000);
    let commit = TicketCommit {
        tickets: vec![next.clone()],
        ..TicketCommit::default()
    };
    store.commit_tickets(commit).await?;
    let kept = store.ticket(next.id).await?.and_then(|one| one.reference);
    assert_eq!(kept.map(|one| one.key).as_deref(), Some("T-3"));
    Ok(())
}
