//! What every relational store must do, whatever database is below: a suite for each port, called
//! with an empty store. A failed check is a panic with the place and the values.

mod alert_history;
pub mod alert_model;
pub mod alerts;
pub mod automation;
mod automation_runs;
mod automation_settings;
pub mod changes;
pub mod findings;
pub mod jobs;
pub mod leases;
pub mod model_ledger;
pub mod root_causes;
pub mod rules;
pub mod run_notices;
pub mod signals;
pub mod subscriptions;
pub mod threads;
mod ticket_decisions;
pub mod tickets;

use std::path::PathBuf;
use std::sync::Arc;

use tocsin_domain::ports::template_store::TemplateSighting;
use tocsin_domain::ports::{
    AuditEntry, AuditFilter, AuditId, AuditLog, FilePosition, PositionStore, SessionStates,
    SessionStore, StoreError, TemplateStore, TemplateSummary,
};
use tocsin_domain::{
    Offset, Partition, Severity, Slot, Template, TemplateId, Timestamp, VariableKind,
};

fn summary(id: u64, count: u64) -> TemplateSummary {
    let parts = [b"a \xff b".as_slice(), b""].map(Box::from).to_vec();
    let slots = vec![Slot {
        kind: VariableKind::Ip,
        key: Some(Arc::from("peer")),
    }];
    TemplateSummary {
        template: Arc::new(Template {
            id: TemplateId(id),
            parent: (id > 1).then_some(TemplateId(u64::MAX)),
            parts,
            slots,
        }),
        source: Arc::from("file:/var/log/ünï"),
        severity: Severity::ERROR,
        example: "a ? b 10.0.0.1 'quoted' \u{1f514}".to_owned(),
        first_seen: Timestamp(100),
        last_seen: Timestamp(200),
        count,
    }
}

/// The suite of [`TemplateStore`].
///
/// # Errors
/// What the store answers when it should not refuse.
///
/// # Panics
/// If the store breaks the contract.
pub async fn templates(store: &dyn TemplateStore) -> Result<(), StoreError> {
    assert_eq!(store.all().await?, []);
    assert_eq!(store.load_miner(3).await?, None);
    assert_eq!(store.register(Vec::new()).await?, []);
    let (one, last) = (summary(1, 5), summary(u64::MAX, 9));
    let new = store.register(vec![one.clone(), one.clone()]).await?;
    assert_eq!(new, [TemplateId(1)], "once, if it comes twice");
    let new = store.register(vec![summary(1, 77), last]).await?;
    assert_eq!(new, [TemplateId(u64::MAX)], "only what nobody knew");
    assert_eq!(
        store.get(TemplateId(1)).await?,
        Some(summary(1, 5)),
        "known ones stay"
    );
    assert_eq!(store.get(TemplateId(2)).await?, None);
    assert_eq!(store.count().await?, 2);
    let sighting = |id, count, first, last| TemplateSighting {
        template: TemplateId(id),
        count,
        first_seen: Timestamp(first),
        last_seen: Timestamp(last),
    };
    let unknown = sighting(42, 1, 0, 0);
    store
        .record_sightings(vec![
            sighting(1, 10, 150, 250),
            unknown,
            sighting(1, 1, -50, 60),
        ])
        .await?;
    let mut seen = summary(1, 16);
    seen.first_seen = Timestamp(-50);
    seen.last_seen = Timestamp(250);
    assert_eq!(
        store.all().await?,
        [seen, summary(u64::MAX, 9)],
        "most frequent first"
    );
    store.save_miner(3, vec![1; 100_000]).await?;
    store.save_miner(3, vec![2, 0, 255]).await?;
    store.save_miner(4, Vec::new()).await?;
    assert_eq!(store.load_miner(3).await?, Some(vec![2, 0, 255]));
    assert_eq!(store.load_miner(4).await?, Some(Vec::new()));
    Ok(())
}

