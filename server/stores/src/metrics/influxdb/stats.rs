//! What the store holds.

use std::collections::BTreeMap;
use std::sync::Arc;

use tocsin_domain::ports::{MetricStats, StoreError};

use super::InfluxMetricStore;

/// The metric by which InfluxDB says how much a shard of a bucket takes.
const SIZE: &str = "storage_shard_disk_size{";

impl InfluxMetricStore {
    /// Counts series and points by what memory knows, and asks InfluxDB for the sizes of the buckets; where
    /// it does not tell, they are 0.
    pub(crate) async fn counted(&self) -> Result<MetricStats, StoreError> {
        self.refresh_if_there().await;
        let disk_bytes = match self.wire.metrics().await {
            Ok(text) => disk_bytes(&text, &self.buckets.ids),
            Err(error) => {
                tracing::debug!(%error, "InfluxDB does not tell the sizes of its buckets");
                0
            }
        };
        self.refresh_samples().await;
        let mut stats = MetricStats {
            disk_bytes,
            ..MetricStats::default()
        };
        let mut sources: BTreeMap<Arc<str>, u64> = BTreeMap::new();
        for part in self.parts() {
            let state = part.state.read();
            stats.series += state.table.len() as u64;
            stats.head_samples += state.head_samples();
            stats.samples += state.position.samples + state.head_samples();
            for (_, series) in state.table.iter() {
                *sources.entry(Arc::clone(&series.source)).or_default() += 1;
            }
        }
        let removed = u64::try_from(self.floors.read().raw.removed).unwrap_or(0);
        stats.samples = stats.samples.saturating_sub(removed);
        stats.sources = sources.into_iter().collect();
        Ok(stats)
    }
}

/// The sum of the sizes of the buckets' shards in Prometheus' text.
fn disk_bytes(text: &str, buckets: &[String]) -> u64 {
    let sizes = text.lines().filter_map(|line| {
        let (labels, value) = line.strip_prefix(SIZE)?.rsplit_once("} ")?;
        let is_ours = |id: &&String| !id.is_empty() && labels.contains(&format!("bucket=\"{id}\""));
        buckets.iter().find(is_ours)?;
        value.trim().parse::<f64>().ok()
    });
    sizes.sum::<f64>() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_of_our_buckets_are_added() {
        let text = "# HELP storage_shard_disk_size x\nstorage_shard_disk_size{bucket=\"a1\",engine=\"tsm1\",id=\"1\"} 1.5e+03\nstorage_shard_disk_size{bucket=\"zz\",id=\"2\"} 7\nstorage_shard_disk_size{bucket=\"a1\",id=\"3\"} 100\n";
        assert_eq!(disk_bytes(text, &["a1".into(), String::new()]), 1_600);
    }
}
