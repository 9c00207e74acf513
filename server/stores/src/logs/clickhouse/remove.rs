//! Removing records for good: what a query selects, and what is past its time or size. ClickHouse
//! writes the parts anew without them; days of which nothing stays are dropped whole.

use std::collections::BTreeMap;

use tocsin_domain::Timestamp;
use tocsin_domain::ports::StoreError;
use tocsin_domain::ports::log_store::{LogQuery, Retention};

use super::super::retention::rule_of;
use super::inner::Inner;
use super::literal::{list, literal};
use super::row_binary::Take;
use super::schema::DAY_NANOS;
use super::translate::{FALSE, condition, number, wide};

/// Ids that one statement removes at most.
const IDS_MAX: usize = 10_000;
/// A day is dropped whole only if it ended so many days ago: nothing can be received for it then.
const DAYS_CLOSED_AFTER: i64 = 2;

/// What one source has of one day of receipt.
#[derive(Debug)]
struct Share {
    day: i64,
    source: Vec<u8>,
    rows: u64,
    first: i64,
    last: i64,
}

impl Inner {
    /// Removes what a query selects. What waits is written first, with its position: the bus would
    /// bring it back otherwise.
    pub(super) async fn delete(&self, query: &LogQuery) -> Result<u64, StoreError> {
        self.settle().await?;
        let condition = condition(query);
        let mut gone = 0;
        if !condition.is_exact() {
            let mut ids = Vec::new();
            let each = self.each_doubtful(query, &condition, |row| {
                ids.push(wide(row.record.id.bits()));
                Ok(())
            });
            each.await?;
            for some in ids.chunks(IDS_MAX) {
                self.remove(&format!("id IN {}", list(some))).await?;
                gone += some.len() as u64;
            }
        }
        if condition.must != FALSE {
            let count = format!("SELECT count() FROM logs WHERE {}", condition.must);
            let count = self.connection.one(&count, |row| row.u64()).await?;
            if count > 0 {
                self.remove(&condition.must).await?;
            }
            gone += count;
        }
        Ok(gone)
    }

    async fn remove(&self, condition: &str) -> Result<(), StoreError> {
        let sql = format!(
            "ALTER TABLE `{}`{} DELETE WHERE {condition}",
            self.tables.local("logs"),
            self.tables.on_cluster()
        );
        self.connection.execute(&sql).await
    }

    /// Removes what is past its time or size.
    pub(super) async fn retain(
        &self,
        rules: &[Retention],
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        if rules.is_empty() {
            return Ok(0);
        }
        self.settle().await?;
        let mut gone = self.retain_ages(rules, now).await?;
        for rule in rules {
            if let Some(bytes_max) = rule.max_bytes {
                gone += self.retain_bytes(rules, rule, bytes_max).await?;
            }
        }
        Ok(gone)
    }

