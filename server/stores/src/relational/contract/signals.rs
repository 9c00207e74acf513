//! The suite of signals on their way to the writer of alerts.

use tocsin_domain::alert::{AlertKind, AlertSeverity, Evidence, LabelSet};
use tocsin_domain::metric::FindingId;
use tocsin_domain::ports::{SignalBatch, SignalRecord, SignalStore, SignalWhat, StoreError};
use tocsin_domain::{Offset, Partition, SpanId, TraceContext, TraceId};

fn trace() -> Option<TraceContext> {
    TraceContext::new(TraceId([0x0a; 16]), SpanId([0xb0; 8]), 1)
}

fn anomalies(ids: &[FindingId], trace: Option<TraceContext>) -> SignalBatch {
    SignalBatch::Anomalies {
        ids: ids.to_vec(),
        trace,
    }
}

fn signal(number: i64, what: SignalWhat) -> SignalRecord {
    SignalRecord {
        rule: format!("rule-{number}"),
        labels: LabelSet::new([("service", "it's \"ö\""), ("alertname", "x")]),
        kind: AlertKind::ALL[0],
        severity: AlertSeverity::ALL[1],
        confidence: 0.1 + 0.2,
        failure_type: (number > 1).then(|| "disk_full".to_owned()),
        title: "a title\nof two lines".to_owned(),
        annotations: LabelSet::new([("runbook", "https://example.org/")]),
        evidence: vec![Evidence::Metric {
            query: "up == 0".to_owned(),
            from_ms: -1,
            to_ms: number,
            value: 1.0 / 3.0,
        }],
        at_ms: number,
        what,
        trace: (number > 1).then(trace).flatten(),
    }
}

fn lines(partition: u16, offset: u64, signals: Vec<SignalRecord>) -> SignalBatch {
    SignalBatch::Lines {
        partition: Partition(partition),
        offset: Offset(offset),
        signals,
    }
}

/// The suite of [`SignalStore`].
///
/// # Errors
/// What the store answers when it should not refuse.
///
/// # Panics
/// If the store breaks the contract.
pub async fn signals(store: &dyn SignalStore) -> Result<(), StoreError> {
    assert_eq!(store.told_after(0, 9).await?, []);
    assert_eq!(store.told_through(Partition(1)).await?, Offset(0));
    store.forget_told(7).await?;

    let occurred = signal(1, SignalWhat::Occurred(vec![3, -1, i64::MAX]));
    let first = lines(1, 5, vec![occurred, signal(2, SignalWhat::Began)]);
    let second = lines(2, 5, vec![signal(3, SignalWhat::Ended)]);
    let ids = vec![FindingId(u128::MAX), FindingId(1)];
    store.tell(first.clone()).await?;
    store.tell(second.clone()).await?;
    store.tell(anomalies(&ids, None)).await?;
    store.tell(anomalies(&[], trace())).await?;
    store.tell(anomalies(&ids, trace())).await?;
    store.tell(SignalBatch::Predictions(ids.clone())).await?;
    store.tell(SignalBatch::Predictions(Vec::new())).await?;
    let told = [
        first.clone(),
        second,
        anomalies(&ids, None),
        anomalies(&ids, trace()),
        SignalBatch::Predictions(ids),
    ];
    let all = store.told_after(0, 9).await?;
    let (numbers, batches): (Vec<u64>, Vec<SignalBatch>) = all.into_iter().unzip();
    assert_eq!(batches, told, "in the order in which they were told");
    assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
    assert!(numbers[0] > 0);

    // A page, and what follows it.
    let page = store.told_after(0, 1).await?;
    assert_eq!(page, [(numbers[0], first.clone())]);
    let rest = store.told_after(numbers[1], 9).await?;
    assert_eq!(rest.len(), 3);
    assert_eq!(rest[0], (numbers[2], told[2].clone()));

    // What is delivered again counts once; lines that say nothing move the position alone.
    store.tell(first).await?;
    store
        .tell(lines(1, 4, vec![signal(9, SignalWhat::Began)]))
        .await?;
    assert_eq!(store.told_through(Partition(1)).await?, Offset(5));
    store.tell(lines(1, 8, Vec::new())).await?;
    assert_eq!(store.told_through(Partition(1)).await?, Offset(8));
    assert_eq!(store.told_through(Partition(2)).await?, Offset(5));
    store
        .tell(lines(1, 7, vec![signal(9, SignalWhat::Began)]))
        .await?;
    assert_eq!(store.told_after(numbers[4], 9).await?, []);

    // Numbers and positions outlive what is forgotten.
    store.forget_told(numbers[1]).await?;
    assert_eq!(store.told_after(0, 9).await?.len(), 3);
    store.forget_told(u64::MAX).await?;
    assert_eq!(store.told_after(0, 9).await?, []);
    assert_eq!(store.told_through(Partition(1)).await?, Offset(8));
    let last = lines(1, 9, vec![signal(4, SignalWhat::Began)]);
    store.tell(last.clone()).await?;
    let again = store.told_after(numbers[4], 9).await?;
    assert_eq!(again.len(), 1, "it has a number above all that were given");
    assert_eq!(again[0].1, last);
    Ok(())
}

/// Workers that tell at once: a reader that goes on from what it saw sees everything once.
///
/// # Errors
/// What the store answers when it should not refuse.
///
/// # Panics
/// If the store breaks the contract.
pub async fn told_at_once(store: &dyn SignalStore) -> Result<(), StoreError> {
    const EACH: u64 = 25;
    let tell = async |partition: u16| -> Result<(), StoreError> {
        for offset in 1..=EACH {
            let said = vec![signal(1, SignalWhat::Began)];
            store.tell(lines(partition, offset, said)).await?;
        }
        Ok(())
    };
    let read = async || -> Result<Vec<SignalBatch>, StoreError> {
        let (mut seen, mut seq) = (Vec::new(), 0);
        while seen.len() < 3 * EACH as usize {
            for (number, told) in store.told_after(seq, 2).await? {
                seq = number;
                seen.push(told);
            }
            tokio::task::yield_now().await;
        }
        Ok(seen)
    };
    let (seen, one, two, three) = tokio::join!(read(), tell(1), tell(2), tell(3));
    one.and(two).and(three)?;
    let seen = seen?;
    for partition in 1..=3 {
        let offsets: Vec<u64> = seen
            .iter()
            .filter_map(|told| match told {
                SignalBatch::Lines {
                    partition: Partition(number),
                    offset,
                    ..
                } if *number == partition => Some(offset.0),
                _ => None,
            })
            .collect();
        assert!(offsets.iter().copied().eq(1..=EACH), "{offsets:?}");
    }
    Ok(())
}
