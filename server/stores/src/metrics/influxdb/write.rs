//! Taking batches into memory and writing what waits, in requests of so many lines.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tocsin_domain::ports::StoreError;
use tocsin_domain::{MetricBatch, Offset, Partition};

use super::super::block::Points;
use super::InfluxMetricStore;
use super::failure::InfluxError;
use super::part::{Keys, Part};
use super::{flux, line};

/// Bytes of a request: what InfluxDB's clients send at most at once.
const BODY_BYTES_MAX: usize = 4 << 20;

impl InfluxMetricStore {
    /// Writes what waits longer than it may, as long as it is polled: it never ends by itself. What it
    /// cannot write waits on. To be run once beside the store, and dropped when it closes.
    pub async fn keep_writing(&self) {
        let pause = Duration::from_millis(self.config.batch_ms_max.max(10));
        loop {
            tokio::time::sleep(pause / 2).await;
            // What others removed must not go on being written as if it were there.
            if self.parts().iter().any(|part| part.is_at_work()) {
                let _away_is_for_writers_to_say = self.refresh_series().await;
            }
            for part in self.parts() {
                if part.is_due(self.config.batch_lines_max, pause) {
                    self.write_waiting(&part).await;
                }
            }
        }
    }

    /// Takes a batch; one that is not of the bus has no offset and is always taken.
    pub(crate) async fn take_points(
        &self,
        partition: Partition,
        offset: Option<Offset>,
        batch: &MetricBatch,
    ) -> Result<(), StoreError> {
        let part = self.part(partition.0);
        let after = Duration::from_millis(self.config.batch_ms_max);
        if part.is_due(self.config.batch_lines_max, after) {
            self.write_waiting(&part).await;
        }
        let is_full = |part: &Part| {
            let samples = part.state.read().head_samples();
            samples as usize >= self.keep.head_samples_max
        };
        if is_full(&part) {
            self.write_part(&part).await?;
        }
        if !batch.validate() {
            let message = "a batch whose points are not of its series";
            return Err(StoreError::Invalid(message.into()));
        }
        self.learn(&part, batch).await;
        let unknown = {
            let mut state = part.state.write();
            match offset {
                Some(offset) if offset <= state.taken => return Ok(()),
                Some(offset) => state.taken = offset,
                None => {}
            }
            state.take(batch)
        };
        part.has_taken();
        if unknown > 0 {
            self.unknown_points.fetch_add(unknown, Ordering::Relaxed);
            let source = &batch.source;
            tracing::warn!(%source, unknown, "points of series whose labels never came are dropped");
        }
        Ok(())
    }

    /// Reads the catalogue if a batch has series that another process met.
    async fn learn(&self, part: &Part, batch: &MetricBatch) {
        let is_unknown = {
            let state = part.state.read();
            let mut without = batch.series.iter().filter(|entry| entry.labels.is_empty());
            without.any(|entry| state.table.index(entry.id).is_none())
        };
        if is_unknown {
            self.refresh_if_there().await;
        }
    }

    /// Writes what waits; what cannot be written waits on.
    pub(crate) async fn write_waiting(&self, part: &Part) {
        if let Err(error) = self.write_part(part).await {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            tracing::warn!(partition = part.partition, cause, "points wait in memory");
        }
    }

    async fn write_part(&self, part: &Part) -> Result<(), StoreError> {
        let mut keys = part.writer.lock().await;
        self.write_head(part, &mut keys).await.map(drop)
    }

    /// Writes points and position of a partition.
    pub(crate) async fn flush_part(&self, part: &Part) -> Result<Offset, StoreError> {
        let mut keys = part.writer.lock().await;
        let taken = self.write_head(part, &mut keys).await?;
        self.note_ranges(part).await?;
        let samples = {
            let state = part.state.read();
            if taken == state.position.durable {
                return Ok(taken);
            }
            state.position.samples
        };
        self.write_position(part.partition, taken, samples).await?;
        part.state.write().position.durable = taken;
        Ok(taken)
    }

    /// Writes the head, and returns the offset through which all points are written.
    async fn write_head(&self, part: &Part, keys: &mut Keys) -> Result<Offset, StoreError> {
        let (heads, indexes, taken) = {
            let mut state = part.state.write();
            let state = &mut *state;
            if state.head.samples > 0 {
                state.table.see(&state.head);
                let head = std::mem::take(&mut state.head);
                state.frozen.push(Arc::new(head));
            }
            (state.frozen.clone(), state.table.indexes(), state.taken)
        };
        let written = async {
            // Who a series is stands there before its points do.
            self.note_series(part).await?;
            self.write_heads(part, &heads, indexes, keys).await
        };
        let written = written.await;
        part.has_tried(written.is_ok());
        let samples = written?;
        let mut state = part.state.write();
        state.frozen.clear();
        state.position.samples += samples;
        Ok(taken)
    }

