//! What holds for every decision.

use proptest::prelude::*;
use tocsin_domain::alert::{AlertSeverity, LabelSet, SilenceId};
use tocsin_domain::metric::{MatchOp, Matcher};
use tocsin_domain::subscription::{
    Channel, DeliveryId, DeliveryState, MessageTemplate, NewDelivery, SubscriptionFilter,
    SubscriptionId,
};

use super::*;

const HOUR_MS: i64 = 3_600_000;

fn subscription() -> Subscription {
    Subscription {
        id: SubscriptionId(1),
        name: "one".into(),
        is_enabled: true,
        version: 1,
        filter: SubscriptionFilter::default(),
        channel: Channel::Webhook {
            url: "http://a/".into(),
            secret: None,
        },
        quiet_hours: None,
        digest_secs: None,
        rate_limit: None,
        template: MessageTemplate::default(),
        created_ms: 0,
        updated_ms: 0,
    }
}

fn alert() -> Alert {
    use tocsin_domain::alert::{AlertId, AlertKind};
    let labels = LabelSet::new([("team", "db")]);
    Alert {
        id: AlertId::of(labels.fingerprint(), 1000),
        fingerprint: labels.fingerprint(),
        kind: AlertKind::Realtime,
        severity: AlertSeverity::Medium,
        status: AlertStatus::New,
        title: "t".into(),
        rule: "r".into(),
        labels,
        annotations: LabelSet::default(),
        starts_ms: 1000,
        ends_ms: None,
        last_ms: 1000,
        count: 1,
        confidence: 1.0,
        failure_type: None,
        evidence: Vec::new(),
        assignee: None,
        snoozed_until_ms: None,
        is_flapping: false,
        acknowledged_ms: None,
        resolved_ms: None,
        returns_ms: Vec::new(),
        incident: None,
        joined_because: None,
        trace: None,
        seq: 0,
    }
}

fn delivery(news: News) -> Delivery {
    Delivery {
        id: DeliveryId(1),
        ..NewDelivery {
            subscription: SubscriptionId(1),
            alert: alert().id,
            event_seq: 1,
            news,
            at_ms: 1000,
            due_ms: 1000,
        }
        .into()
    }
}

fn silence(from: i64, to: i64) -> Silence {
    Silence {
        id: SilenceId(1),
        matchers: vec![Matcher::new(MatchOp::Equal, "team", "db").unwrap()],
        starts_ms: from,
        ends_ms: to,
        recurrence: None,
        created_by: "ana".into(),
        created_ms: 0,
        comment: String::new(),
        expired_ms: None,
    }
}

/// Decides about news of an alert; nothing silences it.
fn decided(news: News, alert: &Alert, is_open: bool) -> Decision {
    let subscription = subscription();
    let situation = Situation {
        subscription: &subscription,
        alert,
        silences: &[],
        is_open,
        now_ms: 2000,
    };
    decide(&delivery(news), situation)
}

#[test]
fn an_end_is_told_to_whom_the_beginning_was() {
    let ended = Alert {
        ends_ms: Some(1500),
        status: AlertStatus::Resolved,
        ..alert()
    };
    for news in [News::Cleared, News::Resolved] {
        assert_eq!(decided(news, &ended, true), Decision::Send);
        assert!(matches!(decided(news, &ended, false), Decision::Skip(_)));
    }
    let quickly = decided(News::Fired, &ended, false);
    assert_eq!(quickly, Decision::Send, "what nobody held is told");
}

#[test]
fn an_acknowledgement_makes_all_but_an_escalation_needless() {
    let taken = Alert {
        status: AlertStatus::Acknowledged,
        ..alert()
    };
    for news in [News::Fired, News::Returned, News::Flapping] {
        assert!(matches!(decided(news, &taken, true), Decision::Skip(_)));
    }
    assert_eq!(decided(News::Escalated, &taken, true), Decision::Send);
}

#[test]
fn a_snooze_puts_off() {
    let snoozed = Alert {
        snoozed_until_ms: Some(2500),
        ..alert()
    };
    let put_off = decided(News::Fired, &snoozed, false);
    assert!(matches!(put_off, Decision::Hold(2500, _)), "{put_off:?}");
    let over = Alert {
        snoozed_until_ms: Some(2000),
        ..alert()
    };
    assert_eq!(decided(News::Fired, &over, false), Decision::Send);
}

#[test]
fn a_silence_holds_all_but_the_end() {
    let subscription = subscription();
    let (firing, silences) = (alert(), [silence(0, 5000)]);
    let decided = |news, alert: &Alert, now_ms| {
        let situation = Situation {
            subscription: &subscription,
            alert,
            silences: &silences,
            is_open: true,
            now_ms,
        };
        decide(&delivery(news), situation)
    };
    assert!(matches!(
        decided(News::Fired, &firing, 2000),
        Decision::Hold(..)
    ));
    assert_eq!(
        decided(News::Fired, &firing, 5000),
        Decision::Send,
        "it goes on"
    );
    let ended = Alert {
        ends_ms: Some(3000),
        ..firing
    };
    for now_ms in [4000, 6000] {
        let skipped = decided(News::Fired, &ended, now_ms);
        assert!(
            matches!(skipped, Decision::Skip(_)),
            "it happened in the silence"
        );
    }
    assert_eq!(decided(News::Cleared, &ended, 4000), Decision::Send);
}

