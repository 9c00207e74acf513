//! The suite of the store of alerts: what is kept, filters and pages.

use tocsin_domain::alert::{
    Alert, AlertEvent, AlertEventKind, AlertId, AlertKind, AlertSeverity, AlertStatus, Evidence,
    Incident, IncidentId, IncidentStatus, LabelSet,
};
use tocsin_domain::metric::{FindingId, MatchOp, Matcher};
use tocsin_domain::ports::{AlertCommit, AlertFilter, AlertStore, RuleState, StoreError};
use tocsin_domain::{RecordId, SeriesId, SpanId, TemplateId, TraceContext, TraceId};

use super::alert_history::{changes, events, incidents, response_times, silences};
use super::alert_model::AlertModel;

/// The alerts of the suite.
const ALERTS: i64 = 40;

pub(super) fn matcher(op: MatchOp, name: &str, value: &str) -> Matcher {
    let matcher = Matcher::new(op, name, value);
    assert!(matcher.is_ok(), "{matcher:?}");
    matcher.unwrap_or_else(|_| unreachable!())
}

fn evidence() -> Vec<Evidence> {
    vec![
        Evidence::Record {
            id: RecordId::from_bits(u128::MAX),
            body: "a \"quoted\" line\u{1f514}".into(),
        },
        Evidence::Template {
            id: TemplateId(u64::MAX),
            count: u64::MAX,
            text: "a <*> b".into(),
        },
        Evidence::Metric {
            query: "disk_used{host=\"a\"}".into(),
            from_ms: -1,
            to_ms: i64::MAX,
            value: 0.1 + 0.2,
        },
        Evidence::Metric {
            query: "x".into(),
            from_ms: 0,
            to_ms: 1,
            value: f64::INFINITY,
        },
        Evidence::Anomaly {
            id: FindingId(7),
            series: SeriesId(u64::MAX),
            explanation: "unusual".into(),
        },
        Evidence::Prediction {
            id: FindingId(8),
            series: SeriesId(1),
            explanation: "full in 3 h".into(),
        },
    ]
}

/// The span in which the alert of a number opened.
fn trace(number: i64) -> Option<TraceContext> {
    let span = SpanId((number + 1).to_be_bytes());
    TraceContext::new(TraceId([7; 16]), span, 1)
}

/// The alert of a number: all sorts of them.
#[must_use]
pub fn alert(number: i64) -> Alert {
    let of = |names: &[&str]| {
        let count = i64::try_from(names.len()).unwrap_or(1);
        names[usize::try_from(number.rem_euclid(count)).unwrap_or(0)].to_owned()
    };
    let index = |count: i64| usize::try_from(number.rem_euclid(count)).unwrap_or(0);
    let labels = LabelSet::new([
        ("alertname", of(&["disk-full", "Error-Rate"])),
        ("host", of(&["web-1", "web-2", "DB-1"])),
        ("team", of(&["db", "", "shop", "", "web"])),
    ]);
    let status = AlertStatus::ALL[index(4)];
    let starts_ms = 1000 + number * 10;
    let is_ended = status == AlertStatus::Resolved || index(6) == 5;
    Alert {
        id: AlertId::of(labels.fingerprint(), starts_ms),
        fingerprint: labels.fingerprint(),
        kind: AlertKind::ALL[index(3)],
        severity: AlertSeverity::ALL[index(7) % 4],
        status,
        title: of(&[
            "Disk full in 3 h",
            "ERRORS: 100 % \"more\"",
            "Größe überschritten",
        ]),
        rule: of(&["disk-full", "error-rate"]),
        labels,
        annotations: LabelSet::new([("summary", "it's \"full\"\n\u{1f514}")]),
        starts_ms,
        ends_ms: is_ended.then_some(starts_ms + 1000),
        last_ms: starts_ms + 500,
        count: u64::MAX - index(9) as u64,
        confidence: 0.1 + 0.2,
        failure_type: (index(3) > 0).then(|| of(&["disk_full", "timeout"])),
        evidence: if index(5) == 0 {
            evidence()
        } else {
            Vec::new()
        },
        assignee: (index(4) == 1).then(|| of(&["ana", "Ben"])),
        snoozed_until_ms: (index(8) == 1).then_some(9000),
        is_flapping: index(10) == 3,
        acknowledged_ms: (index(4) > 0).then_some(starts_ms + 10 * number),
        resolved_ms: (status == AlertStatus::Resolved).then_some(starts_ms + 1000),
        returns_ms: if index(5) == 1 {
            vec![-5, 7]
        } else {
            Vec::new()
        },
        trace: (index(3) == 1).then(|| trace(number)).flatten(),
        incident: (index(5) == 2).then(|| incident(number.rem_euclid(3)).id),
        joined_because: (index(5) == 2).then(|| "same host".to_owned()),
        seq: 0,
    }
}

