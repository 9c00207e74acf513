//! Counting what a query selects: in all, per interval of time, per template.

use hashbrown::HashMap;
use tocsin_domain::ports::StoreError;
use tocsin_domain::ports::log_store::{BandCounts, Histogram, LogQuery, TemplateCount};
use tocsin_domain::{Severity, TemplateId, Timestamp};

use super::block::meta::{Summary, TemplateMeta};
use super::evaluate::{BlockQuery, Candidate};
use super::inner::{Inner, Trouble};
use super::plan::Plan;
use super::scan;
use super::selection::Selection;

/// The narrowest interval of a histogram: a millisecond.
const INTERVAL_MIN: i64 = 1_000_000;
/// The most buckets of a histogram.
const BUCKETS_MAX: usize = 10_000;

/// Counts per bucket, with the bucket that was counted last at hand.
struct Buckets {
    interval: i64,
    counts: HashMap<i64, BandCounts>,
}

impl Buckets {
    fn add(&mut self, time: i64, band: usize, count: u64) {
        let bucket = time.div_euclid(self.interval);
        self.counts.entry(bucket).or_default()[band.min(6)] += count;
    }
}

impl Inner {
    /// How many records a query selects.
    pub(crate) fn count(&self, query: &LogQuery) -> Result<u64, StoreError> {
        let plan = Plan::new(query);
        self.with_view(|view| {
            let mut count = 0;
            for batch in &view.heads {
                count += scan::select(&plan, batch).count(batch.rows()) as u64;
            }
            self.each_block(&plan, &view.blocks, |query| {
                count += query.count()?;
                Ok(())
            })?;
            Ok(count)
        })
    }

    /// Calls `each` with every block that the query's range touches; damaged ones are passed over.
    pub(crate) fn each_block<'a>(
        &'a self,
        plan: &'a Plan,
        blocks: &'a [std::sync::Arc<Summary>],
        mut each: impl FnMut(&BlockQuery<'a>) -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        for block in blocks {
            if plan.range.overlaps(block.first, block.last) {
                let done = BlockQuery::open(self, plan, block).and_then(|query| each(&query));
                self.unless_damaged(block, done)?;
            }
        }
        Ok(())
    }

    /// Counts per interval and severity band.
    pub(crate) fn histogram(
        &self,
        query: &LogQuery,
        interval: i64,
    ) -> Result<Histogram, StoreError> {
        if interval < INTERVAL_MIN {
            return Err(StoreError::Invalid(
                "the interval is below a millisecond".into(),
            ));
        }
        let plan = Plan::new(query);
        let buckets = self.with_view(|view| {
            let mut buckets = Buckets {
                interval,
                counts: HashMap::new(),
            };
            for batch in &view.heads {
                let records = &batch.parsed.batch.records;
                scan::select(&plan, batch).for_each(batch.rows(), |row| {
                    let record = &records[row];
                    buckets.add(record.timestamp.0, record.severity.band(), 1);
                });
            }
            self.each_block(&plan, &view.blocks, |query| {
                for candidate in &query.candidates {
                    add_block(query, *candidate, &mut buckets)?;
                    if buckets.counts.len() > BUCKETS_MAX {
                        return Err(too_many_buckets());
                    }
                }
                Ok(())
            })?;
            match buckets.counts.len() {
                0..=BUCKETS_MAX => Ok(buckets.counts),
                _ => Err(too_many_buckets()),
            }
        })?;
        let mut buckets: Vec<_> = buckets
            .into_iter()
            .map(|(bucket, counts)| (Timestamp(bucket.saturating_mul(interval)), counts))
            .collect();
        buckets.sort_unstable_by_key(|(start, _)| *start);
        Ok(Histogram { interval, buckets })
    }

    /// Counts per template.
    pub(crate) fn template_counts(
        &self,
        query: &LogQuery,
    ) -> Result<Vec<TemplateCount>, StoreError> {
        let plan = Plan::new(query);
        let counts = self.with_view(|view| {
            let mut counts: HashMap<TemplateId, TemplateCount> = HashMap::new();
            for batch in &view.heads {
                let parsed = &batch.parsed;
                scan::select(&plan, batch).for_each(batch.rows(), |row| {
                    let record = &parsed.batch.records[row];
                    let mut bands = BandCounts::default();
                    bands[record.severity.band()] = 1;
                    let seen = (record.timestamp, record.timestamp);
                    add_template(&mut counts, parsed.template(row).id, &bands, seen);
                });
            }
            self.each_block(&plan, &view.blocks, |query| {
                for candidate in &query.candidates {
                    if let Some((bands, seen)) = bands_of(query, *candidate)? {
                        let id = query.template(*candidate).info.template.id;
                        add_template(&mut counts, id, &bands, seen);
                    }
                }
                Ok(())
            })?;
            Ok(counts)
        })?;
        let mut counts: Vec<_> = counts.into_values().collect();
        counts.sort_unstable_by_key(|count| {
            (
                std::cmp::Reverse(count.counts.iter().sum::<u64>()),
                count.template,
            )
        });
        Ok(counts)
    }
}