/// The suite of [`AuditLog`].
///
/// # Errors
/// What the store answers when it should not refuse.
///
/// # Panics
/// If the store breaks the contract.
pub async fn audit(store: &dyn AuditLog) -> Result<(), StoreError> {
    let all = AuditFilter::default();
    assert_eq!(store.page(&all, None, 10).await?, []);
    let entry = |number: i64| AuditEntry {
        id: AuditId::new(Timestamp::from_millis(1_700_000_000_000 + number), [0; 10]),
        at: Timestamp(number),
        actor: "anonymous".to_owned(),
        action: "logs.delete.requested".to_owned(),
        subject: format!("job:{number}"),
        details: r#"{"query":"it's \"quoted\""}"#.to_owned(),
    };
    for number in [2, 0, 1, 4, 3] {
        store.append(entry(number)).await?;
    }
    let page = store.page(&all, None, 2).await?;
    assert_eq!(page, [entry(4), entry(3)], "newest first");
    let page = store.page(&all, Some(page[1].id), 9).await?;
    assert_eq!(
        page,
        [entry(2), entry(1), entry(0)],
        "the next page follows"
    );
    assert!(
        store.append(entry(1)).await.is_err(),
        "an entry is never replaced"
    );
    // Found by what was done, which is no pattern, and by when.
    let mut told = entry(5);
    told.action = "automation.run.told".to_owned();
    store.append(told.clone()).await?;
    let of = |action: &str, from, to| AuditFilter {
        action: Some(action.to_owned()),
        from,
        to,
    };
    for (action, found) in [
        ("automation.", vec![told]),
        ("auto_ation.", vec![]),
        ("%", vec![]),
    ] {
        let page = store.page(&of(action, None, None), None, 9).await?;
        assert_eq!(page, found, "{action}");
    }
    let within = of("logs.", Some(Timestamp(1)), Some(Timestamp(3)));
    let page = store.page(&within, None, 9).await?;
    assert_eq!(page, [entry(2), entry(1)], "the end is exclusive");
    Ok(())
}

/// The suite of [`PositionStore`].
///
/// # Errors
/// What the store answers when it should not refuse.
///
/// # Panics
/// If the store breaks the contract.
pub async fn positions(store: &dyn PositionStore) -> Result<(), StoreError> {
    let position = |inode, offset| FilePosition {
        path: PathBuf::from(format!("/var/log/app-{inode}.log")),
        device: u64::MAX,
        inode,
        fingerprint: 0xdead_beef_dead_beef,
        fingerprint_bytes: 256,
        offset,
    };
    let all = async || -> Result<Vec<FilePosition>, StoreError> {
        let mut all = store.load_positions().await?;
        all.sort_by_key(|position| position.inode);
        Ok(all)
    };
    assert_eq!(all().await?, []);
    store.save_positions(Vec::new()).await?;
    store
        .save_positions(vec![position(1, 10), position(2, 20)])
        .await?;
    store
        .save_positions(vec![position(2, u64::MAX), position(3, 0)])
        .await?;
    let expected = [position(1, 10), position(2, u64::MAX), position(3, 0)];
    assert_eq!(all().await?, expected, "a file has one position");
    store.forget_positions(vec![(u64::MAX, 1), (7, 7)]).await?;
    assert_eq!(all().await?, expected[1..]);
    Ok(())
}

/// The suite of [`SessionStore`].
///
/// # Errors
/// What the store answers when it should not refuse.
///
/// # Panics
/// If the store breaks the contract.
pub async fn sessions(store: &dyn SessionStore) -> Result<(), StoreError> {
    let one = Partition(1);
    assert_eq!(store.load_sessions(one).await?, SessionStates::default());
    let states = |position, sources: &[(&str, u8)]| SessionStates {
        position: Offset(position),
        sources: sources
            .iter()
            .map(|(source, byte)| (Arc::from(*source), vec![*byte; 3]))
            .collect(),
    };
    let first = states(5, &[("api", 1), ("web", 2)]);
    store.save_sessions(one, first).await?;
    store
        .save_sessions(Partition(2), states(9, &[("api", 7)]))
        .await?;
    store.save_sessions(one, states(8, &[("web", 3)])).await?;
    assert_eq!(
        store.load_sessions(one).await?,
        states(8, &[("api", 1), ("web", 3)])
    );
    store.save_sessions(one, states(9, &[])).await?;
    assert_eq!(store.load_sessions(one).await?.position, Offset(9));
    Ok(())
}