/// The incident of a number.
#[must_use]
pub fn incident(number: i64) -> Incident {
    let index = usize::try_from(number.rem_euclid(3)).unwrap_or(0);
    let first = AlertId::new(number, [3; 10]);
    Incident {
        id: IncidentId::of(first, 1000 + number),
        title: format!("\u{1f514} {number}"),
        is_titled: index == 1,
        severity: AlertSeverity::ALL[index],
        status: IncidentStatus::ALL[index],
        starts_ms: number,
        ends_ms: (index == 2).then_some(5),
        last_joined_ms: number + 1,
        acknowledged_ms: (index == 1).then_some(6),
        resolved_ms: (index == 2).then_some(7),
        first,
        alerts: u64::MAX,
        is_pinned: index == 0,
    }
}

pub(super) fn event(alert: &Alert, kind: AlertEventKind) -> AlertEvent {
    AlertEvent {
        seq: 0,
        alert: alert.id,
        at_ms: alert.starts_ms,
        actor: "system".into(),
        kind,
    }
}

/// The suite of [`AlertStore`].
///
/// # Errors
/// What the store answers when it should not refuse.
///
/// # Panics
/// If the store breaks the contract.
pub async fn alerts(store: &dyn AlertStore) -> Result<(), StoreError> {
    let mut model = AlertModel::default();
    model.check(store).await?;
    assert_eq!(store.commit(AlertCommit::default()).await?, 1);
    // Newer ones first, so that the order they came in is not that of their ids.
    let alerts: Vec<Alert> = (0..ALERTS).rev().map(alert).collect();
    let commit = AlertCommit {
        events: alerts
            .iter()
            .map(|alert| event(alert, AlertEventKind::Fired))
            .collect(),
        alerts,
        incidents: (0..4).map(incident).collect(),
        states: vec![state("a", u64::MAX, Some(b"\0x")), state("a", 1, Some(b""))],
        taken: vec![("logs/0".into(), u64::MAX), ("metrics".into(), 0)],
    };
    for _ in 0..2 {
        let first = store.commit(commit.clone()).await?;
        assert_eq!(first, model.commit(commit.clone()), "events are never lost");
        model.check(store).await?;
    }
    every_filter(store, &model).await?;
    pages(store, &model).await?;
    events(store, &mut model).await?;
    changes(store, &mut model).await?;
    incidents(store, &model).await?;
    response_times(store, &model).await?;
    silences(store).await?;
    for before_ms in [0, 2200, i64::MAX] {
        assert_eq!(
            store.forget_alerts(before_ms).await?,
            model.forget(before_ms)
        );
        model.check(store).await?;
        pages(store, &model).await?;
    }
    Ok(())
}

pub(super) fn state(rule: &str, group: u64, state: Option<&[u8]>) -> RuleState {
    RuleState {
        rule: rule.into(),
        group,
        state: state.map(<[u8]>::to_vec),
    }
}

