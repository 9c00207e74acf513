//! The suite of the store of subscriptions and their outbox.

use tocsin_domain::alert::{AlertId, AlertKind, AlertSeverity, Fingerprint};
use tocsin_domain::metric::{MatchOp, Matcher};
use tocsin_domain::ports::{DeliveryFilter, StoreError, SubscriptionStore, Told};
use tocsin_domain::subscription::{
    Channel, Delivery, DeliveryId, DeliveryState, MessageTemplate, NewDelivery, News, QuietHours,
    RateLimit, Secret, Subscription, SubscriptionFilter, SubscriptionId,
};

fn secret(text: &str) -> Option<Secret> {
    Some(Secret(text.into()))
}

fn subscription(number: i64, channel: Channel) -> Subscription {
    Subscription {
        id: SubscriptionId::new(number, [1; 10]),
        name: format!("it's \"{number}\" \u{1f514}"),
        is_enabled: number % 2 == 0,
        version: 3,
        filter: SubscriptionFilter::default(),
        channel,
        quiet_hours: None,
        digest_secs: None,
        rate_limit: None,
        template: MessageTemplate::default(),
        created_ms: number,
        updated_ms: i64::MAX,
    }
}

fn all() -> [Subscription; 3] {
    let webhook = Channel::Webhook {
        url: "https://example.org/?a='b'".into(),
        secret: secret("s"),
    };
    let slack = Channel::Slack {
        webhook_url: None,
        token: secret("xoxb"),
        channel: Some("#db".into()),
        api_url: Some("http://127.0.0.1/".into()),
    };
    let pager = Channel::PagerDuty {
        routing_key: secret("r"),
        url: None,
    };
    let matcher = Matcher::new(MatchOp::MatchesNot, "team", "d.|web");
    let full = Subscription {
        filter: SubscriptionFilter {
            matchers: matcher.into_iter().collect(),
            kinds: vec![AlertKind::Predictive],
            severities: vec![AlertSeverity::High, AlertSeverity::Critical],
            min_probability: Some(0.8),
            min_lead_hours: Some(24.0),
        },
        quiet_hours: Some(QuietHours {
            from_minute: 1320,
            to_minute: 420,
            utc_offset_minutes: -60,
        }),
        digest_secs: Some(600),
        rate_limit: Some(RateLimit {
            messages: 10,
            window_secs: 60,
        }),
        template: MessageTemplate {
            title: Some("{{ alert.title }}".into()),
            text: Some(String::new()),
        },
        ..subscription(2, slack)
    };
    [subscription(1, webhook), full, subscription(3, pager)]
}

fn news(subscription: SubscriptionId, alert: u64, event_seq: u64, news: News) -> NewDelivery {
    NewDelivery {
        subscription,
        alert: AlertId::of(Fingerprint(alert), 1000),
        event_seq,
        news,
        at_ms: 1000,
        due_ms: 1000 + event_seq.cast_signed(),
    }
}

/// The suite of [`SubscriptionStore`].
///
/// # Errors
/// What the store answers when it should not refuse.
///
/// # Panics
/// If the store breaks the contract.
pub async fn subscriptions(store: &dyn SubscriptionStore) -> Result<(), StoreError> {
    assert_eq!(store.subscriptions().await?, []);
    let [first, second, third] = all();
    for one in [&third, &first, &second] {
        store.put_subscription(one.clone()).await?;
    }
    assert_eq!(store.subscriptions().await?, all(), "the oldest first");
    let changed = Subscription {
        name: "other".into(),
        ..first.clone()
    };
    store.put_subscription(changed.clone()).await?;
    assert_eq!(store.subscription(first.id).await?, Some(changed));
    let gone = SubscriptionId(7);
    assert_eq!(store.subscription(gone).await?, None);
    assert!(!store.delete_subscription(gone).await?);
    enqueueing(store, (first.id, second.id)).await?;
    order(store, (first.id, second.id)).await?;
    messages(store, second.id).await?;
    assert!(store.delete_subscription(first.id).await?);
    let of_first = DeliveryFilter {
        subscription: Some(first.id),
        ..DeliveryFilter::default()
    };
    assert_eq!(store.deliveries(&of_first, None, 10).await?, []);
    forgetting(store).await
}

