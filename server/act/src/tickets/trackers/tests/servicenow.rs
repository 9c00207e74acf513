//! ServiceNow against its double.

use serde_json::{Value, json};
use tocsin_harness::trackers::{Mood, ServiceNowDouble};

use super::*;
use crate::tickets::trackers::ServiceNowConfig;
use crate::tickets::trackers::servicenow::ServiceNow;

fn config(double: &ServiceNowDouble) -> ServiceNowConfig {
    ServiceNowConfig {
        url: double.url(),
        user: ServiceNowDouble::USER.into(),
        password: secret(ServiceNowDouble::PASSWORD),
        ..ServiceNowConfig::default()
    }
}

fn start() -> (ServiceNowDouble, ServiceNow) {
    let double = ServiceNowDouble::start().unwrap();
    let tracker = ServiceNow::new(&config(&double), &http()).unwrap();
    (double, tracker)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_lives() {
    let (double, tracker) = start();
    assert_eq!(tracker.kind(), TrackerKind::ServiceNow);
    let host = double.url().replace("http://", "");
    assert_eq!(tracker.target(), format!("table incident on {host}"));
    let ticket = live(&tracker).await;
    assert_eq!(ticket.key, "INC0000001");
    let to = format!("nav_to.do?uri=%2Fincident.do%3Fsys_id%3D{}", ticket.id);
    assert_eq!(ticket.url, format!("{}/{to}", double.url()));
    let incident = &double.incidents()[0];
    assert_eq!(incident.field("state"), "2");
    assert_eq!(incident.field("close_code"), "Solution provided");
    assert_eq!(incident.field("close_notes"), "It cleared.");
    assert_eq!(
        incident.notes[1],
        format!("And again.\n\n    a line\n\n{KEY}")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_record_is_sent_as_the_table_takes_it() {
    let (double, _) = start();
    let config = ServiceNowConfig {
        caller: Some("a".repeat(32)),
        ..config(&double)
    };
    let tracker = ServiceNow::new(&config, &http()).unwrap();
    tracker.create(&draft()).await.unwrap();
    let requests = double.requests();
    let sent: Value = serde_json::from_str(&requests[0].body).unwrap();
    let expected = json!({
        "short_description": "Missing price for product 999 in \"shop\"",
        "description": "It happened 3 times.\n\n    12:00 ERROR [31mno price[0m\n    12:01 ERROR no \
            price\n\nAsk @shop, see #12 <b>.\n\nIn Tocsin: http://127.0.0.1:8080/alerts?id=7",
        "impact": "2",
        "urgency": "1",
        "correlation_id": OWN,
        "correlation_display": FINGERPRINT,
        "caller_id": "a".repeat(32),
    });
    assert_eq!(sent, expected);
    let mut long = draft();
    long.description = "é".repeat(9000);
    let ticket = tracker.create(&long).await.unwrap();
    tracker
        .comment(&ticket, &"é".repeat(9000), KEY)
        .await
        .unwrap();
    let incident = &double.incidents()[1];
    let description = incident.field("description");
    assert_eq!(description.chars().count(), 4000);
    assert!(description.ends_with("alerts?id=7") && incident.notes[0].ends_with(KEY));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_and_not_answered_is_done_once() {
    let (double, tracker) = start();
    lose(&tracker, |mood| double.set_mood(writes(&mood))).await;
    assert_eq!(double.count(OWN), 1);
    let notes = &double.incidents()[0].notes;
    assert_eq!(notes.iter().filter(|note| note.contains(KEY)).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_bad_weather_everything_is_done_once() {
    let (double, tracker) = start();
    double.set_mood(mixed);
    let expected = weather(&tracker).await;
    let issues = double.incidents();
    assert_eq!(issues.len(), expected.len());
    for ((own, key), issue) in expected.into_iter().zip(issues) {
        assert_eq!(double.count(&own), 1, "{own}");
        let comments = issue
            .notes
            .iter()
            .filter(|note| text::has_key(note, &key))
            .count();
        assert_eq!(comments, 1, "{key}");
        assert!(issue.field("state") == "6", "{own}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_are_told_apart() {
    let (double, tracker) = start();
    fail(&tracker, |mood| double.set_mood(writes(&mood))).await;
    let hasty = ServiceNow::new(&config(&double), &hasty()).unwrap();
    wait_in_vain(&hasty, &tracker, |mood| double.set_mood(writes(&mood))).await;
    let config = ServiceNowConfig {
        url: AWAY.into(),
        ..config(&double)
    };
    be_away(&ServiceNow::new(&config, &http()).unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_restricts_nothing_is_not_believed() {
    let (double, tracker) = start();
    double.configure(|settings| settings.is_without_correlation = true);
    tracker.create(&draft()).await.unwrap();
    let other = "tocsin-other";
    let error = tracker.find(other).await.unwrap_err();
    assert!(matches!(&error, TrackerError::Refused(said) if said.contains("correlation_id")));
    assert!(tracker.check().await.is_err(), "the check says so before");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_is_taken_back_is_said() {
    let (double, tracker) = start();
    double.configure(|settings| settings.takes_back = true);
    let ticket = tracker.create(&draft()).await.unwrap();
    let resolved = TicketStatus::Resolved;
    let error = tracker
        .set_status(&ticket, resolved, "It cleared.")
        .await
        .unwrap_err();
    let TrackerError::Refused(said) = &error else {
        panic!("{error:?}");
    };
    assert!(said.contains("state 6 of INC0000001"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_wants_more_is_a_refusal_and_no_lack_of_rights() {
    let (double, _) = start();
    let config = ServiceNowConfig {
        close_code: String::new(),
        ..config(&double)
    };
    let tracker = ServiceNow::new(&config, &http()).unwrap();
    let ticket = tracker.create(&draft()).await.unwrap();
    let resolved = TicketStatus::Resolved;
    let error = tracker
        .set_status(&ticket, resolved, "It cleared.")
        .await
        .unwrap_err();
    assert!(
        matches!(&error, TrackerError::Refused(said) if said.contains("mandatory")),
        "{error:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_journal_is_not_needed() {
    let (double, tracker) = start();
    double.configure(|settings| settings.is_journal_closed = true);
    live(&tracker).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_record_is_gone() {
    let (double, tracker) = start();
    let ticket = tracker.create(&draft()).await.unwrap();
    double.delete("INC0000001");
    let error = tracker.comment(&ticket, "Again.", KEY).await.unwrap_err();
    assert!(matches!(error, TrackerError::Gone(_)), "{error:?}");
    double.set_mood(|_, request| match request.path.ends_with("/incident") {
        true => answer(403),
        false => Mood::Obey,
    });
    let error = tracker.status(&ticket).await.unwrap_err();
    assert!(!later(error).0, "out of sight is not gone");
}

#[test]
fn a_configuration_that_cannot_be_is_named() {
    let good = ServiceNowConfig {
        url: "https://a.example".into(),
        token: secret("t"),
        ..ServiceNowConfig::default()
    };
    assert!(ServiceNow::new(&good, &http()).is_ok());
    let wrong = |change: fn(&mut ServiceNowConfig)| {
        let mut config = good.clone();
        change(&mut config);
        ServiceNow::new(&config, &http()).unwrap_err().field
    };
    assert_eq!(
        wrong(|c| c.url = "http://a.example".into()),
        "servicenow.url"
    );
    assert_eq!(wrong(|c| c.user = "me".into()), "servicenow.user");
    assert_eq!(wrong(|c| c.token = secret("")), "servicenow.user");
    assert_eq!(wrong(|c| c.table = "in cident".into()), "servicenow.table");
    assert_eq!(wrong(|c| c.caller = Some("me".into())), "servicenow.caller");
    assert_eq!(wrong(|c| c.impact[3] = 4), "servicenow.impact");
}