/// Filters, each of one thing.
#[must_use]
pub fn filters() -> Vec<AlertFilter> {
    let filter = AlertFilter::default;
    let with = |set: fn(&mut AlertFilter)| {
        let mut filter = filter();
        set(&mut filter);
        filter
    };
    let matching = |op, name, value| AlertFilter {
        matchers: vec![matcher(op, name, value)],
        ..filter()
    };
    let text = |text: &str| AlertFilter {
        text: Some(text.into()),
        ..filter()
    };
    vec![
        with(|f| f.statuses = vec![AlertStatus::New]),
        with(|f| f.statuses = vec![AlertStatus::Acknowledged, AlertStatus::Resolved]),
        with(|f| f.severities = vec![AlertSeverity::Critical, AlertSeverity::Low]),
        with(|f| f.kinds = vec![AlertKind::Predictive, AlertKind::Anomaly]),
        matching(MatchOp::Equal, "host", "DB-1"),
        matching(MatchOp::Equal, "team", ""),
        matching(MatchOp::NotEqual, "team", "db"),
        matching(MatchOp::NotEqual, "team", ""),
        matching(MatchOp::Matches, "host", "web-.*"),
        matching(MatchOp::Matches, "team", "db|"),
        matching(MatchOp::MatchesNot, "host", "web-.*"),
        matching(MatchOp::MatchesNot, "team", ".+"),
        matching(MatchOp::Equal, "a.b\"", ""),
        matching(MatchOp::Equal, "a.b\"", "x"),
        text("disk FULL"),
        text("web-2 host=web"),
        text("3 h"),
        text("\"more\" größe"),
        text("größe"),
        text("nowhere"),
        text(" "),
        with(|f| f.rule = Some("disk-full".into())),
        with(|f| f.failure_type = Some("timeout".into())),
        with(|f| f.incident = Some(incident(0).id)),
        with(|f| f.assignee = Some("ana".into())),
        with(|f| f.assignee = Some(String::new())),
        with(|f| f.is_firing = Some(true)),
        with(|f| f.is_firing = Some(false)),
        with(|f| f.from_ms = Some(1200)),
        with(|f| f.to_ms = Some(1200)),
        with(|f| f.to_ms = Some(-7)),
        filter(),
    ]
}

/// What two filters mean together.
#[must_use]
pub fn both(one: &AlertFilter, other: &AlertFilter) -> AlertFilter {
    fn either<T: Clone>(one: &[T], other: &[T]) -> Vec<T> {
        if one.is_empty() { other } else { one }.to_vec()
    }
    AlertFilter {
        statuses: either(&one.statuses, &other.statuses),
        severities: either(&one.severities, &other.severities),
        kinds: either(&one.kinds, &other.kinds),
        matchers: [one.matchers.clone(), other.matchers.clone()].concat(),
        text: one.text.clone().or_else(|| other.text.clone()),
        rule: one.rule.clone().or_else(|| other.rule.clone()),
        failure_type: one
            .failure_type
            .clone()
            .or_else(|| other.failure_type.clone()),
        incident: one.incident.or(other.incident),
        assignee: one.assignee.clone().or_else(|| other.assignee.clone()),
        is_firing: one.is_firing.or(other.is_firing),
        from_ms: one.from_ms.or(other.from_ms),
        to_ms: one.to_ms.or(other.to_ms),
    }
}

/// Every filter alone and with every other.
async fn every_filter(store: &dyn AlertStore, model: &AlertModel) -> Result<(), StoreError> {
    let filters = filters();
    for one in &filters {
        for other in &filters {
            let filter = both(one, other);
            let found = store.alerts(&filter, None, 5).await?;
            assert_eq!(found, model.page(&filter, None, 5), "{filter:?}");
        }
    }
    Ok(())
}

/// Pages follow each other without a gap or a repetition.
async fn pages(store: &dyn AlertStore, model: &AlertModel) -> Result<(), StoreError> {
    for filter in filters() {
        let mut found = Vec::new();
        let mut before = None;
        loop {
            let page = store.alerts(&filter, before, 3).await?;
            let Some(last) = page.last() else { break };
            before = Some(last.id);
            found.extend(page);
        }
        assert_eq!(found, model.page(&filter, None, usize::MAX), "{filter:?}");
    }
    assert_eq!(store.alerts(&AlertFilter::default(), None, 0).await?, []);
    Ok(())
}
