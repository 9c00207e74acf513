//! The suite of the store of alerts, continued: what happened, what changes, incidents, silences
//! and response times.

use tocsin_domain::alert::{
    Alert, AlertEvent, AlertEventKind, AlertId, AlertSeverity, AlertStatus, IncidentId,
    IncidentStatus, Recurrence, Silence, SilenceId,
};
use tocsin_domain::metric::MatchOp;
use tocsin_domain::ports::{AlertCommit, AlertStore, ResponseTimes, StoreError};

use super::alert_model::AlertModel;
use super::alerts::{alert, event, incident, matcher, state};

/// Every kind of event.
fn kinds() -> Vec<AlertEventKind> {
    let id = incident(1).id;
    vec![
        AlertEventKind::Fired,
        AlertEventKind::Repeated,
        AlertEventKind::Cleared,
        AlertEventKind::Returned,
        AlertEventKind::Flapping,
        AlertEventKind::Steadied,
        AlertEventKind::Acknowledged,
        AlertEventKind::Started,
        AlertEventKind::Assigned(None),
        AlertEventKind::Assigned(Some("ana".into())),
        AlertEventKind::Snoozed(None),
        AlertEventKind::Snoozed(Some(-1)),
        AlertEventKind::Escalated {
            from: AlertSeverity::Low,
            to: AlertSeverity::Critical,
        },
        AlertEventKind::Resolved,
        AlertEventKind::Commented("\"well\"\n\u{1f514}".into()),
        AlertEventKind::Joined {
            incident: id,
            because: "same host".into(),
        },
        AlertEventKind::Left(id),
    ]
}

/// Events have growing numbers, from which a reader goes on.
pub(super) async fn events(
    store: &dyn AlertStore,
    model: &mut AlertModel,
) -> Result<(), StoreError> {
    let (one, other) = (alert(0), alert(1));
    let events = kinds().into_iter().enumerate().map(|(index, kind)| {
        let of = if index % 2 == 0 { &one } else { &other };
        event(of, kind)
    });
    let commit = AlertCommit {
        events: events.collect(),
        alerts: vec![one.clone()],
        ..AlertCommit::default()
    };
    let before = store.last_seq().await?;
    let first = store.commit(commit.clone()).await?;
    assert_eq!(first, before + 1);
    assert_eq!(first, model.commit(commit.clone()));
    // The newest number stands on an alert that came with its events, and on no other.
    let newest = |of: &Alert| {
        let known = model.events.iter().rev().find(|event| event.alert == of.id);
        known.map(|event| event.seq)
    };
    let kept = store.alert(one.id).await?.map(|alert| alert.seq);
    assert_eq!(kept, newest(&one));

    let after = store.events_after(first, 3).await?;
    let seqs: Vec<u64> = after.iter().map(|event| event.seq).collect();
    assert_eq!(seqs, [first + 1, first + 2, first + 3]);
    assert_eq!(store.events_after(u64::MAX, 3).await?, []);
    let of_one = model.events.iter().filter(|event| event.alert == one.id);
    let of_one: Vec<AlertEvent> = of_one.cloned().collect();
    assert_eq!(store.events_of(one.id, 1000).await?, of_one);
    let newest = &of_one[of_one.len() - 2..];
    assert_eq!(store.events_of(one.id, 2).await?, newest, "in order");
    assert_eq!(store.events_of(AlertId(1), 2).await?, []);
    Ok(())
}

/// Whatever changes on an alert is found by what it is now, and by nothing that it was.
pub(super) async fn changes(
    store: &dyn AlertStore,
    model: &mut AlertModel,
) -> Result<(), StoreError> {
    // Each becomes all that another is, but for who it is.
    let alerts = (0..10).map(|number| {
        let (of, like) = (alert(number), alert(number + 13));
        Alert {
            id: of.id,
            starts_ms: of.starts_ms,
            seq: 1_000_000,
            ..like
        }
    });
    let commit = AlertCommit {
        alerts: alerts.collect(),
        incidents: vec![incident(9)],
        states: vec![state("a", 1, None), state("b", 2, Some(b"y"))],
        taken: vec![("metrics".into(), 5)],
        ..AlertCommit::default()
    };
    let mut renamed = incident(1);
    renamed.title = "another".into();
    let next = AlertCommit {
        incidents: vec![renamed],
        states: vec![state("b", 2, Some(b"z")), state("never", 2, None)],
        ..AlertCommit::default()
    };
    for commit in [commit, next] {
        assert_eq!(store.commit(commit.clone()).await?, model.commit(commit));
        model.check(store).await?;
    }
    assert_eq!(store.alert(AlertId(1)).await?, None);
    Ok(())
}

