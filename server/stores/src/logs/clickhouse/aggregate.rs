//! Counting what a query selects: in all, per interval of time, per template. Exact: what SQL alone
//! is not sure of is counted here.

use hashbrown::HashMap;
use tocsin_domain::ports::StoreError;
use tocsin_domain::ports::log_store::{BandCounts, Histogram, LogQuery, TemplateCount};
use tocsin_domain::{Severity, TemplateId, Timestamp};

use super::inner::Inner;
use super::translate::{Condition, condition};

/// The narrowest interval of a histogram: a millisecond.
const INTERVAL_MIN: i64 = 1_000_000;
/// The most buckets of a histogram.
const BUCKETS_MAX: usize = 10_000;
/// Groups of bucket and severity beyond which there are too many buckets for sure.
const GROUPS_MAX: usize = BUCKETS_MAX * 32;

impl Inner {
    /// How many records a query selects.
    pub(super) async fn count(&self, query: &LogQuery) -> Result<u64, StoreError> {
        self.settle().await?;
        self.count_settled(query, &condition(query)).await
    }

    pub(super) async fn count_settled(
        &self,
        query: &LogQuery,
        condition: &Condition,
    ) -> Result<u64, StoreError> {
        if condition.is_exact() {
            let sql = format!("SELECT count() FROM logs WHERE {}", condition.may);
            return self.connection.one(&sql, |row| row.u64()).await;
        }
        let sql = format!(
            "SELECT countIf({must}), countIf(NOT {must}) FROM logs WHERE {may}",
            must = condition.must,
            may = condition.may
        );
        let counts = self
            .connection
            .one(&sql, |row| Some((row.u64()?, row.u64()?)));
        let (mut count, doubtful) = counts.await?;
        if doubtful > 0 {
            let mut more = 0;
            let each = self.each_doubtful(query, condition, |_| {
                more += 1;
                Ok(())
            });
            each.await?;
            count += more;
        }
        Ok(count)
    }

    /// Counts per interval and severity band.
    pub(super) async fn histogram(
        &self,
        query: &LogQuery,
        interval: i64,
    ) -> Result<Histogram, StoreError> {
        if interval < INTERVAL_MIN {
            return Err(StoreError::Invalid(
                "the interval is below a millisecond".into(),
            ));
        }
        self.settle().await?;
        let condition = condition(query);
        // Division rounds towards zero, and before the epoch that is up.
        let sql = format!(
            "SELECT intDiv(timestamp, {interval}) - if(timestamp % {interval} < 0, 1, 0) AS bucket, \
             severity, countIf({must}), countIf(NOT {must}) FROM logs WHERE {may} \
             GROUP BY bucket, severity \
             SETTINGS max_rows_to_group_by = {GROUPS_MAX}, group_by_overflow_mode = 'break'",
            must = condition.must,
            may = condition.may
        );
        let mut buckets: HashMap<i64, BandCounts> = HashMap::new();
        let mut rows = self.connection.ask(&sql)?;
        let mut doubtful = 0;
        let take = |row: &mut super::row_binary::Take<'_>| {
            Some((row.i64()?, row.u8()?, row.u64()?, row.u64()?))
        };
        while let Some((bucket, severity, sure, unsure)) = rows.next(take).await? {
            doubtful += unsure;
            if sure > 0 {
                buckets.entry(bucket).or_default()[band(severity)] += sure;
            }
            fits(&buckets)?;
        }
        if doubtful > 0 {
            let each = self.each_doubtful(query, &condition, |row| {
                let bucket = row.record.timestamp.0.div_euclid(interval);
                buckets.entry(bucket).or_default()[row.record.severity.band()] += 1;
                fits(&buckets)
            });
            each.await?;
        }
        let mut buckets: Vec<_> = buckets
            .into_iter()
            .map(|(bucket, counts)| (Timestamp(bucket.saturating_mul(interval)), counts))
            .collect();
        buckets.sort_unstable_by_key(|(start, _)| *start);
        Ok(Histogram { interval, buckets })
    }

    /// Counts per template.
    pub(super) async fn template_counts(
        &self,
        query: &LogQuery,
    ) -> Result<Vec<TemplateCount>, StoreError> {
        self.settle().await?;
        let condition = condition(query);
        let sql = format!(
            "SELECT template, severity, countIf({must}), countIf(NOT {must}), \
             minIf(timestamp, {must}), maxIf(timestamp, {must}) FROM logs WHERE {may} \
             GROUP BY template, severity",
            must = condition.must,
            may = condition.may
        );
        let mut counts: HashMap<TemplateId, TemplateCount> = HashMap::new();
        let mut rows = self.connection.ask(&sql)?;
        let mut doubtful = 0;
        let take = |row: &mut super::row_binary::Take<'_>| {
            let template = TemplateId(row.u64()?);
            let (severity, sure, unsure) = (row.u8()?, row.u64()?, row.u64()?);
            let seen = (Timestamp(row.i64()?), Timestamp(row.i64()?));
            Some((template, (band(severity), sure, unsure), seen))
        };
        while let Some((template, (band, sure, unsure), seen)) = rows.next(take).await? {
            doubtful += unsure;
            if sure > 0 {
                add(&mut counts, template, (band, sure), seen);
            }
        }
        if doubtful > 0 {
            let each = self.each_doubtful(query, &condition, |row| {
                let record = &row.record;
                let seen = (record.timestamp, record.timestamp);
                add(
                    &mut counts,
                    record.template,
                    (record.severity.band(), 1),
                    seen,
                );
                Ok(())
            });
            each.await?;
        }
        let mut counts: Vec<_> = counts.into_values().collect();
        counts.sort_unstable_by_key(|count| {
            let total: u64 = count.counts.iter().sum();
            (std::cmp::Reverse(total), count.template)
        });
        Ok(counts)
    }
}

fn fits(buckets: &HashMap<i64, BandCounts>) -> Result<(), StoreError> {
    match buckets.len() {
        0..=BUCKETS_MAX => Ok(()),
        _ => Err(StoreError::Invalid(format!(
            "the interval gives over {BUCKETS_MAX} buckets"
        ))),
    }
}

fn band(severity: u8) -> usize {
    Severity::from_number(severity).map_or(0, Severity::band)
}

fn add(
    counts: &mut HashMap<TemplateId, TemplateCount>,
    template: TemplateId,
    (band, count): (usize, u64),
    (first, last): (Timestamp, Timestamp),
) {
    let known = counts.entry(template).or_insert_with(|| TemplateCount {
        template,
        counts: BandCounts::default(),
        first_seen: first,
        last_seen: last,
    });
    known.counts[band] += count;
    known.first_seen = known.first_seen.min(first);
    known.last_seen = known.last_seen.max(last);
}
