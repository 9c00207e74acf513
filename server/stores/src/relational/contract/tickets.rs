//! The suite of the store of tickets, decisions and tasks.

use tocsin_domain::alert::{AlertId, AlertSeverity, Fingerprint, LabelSet};
use tocsin_domain::ports::{StoreError, TicketCommit, TicketFilter, TicketStore};
use tocsin_domain::ticket::{
    NewTask, TaskId, TaskKind, TaskState, Thresholds, Ticket, TicketComment, TicketId, TicketRef,
    TicketSettings, TicketStatus, TicketTask, TrackerKind,
};

pub(super) fn alert(number: u64) -> AlertId {
    AlertId::of(Fingerprint(number), 1000)
}

pub(super) fn ticket(number: u64, tracker: TrackerKind) -> Ticket {
    let at_ms = 1000 * number.cast_signed();
    Ticket {
        id: TicketId::of(alert(number), number, at_ms),
        fingerprint: Fingerprint(u64::MAX - number),
        alert: alert(number),
        rule: "disk-full".into(),
        title: format!("It's \"ÜBER\" full: {number} \u{1f514}"),
        description: "First.\n\nSecond.".into(),
        severity: AlertSeverity::High,
        labels: LabelSet::new([("host", "db-1"), ("team", "ö")]),
        failure_type: Some("disk".into()),
        status: TicketStatus::Open,
        tracker,
        reference: None,
        created_ms: at_ms,
        updated_ms: at_ms,
        resolved_ms: None,
        occurrences: 1,
    }
}

fn task(ticket: &Ticket, event_seq: u64, kind: TaskKind) -> NewTask {
    NewTask {
        ticket: ticket.id,
        event_seq,
        kind,
        text: format!("It's {}.\n\nReally.", kind.name()),
        due_ms: 5000,
    }
}

fn key(text: &str) -> Option<TicketRef> {
    Some(TicketRef {
        key: text.into(),
        id: String::new(),
        url: String::new(),
    })
}

/// The suite of [`TicketStore`].
///
/// # Errors
/// What the store answers when it should not refuse.
///
/// # Panics
/// If the store breaks the contract.
pub async fn tickets(store: &dyn TicketStore) -> Result<(), StoreError> {
    settings(store).await?;
    positions(store).await?;
    keeping(store).await?;
    lists(store).await?;
    order(store).await?;
    dead_ones(store).await?;
    comments(store).await?;
    super::ticket_decisions::decisions(store).await?;
    super::ticket_decisions::forgetting(store).await
}

async fn settings(store: &dyn TicketStore) -> Result<(), StoreError> {
    assert_eq!(store.ticket_settings().await?, None);
    let mut changed = TicketSettings {
        is_paused: true,
        reopen_hours: 0.1 + 0.2,
        thresholds: Thresholds {
            low: 1.0 / 3.0,
            ..Thresholds::default()
        },
        ..TicketSettings::default()
    };
    store.put_ticket_settings(changed).await?;
    assert_eq!(store.ticket_settings().await?, Some(changed));
    changed.is_enabled = false;
    store.put_ticket_settings(changed).await?;
    assert_eq!(store.ticket_settings().await?, Some(changed));
    Ok(())
}

async fn positions(store: &dyn TicketStore) -> Result<(), StoreError> {
    let at = |position| TicketCommit {
        position,
        ..TicketCommit::default()
    };
    assert_eq!(store.ticket_position().await?, None);
    store.commit_tickets(at(None)).await?;
    assert_eq!(store.ticket_position().await?, None);
    store.commit_tickets(at(Some(7))).await?;
    store.commit_tickets(at(None)).await?;
    store.commit_tickets(at(Some(3))).await?;
    assert_eq!(
        store.ticket_position().await?,
        Some(7),
        "it never goes back"
    );
    Ok(())
}

async fn put(store: &dyn TicketStore, tickets: &[&Ticket]) -> Result<(), StoreError> {
    let commit = TicketCommit {
        tickets: tickets.iter().map(|one| (*one).clone()).collect(),
        ..TicketCommit::default()
    };
    store.commit_tickets(commit).await
}

async fn add_tasks(store: &dyn TicketStore, tasks: Vec<NewTask>) -> Result<(), StoreError> {
    let commit = TicketCommit {
        tasks,
        ..TicketCommit::default()
    };
    store.commit_tickets(commit).await
}

