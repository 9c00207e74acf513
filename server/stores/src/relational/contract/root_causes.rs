//! The suite of the store of reports of causes.

use tocsin_domain::alert::{AlertId, Evidence, IncidentId};
use tocsin_domain::change::ChangeId;
use tocsin_domain::copilot::{
    Cause, CauseFactor, Fact, RootCause, RootCauseId, RootCauseSubject, RootCauseVerdict,
    RuledOutCause, Statement, Writer,
};
use tocsin_domain::metric::{FindingId, SeriesId};
use tocsin_domain::ports::{ConfirmedCause, RootCauseStore, StoreError};
use tocsin_domain::{RecordId, TemplateId};

/// The same bits for both, which are not to be mixed up.
const ALERT: RootCauseSubject = RootCauseSubject::Alert(AlertId(u128::MAX));
const INCIDENT: RootCauseSubject = RootCauseSubject::Incident(IncidentId(u128::MAX));

fn says(text: &str, cites: &[&str]) -> Statement {
    Statement {
        text: text.into(),
        cites: cites.iter().map(ToString::to_string).collect(),
    }
}

/// A fact for every kind of evidence.
pub(super) fn facts() -> Vec<Fact> {
    let title = || "it's \"ö\" \u{1f514}".to_owned();
    let evidence = [
        Evidence::Record {
            id: RecordId::from_bits(u128::MAX),
            body: title(),
        },
        Evidence::Template {
            id: TemplateId(u64::MAX),
            count: u64::MAX,
            text: "a <*>".into(),
        },
        Evidence::Metric {
            query: "up{job=\"a\"}".into(),
            from_ms: -1,
            to_ms: i64::MAX,
            value: 0.1 + 0.2,
        },
        Evidence::Metric {
            query: "0/0".into(),
            from_ms: i64::MIN,
            to_ms: 0,
            value: f64::NEG_INFINITY,
        },
        Evidence::Anomaly {
            id: FindingId(1),
            series: SeriesId(u64::MAX),
            explanation: title(),
        },
        Evidence::Prediction {
            id: FindingId(u128::MAX),
            series: SeriesId(0),
            explanation: title(),
        },
        Evidence::Alert {
            id: AlertId(3),
            title: title(),
        },
        Evidence::Incident {
            id: IncidentId(4),
            title: title(),
        },
        Evidence::Change {
            id: ChangeId(5),
            title: title(),
        },
        Evidence::Runbook {
            failure_type: "disk".into(),
            title: title(),
        },
    ];
    let numbered = (1_i64..).zip(evidence);
    let fact = |(number, evidence): (i64, Evidence)| Fact {
        id: format!("E{number}"),
        text: format!("Said \"{number}\".\n"),
        at_ms: (number % 2 == 0).then_some(-number),
        evidence,
    };
    numbered.map(fact).collect()
}

fn plain(number: u8, subject: RootCauseSubject, made_ms: i64) -> RootCause {
    RootCause {
        id: RootCauseId::new(1000, [number; 10]),
        subject,
        revision: 77,
        made_ms,
        from_ms: -5,
        to_ms: i64::MAX,
        since_ms: None,
        verdict: RootCauseVerdict::Inconclusive,
        what: Vec::new(),
        impact: Vec::new(),
        causes: Vec::new(),
        ruled_out: Vec::new(),
        remediation: Vec::new(),
        would_settle: vec![says("Spans would.", &[])],
        facts: Vec::new(),
        writer: Writer::default(),
        took_ms: u64::MAX,
        confirmed: None,
    }
}

/// A report about one alert.
#[cfg(test)]
pub(in super::super) fn report(number: u8) -> RootCause {
    whole(number, ALERT, 1000)
}

/// A report with something of everything.
fn whole(number: u8, subject: RootCauseSubject, made_ms: i64) -> RootCause {
    let factor = |kind: &str, weight, value| CauseFactor {
        kind: kind.into(),
        weight,
        value,
    };
    let cause = |entity: &str, confidence, factors| Cause {
        entity: entity.into(),
        confidence,
        statements: vec![says("It began first.", &["E1", "E3"])],
        factors,
    };
    let factors = vec![
        factor("strength", 1.0 / 3.0, -1.0),
        factor("history", f64::MIN_POSITIVE, -0.0),
    ];
    RootCause {
        since_ms: Some(-7),
        verdict: RootCauseVerdict::Found,
        what: vec![says("\"db\" fails.", &["E1"]), says("Ü.", &["E2"])],
        impact: vec![says("All of it.", &["E4"])],
        causes: vec![
            cause("db", 0.1 + 0.2, factors),
            cause("web", 0.0, Vec::new()),
        ],
        ruled_out: vec![RuledOutCause {
            entity: "api".into(),
            statement: says("It only calls.", &["E5"]),
        }],
        remediation: vec![says("Restart it.", &["E10"])],
        facts: facts(),
        writer: Writer {
            provider: "ollama".into(),
            model: "small".into(),
            prompt_hash: "ab".into(),
            dropped: u32::MAX,
        },
        ..plain(number, subject, made_ms)
    }
}

