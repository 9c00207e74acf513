//! Counting what a query selects: in all, per interval of time, per template.

use std::sync::Arc;

use hashbrown::HashMap;
use tocsin_domain::ports::StoreError;
use tocsin_domain::ports::log_store::{BandCounts, Histogram, LogQuery, TemplateCount};
use tocsin_domain::{Severity, TemplateId, Timestamp};

use super::block::codec::Damaged;
use super::block::meta::{Meta, Summary, TemplateMeta};
use super::evaluate::{BlockQuery, Candidate};
use super::inner::{Inner, Trouble};
use super::known::Found;
use super::plan::Plan;
use super::scan;
use super::selection::{Bits, Selection};

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
        let in_range =
            |block: &&std::sync::Arc<Summary>| plan.range.overlaps(block.first, block.last);
        for block in blocks.iter().filter(in_range) {
            let known = self.known(block.id, plan);
            plan.news
                .borrow_mut()
                .extend(known.map(|known| (block.id, known)));
        }
        for block in blocks {
            if plan.range.overlaps(block.first, block.last) {
                let done = BlockQuery::open(self, plan, block).and_then(|query| each(&query));
                self.unless_damaged(block, done)?;
            }
        }
        self.keep_news(plan);
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

/// Adds what a query selects of a template, from counts per bucket of the block where they tell.
fn add_block(
    query: &BlockQuery<'_>,
    candidate: Candidate,
    buckets: &mut Buckets,
) -> Result<(), Trouble> {
    let template = query.template(candidate);
    let meta = &query.reader.meta;
    if buckets.interval % meta.bucket_width == 0 && query.is_whole(candidate) {
        let mut add = |counts: &[(u16, u8, u32)]| {
            for (bucket, band, count) in counts {
                let bucket = meta.buckets.get(usize::from(*bucket)).copied();
                let start = bucket.unwrap_or_default().saturating_mul(meta.bucket_width);
                buckets.add(start, usize::from(*band), u64::from(*count));
            }
        };
        if candidate.is_always {
            add(&template.counts);
            return Ok(());
        }
        let found = query.found(candidate)?;
        match (&found.selection, &found.counts) {
            (Selection::None, _) => {}
            (Selection::All, _) => add(&template.counts),
            (Selection::Rows(_), Some(counts)) => add(counts),
            (Selection::Rows(bits), None) => {
                let counts = counts_of(query, candidate, bits)?;
                add(&counts);
                let found = Found {
                    selection: found.selection.clone(),
                    counts: Some(counts),
                };
                query.learn(candidate, &Arc::new(found));
            }
        }
        return Ok(());
    }
    let selection = query.select(candidate)?;
    if selection == Selection::None {
        return Ok(());
    }
    let rows = query.reader.rows()?;
    let of = &rows.rows_of[candidate.template];
    let streams = &rows.streams[candidate.template];
    selection.for_each(of.len(), |at| {
        let band = band_of(meta, streams.get(at));
        buckets.add(rows.times[of[at] as usize], band, 1);
    });
    Ok(())
}

fn band_of(meta: &Meta, stream: u32) -> usize {
    let stream = meta.streams.get(stream as usize);
    let severity = stream.map_or(Severity::UNSPECIFIED, |stream| stream.severity);
    severity.band()
}

/// Counts rows of a template by bucket of the block and severity band.
fn counts_of(
    query: &BlockQuery<'_>,
    candidate: Candidate,
    bits: &Bits,
) -> Result<Vec<(u16, u8, u32)>, Trouble> {
    let template = query.template(candidate);
    let meta = &query.reader.meta;
    let mut counts: Vec<(u16, u8, u32)> = Vec::new();
    if let Some(band) = only_band(template)
        && template.is_ascending
    {
        // Rows in order fill the buckets in order.
        let mut end = 0;
        let mut all = template.counts.iter();
        for at in bits.iter() {
            while at >= end
                && let Some((bucket, _, count)) = all.next()
            {
                end += *count as usize;
                counts.push((*bucket, band, 0));
            }
            if let Some(last) = counts.last_mut() {
                last.2 += 1;
            }
        }
        counts.retain(|(_, _, count)| *count > 0);
        return Ok(counts);
    }
    let rows = query.reader.rows()?;
    let of = &rows.rows_of[candidate.template];
    let streams = &rows.streams[candidate.template];
    let mut each = vec![[0u32; 8]; meta.buckets.len()];
    let mut last = 0;
    for at in bits.iter() {
        let bucket = rows.times[of[at] as usize].div_euclid(meta.bucket_width);
        if meta.buckets.get(last) != Some(&bucket) {
            last = meta.buckets.binary_search(&bucket).map_err(|_| Damaged)?;
        }
        each[last][band_of(meta, streams.get(at))] += 1;
    }
    for (bucket, bands) in each.iter().enumerate() {
        for (band, count) in bands.iter().enumerate().filter(|(_, count)| **count > 0) {
            counts.push((bucket as u16, band as u8, *count));
        }
    }
    Ok(counts)
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
