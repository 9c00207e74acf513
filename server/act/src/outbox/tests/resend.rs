//! Dead letters are sent again when somebody asks: all, those of a subscription, or some.

use async_trait::async_trait;
use tocsin_domain::Timestamp;
use tocsin_domain::alert::AlertId;
use tocsin_domain::job::{Job, JobId, Progress};
use tocsin_domain::ports::{JobError, JobHandler, JobRun, SubscriptionStore};
use tocsin_domain::subscription::{Delivery, DeliveryState, NewDelivery, SubscriptionId};

use super::*;

struct Run(Job);

#[async_trait]
impl JobRun for Run {
    fn job(&self) -> &Job {
        &self.0
    }

    fn is_stopped(&self) -> bool {
        false
    }

    async fn stopped(&self) {
        std::future::pending().await
    }

    fn progress(&self, _: Progress) {}

    async fn checkpoint(&self, _: String) -> Result<(), JobError> {
        Ok(())
    }
}

fn one() -> SubscriptionId {
    SubscriptionId::new(1, [1; 10])
}

/// 300 deliveries to one and two each, every third of which was given up, before or after a time.
async fn filled(asked_ms: i64) -> Arc<Memory> {
    let memory = Arc::<Memory>::default();
    let new = |number: u64| NewDelivery {
        subscription: SubscriptionId::new(1, [u8::try_from(number % 2).unwrap() + 1; 10]),
        alert: AlertId(u128::from(number)),
        event_seq: number,
        news: News::Fired,
        at_ms: 1,
        due_ms: 1,
    };
    memory
        .enqueue(1, (0..600).map(new).collect())
        .await
        .unwrap();
    for delivery in lock(&memory.deliveries).iter_mut() {
        delivery.state = match delivery.id.0 % 3 {
            0 => DeliveryState::Dead,
            1 => DeliveryState::Sent,
            _ => DeliveryState::Pending,
        };
        delivery.attempts = 20;
        let is_late = delivery.id.0 == 600;
        delivery.settled_ms = Some(if is_late { asked_ms + 1 } else { asked_ms });
    }
    memory
}

async fn ask(memory: &Arc<Memory>, parameters: &str, asked_ms: i64) -> Result<String, String> {
    let (config, notifier) = quick();
    let handler = Outbox::new(memory.parts(), config, notifier).0.resend();
    let asked = Timestamp::from_millis(asked_ms);
    let parameters = handler.check(parameters, asked)?;
    assert_eq!(handler.check(&parameters, asked), Ok(parameters.clone()));
    let run = Run(Job::new(JobId(1), "send_notification", parameters, asked));
    let result = handler.run(&run).await;
    result.map_err(|error| error.to_string())
}

fn again(memory: &Memory) -> Vec<Delivery> {
    let all = lock(&memory.deliveries).clone();
    let is_again = |one: &Delivery| one.state == DeliveryState::Pending && one.attempts == 0;
    all.into_iter().filter(is_again).collect()
}

#[tokio::test]
async fn all_that_was_given_up_before_is_sent_again() {
    let memory = filled(5000).await;
    let result = ask(&memory, "{}", 5000).await.unwrap();
    assert_eq!(result, r#"{"sent_again":199}"#);
    let again = again(&memory);
    assert!(again.iter().all(|one| one.id.0 % 3 == 0 && one.id.0 != 600));
    assert!(again.iter().all(|one| one.settled_ms.is_none()));
    // Asked once more, by an attempt after a crash: what is pending again is let be.
    let result = ask(&memory, "{}", 5000).await.unwrap();
    assert_eq!(result, r#"{"sent_again":0}"#);
}

#[tokio::test]
async fn some_are_sent_again() {
    let memory = filled(5000).await;
    let parameters = json!({ "subscription": one().to_string() }).to_string();
    let result = ask(&memory, &parameters, 9000).await.unwrap();
    assert_eq!(result, r#"{"sent_again":100}"#);
    assert!(
        again(&memory)
            .iter()
            .all(|delivery| delivery.subscription == one())
    );
    let memory = filled(5000).await;
    let result = ask(&memory, r#"{"deliveries":[3,4,5,7777]}"#, 9000)
        .await
        .unwrap();
    assert_eq!(result, r#"{"sent_again":2}"#, "5 is pending anyway");
    for wrong in [
        r#"{"subscription":"x"}"#,
        r#"{"deliveries":["a"]}"#,
        r#"{"x":1}"#,
        "7",
    ] {
        assert!(ask(&memory, wrong, 1).await.is_err(), "{wrong}");
    }
}