    async fn write_heads(
        &self,
        part: &Part,
        heads: &[Arc<super::super::head::Head>],
        indexes: u32,
        keys: &mut Keys,
    ) -> Result<u64, StoreError> {
        if heads.is_empty() {
            return Ok(0);
        }
        keys.resize(keys.len().max(indexes as usize), None);
        let (mut points, mut lines) = (Points::default(), Vec::new());
        let (mut count, mut total) = (0, 0);
        for index in 0..indexes {
            points.clear();
            for head in heads {
                head.read(index, (i64::MIN, i64::MAX), &mut points);
            }
            if points.is_empty() {
                continue;
            }
            points.settle();
            let slot = &mut keys[index as usize];
            if slot.is_none() {
                *slot = part.key(index);
            }
            let Some(key) = slot else {
                continue;
            };
            for (at_ms, value) in points.times.iter().zip(&points.values) {
                if !flux::is_time(*at_ms) {
                    self.drop_points(1, "their times are beyond the years 1677 to 2262");
                    continue;
                }
                line::put_point(&mut lines, key, *at_ms, *value);
                count += 1;
                if count == self.config.batch_lines_max || lines.len() >= BODY_BYTES_MAX {
                    total += count as u64;
                    count = 0;
                    self.write_lines(&self.buckets.raw, "ms", &lines).await?;
                    lines.clear();
                }
            }
        }
        self.write_lines(&self.buckets.raw, "ms", &lines).await?;
        Ok(total + count as u64)
    }

    /// Writes lines to the bucket of states, in several requests if they are many.
    pub(crate) async fn write_state(&self, lines: &[u8], unit: &str) -> Result<(), InfluxError> {
        self.write_many(&self.buckets.state, unit, lines).await
    }

    /// Writes lines in several requests if they are many.
    pub(crate) async fn write_many(
        &self,
        bucket: &str,
        unit: &str,
        lines: &[u8],
    ) -> Result<(), InfluxError> {
        let mut rest = lines;
        while !rest.is_empty() {
            let end = lines_end(rest, BODY_BYTES_MAX);
            self.write_lines(bucket, unit, &rest[..end]).await?;
            rest = &rest[end..];
        }
        Ok(())
    }

    /// Writes lines. If they are too many, or InfluxDB cannot read one of them, in halves; a line that is
    /// refused by itself is dropped and counted, since it would be for ever.
    pub(crate) async fn write_lines(
        &self,
        bucket: &str,
        unit: &str,
        lines: &[u8],
    ) -> Result<(), InfluxError> {
        let mut waiting = vec![lines];
        while let Some(lines) = waiting.pop() {
            if lines.is_empty() {
                continue;
            }
            match self.wire.write(bucket, unit, lines).await {
                Ok(()) => {}
                Err(InfluxError::Partial(message)) => {
                    self.drop_points(dropped(&message), &message);
                }
                Err(error @ (InfluxError::TooLarge | InfluxError::Refused { .. })) => {
                    let middle = lines_end(lines, lines.len() / 2);
                    if middle == lines.len() {
                        self.drop_points(1, &error.to_string());
                    } else {
                        waiting.push(&lines[middle..]);
                        waiting.push(&lines[..middle]);
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn drop_points(&self, count: u64, reason: &str) {
        self.dropped_points.fetch_add(count, Ordering::Relaxed);
        tracing::error!(
            count,
            reason,
            "InfluxDB does not take points; they are dropped"
        );
    }
}

/// The end of the last line that ends within `bytes`; of the first one if that is longer.
fn lines_end(lines: &[u8], bytes: usize) -> usize {
    if lines.len() <= bytes {
        return lines.len();
    }
    let within = lines[..bytes].iter().rposition(|byte| *byte == b'\n');
    let place = within.or_else(|| lines.iter().position(|byte| *byte == b'\n'));
    place.map_or(lines.len(), |at| at + 1)
}

/// How many points a partial write dropped: `… dropped=3`.
fn dropped(message: &str) -> u64 {
    let after = message.split("dropped").nth(1).unwrap_or_default();
    let digits = after.trim_start_matches(|one: char| !one.is_ascii_digit());
    let end = digits.find(|one: char| !one.is_ascii_digit());
    digits[..end.unwrap_or(digits.len())].parse().unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_parted_where_they_end() {
        let lines = b"aaa\nbbb\nccccccccc\n";
        assert_eq!(lines_end(lines, 100), 18);
        assert_eq!(lines_end(lines, 9), 8);
        assert_eq!(lines_end(lines, 2), 4);
        assert_eq!(lines_end(&lines[8..], 2), 10);
    }

    #[test]
    fn what_a_partial_write_dropped_is_read() {
        assert_eq!(
            dropped("partial write: points beyond retention policy dropped=7"),
            7
        );
        assert_eq!(
            dropped("partial write: dropped 12 points outside retention policy"),
            12
        );
        assert_eq!(dropped("partial write"), 1);
    }
}
