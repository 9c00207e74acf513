//! What every log store must do, whichever engine is behind it: run [`holds`] on a new store.

pub mod corpus;

use std::sync::Arc;
use std::time::Duration;

use tocsin_domain::ports::StoreError;
use tocsin_domain::ports::log_store::{
    BandCounts, Histogram, LogQuery, LogStore, Order, Retention, TemplateCount,
};
use tocsin_domain::query::{Expression, RecordView, matches, parse};
use tocsin_domain::{LogRecord, Offset, ParsedBatch, Partition, TimeRange, Timestamp};

use corpus::{Line, batch};

/// Records per page when pages are compared: small, so that there are several.
const PAGE: usize = 23;

/// Makes a query of text, over all of time.
///
/// # Panics
/// If the text is no query.
#[must_use]
pub fn query(text: &str) -> LogQuery {
    LogQuery {
        expression: parse(text).expect("a query"),
        ..LogQuery::all(TimeRange::ALL)
    }
}

/// The plain scan: every record of the batches that the query selects, newest first.
#[must_use]
pub fn scan(batches: &[ParsedBatch], query: &LogQuery) -> Vec<LogRecord> {
    let mut found = Vec::new();
    for parsed in batches {
        for row in 0..parsed.lines.len() {
            let view = RecordView::of_parsed(parsed, row);
            let templates = query.templates.as_ref();
            if query.range.contains(parsed.batch.records[row].timestamp)
                && templates.is_none_or(|list| list.contains(&view.template))
                && matches(&query.expression, &view)
            {
                found.push(parsed.record(row));
            }
        }
    }
    found.sort_by_key(|record| std::cmp::Reverse((record.timestamp, record.id)));
    found
}

/// Checks that every kind of answer to a query equals the plain scan.
///
/// # Panics
/// If one does not.
pub async fn agrees(store: &dyn LogStore, batches: &[ParsedBatch], query: &LogQuery) {
    let expect = scan(batches, query);
    assert_eq!(
        store.count(query).await.unwrap(),
        expect.len() as u64,
        "count of {query:?}"
    );
    let newest = pages(store, query, Order::NewestFirst).await;
    assert_eq!(newest, expect, "newest first of {query:?}");
    let mut oldest = pages(store, query, Order::OldestFirst).await;
    oldest.reverse();
    assert_eq!(oldest, expect, "oldest first of {query:?}");
    for interval in [1_000_000, 60_000_000_000, 7_000_000_000] {
        match store.histogram(query, interval).await {
            Ok(histogram) => assert_eq!(histogram, histogram_of(&expect, interval), "{query:?}"),
            Err(StoreError::Invalid(_)) => {
                assert!(
                    histogram_of(&expect, interval).buckets.len() > 10_000,
                    "{query:?}"
                );
            }
            Err(error) => panic!("{error}"),
        }
    }
    let counts = store.template_counts(query).await.unwrap();
    assert_eq!(
        counts,
        template_counts_of(&expect),
        "templates of {query:?}"
    );
}

async fn pages(store: &dyn LogStore, query: &LogQuery, order: Order) -> Vec<LogRecord> {
    let mut records = Vec::new();
    let mut after = None;
    loop {
        let page = store.search(query, order, after, PAGE).await.unwrap();
        assert!(page.records.len() <= PAGE);
        records.extend(page.records);
        after = page.next;
        if after.is_none() {
            return records;
        }
    }
}

fn histogram_of(records: &[LogRecord], interval: i64) -> Histogram {
    let mut buckets: Vec<(Timestamp, BandCounts)> = Vec::new();
    for record in records.iter().rev() {
        let start = Timestamp(record.timestamp.0.div_euclid(interval) * interval);
        if buckets.last().is_none_or(|(last, _)| *last != start) {
            buckets.push((start, BandCounts::default()));
        }
        let (_, counts) = buckets.last_mut().expect("one was pushed");
        counts[record.severity.band()] += 1;
    }
    Histogram { interval, buckets }
}

fn template_counts_of(records: &[LogRecord]) -> Vec<TemplateCount> {
    let mut counts: Vec<TemplateCount> = Vec::new();
    for record in records {
        let known = counts
            .iter()
            .position(|count| count.template == record.template);
        let at = known.unwrap_or_else(|| {
            counts.push(TemplateCount {
                template: record.template,
                counts: BandCounts::default(),
                first_seen: record.timestamp,
                last_seen: record.timestamp,
            });
            counts.len() - 1
        });
        counts[at].counts[record.severity.band()] += 1;
        counts[at].first_seen = counts[at].first_seen.min(record.timestamp);
        counts[at].last_seen = counts[at].last_seen.max(record.timestamp);
    }
    counts.sort_by_key(|count| {
        (
            std::cmp::Reverse(count.counts.iter().sum::<u64>()),
            count.template,
        )
    });
    counts
}

