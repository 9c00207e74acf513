//! What the store holds.

use std::sync::Arc;

use hashbrown::HashMap;
use tocsin_domain::Timestamp;
use tocsin_domain::ports::log_store::{LogStats, SourceStats};

use super::inner::Inner;

impl Inner {
    /// What the store holds.
    pub(crate) fn stats(&self) -> LogStats {
        let view = self.view();
        let mut sources: HashMap<Arc<str>, SourceStats> = HashMap::new();
        let mut stats = LogStats {
            disk_bytes: self.engine.disk_bytes(),
            blocks: view.blocks.len() as u64,
            ..LogStats::default()
        };
        for block in view.blocks.iter() {
            stats.records += u64::from(block.rows);
            stats.raw_bytes += block.raw_bytes;
            for part in &block.sources {
                let source = entry(&mut sources, &part.name);
                source.records += u64::from(part.rows);
                see(source, part.first);
                see(source, part.last);
                for host in &part.hosts {
                    add_host(source, host);
                }
            }
        }
        for batch in &view.heads {
            stats.records += batch.rows() as u64;
            stats.head_records += batch.rows() as u64;
            stats.raw_bytes += batch.raw_bytes as u64;
            let parsed = &batch.parsed.batch;
            let source = entry(&mut sources, &parsed.source);
            source.records += batch.rows() as u64;
            for record in &parsed.records {
                see(source, record.timestamp);
            }
            for host in parsed.hosts.iter().filter(|host| !host.is_empty()) {
                add_host(source, host);
            }
        }
        stats.sources = sources.into_values().collect();
        stats.sources.sort_by(|a, b| a.source.cmp(&b.source));
        stats
            .sources
            .iter_mut()
            .for_each(|source| source.hosts.sort());
        stats
    }
}

fn entry<'s>(
    sources: &'s mut HashMap<Arc<str>, SourceStats>,
    name: &Arc<str>,
) -> &'s mut SourceStats {
    sources
        .entry(Arc::clone(name))
        .or_insert_with(|| SourceStats {
            source: Arc::clone(name),
            records: 0,
            first_seen: Timestamp::MAX,
            last_seen: Timestamp::MIN,
            hosts: Vec::new(),
        })
}

fn see(source: &mut SourceStats, time: Timestamp) {
    source.first_seen = source.first_seen.min(time);
    source.last_seen = source.last_seen.max(time);
}

fn add_host(source: &mut SourceStats, host: &Arc<str>) {
    if !source.hosts.contains(host) {
        source.hosts.push(Arc::clone(host));
    }
}
