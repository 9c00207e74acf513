//! The engine against the double of Jira, over HTTP.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tocsin_domain::alert::AlertEventKind;
use tocsin_domain::ticket::TaskState;
use tocsin_harness::trackers::{JiraDouble, Mood, Reply};

use super::{World, alert, ended, random};
use crate::http::HttpConfig;
use crate::tickets::TicketEngineConfig;
use crate::tickets::trackers::jira::Jira;
use crate::tickets::trackers::{ConfigSecret, JiraConfig};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jira_has_each_ticket_and_comment_once_wherever_the_engine_is_stopped() {
    let double = JiraDouble::start().unwrap();
    double.configure(|settings| settings.lag = Duration::from_millis(300));
    let slow_down = || Mood::Answer(Reply::empty(429).with("Retry-After", 0));
    double.set_mood(move |number, _| match random(number) % 20 {
        0 => Mood::Answer(Reply::empty(503)),
        1 => slow_down(),
        2..=3 => Mood::DoAndDrop,
        4 => Mood::DoAndHang,
        5 => Mood::Hang,
        6 => Mood::Drop,
        _ => Mood::Obey,
    });
    let config = JiraConfig {
        url: double.url(),
        email: JiraDouble::EMAIL.into(),
        api_token: ConfigSecret::new(JiraDouble::TOKEN.into()),
        project: JiraDouble::PROJECT.into(),
        lag_secs: 1,
        ..JiraConfig::default()
    };
    let http = HttpConfig {
        timeout_ms: 300,
        proxy: None,
    };
    let mut world = World::new(None);
    world.config = TicketEngineConfig {
        settle_ms: 800,
        ..world.config
    };
    world.other = Some(Arc::new(Jira::new(&config, &http).unwrap()));
    for number in 0..40 {
        let one = alert("storm", number);
        world.alerts.happens(&one, AlertEventKind::Fired);
        if number % 2 == 0 {
            world.alerts.happens(&ended(&one), AlertEventKind::Cleared);
        }
    }
    let stops: Vec<u64> = (0..8).map(|n| 20 + random(n) % 400).collect();
    world.settle(&stops).await;
    let mut found = BTreeMap::new();
    for issue in double.issues() {
        let is_over = issue.comments_with("The alert is over.");
        let title = issue.fields["summary"].as_str().unwrap().to_owned();
        let was = found.insert(title, (issue.comments.len(), is_over, issue.status.clone()));
        assert!(was.is_none(), "two tickets: {issue:?}");
    }
    assert_eq!(found.len(), 40);
    for number in 0..40 {
        let expected = match number % 2 {
            0 => (1, 1, "Done".to_owned()),
            _ => (0, 0, "To Do".to_owned()),
        };
        assert_eq!(found[&format!("storm on web-{number}")], expected);
    }
    assert_eq!(world.store.kept().count(TaskState::Dead), 0);
}
