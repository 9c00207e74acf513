//! Summaries of what is in the shop.

use tocsin_domain::ports::{Copilot, Summary, SummarySubject};
use tocsin_domain::{TimeRange, Timestamp};
use tocsin_llm::{Claim, Evidence, check};

use super::scene::{NOW_MS, Shop};

#[tokio::test]
async fn summaries_say_what_is_known_and_cite_it() {
    let shop = Shop::open();
    let copilot = shop.copilot();
    let day = TimeRange {
        from: Timestamp::from_millis(NOW_MS - 86_400_000),
        to: Timestamp::from_millis(NOW_MS),
    };
    for (subject, titles, expected) in [
        (
            SummarySubject::Alert(shop.alert.id),
            vec!["What", "Cause", "What was done", "Next"],
            "fired 57 times",
        ),
        (
            SummarySubject::Incident(shop.incident.id),
            vec!["What", "Impact", "Cause", "Status", "What was done", "Next"],
            "Affected: `orders`",
        ),
        (
            SummarySubject::PostMortem(shop.incident.id),
            vec![
                "Summary",
                "Impact",
                "Timeline",
                "Root cause",
                "Resolution",
                "Lessons and actions",
            ],
            "payment 2.4.1",
        ),
        (
            SummarySubject::Digest(day),
            vec![
                "Alerts",
                "New errors",
                "What is going to happen",
                "Noisiest",
                "Changes",
            ],
            "reaches its limit",
        ),
    ] {
        let summary = copilot
            .summarise(subject.clone(), "ana")
            .await
            .unwrap()
            .unwrap();
        let have: Vec<&str> = summary
            .sections
            .iter()
            .map(|one| one.title.as_str())
            .collect();
        assert_eq!(have, titles, "{subject:?}");
        hold_to_evidence(&summary, expected);
    }
    let gone = SummarySubject::Incident(tocsin_domain::alert::IncidentId(1));
    assert_eq!(copilot.summarise(gone, "ana").await.unwrap(), None);
    let cluster = SummarySubject::Cluster("no such".into(), day);
    assert_eq!(copilot.summarise(cluster, "ana").await.unwrap(), None);
}

/// Something says what is expected, and whatever cites is borne out.
fn hold_to_evidence(summary: &Summary, expected: &str) {
    let mut evidence = Evidence::new();
    summary
        .facts
        .iter()
        .for_each(|fact| evidence.add(&fact.id, &fact.text));
    let all = summary.sections.iter().flat_map(|one| &one.statements);
    let statements: Vec<_> = all.collect();
    let is_said = statements.iter().any(|one| one.text.contains(expected));
    assert!(is_said, "{statements:#?}");
    for statement in statements.iter().filter(|one| !one.cites.is_empty()) {
        let claim = Claim {
            text: statement.text.clone(),
            cites: statement.cites.clone(),
        };
        let checked = check(&[claim], &evidence);
        assert!(checked.dropped.is_empty(), "{:?}", checked.dropped);
    }
}
