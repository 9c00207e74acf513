//! What the store holds.

use std::sync::Arc;

use tocsin_domain::Timestamp;
use tocsin_domain::ports::StoreError;
use tocsin_domain::ports::log_store::{LogStats, SourceStats};

use super::inner::Inner;
use super::literal::literal;
use super::row_binary::Take;

impl Inner {
    /// What the store holds.
    pub(super) async fn stats(&self) -> Result<LogStats, StoreError> {
        self.settle().await?;
        let sql = "SELECT source, toUInt64(count()), toUInt64(sum(bytes)), min(timestamp), \
                   max(timestamp), arraySort(groupUniqArrayIf(toString(host), host != '')) \
                   FROM logs GROUP BY source ORDER BY source";
        let take = |row: &mut Take<'_>| {
            let source = name(row.text()?);
            let (records, bytes) = (row.u64()?, row.u64()?);
            let (first, last) = (Timestamp(row.i64()?), Timestamp(row.i64()?));
            let hosts = row.list(|row| row.text().map(name))?;
            let stats = SourceStats {
                source,
                records,
                first_seen: first,
                last_seen: last,
                hosts,
            };
            Some((stats, bytes))
        };
        let sources = self.connection.all(sql, take).await?;
        let parts = format!(
            "SELECT toUInt64(sum(bytes_on_disk)), toUInt64(count()) FROM {} \
             WHERE active AND database = {} AND table = {}",
            self.tables.system("parts"),
            literal(self.database.as_bytes()),
            literal(self.tables.local("logs").as_bytes()),
        );
        let parts = self
            .connection
            .one(&parts, |row| Some((row.u64()?, row.u64()?)));
        let (disk_bytes, blocks) = parts.await?;
        Ok(LogStats {
            records: sources.iter().map(|(source, _)| source.records).sum(),
            raw_bytes: sources.iter().map(|(_, bytes)| bytes).sum(),
            disk_bytes,
            blocks,
            // A question writes what waits, so that nothing is in memory only.
            head_records: 0,
            sources: sources.into_iter().map(|(source, _)| source).collect(),
        })
    }
}

fn name(text: &[u8]) -> Arc<str> {
    String::from_utf8_lossy(text).into()
}
