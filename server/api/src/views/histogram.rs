//! Counts over time: which range, which interval, and trends of equal parts.

use tocsin_domain::ports::log_search::TREND_BUCKETS;
use tocsin_domain::ports::log_store::{Histogram, LogQuery, Order};
use tocsin_domain::{TimeRange, Timestamp};
use tokio::time::Instant;

use super::took_ms;
use crate::errors::ApiError;
use crate::extract::count;
use crate::state::ApiState;
use crate::wire::histogram::{HistogramAnswer, HistogramBucket, HistogramParams};
use crate::wire::severities::severities;
use crate::wire::time;

const MILLI: i64 = 1_000_000;
const SECOND: i64 = 1000 * MILLI;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// The widths that people can read off an axis, in nanoseconds.
const NICE: [i64; 36] = [
    MILLI,
    2 * MILLI,
    5 * MILLI,
    10 * MILLI,
    20 * MILLI,
    50 * MILLI,
    100 * MILLI,
    200 * MILLI,
    500 * MILLI,
    SECOND,
    2 * SECOND,
    5 * SECOND,
    10 * SECOND,
    15 * SECOND,
    30 * SECOND,
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    7 * DAY,
    14 * DAY,
    28 * DAY,
    91 * DAY,
    182 * DAY,
    364 * DAY,
    3640 * DAY,
    36400 * DAY,
];

/// The histogram that the parameters ask for.
pub(crate) async fn histogram(
    state: &ApiState,
    query: LogQuery,
    params: &HistogramParams,
) -> Result<HistogramAnswer, ApiError> {
    let begun = Instant::now();
    let asked = params
        .interval
        .as_deref()
        .filter(|text| !text.is_empty())
        .map(interval);
    let asked = asked.transpose()?;
    let buckets = params.buckets.map(|buckets| buckets as usize);
    let buckets = count("buckets", buckets, 60, 1..=1000)?;
    let Some(range) = data_range(state, &query).await? else {
        return Ok(answer(None, &empty(asked.unwrap_or(SECOND)), begun));
    };
    let interval = asked.unwrap_or_else(|| nice_interval(range, buckets));
    let is_open = (
        query.range.from == TimeRange::ALL.from,
        query.range.to == TimeRange::ALL.to,
    );
    // An open end stays open for the store: it need not look at each record's time then.
    let counted = state.parts().logs.histogram(&query, interval).await?;
    let mut shown = range;
    if is_open.0 {
        shown.from = floor(range.from, interval);
    }
    if is_open.1 {
        shown.to = Timestamp(floor(range.to, interval).nanos().saturating_add(interval));
    }
    Ok(answer(Some(shown), &counted, begun))
}

/// The range of a query; where it has no end, that of the records it selects. None if there are
/// none.
pub(crate) async fn data_range(
    state: &ApiState,
    query: &LogQuery,
) -> Result<Option<TimeRange>, ApiError> {
    let mut range = query.range;
    let (from, to) = tokio::try_join!(
        end(
            state,
            query,
            Order::OldestFirst,
            range.from == TimeRange::ALL.from
        ),
        end(
            state,
            query,
            Order::NewestFirst,
            range.to == TimeRange::ALL.to
        ),
    )?;
    match from {
        End::Asked => {}
        End::At(oldest) => range.from = oldest,
        End::Nothing => return Ok(None),
    }
    match to {
        End::Asked => {}
        End::At(newest) => range.to = Timestamp(newest.nanos().saturating_add(1)),
        End::Nothing => return Ok(None),
    }
    Ok(Some(range))
}

/// An end of a range: asked for, or where the records end.
enum End {
    Asked,
    At(Timestamp),
    Nothing,
}

async fn end(
    state: &ApiState,
    query: &LogQuery,
    order: Order,
    is_open: bool,
) -> Result<End, ApiError> {
    if !is_open {
        return Ok(End::Asked);
    }
    let page = state.parts().logs.search(query, order, None, 1).await?;
    Ok(page
        .records
        .first()
        .map_or(End::Nothing, |record| End::At(record.timestamp)))
}

/// Records in each of [`TREND_BUCKETS`] equal parts of the query's range.
pub(crate) async fn trend(state: &ApiState, query: &LogQuery) -> Result<Vec<u64>, ApiError> {
    let mut parts = vec![0; TREND_BUCKETS];
    let Some(range) = data_range(state, query).await? else {
        return Ok(parts);
    };
    // Finer than the parts, so that buckets of the store fall into the right part nearly always.
    let interval = (span(range) / (TREND_BUCKETS as i64 * 8)).max(MILLI);
    let query = LogQuery {
        range,
        ..query.clone()
    };
    let counted = state.parts().logs.histogram(&query, interval).await?;
    for (start, counts) in &counted.buckets {
        let offset = start.nanos().saturating_sub(range.from.nanos()).max(0);
        let part = i128::from(offset) * TREND_BUCKETS as i128 / i128::from(span(range));
        let part = usize::try_from(part).unwrap_or(0).min(TREND_BUCKETS - 1);
        parts[part] += counts.iter().sum::<u64>();
    }
    Ok(parts)
}

fn interval(text: &str) -> Result<i64, ApiError> {
    let interval = time::parse_span(text).filter(|interval| *interval >= MILLI);
    interval.ok_or_else(|| {
        let shown: String = text.chars().take(40).collect();
        let detail = format!("`{shown}` is not an interval");
        ApiError::field("interval", "a span of time such as 60s, 5m or 1h", detail)
    })
}

/// The smallest readable width that needs at most `buckets` of them.
fn nice_interval(range: TimeRange, buckets: usize) -> i64 {
    let needed = span(range) / i64::try_from(buckets).unwrap_or(1).max(1);
    NICE.into_iter()
        .find(|width| *width >= needed)
        .unwrap_or(NICE[NICE.len() - 1])
}

fn span(range: TimeRange) -> i64 {
    range.to.nanos().saturating_sub(range.from.nanos()).max(1)
}

fn floor(at: Timestamp, interval: i64) -> Timestamp {
    Timestamp(at.nanos().saturating_sub(at.nanos().rem_euclid(interval)))
}

const fn empty(interval: i64) -> Histogram {
    Histogram {
        interval,
        buckets: Vec::new(),
    }
}

fn answer(range: Option<TimeRange>, counted: &Histogram, begun: Instant) -> HistogramAnswer {
    let buckets = counted
        .buckets
        .iter()
        .map(|(start, counts)| HistogramBucket {
            start: time::format(*start),
            counts: severities(counts),
        });
    let all = counted.buckets.iter().flat_map(|(_, counts)| counts);
    HistogramAnswer {
        interval_ms: counted.interval / MILLI,
        from: range.map(|range| time::format(range.from)),
        to: range.map(|range| time::format(range.to)),
        total: all.sum(),
        buckets: buckets.collect(),
        took_ms: took_ms(begun),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_nice_and_few_enough() {
        let range = |nanos| TimeRange {
            from: Timestamp(0),
            to: Timestamp(nanos),
        };
        assert_eq!(nice_interval(range(HOUR), 60), MINUTE);
        assert_eq!(nice_interval(range(HOUR + 1), 60), MINUTE);
        assert_eq!(nice_interval(range(DAY), 60), 30 * MINUTE);
        assert_eq!(nice_interval(range(1), 60), MILLI);
        assert_eq!(nice_interval(TimeRange::ALL, 60), 3640 * DAY);
    }
}
