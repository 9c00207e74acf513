//! Jira against its double.

use serde_json::{Value, json};
use tocsin_harness::trackers::{JiraDouble, Mood, Reply};

use super::*;
use crate::tickets::trackers::JiraConfig;
use crate::tickets::trackers::jira::Jira;

fn config(double: &JiraDouble) -> JiraConfig {
    JiraConfig {
        url: double.url(),
        email: JiraDouble::EMAIL.into(),
        api_token: secret(JiraDouble::TOKEN),
        project: JiraDouble::PROJECT.into(),
        ..JiraConfig::default()
    }
}

fn start() -> (JiraDouble, Jira) {
    let double = JiraDouble::start().unwrap();
    let jira = Jira::new(&config(&double), &http()).unwrap();
    (double, jira)
}

fn body(double: &JiraDouble, path: &str) -> Value {
    let requests = double.requests();
    let request = requests
        .iter()
        .rfind(|one| one.method == "POST" && one.path == path);
    serde_json::from_str(&request.unwrap().body).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_lives() {
    let (double, jira) = start();
    assert_eq!(jira.kind(), TrackerKind::Jira);
    let host = double.url().replace("http://", "");
    assert_eq!(jira.target(), format!("project OPS on {host}"));
    let ticket = live(&jira).await;
    let url = format!("{}/browse/OPS-1", double.url());
    assert_eq!(
        (&*ticket.key, &*ticket.id, ticket.url),
        ("OPS-1", "10001", url)
    );
    let issue = &double.issues()[0];
    assert_eq!(issue.comments.len(), 2);
    assert_eq!(issue.status, "To Do");
    assert!(
        double
            .requests()
            .iter()
            .all(|one| !one.path.ends_with("/search"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_issue_is_sent_as_jira_takes_it() {
    let (double, jira) = start();
    jira.create(&draft()).await.unwrap();
    let line = |text: &str| json!({ "type": "text", "text": text });
    let paragraph = |text: &str| json!({ "type": "paragraph", "content": [line(text)] });
    let code = |text: &str| json!({ "type": "codeBlock", "content": [line(text)] });
    let expected = json!({ "fields": {
        "project": { "key": "OPS" },
        "issuetype": { "name": "Bug" },
        "summary": "Missing price for product 999 in \"shop\"",
        "priority": { "name": "High" },
        "labels": [FINGERPRINT, OWN, "tocsin"],
        "description": { "type": "doc", "version": 1, "content": [
            paragraph("It happened 3 times."),
            code("12:00 ERROR [31mno price[0m\n12:01 ERROR no price"),
            paragraph("Ask @shop, see #12 <b>."),
            { "type": "paragraph", "content": [{
                "type": "text", "text": "Open it in Tocsin",
                "marks": [{ "type": "link", "attrs": { "href": "http://127.0.0.1:8080/alerts?id=7" } }],
            }] },
        ] },
    } });
    assert_eq!(body(&double, "/rest/api/3/issue"), expected);

    jira.find(OWN).await.unwrap();
    let jql = format!("project = \"OPS\" AND labels = \"{OWN}\" ORDER BY created DESC");
    let expected = json!({
        "jql": jql, "maxResults": 10, "fields": ["labels"], "reconcileIssues": [10_001],
    });
    assert_eq!(body(&double, "/rest/api/3/search/jql"), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_and_not_answered_is_done_once() {
    let (double, jira) = start();
    lose(&jira, |mood| double.set_mood(writes(&mood))).await;
    assert_eq!(double.count(OWN), 1);
    assert_eq!(double.issues()[0].comments_with(KEY), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_bad_weather_everything_is_done_once() {
    let (double, jira) = start();
    double.set_mood(mixed);
    let expected = weather(&jira).await;
    let issues = double.issues();
    assert_eq!(issues.len(), expected.len());
    for ((own, key), issue) in expected.into_iter().zip(issues) {
        assert_eq!(double.count(&own), 1, "{own}");
        let comments = issue
            .comments
            .iter()
            .filter(|one| text::has_key(&one.to_string(), &key))
            .count();
        assert_eq!(comments, 1, "{key}");
        assert!(issue.status == "Done", "{own}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_are_told_apart() {
    let (double, jira) = start();
    fail(&jira, |mood| double.set_mood(writes(&mood))).await;
    let hasty = Jira::new(&config(&double), &hasty()).unwrap();
    wait_in_vain(&hasty, &jira, |mood| double.set_mood(writes(&mood))).await;
    let config = JiraConfig {
        url: AWAY.into(),
        ..config(&double)
    };
    be_away(&Jira::new(&config, &http()).unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_with_a_marker_is_found() {
    let (_double, jira) = start();
    jira.create(&draft()).await.unwrap();
    let newer = Draft {
        markers: [FINGERPRINT.into(), "tocsin-newer".into()],
        ..draft()
    };
    let newer = jira.create(&newer).await.unwrap();
    assert_eq!(jira.find(FINGERPRINT).await.unwrap(), Some(newer));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_lags_is_asked_about_what_was_opened_last() {
    let (double, jira) = start();
    double.configure(|settings| settings.lag = Duration::from_secs(3600));
    let ticket = jira.create(&draft()).await.unwrap();
    assert_eq!(jira.find(OWN).await.unwrap(), Some(ticket));
    // After a restart its id is not known any more: until the index has it, it is not found.
    let other = Jira::new(&config(&double), &http()).unwrap();
    assert_eq!(other.find(OWN).await.unwrap(), None);
    assert_eq!(other.lag(), Duration::from_secs(60));
    double.configure(|settings| settings.lag = Duration::ZERO);
    assert!(other.find(OWN).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_without_priority_gets_tickets_without() {
    let (double, jira) = start();
    double.configure(|settings| settings.takes_priority = false);
    jira.create(&draft()).await.unwrap();
    jira.create(&draft()).await.unwrap();
    let posts = double.requests();
    let posts = posts.iter().filter(|one| one.path == "/rest/api/3/issue");
    assert_eq!(
        posts.count(),
        3,
        "refused, then without, then without at once"
    );
    assert!(double.issues()[1].fields.get("priority").is_none());
    assert!(jira.check().await.unwrap().contains("without a priority"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_that_sees_nothing_does_not_open_a_second_ticket() {
    let (double, jira) = start();
    let ticket = jira.create(&draft()).await.unwrap();
    double.configure(|settings| settings.is_open_to_nobody = true);
    let wrong = JiraConfig {
        api_token: secret("expired"),
        ..config(&double)
    };
    let jira = Jira::new(&wrong, &http()).unwrap();
    let error = jira.find(OWN).await.unwrap_err();
    assert!(!error.to_string().contains("expired"));
    assert_eq!(later(error), (false, Some(Duration::from_secs(300))));
    let error = jira.status(&ticket).await.unwrap_err();
    assert!(!later(error).0, "the ticket is not gone");
    assert!(!later(jira.create(&draft()).await.unwrap_err()).0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_issue_is_gone_and_one_out_of_sight_is_not() {
    let (double, jira) = start();
    let ticket = jira.create(&draft()).await.unwrap();
    double.delete("OPS-1");
    let error = jira.comment(&ticket, "Again.", KEY).await.unwrap_err();
    assert!(matches!(error, TrackerError::Gone(_)), "{error:?}");
    double.set_mood(|_, _| Mood::Answer(Reply::json(404, &json!({ "errorMessages": ["No"] }))));
    let error = jira.status(&ticket).await.unwrap_err();
    assert_eq!(later(error), (false, Some(Duration::from_secs(300))));
}

#[tokio::test(flavor = "multi_thread")]
async fn all_pages_of_comments_are_read() {
    let (double, jira) = start();
    double.configure(|settings| settings.page_max = 2);
    let ticket = jira.create(&draft()).await.unwrap();
    for number in 0..5 {
        jira.comment(&ticket, "Again.", &format!("k-{number}"))
            .await
            .unwrap();
    }
    for number in 0..5 {
        assert!(
            jira.has_comment(&ticket, &format!("k-{number}"))
                .await
                .unwrap()
        );
    }
    assert!(!jira.has_comment(&ticket, "k-5").await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_that_is_not_offered_is_refused_with_those_that_are() {
    let (double, _) = start();
    let named = JiraConfig {
        resolve_status: Some("Shipped".into()),
        ..config(&double)
    };
    let jira = Jira::new(&named, &http()).unwrap();
    let ticket = jira.create(&draft()).await.unwrap();
    let resolved = TicketStatus::Resolved;
    let error = jira
        .set_status(&ticket, resolved, "")
        .await
        .unwrap_err()
        .to_string();
    for part in ["OPS-1", "`Shipped`", "`In Progress`", "`Done`"] {
        assert!(error.contains(part), "no {part} in {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workflow_that_asks_for_a_resolution_gets_one() {
    let (double, jira) = start();
    double.configure(|settings| settings.asks_resolution = true);
    let ticket = jira.create(&draft()).await.unwrap();
    jira.set_status(&ticket, TicketStatus::Resolved, "")
        .await
        .unwrap();
    assert_eq!(double.issues()[0].resolution.as_deref(), Some("Done"));
    jira.set_status(&ticket, TicketStatus::Open, "")
        .await
        .unwrap();
    assert_eq!(double.issues()[0].resolution, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_says_what_a_project_wants() {
    let (double, jira) = start();
    assert!(
        jira.check()
            .await
            .unwrap()
            .starts_with("Ops may open issues")
    );
    double.configure(|settings| settings.required_field = Some("customfield_1".into()));
    let refused = jira.check().await.unwrap_err().to_string();
    assert!(refused.contains("requires customfield_1"), "{refused}");
    let error = jira.create(&draft()).await.unwrap_err();
    assert!(matches!(&error, TrackerError::Refused(said) if said.contains("customfield_1")));

    let change = |change: fn(&mut JiraConfig)| {
        let mut config = config(&double);
        change(&mut config);
        Jira::new(&config, &http()).unwrap()
    };
    let other = change(|config| config.issue_type = "Incident".into());
    let refused = other.check().await.unwrap_err().to_string();
    assert!(refused.contains("Task, Bug"), "{refused}");
    double.configure(|settings| settings.required_field = None);
    let other = change(|config| config.priorities.high = "Dire".into());
    let left_out = other.check().await.unwrap();
    assert!(left_out.ends_with("none called Dire"), "{left_out}");
    other.create(&draft()).await.unwrap();
    let other = change(|config| config.project = "NONE".into());
    let refused = other.check().await.unwrap_err().to_string();
    assert!(refused.contains("`NONE`"), "{refused}");
}

#[test]
fn a_configuration_that_cannot_be_is_named() {
    let good = JiraConfig {
        url: "https://a.example".into(),
        email: "a@b.c".into(),
        api_token: secret("t"),
        project: "OPS".into(),
        ..JiraConfig::default()
    };
    assert!(Jira::new(&good, &http()).is_ok());
    let wrong = |change: fn(&mut JiraConfig)| {
        let mut config = good.clone();
        change(&mut config);
        Jira::new(&config, &http()).unwrap_err().field
    };
    assert_eq!(wrong(|c| c.url = "a.example".into()), "jira.url");
    assert_eq!(wrong(|c| c.email = "me".into()), "jira.email");
    assert_eq!(wrong(|c| c.api_token = secret("")), "jira.api_token");
    assert_eq!(wrong(|c| c.project = "A\" OR 1".into()), "jira.project");
    assert_eq!(wrong(|c| c.labels = vec!["a b".into()]), "jira.labels");
    let shown = format!("{:?}", Jira::new(&good, &http()).unwrap());
    assert!(!shown.contains("\"t\""), "{shown}");
}