const P: Partition = Partition(0);

fn lines(count: usize, text: impl Fn(usize) -> String) -> Vec<Line> {
    (0..count)
        .map(|at| Line {
            timestamp: Some(Timestamp::from_secs(1_000 + at as i64)),
            ..Line::of(&text(at))
        })
        .collect()
}

/// Checks the whole contract on a store that holds nothing.
///
/// # Panics
/// If the store does not hold it.
pub async fn holds(store: Arc<dyn LogStore>) {
    delivering_twice_stores_once(&*store).await;
    lines_come_back_byte_for_byte(&*store).await;
    context_is_of_its_own_source(&*store).await;
    distributions_count_values(&*store).await;
    deleted_records_are_gone(&*store).await;
    old_records_go(&*store).await;
    large_sources_shrink(&*store).await;
    nonsense_is_refused(&*store).await;
}

async fn delivering_twice_stores_once(store: &dyn LogStore) {
    let first = batch(1, "file:a", &lines(5, |at| format!("first {at}")));
    let second = batch(2, "file:a", &lines(5, |at| format!("second {at}")));
    for _ in 0..2 {
        store.append(P, Offset(1), first.clone()).await.unwrap();
    }
    assert_eq!(
        store.count(&query("first")).await.unwrap(),
        5,
        "searchable at once"
    );
    assert_eq!(store.durable(P), Offset(0));
    assert_eq!(store.flush(P).await.unwrap(), Offset(1));
    assert_eq!(store.durable(P), Offset(1));
    store.append(P, Offset(1), first.clone()).await.unwrap();
    store.append(P, Offset(2), second.clone()).await.unwrap();
    agrees(store, &[first, second], &query("source:file* 3")).await;
    assert_eq!(store.flush(P).await.unwrap(), Offset(2));
    assert_eq!(
        store.flush(P).await.unwrap(),
        Offset(2),
        "nothing new to write"
    );
}

async fn lines_come_back_byte_for_byte(store: &dyn LogStore) {
    let bodies: [&[u8]; 5] = [
        b"",
        b"\0",
        b"\xff\xfe 12 \xc3",
        b" lead and trail ",
        b"\r\t\x1b[0m",
    ];
    let odd: Vec<Line> = bodies
        .iter()
        .map(|body| Line {
            body: body.to_vec(),
            ..Line::of("")
        })
        .collect();
    let odd = batch(3, "odd", &odd);
    store.append(P, Offset(3), odd.clone()).await.unwrap();
    for _ in 0..2 {
        agrees(store, std::slice::from_ref(&odd), &query("source:odd")).await;
        for row in 0..bodies.len() {
            let id = odd.batch.record_id(row);
            assert_eq!(store.get(id).await.unwrap(), Some(odd.record(row)));
        }
        store.flush(P).await.unwrap();
    }
    let unknown = odd.batch.id.record(99);
    assert_eq!(store.get(unknown).await.unwrap(), None);
}

async fn context_is_of_its_own_source(store: &dyn LogStore) {
    let mine: Vec<ParsedBatch> = (0..3)
        .map(|part| {
            batch(
                10 + part * 2,
                "mine",
                &lines(4, |at| format!("mine {part} {at}")),
            )
        })
        .collect();
    for (part, parsed) in mine.iter().enumerate() {
        let offset = 10 + part as u64 * 2;
        store
            .append(P, Offset(offset), parsed.clone())
            .await
            .unwrap();
        let other = batch(offset + 1, "other", &lines(4, |at| format!("other {at}")));
        store.append(P, Offset(offset + 1), other).await.unwrap();
        if part < 2 {
            store.flush(P).await.unwrap();
        }
    }
    let all: Vec<LogRecord> = mine
        .iter()
        .flat_map(|parsed| (0..4).map(|row| parsed.record(row)))
        .collect();
    for at in [0, 5, 11] {
        let context = store.context(all[at].id, 3, 5).await.unwrap().unwrap();
        assert_eq!(context.line, all[at]);
        assert_eq!(context.before, all[at.saturating_sub(3)..at]);
        assert_eq!(context.after, all[at + 1..(at + 6).min(12)]);
    }
    assert_eq!(
        store
            .context(mine[0].batch.id.record(77), 1, 1)
            .await
            .unwrap(),
        None
    );
}