/// Numbers are given once, references are never lost, and the newest of a fingerprint is found.
async fn keeping(store: &dyn TicketStore) -> Result<(), StoreError> {
    let mut first = ticket(1, TrackerKind::BuiltIn);
    let second = ticket(2, TrackerKind::BuiltIn);
    let mut jira = ticket(3, TrackerKind::Jira);
    assert_eq!(store.ticket(first.id).await?, None);
    put(store, &[&first, &second, &jira]).await?;
    let number = async |id| -> Result<_, StoreError> {
        Ok(store.ticket(id).await?.and_then(|one| one.reference))
    };
    assert_eq!(number(first.id).await?, key("T-1"));
    assert_eq!(number(second.id).await?, key("T-2"));
    assert_eq!(store.ticket(jira.id).await?, Some(jira.clone()));
    first.status = TicketStatus::Resolved;
    first.resolved_ms = Some(1500);
    first.occurrences = 2;
    put(store, &[&first]).await?;
    first.reference = key("T-1");
    assert_eq!(store.ticket(first.id).await?, Some(first.clone()));
    jira.reference = Some(TicketRef {
        key: "OPS-1".into(),
        id: "10".into(),
        url: "http://x".into(),
    });
    put(store, &[&jira]).await?;
    let late = Ticket {
        reference: None,
        ..jira.clone()
    };
    put(store, &[&late]).await?;
    assert_eq!(store.ticket(jira.id).await?, Some(jira.clone()), "not lost");
    let again = Ticket {
        id: TicketId::of(jira.alert, 9, 9000),
        ..late
    };
    put(store, &[&again]).await?;
    let of = |tracker| store.ticket_of(tracker, jira.fingerprint);
    assert_eq!(of(TrackerKind::Jira).await?, Some(again), "the newest");
    assert_eq!(of(TrackerKind::GitHub).await?, None);
    Ok(())
}

/// After [`keeping`]: `T-1` (resolved) and `T-2`, and two of Jira.
async fn lists(store: &dyn TicketStore) -> Result<(), StoreError> {
    let find = async |filter: TicketFilter, before| -> Result<Vec<TicketId>, StoreError> {
        let found = store.tickets(&filter, before, 2).await?;
        Ok(found.into_iter().map(|one| one.id).collect())
    };
    let all = TicketFilter::default;
    let newest = find(all(), None).await?;
    assert_eq!(newest[1], ticket(3, TrackerKind::Jira).id);
    let rest = find(all(), newest.last().copied()).await?;
    let [first, second] = [1, 2].map(|number| ticket(number, TrackerKind::BuiltIn).id);
    assert_eq!(rest, [second, first], "the newest first, none twice");
    assert_eq!(find(all(), rest.last().copied()).await?, []);
    let mut filter = all();
    filter.statuses = vec![TicketStatus::Resolved];
    assert_eq!(find(filter.clone(), None).await?, [first]);
    filter.severities = vec![AlertSeverity::Low, AlertSeverity::Critical];
    assert_eq!(find(filter.clone(), None).await?, []);
    filter = all();
    filter.tracker = Some(TrackerKind::BuiltIn);
    filter.severities = vec![AlertSeverity::High];
    assert_eq!(find(filter, None).await?, [second, first]);
    let of_alert = |number| TicketFilter {
        alert: Some(alert(number)),
        ..all()
    };
    assert_eq!(find(of_alert(2), None).await?, [second]);
    assert_eq!(find(of_alert(3), None).await?, newest);
    assert_eq!(find(of_alert(8), None).await?, []);
    let text = |text: &str| TicketFilter {
        text: Some(text.into()),
        ..all()
    };
    assert_eq!(find(text("über\" FULL: 2"), None).await?, [second]);
    assert_eq!(find(text("t-1"), None).await?, [first]);
    assert_eq!(find(text("%"), None).await?, []);
    let counts = store.ticket_counts().await?;
    assert_eq!((counts.open, counts.resolved), (3, 1));
    Ok(())
}

async fn due(store: &dyn TicketStore, now_ms: i64) -> Result<Vec<TicketTask>, StoreError> {
    store.due_tasks(now_ms, 9).await
}