/// The suite of [`RootCauseStore`].
///
/// # Errors
/// What the store answers when it should not refuse.
///
/// # Panics
/// If the store breaks the contract.
pub async fn root_causes(store: &dyn RootCauseStore) -> Result<(), StoreError> {
    assert_eq!(store.root_causes(ALERT, 9).await?, []);
    let reports = [
        (whole(1, ALERT, 1000), 1),
        (plain(2, INCIDENT, 2000), 1),
        (plain(4, ALERT, 3000), 2),
        (whole(3, ALERT, 3000), 3),
    ];
    let kept = reports.map(|(report, revision)| RootCause { revision, ..report });
    for expected in &kept {
        let report = RootCause {
            revision: 77,
            ..expected.clone()
        };
        assert_eq!(&store.append_root_cause(report).await?, expected);
    }
    let again = store.append_root_cause(kept[0].clone()).await;
    assert!(again.is_err(), "a revision is never written again");
    let [first, incident, second, third] = kept;
    let about = async |subject, limit| store.root_causes(subject, limit).await;
    let newest = [third.clone(), second.clone(), first.clone()];
    assert_eq!(about(ALERT, 9).await?, newest);
    assert_eq!(about(ALERT, 1).await?, newest[..1]);
    assert_eq!(about(INCIDENT, 9).await?, std::slice::from_ref(&incident));
    let recent = async |range, limit| store.recent_root_causes(range, limit).await;
    let all = [second.clone(), third.clone(), incident.clone(), first];
    assert_eq!(recent((1000, 3001), 9).await?, all, "by time, then id");
    assert_eq!(recent((1001, 3000), 9).await?, [incident]);
    assert_eq!(recent((0, i64::MAX), 2).await?, [second, third.clone()]);
    confirming(store, &all).await?;
    assert_eq!(store.forget_root_causes(1000).await?, 0);
    assert_eq!(store.forget_root_causes(3000).await?, 2);
    assert_eq!(about(INCIDENT, 9).await?, []);
    let next = store.append_root_cause(plain(5, ALERT, 4000)).await?;
    assert_eq!(next.revision, 4, "the number goes on");
    forgetting_many(store).await
}

async fn confirming(store: &dyn RootCauseStore, all: &[RootCause; 4]) -> Result<(), StoreError> {
    let [second, third, incident, _] = all;
    let says = async |report: &RootCause, entity: Option<&str>, at_ms| {
        let entity = entity.map(str::to_owned);
        store.confirm_root_cause(report.id, entity, at_ms).await
    };
    assert_eq!(store.confirmed_causes(9).await?, []);
    assert!(says(third, Some("it's"), 10).await?);
    assert!(says(incident, Some("web"), 30).await?);
    assert!(says(third, Some("db"), 20).await?, "a later word holds");
    assert!(says(second, Some("api"), 40).await?);
    let unknown = RootCauseId(1);
    let none = store.confirm_root_cause(unknown, Some("x".into()), 50);
    assert!(!none.await?);
    let confirmed = |report: &RootCause, entity: &str, at_ms| ConfirmedCause {
        subject: report.subject,
        entity: entity.into(),
        at_ms,
    };
    let newest = [
        confirmed(second, "api", 40),
        confirmed(incident, "web", 30),
        confirmed(third, "db", 20),
    ];
    assert_eq!(store.confirmed_causes(9).await?, newest);
    assert_eq!(store.confirmed_causes(2).await?, newest[..2]);
    let kept = store.root_causes(INCIDENT, 9).await?;
    assert_eq!(kept[0].confirmed.as_deref(), Some("web"));
    assert!(says(incident, None, 60).await?, "it is taken back");
    assert_eq!(
        store.root_causes(INCIDENT, 9).await?,
        std::slice::from_ref(incident)
    );
    let left = [newest[0].clone(), newest[2].clone()];
    assert_eq!(store.confirmed_causes(9).await?, left);
    Ok(())
}

/// More than go at once.
async fn forgetting_many(store: &dyn RootCauseStore) -> Result<(), StoreError> {
    for number in 0..250_u8 {
        let id = RootCauseId::new(2000, [number; 10]);
        let made_ms = 5000 + i64::from(number);
        let report = RootCause {
            id,
            ..plain(0, INCIDENT, made_ms)
        };
        store.append_root_cause(report).await?;
    }
    let (before, there) = (5240, store.root_causes(ALERT, 9).await?.len() as u64);
    assert_eq!(store.forget_root_causes(before).await?, 240 + there);
    assert_eq!(store.root_causes(INCIDENT, 99).await?.len(), 10);
    Ok(())
}