async fn distributions_count_values(store: &dyn LogStore) {
    let parsed = batch(
        20,
        "ports",
        &lines(10, |at| format!("port {}", [22, 80][at % 2])),
    );
    let template = parsed.template(0).id;
    store.append(P, Offset(20), parsed).await.unwrap();
    for _ in 0..2 {
        let found = store
            .distributions(template, &query("source:ports"))
            .await
            .unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].slot, found[0].total, found[0].distinct),
            (0, 10, 2)
        );
        assert_eq!(found[0].top, [("22".to_owned(), 5), ("80".to_owned(), 5)]);
        assert_eq!(found[0].numeric, Some((22.0, 22.0, 80.0)));
        store.flush(P).await.unwrap();
    }
}

async fn deleted_records_are_gone(store: &dyn LogStore) {
    let parsed = batch(
        30,
        "secrets",
        &lines(10, |at| format!("secret {at} of user{}", at % 3)),
    );
    store.append(P, Offset(30), parsed.clone()).await.unwrap();
    let doomed = query("source:secrets user1");
    assert_eq!(store.delete(&doomed).await.unwrap(), 3);
    assert_eq!(store.delete(&doomed).await.unwrap(), 0);
    store.append(P, Offset(30), parsed.clone()).await.unwrap();
    assert_eq!(
        store.count(&query("source:secrets")).await.unwrap(),
        7,
        "for good"
    );
    let kept: Vec<_> = scan(std::slice::from_ref(&parsed), &query("-user1"));
    let found = pages(store, &query("source:secrets"), Order::NewestFirst).await;
    assert_eq!(found, kept, "the others are as they were");
    assert_eq!(store.get(parsed.batch.record_id(1)).await.unwrap(), None);
    let context = store
        .context(parsed.batch.record_id(2), 1, 1)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(context.before, [parsed.record(0)]);
    assert_eq!(context.after, [parsed.record(3)]);
}

async fn old_records_go(store: &dyn LogStore) {
    let parsed = batch(40, "aging", &lines(10, |at| format!("aging {at}")));
    store.append(P, Offset(40), parsed).await.unwrap();
    store.flush(P).await.unwrap();
    let before = store.count(&query("-source:aging")).await.unwrap();
    let rules = [Retention {
        source_prefix: "aging".into(),
        max_age: Some(Duration::from_secs(100)),
        max_bytes: None,
    }];
    let now = Timestamp::from_secs(1_104);
    assert_eq!(store.retain(&rules, now).await.unwrap(), 4);
    assert_eq!(store.count(&query("source:aging")).await.unwrap(), 6);
    assert_eq!(store.count(&query("-source:aging")).await.unwrap(), before);
    let later = Timestamp::from_secs(2_000);
    assert_eq!(store.retain(&rules, later).await.unwrap(), 6);
}

async fn large_sources_shrink(store: &dyn LogStore) {
    for part in 0..4u64 {
        let text = |at| format!("large {part} {at}");
        let parsed = batch(50 + part, "large", &lines(50, text));
        store.append(P, Offset(50 + part), parsed).await.unwrap();
        store.flush(P).await.unwrap();
    }
    let before = store.count(&query("-source:large")).await.unwrap();
    let rule = |max_bytes| Retention {
        source_prefix: "large".into(),
        max_age: None,
        max_bytes: Some(max_bytes),
    };
    let now = Timestamp::from_secs(5_000);
    assert_eq!(store.retain(&[rule(u64::MAX)], now).await.unwrap(), 0);
    assert_eq!(store.retain(&[rule(0)], now).await.unwrap(), 200);
    assert_eq!(store.count(&query("-source:large")).await.unwrap(), before);
}

async fn nonsense_is_refused(store: &dyn LogStore) {
    let all = LogQuery::all(TimeRange::ALL);
    assert!(matches!(
        store.histogram(&all, 0).await,
        Err(StoreError::Invalid(_))
    ));
    let page = store
        .search(&all, Order::NewestFirst, None, 0)
        .await
        .unwrap();
    assert_eq!((page.records.len(), page.next), (0, None));
    let nothing = LogQuery {
        expression: Expression::Or(Vec::new()),
        ..all
    };
    assert_eq!(store.count(&nothing).await.unwrap(), 0);
}
