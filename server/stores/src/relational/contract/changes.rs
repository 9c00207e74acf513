//! The suite of the store of changes.

use tocsin_domain::RecordId;
use tocsin_domain::alert::LabelSet;
use tocsin_domain::change::{Change, ChangeId, ChangeKind};
use tocsin_domain::ports::{ChangeFilter, ChangeStore, StoreError};

fn id(number: u8) -> ChangeId {
    ChangeId::new(1000, [number; 10])
}

fn change(number: u8, at_ms: i64, kind: ChangeKind, entity: &str) -> Change {
    Change {
        id: id(number),
        at_ms,
        kind,
        entity: entity.into(),
        title: format!("It's \"ÜBER\" 100 % done_{number} \u{1f514}"),
        labels: LabelSet::new([("version", "1.2"), ("environment", "ö")]),
        source: "api".into(),
        actor: None,
        url: None,
        record: None,
    }
}

/// Five, the oldest first; the last two at the same time.
fn five() -> [Change; 5] {
    let mut whole = change(2, 2000, ChangeKind::Config, "web");
    whole.actor = Some("Émile".into());
    whole.url = Some("https://example.org/?a=%20".into());
    whole.record = Some(RecordId::from_bits(u128::MAX - 1));
    [
        change(5, -1, ChangeKind::Deploy, "api"),
        whole,
        change(1, 3000, ChangeKind::Deploy, "web"),
        change(3, 4000, ChangeKind::Restart, "api"),
        change(4, 4000, ChangeKind::Deploy, "db"),
    ]
}

/// The suite of [`ChangeStore`].
///
/// # Errors
/// What the store answers when it should not refuse.
///
/// # Panics
/// If the store breaks the contract.
pub async fn changes(store: &dyn ChangeStore) -> Result<(), StoreError> {
    let all = five();
    assert_eq!(find(store, ChangeFilter::default()).await?, []);
    store.record_changes(Vec::new()).await?;
    store.record_changes(all.to_vec()).await?;
    let mut other = all[0].clone();
    other.title = "Something else".into();
    store.record_changes(vec![other]).await?;
    assert_eq!(
        store.change(id(5)).await?.as_ref(),
        Some(&all[0]),
        "a known one is passed over"
    );
    assert_eq!(store.change(id(9)).await?, None);
    let newest: Vec<Change> = all.iter().rev().cloned().collect();
    assert_eq!(find(store, ChangeFilter::default()).await?, newest);
    filters(store, &all).await?;
    pages(store, &newest).await?;
    assert_eq!(store.forget_changes(-1).await?, 0);
    assert_eq!(store.forget_changes(3000).await?, 2);
    assert_eq!(find(store, ChangeFilter::default()).await?, newest[..3]);
    // More than go at once.
    let many = (0..1203_u32).map(|number| {
        let mut bytes = [7; 10];
        bytes[6..].copy_from_slice(&number.to_be_bytes());
        Change {
            id: ChangeId::new(9, bytes),
            ..change(0, 5000 + i64::from(number), ChangeKind::Other, "many")
        }
    });
    store.record_changes(many.collect()).await?;
    assert_eq!(store.forget_changes(6200).await?, 1200 + 3);
    let left = find(store, ChangeFilter::default()).await?;
    let times: Vec<i64> = left.iter().map(|change| change.at_ms).collect();
    assert_eq!(times, [6202, 6201, 6200]);
    Ok(())
}

async fn find(store: &dyn ChangeStore, filter: ChangeFilter) -> Result<Vec<Change>, StoreError> {
    store.changes(&filter, None, 9).await
}

async fn filters(store: &dyn ChangeStore, all: &[Change; 5]) -> Result<(), StoreError> {
    let [first, whole, third, restart, last] = all.clone();
    let any = ChangeFilter::default;
    let times = ChangeFilter {
        from_ms: Some(2000),
        to_ms: Some(4000),
        ..any()
    };
    assert_eq!(find(store, times).await?, [third.clone(), whole.clone()]);
    let entity = ChangeFilter {
        entity: Some("api".into()),
        ..any()
    };
    assert_eq!(find(store, entity).await?, [restart, first.clone()]);
    let kind = ChangeFilter {
        kind: Some(ChangeKind::Deploy),
        ..any()
    };
    assert_eq!(
        find(store, kind.clone()).await?,
        [last.clone(), third, first]
    );
    let both = ChangeFilter {
        entity: Some("db".into()),
        ..kind.clone()
    };
    assert_eq!(find(store, both).await?, std::slice::from_ref(&last));
    let together = ChangeFilter {
        entity: Some("web".into()),
        to_ms: Some(3000),
        text: Some("done".into()),
        ..kind
    };
    assert_eq!(find(store, together).await?, []);
    for (text, found) in [
        ("über\" 100 % DONE_2", 1),
        ("éMILE", 1),
        ("WEB", 2),
        ("done_", 5),
        ("%done", 0),
        ("done-", 0),
        ("a\0b", 0),
    ] {
        let text = ChangeFilter {
            text: Some(text.into()),
            ..any()
        };
        assert_eq!(find(store, text.clone()).await?.len(), found, "{text:?}");
    }
    Ok(())
}

async fn pages(store: &dyn ChangeStore, newest: &[Change]) -> Result<(), StoreError> {
    let mut paged: Vec<Change> = Vec::new();
    for _ in 0..=newest.len() {
        let before = paged.last().map(|last| (last.at_ms, last.id));
        let page = store.changes(&ChangeFilter::default(), before, 1).await?;
        paged.extend(page);
    }
    assert_eq!(paged, newest, "each once, those of one time too");
    let within = ChangeFilter {
        from_ms: Some(2000),
        to_ms: Some(4001),
        kind: Some(ChangeKind::Deploy),
        ..ChangeFilter::default()
    };
    let page = store.changes(&within, Some((4000, id(4))), 9).await?;
    assert_eq!(page, newest[2..3]);
    let earlier = ChangeFilter {
        to_ms: Some(4000),
        ..ChangeFilter::default()
    };
    let page = store.changes(&earlier, Some((4000, id(4))), 9).await?;
    assert_eq!(page, newest[2..], "both ends hold");
    Ok(())
}