async fn enqueueing(
    store: &dyn SubscriptionStore,
    (first, second): (SubscriptionId, SubscriptionId),
) -> Result<(), StoreError> {
    assert_eq!(store.outbox_position().await?, None);
    assert_eq!(store.enqueue(4, Vec::new()).await?, 0);
    assert_eq!(store.outbox_position().await?, Some(4));
    let new = vec![
        news(first, 1, 5, News::Fired),
        news(second, 1, 5, News::Fired),
        news(first, 2, 6, News::Returned),
        news(SubscriptionId(7), 2, 6, News::Fired),
    ];
    assert_eq!(store.enqueue(6, new.clone()).await?, 3, "nobody is gone");
    assert_eq!(store.enqueue(6, new.clone()).await?, 0, "none twice");
    store.enqueue(2, Vec::new()).await?;
    assert_eq!(
        store.outbox_position().await?,
        Some(6),
        "it never goes back"
    );
    let page = store
        .deliveries(&DeliveryFilter::default(), None, 2)
        .await?;
    assert_eq!(page.len(), 2, "{page:?}");
    let expected = Delivery {
        id: page[0].id,
        ..Delivery::from(new[2].clone())
    };
    assert_eq!(page[0], expected, "the newest first");
    let rest = store
        .deliveries(&DeliveryFilter::default(), Some(page[1].id), 9)
        .await?;
    assert_eq!(rest.len(), 1);
    assert_eq!(store.delivery(rest[0].id).await?, Some(rest[0].clone()));
    assert_eq!(store.delivery(DeliveryId(u64::MAX)).await?, None);
    let filter = DeliveryFilter {
        subscription: Some(first),
        states: vec![DeliveryState::Pending, DeliveryState::Dead],
        alert: Some(new[0].alert),
    };
    assert_eq!(store.deliveries(&filter, None, 9).await?, rest);
    let dead = DeliveryFilter {
        states: vec![DeliveryState::Dead],
        ..DeliveryFilter::default()
    };
    assert_eq!(store.deliveries(&dead, None, 9).await?, []);
    Ok(())
}

async fn order(
    store: &dyn SubscriptionStore,
    (first, second): (SubscriptionId, SubscriptionId),
) -> Result<(), StoreError> {
    assert_eq!(store.ready(1004).await?, []);
    assert_eq!(store.next_due_ms(1004).await?, Some(1005));
    assert_eq!(store.next_due_ms(1006).await?, None);
    assert_eq!(store.ready(1005).await?, [first, second]);
    assert_eq!(store.due(first, 1005, 9).await?.len(), 1);
    let mut due = store.due(first, 1006, 9).await?;
    assert_eq!(due.len(), 2);
    assert!(due[0].id < due[1].id);
    assert_eq!(store.due(first, 1006, 1).await?, due[..1]);
    // The first failed and waits: the second must not pass it.
    due[0].attempts = 1;
    due[0].due_ms = 2000;
    due[0].note = Some("500: it's \"down\"".into());
    store.settle(due[..1].to_vec()).await?;
    assert_eq!(store.ready(1006).await?, [second]);
    assert_eq!(store.due(first, 1999, 9).await?, []);
    assert_eq!(store.due(first, 2000, 9).await?, due);
    // What is merely held lets others pass.
    due[0].attempts = 0;
    due[0].was_held = true;
    store.settle(due[..1].to_vec()).await?;
    assert_eq!(store.due(first, 1999, 9).await?, due[1..]);
    for one in &mut due {
        one.state = DeliveryState::Sent;
        one.settled_ms = Some(3000);
    }
    let unknown = Delivery {
        id: DeliveryId(1 << 40),
        ..due[0].clone()
    };
    due.push(unknown);
    store.settle(due.clone()).await?;
    assert_eq!(store.delivery(due[2].id).await?, None, "it stays gone");
    assert_eq!(store.due(first, i64::MAX, 9).await?, []);
    Ok(())
}

async fn messages(store: &dyn SubscriptionStore, to: SubscriptionId) -> Result<(), StoreError> {
    let alert = AlertId::of(Fingerprint(1), 1000);
    let last = DeliveryId(u64::from(u32::MAX));
    assert_eq!(store.told(to, alert, last).await?, Told::default());
    let new = [6, 7, 8].map(|seq| news(to, 1, seq, News::Escalated));
    store.enqueue(8, new.to_vec()).await?;
    let mut due = store.due(to, i64::MAX, 9).await?;
    assert_eq!(due.len(), 4);
    let lead = due[1].id;
    for (one, at) in due.iter_mut().zip([3000, 3500, 3501, 4000]) {
        one.state = DeliveryState::Sent;
        one.settled_ms = Some(at);
        one.message = Some(one.id);
    }
    due[2].message = Some(lead);
    due[0].reference = Some("C1 1.2".into());
    store.settle(due.clone()).await?;
    assert_eq!(store.messages_since(to, 3000).await?, [3000, 3500, 4000]);
    assert_eq!(store.messages_since(to, 3600).await?, [4000]);
    let told = Told {
        is_open: true,
        reference: Some("C1 1.2".into()),
    };
    assert_eq!(store.told(to, alert, last).await?, told);
    assert_eq!(store.told(to, alert, due[0].id).await?, Told::default());
    store
        .enqueue(9, vec![news(to, 1, 9, News::Cleared)])
        .await?;
    assert_eq!(store.told(to, alert, last).await?, told, "not yet sent");
    let mut end = store.due(to, i64::MAX, 9).await?;
    end[0].state = DeliveryState::Sent;
    end[0].settled_ms = Some(5000);
    store.settle(end).await?;
    let over = Told {
        is_open: false,
        ..told
    };
    assert_eq!(store.told(to, alert, last).await?, over);
    Ok(())
}

async fn forgetting(store: &dyn SubscriptionStore) -> Result<(), StoreError> {
    assert_eq!(store.forget_deliveries(3501).await?, 2);
    let left = store
        .deliveries(&DeliveryFilter::default(), None, 9)
        .await?;
    let times: Vec<_> = left.iter().map(|one| one.settled_ms).collect();
    assert_eq!(times, [Some(5000), Some(4000), Some(3501)]);
    assert_eq!(store.forget_deliveries(i64::MAX).await?, 3);
    Ok(())
}