    async fn shares(&self) -> Result<Vec<Share>, StoreError> {
        let sql = format!(
            "SELECT intDiv(observed, {DAY_NANOS}) AS day, source, toUInt64(count()), \
             min(timestamp), max(timestamp) FROM logs GROUP BY day, source ORDER BY day, source"
        );
        let take = |row: &mut Take<'_>| {
            Some(Share {
                day: row.i64()?,
                source: row.text()?.to_vec(),
                rows: row.u64()?,
                first: row.i64()?,
                last: row.i64()?,
            })
        };
        self.connection.all(&sql, take).await
    }

    async fn retain_ages(&self, rules: &[Retention], now: Timestamp) -> Result<u64, StoreError> {
        let cutoff = |source: &[u8]| {
            let rule = rule_of(rules, std::str::from_utf8(source).ok()?)?;
            let age = i64::try_from(rule.max_age?.as_nanos()).ok()?;
            Some(now.0.saturating_sub(age))
        };
        let mut days: BTreeMap<i64, Vec<Share>> = BTreeMap::new();
        for share in self.shares().await? {
            days.entry(share.day).or_default().push(share);
        }
        let mut gone = 0;
        let mut doomed: BTreeMap<Vec<u8>, i64> = BTreeMap::new();
        for (day, shares) in days {
            let is_over = |share: &Share| cutoff(&share.source).is_some_and(|at| share.last < at);
            let is_closed = day.saturating_add(DAYS_CLOSED_AFTER) < now.0.div_euclid(DAY_NANOS);
            if is_closed && shares.iter().all(is_over) {
                self.drop_day(day).await?;
                gone += shares.iter().map(|share| share.rows).sum::<u64>();
                continue;
            }
            for share in shares {
                if let Some(at) = cutoff(&share.source).filter(|at| share.first < *at) {
                    doomed.insert(share.source, at);
                }
            }
        }
        let conditions: Vec<String> = doomed
            .iter()
            .map(|(source, at)| {
                let source = literal(source);
                format!("(source = {source} AND timestamp < {})", number(*at))
            })
            .collect();
        gone += self.remove_counted(&conditions).await?;
        Ok(gone)
    }

    /// Removes what any of the conditions holds for and returns how much that was.
    async fn remove_counted(&self, conditions: &[String]) -> Result<u64, StoreError> {
        if conditions.is_empty() {
            return Ok(0);
        }
        let condition = format!("({})", conditions.join(" OR "));
        let count = format!("SELECT count() FROM logs WHERE {condition}");
        let count = self.connection.one(&count, |row| row.u64()).await?;
        if count > 0 {
            self.remove(&condition).await?;
        }
        Ok(count)
    }

    async fn drop_day(&self, day: i64) -> Result<(), StoreError> {
        let sql = format!(
            "ALTER TABLE `{}`{} DROP PARTITION {day}",
            self.tables.local("logs"),
            self.tables.on_cluster()
        );
        self.connection.execute(&sql).await
    }

    /// Removes the oldest days, and of the last of them the oldest lines, of the sources of a rule
    /// until the rest fits. A source's bytes are its share of the rows of a day.
    async fn retain_bytes(
        &self,
        rules: &[Retention],
        rule: &Retention,
        bytes_max: u64,
    ) -> Result<u64, StoreError> {
        let bytes_of_days: BTreeMap<i64, u64> = self.bytes_of_days().await?.into_iter().collect();
        let mut rows_of_days: BTreeMap<i64, u64> = BTreeMap::new();
        let mut days: BTreeMap<i64, Vec<Share>> = BTreeMap::new();
        for share in self.shares().await? {
            *rows_of_days.entry(share.day).or_default() += share.rows;
            let source = String::from_utf8_lossy(&share.source);
            if rule_of(rules, &source).is_some_and(|own| own == rule) {
                days.entry(share.day).or_default().push(share);
            }
        }
        let bytes_of = |day: &i64, shares: &[Share]| {
            let rows: u64 = shares.iter().map(|share| share.rows).sum();
            let bytes = u128::from(*bytes_of_days.get(day).unwrap_or(&0)) * u128::from(rows);
            let of = u128::from(*rows_of_days.get(day).unwrap_or(&0)).max(1);
            u64::try_from(bytes / of).unwrap_or(u64::MAX)
        };
        let total: u64 = days.iter().map(|(day, shares)| bytes_of(day, shares)).sum();
        let mut excess = total.saturating_sub(bytes_max);
        let mut conditions = Vec::new();
        for (day, shares) in &days {
            if excess == 0 {
                break;
            }
            let bytes = bytes_of(day, shares);
            let sources = list(shares.iter().map(|share| literal(&share.source)));
            let lines = format!("(intDiv(observed, {DAY_NANOS}) = {day} AND source IN {sources})");
            conditions.push(match excess >= bytes {
                true => lines,
                false => {
                    let cut = self.oldest(&lines, excess as f64 / bytes as f64).await?;
                    format!("({lines} AND timestamp <= {})", number(cut))
                }
            });
            excess = excess.saturating_sub(bytes);
        }
        self.remove_counted(&conditions).await
    }

    /// The time of the last of so large a part, `(0, 1)`, of the oldest lines.
    async fn oldest(&self, lines: &str, part: f64) -> Result<i64, StoreError> {
        let sql = format!("SELECT quantileExact({part:.6})(timestamp) FROM logs WHERE {lines}");
        self.connection.one(&sql, |row| row.i64()).await
    }

    async fn bytes_of_days(&self) -> Result<Vec<(i64, u64)>, StoreError> {
        let sql = format!(
            "SELECT toInt64OrZero(partition) AS day, sum(bytes_on_disk) FROM {} \
             WHERE active AND database = {} AND table = {} GROUP BY day",
            self.tables.system("parts"),
            literal(self.database.as_bytes()),
            literal(self.tables.local("logs").as_bytes()),
        );
        self.connection
            .all(&sql, |row| Some((row.i64()?, row.u64()?)))
            .await
    }
}