fn too_many_buckets() -> Trouble {
    let message = format!("the interval gives over {BUCKETS_MAX} buckets");
    Trouble::Store(StoreError::Invalid(message))
}

fn add_template(
    counts: &mut HashMap<TemplateId, TemplateCount>,
    template: TemplateId,
    bands: &BandCounts,
    (first, last): (Timestamp, Timestamp),
) {
    let count = counts.entry(template).or_insert_with(|| TemplateCount {
        template,
        counts: BandCounts::default(),
        first_seen: first,
        last_seen: last,
    });
    for (ours, theirs) in count.counts.iter_mut().zip(bands) {
        *ours += theirs;
    }
    count.first_seen = count.first_seen.min(first);
    count.last_seen = count.last_seen.max(last);
}

/// The severity band that all rows of a template have, if they all have one.
fn only_band(template: &TemplateMeta) -> Option<u8> {
    let first = template.counts.first()?.1;
    template
        .counts
        .iter()
        .all(|count| count.1 == first)
        .then_some(first)
}

/// Adds what a query selects of a template, from the counts of the description where they tell.
fn add_block(
    query: &BlockQuery<'_>,
    candidate: Candidate,
    buckets: &mut Buckets,
) -> Result<(), Trouble> {
    let template = query.template(candidate);
    let meta = &query.reader.meta;
    let selection = query.select(candidate)?;
    let is_aligned = buckets.interval % meta.bucket_width == 0;
    let start_of = |bucket: u16| {
        let bucket = meta
            .buckets
            .get(usize::from(bucket))
            .copied()
            .unwrap_or_default();
        bucket.saturating_mul(meta.bucket_width)
    };
    match (&selection, only_band(template)) {
        (Selection::None, _) => {}
        (Selection::All, _) if is_aligned => {
            for (bucket, band, count) in &template.counts {
                buckets.add(start_of(*bucket), usize::from(*band), u64::from(*count));
            }
        }
        (Selection::Rows(bits), Some(band)) if is_aligned && template.is_ascending => {
            // Rows in order fill the buckets in order.
            let mut counts = template.counts.iter();
            let (mut bucket, mut end, mut here) = (0, 0usize, 0u64);
            for at in bits.iter() {
                while at >= end {
                    let Some(next) = counts.next() else { break };
                    if here > 0 {
                        buckets.add(start_of(bucket), usize::from(band), here);
                    }
                    (bucket, end, here) = (next.0, end + next.2 as usize, 0);
                }
                here += 1;
            }
            buckets.add(start_of(bucket), usize::from(band), here);
        }
        _ => {
            let rows = query.reader.rows()?;
            let of = &rows.rows_of[candidate.template];
            let streams = &rows.streams[candidate.template];
            selection.for_each(of.len(), |at| {
                let stream = meta.streams.get(streams.get(at) as usize);
                let band = stream
                    .map_or(Severity::UNSPECIFIED, |stream| stream.severity)
                    .band();
                buckets.add(rows.times[of[at] as usize], band, 1);
            });
        }
    }
    Ok(())
}

/// Counts per band, and the first and last time, of what a query selects of a template.
type Bands = (BandCounts, (Timestamp, Timestamp));

fn bands_of(query: &BlockQuery<'_>, candidate: Candidate) -> Result<Option<Bands>, Trouble> {
    let template = query.template(candidate);
    let selection = query.select(candidate)?;
    let mut bands = BandCounts::default();
    match selection {
        Selection::None => Ok(None),
        Selection::All => {
            for (_, band, count) in &template.counts {
                bands[usize::from(*band).min(6)] += u64::from(*count);
            }
            Ok(Some((bands, (template.first, template.last))))
        }
        Selection::Rows(bits) => {
            let rows = query.reader.rows()?;
            let of = &rows.rows_of[candidate.template];
            let streams = &rows.streams[candidate.template];
            let (mut first, mut last) = (Timestamp::MAX, Timestamp::MIN);
            for at in bits.iter() {
                let stream = query.reader.meta.streams.get(streams.get(at) as usize);
                bands[stream.map_or(0, |stream| stream.severity.band())] += 1;
                let time = Timestamp(rows.times[of[at] as usize]);
                (first, last) = (first.min(time), last.max(time));
            }
            Ok(Some((bands, (first, last))))
        }
    }
}