#[test]
fn quiet_hours_hold_what_is_not_severe() {
    let mut subscription = subscription();
    subscription.quiet_hours = Some(QuietHours {
        from_minute: 0,
        to_minute: 60,
        utc_offset_minutes: 0,
    });
    let decided = |severity| {
        let alert = Alert {
            severity,
            ..alert()
        };
        let situation = Situation {
            subscription: &subscription,
            alert: &alert,
            silences: &[],
            is_open: true,
            now_ms: 2000,
        };
        decide(&delivery(News::Fired), situation)
    };
    for severity in [AlertSeverity::Low, AlertSeverity::Medium] {
        assert!(matches!(decided(severity), Decision::Hold(HOUR_MS, _)));
    }
    assert_eq!(decided(AlertSeverity::High), Decision::Send);
}

#[test]
fn a_digest_is_due_at_its_next_end() {
    let mut subscription = subscription();
    assert_eq!(due_ms(&subscription, 12_345), 12_345);
    subscription.digest_secs = Some(60);
    assert_eq!(due_ms(&subscription, 59_999), 60_000);
    assert_eq!(due_ms(&subscription, 60_000), 120_000);
}

proptest! {
    /// Whatever comes when, no window has more messages than are allowed, nothing is lost, the
    /// order is kept, and a crash after any message changes nothing.
    #[test]
    fn a_rate_limit_holds_in_every_window(
        mut arrivals in prop::collection::vec(0_i64..60_000, 1..200),
        messages in 1_u32..6,
        window_secs in 1_u32..20,
    ) {
        arrivals.sort_unstable();
        let mut subscription = subscription();
        subscription.rate_limit = Some(RateLimit { messages, window_secs });
        let window_ms = i64::from(window_secs) * 1000;
        let (mut sent, mut told): (Vec<i64>, Vec<usize>) = (Vec::new(), Vec::new());
        let mut now_ms = 0;
        while told.len() < arrivals.len() {
            let next = told.len();
            now_ms = now_ms.max(arrivals[next]);
            let waiting = arrivals[next..].iter().filter(|at| **at <= now_ms).count();
            // All that is known is what was kept: nothing else survives a crash.
            let within: Vec<i64> = sent.iter().copied().filter(|at| *at > now_ms - window_ms).collect();
            match gather(&subscription, waiting, &within, now_ms) {
                Gathering::Wait(until) => {
                    prop_assert!(until > now_ms && until <= now_ms + window_ms);
                    now_ms = until;
                }
                Gathering::Single => { told.push(next); sent.push(now_ms); }
                Gathering::Together => { told.extend(next..next + waiting); sent.push(now_ms); }
            }
        }
        prop_assert_eq!(told, (0..arrivals.len()).collect::<Vec<_>>());
        for (at, time) in sent.iter().enumerate() {
            let within = sent[..=at].iter().filter(|one| **one > time - window_ms).count();
            prop_assert!(within <= messages as usize);
        }
    }

    #[test]
    fn waits_grow_within_their_bounds(attempts in 1_u32..100, key in ".{0,20}", asked in 0_u64..10_000) {
        let backoff = Backoff { first_ms: 1000, most_ms: 600_000 };
        let wait = backoff.wait_ms(attempts, &key, None);
        let full = (1000_i64 << (attempts - 1).min(20)).min(600_000);
        prop_assert!((full / 2..full).contains(&wait), "{wait} of {full}");
        let asked_ms = i64::try_from(asked.min(3600) * 1000).unwrap();
        let longer = backoff.wait_ms(attempts, &key, Some(Duration::from_secs(asked)));
        prop_assert_eq!(longer, wait.max(asked_ms));
    }

    /// Held back, let be, or sent: whatever the situation, what is decided is one of the three, and
    /// what is held is looked at again later.
    #[test]
    fn what_is_held_is_looked_at_again(
        news in prop::sample::select(News::ALL.to_vec()),
        (from, lasts, now_ms) in (0_i64..5000, 1_i64..5000, 1000_i64..10_000),
        snoozed in prop::option::of(0_i64..10_000),
        (has_ended, is_open, was_held) in any::<(bool, bool, bool)>(),
    ) {
        let subscription = subscription();
        let alert = Alert {
            ends_ms: has_ended.then_some(1500),
            snoozed_until_ms: snoozed,
            ..alert()
        };
        let silences = [silence(from, from + lasts)];
        let situation = Situation { subscription: &subscription, alert: &alert, silences: &silences, is_open, now_ms };
        let one = Delivery { was_held, state: DeliveryState::Pending, ..delivery(news) };
        let is_held = silences[0].is_active(now_ms) || snoozed.is_some_and(|until| until > now_ms);
        match decide(&one, situation) {
            Decision::Hold(until, _) => prop_assert!(until > now_ms && is_held && !news.is_end()),
            Decision::Send => prop_assert!((!is_held || news.is_end()) && (is_open || !news.is_end())),
            Decision::Skip(_) => {
                let needs_open = news.is_end() || news == News::Noted;
                prop_assert!((needs_open && !is_open) || (!news.is_end() && has_ended));
            }
        }
    }
}