/// A ticket's tasks are done one after the other, and none is there twice.
async fn order(store: &dyn TicketStore) -> Result<(), StoreError> {
    let jira = ticket(3, TrackerKind::Jira);
    let other = ticket(2, TrackerKind::BuiltIn);
    let gone = ticket(99, TrackerKind::Jira);
    let mut early = task(&other, 1, TaskKind::Comment);
    early.due_ms = 4000;
    let tasks = vec![
        task(&jira, 1, TaskKind::Create),
        task(&jira, u64::MAX, TaskKind::Comment),
        task(&jira, 1, TaskKind::Comment),
        early,
        task(&gone, 1, TaskKind::Create),
    ];
    add_tasks(store, tasks.clone()).await?;
    let mut twice = tasks.clone();
    twice[0].text = "other".into();
    add_tasks(store, twice).await?;
    let of_jira = store.tasks_of(jira.id).await?;
    let kept: Vec<NewTask> = of_jira.iter().map(|one| one.task.clone()).collect();
    assert_eq!(kept, tasks[..3], "none twice");
    assert_eq!(store.tasks_of(gone.id).await?, []);
    assert_eq!(due(store, 3999).await?, []);
    assert_eq!(store.next_ticket_due_ms(3999).await?, Some(4000));
    assert_eq!(store.next_ticket_due_ms(4000).await?, Some(5000));
    assert_eq!(store.next_ticket_due_ms(5000).await?, None);
    let next = due(store, 5000).await?;
    let ids: Vec<NewTask> = next.iter().map(|one| one.task.clone()).collect();
    assert_eq!(ids, [tasks[3].clone(), tasks[0].clone()], "one a ticket");
    assert_eq!(store.due_tasks(5000, 1).await?, next[..1]);
    // The first failed and waits: what follows on its ticket must not pass it.
    let mut first = of_jira[0].clone();
    assert_eq!((first.state, first.attempts), (TaskState::Pending, 0));
    first.attempts = 1;
    first.task.due_ms = 8000;
    first.unsure_since_ms = Some(5000);
    first.note = Some("it's \"away\"".into());
    store.settle_task(first.clone(), None).await?;
    assert_eq!(store.task(first.id).await?, Some(first.clone()));
    assert_eq!(due(store, 7999).await?.len(), 1);
    assert_eq!(due(store, 8000).await?[1], first);
    first.state = TaskState::Done;
    first.settled_ms = Some(8100);
    store.settle_task(first.clone(), key("OPS-2")).await?;
    let kept = store.ticket(jira.id).await?.and_then(|one| one.reference);
    assert_eq!(kept, key("OPS-2"));
    assert_eq!(due(store, 8000).await?[1], of_jira[1]);
    let unknown = TicketTask {
        id: TaskId(1 << 40),
        ..first
    };
    store.settle_task(unknown.clone(), key("X")).await?;
    assert_eq!(store.task(unknown.id).await?, None, "it stays gone");
    Ok(())
}

/// After [`order`]: two comments of a ticket of Jira are to be done, and one of another ticket.
async fn dead_ones(store: &dyn TicketStore) -> Result<(), StoreError> {
    let jira = ticket(3, TrackerKind::Jira);
    let tasks = [TaskKind::Resolve, TaskKind::Reopen].map(|kind| task(&jira, 2, kind));
    add_tasks(store, tasks.to_vec()).await?;
    let of_jira = store.tasks_of(jira.id).await?;
    let settle = async |index: usize, state, at_ms: Option<i64>| {
        let mut task = of_jira[index].clone();
        task.state = state;
        task.settled_ms = at_ms;
        store.settle_task(task, None).await
    };
    let next = async || -> Result<Option<TaskId>, StoreError> {
        let due = due(store, 9000).await?;
        let mut of_jira = due.iter().filter(|one| one.task.ticket == jira.id);
        Ok(of_jira.next().map(|one| one.id))
    };
    settle(1, TaskState::Dead, Some(9000)).await?;
    assert_eq!(
        next().await?,
        Some(of_jira[2].id),
        "a comment is not missed"
    );
    settle(2, TaskState::Skipped, Some(9000)).await?;
    assert_eq!(next().await?, Some(of_jira[3].id));
    settle(3, TaskState::Dead, Some(9001)).await?;
    assert_eq!(next().await?, None, "it holds back what follows");
    let more = vec![task(&jira, 3, TaskKind::Comment)];
    add_tasks(store, more).await?;
    assert_eq!(next().await?, None);
    let dead = store.tasks_in(TaskState::Dead, 9).await?;
    let ids: Vec<TaskId> = dead.iter().map(|one| one.id).collect();
    assert_eq!(ids, [of_jira[3].id, of_jira[1].id], "the newest first");
    assert_eq!(store.tasks_in(TaskState::Dead, 1).await?, dead[..1]);
    // Pending, done, skipped, dead.
    assert_eq!(store.ticket_counts().await?.tasks, [3, 1, 1, 2]);
    settle(3, TaskState::Pending, None).await?;
    assert_eq!(next().await?, Some(of_jira[3].id), "it is tried again");
    settle(3, TaskState::Done, Some(9002)).await?;
    assert_eq!(next().await?, Some(of_jira[4].id));
    Ok(())
}

async fn comments(store: &dyn TicketStore) -> Result<(), StoreError> {
    let id = ticket(1, TrackerKind::BuiltIn).id;
    let comment = |at_ms, text: &str| TicketComment {
        ticket: id,
        at_ms,
        author: "anonymous".into(),
        text: text.into(),
    };
    let said = [(5, "it's a"), (5, "b"), (3, "c\n\nd")].map(|(at, text)| comment(at, text));
    let gone = TicketComment {
        ticket: TicketId(7),
        ..comment(1, "x")
    };
    let commit = TicketCommit {
        comments: said.iter().cloned().chain([gone]).collect(),
        ..TicketCommit::default()
    };
    store.commit_tickets(commit.clone()).await?;
    store.commit_tickets(commit).await?;
    assert_eq!(store.ticket_comments(id, 9).await?, said, "none twice");
    assert_eq!(store.ticket_comments(id, 2).await?, said[1..], "the newest");
    assert_eq!(store.ticket_comments(TicketId(7), 9).await?, []);
    Ok(())
}
