//! Removing series at the wish of a person, and rows whose time is over.

use reqwest::Method;
use tocsin_domain::metric::Matcher;
use tocsin_domain::ports::StoreError;
use tocsin_domain::{Labels, time::civil_date};

use super::InfluxMetricStore;
use super::catalogue::put_who;
use super::failure::InfluxError;
use super::flux::{NS_MAX, NS_MIN, quoted};
use super::line::{ID_TAG, write_to};
use super::part::Part;

/// From so many series of a metric on, they are deleted by its name if all of them are meant.
const BY_NAME_MIN: usize = 16;

impl InfluxMetricStore {
    /// Removes the selected series with all their points. Their rows in the catalogue stay and say that they
    /// are gone, so that other processes hear of it, and a sender that comes again is known.
    pub(crate) async fn remove(&self, matchers: &[Matcher]) -> Result<u64, StoreError> {
        self.refresh().await?;
        let mut gone = 0;
        for part in self.parts() {
            gone += self.remove_in(&part, matchers).await?;
        }
        Ok(gone)
    }

    async fn remove_in(&self, part: &Part, matchers: &[Matcher]) -> Result<u64, StoreError> {
        let matching = |part: &Part| part.state.read().table.matching(matchers);
        if matching(part).is_empty() {
            return Ok(0);
        }
        // With the position past them, batches of removed series are not delivered again.
        self.flush_part(part).await?;
        let _writing = part.writer.lock().await;
        let indexes = matching(part);
        let series: Vec<(u32, Labels)> = indexes
            .iter()
            .filter_map(|index| Some((*index, part.labels(*index)?)))
            .collect();
        let mut lines = Vec::new();
        for (_, labels) in &series {
            put_who(&mut lines, part.partition, labels.id());
            write_to(&mut lines, format_args!(" gone=1i\n"));
        }
        for predicate in self.predicates(&series) {
            for bucket in [
                &self.buckets.raw,
                &self.buckets.five_minutes,
                &self.buckets.hour,
            ] {
                self.delete_rows(bucket, (NS_MIN, NS_MAX), Some(&predicate))
                    .await?;
            }
        }
        // They are gone for others only after their points are: broken off, it is begun again.
        self.write_state(&lines, "ns").await?;
        let mut state = part.state.write();
        let state = &mut *state;
        for (index, _) in &series {
            state.table.remove(*index);
            state.head.remove(*index);
            part.set_note(*index, |note| note.kind = None);
        }
        Ok(series.len() as u64)
    }

    /// Series as deleting understands them: equalities, joined by `AND`.
    fn predicates(&self, series: &[(u32, Labels)]) -> Vec<String> {
        let mut rest: Vec<&Labels> = series.iter().map(|(_, labels)| labels).collect();
        rest.sort_unstable();
        let mut found = Vec::new();
        for of_name in rest.chunk_by(|one, two| one.name() == two.name()) {
            let name = of_name[0].name();
            let is_plain = name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_:.".contains(&byte));
            if is_plain && of_name.len() >= BY_NAME_MIN && of_name.len() == self.count_of(name) {
                found.push(format!("_measurement={}", quoted(name)));
            } else {
                let ids = of_name.iter().map(|labels| labels.id());
                found.extend(ids.map(|id| format!("{ID_TAG}=\"{id}\"")));
            }
        }
        found
    }

    /// Deletes rows of a bucket within `[from_ns, to_ns)`.
    pub(crate) async fn delete_rows(
        &self,
        bucket: &str,
        (from_ns, to_ns): (i64, i64),
        predicate: Option<&str>,
    ) -> Result<(), InfluxError> {
        if from_ns >= to_ns {
            return Ok(());
        }
        // Whether the end belongs to the range depends on the version; nothing of ours lies on it.
        let mut body = serde_json::json!({
            "start": rfc3339(from_ns),
            "stop": rfc3339(to_ns - 1),
        });
        if let Some(predicate) = predicate {
            body["predicate"] = predicate.into();
        }
        let query = [("org", self.wire.org()), ("bucket", bucket)];
        let doing = format!("delete from the bucket `{bucket}`");
        let way = (Method::POST, "/api/v2/delete");
        self.wire
            .ask(way, &query, Some(&body), &doing)
            .await
            .map(drop)
    }
}

/// A time as InfluxDB reads it: `2026-06-01T00:00:00.000000000Z`.
fn rfc3339(ns: i64) -> String {
    let (secs, nanos) = (ns.div_euclid(1_000_000_000), ns.rem_euclid(1_000_000_000));
    let (days, second) = (secs.div_euclid(86_400), secs.rem_euclid(86_400));
    let (year, month, day) = civil_date(days);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{nanos:09}Z")
}

#[cfg(test)]
mod tests {
    use super::super::csv::parse_time;
    use super::*;

    #[test]
    fn times_are_written_as_they_are_read() {
        for ns in [0, NS_MIN, NS_MAX, 1_780_272_000_000_000_001] {
            assert_eq!(parse_time(&rfc3339(ns)), Some(ns));
        }
        assert_eq!(rfc3339(NS_MIN), "1677-09-21T00:12:43.145224194Z");
    }
}