pub(super) async fn incidents(
    store: &dyn AlertStore,
    model: &AlertModel,
) -> Result<(), StoreError> {
    let all: Vec<_> = model.incidents.values().rev().cloned().collect();
    let page = store.incidents(&[], None, 2).await?;
    assert_eq!(page, all[..2]);
    let rest = store.incidents(&[], Some(page[1].id), 100).await?;
    assert_eq!(rest, all[2..]);
    for statuses in [
        vec![IncidentStatus::Open],
        vec![IncidentStatus::Open, IncidentStatus::Resolved],
    ] {
        let expected = all.iter().filter(|one| statuses.contains(&one.status));
        let expected: Vec<_> = expected.cloned().collect();
        assert_eq!(store.incidents(&statuses, None, 100).await?, expected);
    }
    assert_eq!(store.incident(all[0].id).await?, Some(all[0].clone()));
    for known in &all {
        let found = store.incident_subjects(known.id, 1).await?;
        let mut expected: Vec<(String, String)> = Vec::new();
        let of_it = model
            .alerts
            .values()
            .filter(|a| a.incident == Some(known.id));
        expected.extend(of_it.map(|alert| (alert.title.clone(), alert.labels.to_string())));
        let subjects = found[0].subjects.iter();
        let mut told: Vec<_> = subjects
            .map(|s| (s.title.clone(), s.labels.to_string()))
            .collect();
        expected.sort();
        expected.dedup();
        told.sort();
        assert_eq!((found[0].incident.id, told), (known.id, expected));
    }
    let before = store.incident_subjects(IncidentId(0), 5).await?;
    assert_eq!(before, []);
    assert_eq!(store.incident(IncidentId(1)).await?, None);
    Ok(())
}

pub(super) async fn response_times(
    store: &dyn AlertStore,
    model: &AlertModel,
) -> Result<(), StoreError> {
    for (from_ms, to_ms) in [(i64::MIN, i64::MAX), (1100, 1200), (1100, 1101), (0, 0)] {
        let meant = |alert: &&Alert| (from_ms..to_ms).contains(&alert.starts_ms);
        let mean = |end: fn(&Alert) -> Option<i64>| {
            let meant = model.alerts.values().filter(meant);
            let times: Vec<i64> = meant
                .filter_map(|alert| end(alert).map(|end| end - alert.starts_ms))
                .collect();
            let count = times.len() as u64;
            let total = times.iter().sum::<i64>() as f64;
            ((count > 0).then(|| total / count as f64), count)
        };
        let (mtta_ms, acknowledged) = mean(|alert| alert.acknowledged_ms);
        let (mttr_ms, resolved) = mean(|alert| alert.resolved_ms);
        let expected = ResponseTimes {
            mtta_ms,
            mttr_ms,
            acknowledged,
            resolved,
        };
        assert_eq!(store.response_times(from_ms, to_ms).await?, expected);
    }
    let resolved = model
        .alerts
        .values()
        .filter(|alert| alert.status == AlertStatus::Resolved);
    assert!(resolved.count() > 3, "the suite says something");
    Ok(())
}

/// Silences come back as they were made; those that are over are left out.
pub(super) async fn silences(store: &dyn AlertStore) -> Result<(), StoreError> {
    let silence = |number: u128, recurrence, expired_ms| Silence {
        id: SilenceId(number << 64),
        matchers: vec![
            matcher(MatchOp::Equal, "team", "d\"b"),
            matcher(MatchOp::NotEqual, "host", ""),
            matcher(MatchOp::Matches, "host", "web-.*|\\d+"),
            matcher(MatchOp::MatchesNot, "alertname", "x"),
        ],
        starts_ms: 1000,
        ends_ms: 2000,
        recurrence,
        created_by: "ana".into(),
        created_ms: 7,
        comment: "migration \u{1f514}".into(),
        expired_ms,
    };
    assert_eq!(store.silences(i64::MIN).await?, []);
    let once = silence(1, None, None);
    let cut = silence(2, None, Some(1500));
    let daily = silence(3, Some(Recurrence::Daily), None);
    let no_more = silence(4, Some(Recurrence::Weekly), Some(9000));
    let all = [&no_more, &daily, &cut, &once];
    for silence in [&cut, &no_more, &once, &daily, &cut] {
        store.put_silence(silence.clone()).await?;
    }
    assert_eq!(store.silences(0).await?, all.map(Clone::clone));
    let at = async |since_ms| -> Result<Vec<u128>, StoreError> {
        let silences = store.silences(since_ms).await?;
        Ok(silences.iter().map(|silence| silence.id.0 >> 64).collect())
    };
    assert_eq!(at(1501).await?, [4, 3, 1]);
    assert_eq!(at(2000).await?, [4, 3, 1], "the end is not before");
    assert_eq!(at(2001).await?, [4, 3]);
    assert_eq!(at(9001).await?, [3], "what comes again is never over");
    assert_eq!(store.silence(once.id).await?, Some(once.clone()));
    let ended = Silence {
        expired_ms: Some(1100),
        ..once
    };
    store.put_silence(ended.clone()).await?;
    assert_eq!(store.silence(ended.id).await?, Some(ended));
    assert_eq!(store.silence(SilenceId(5)).await?, None);
    Ok(())
}
