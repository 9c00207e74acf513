//! One target: from what a scrape gave to points, and the end of series that vanished. No I/O.

use std::borrow::Cow;
use std::collections::BTreeMap;

use tocsin_domain::metric::{MetricKind, NAME_LABEL};

use super::config::{Address, ScrapeConfig};
use crate::metrics::MetricCollector;
use crate::metrics::exposition::{Dialect, Exposed, Exposition, parse};
use crate::metrics::staleness::Staleness;

/// What a scrape gave.
#[derive(Debug)]
pub(super) struct Scraped<'a> {
    /// When it began, in milliseconds since the Unix epoch.
    pub(super) at_ms: i64,
    /// How long it took.
    pub(super) duration_secs: f64,
    /// Content type and body, or why there is none.
    pub(super) page: Result<(&'a str, &'a [u8]), &'a str>,
    /// When the target's certificate ends, in seconds since the Unix epoch.
    pub(super) certificate_ends: Option<i64>,
}

/// How a scrape went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outcome {
    /// Samples of the page.
    pub(super) samples: usize,
    /// Why it failed, or what is wrong with the page; empty if nothing is.
    pub(super) detail: String,
    pub(super) is_up: bool,
}

/// A target and its series.
#[derive(Debug)]
pub(super) struct Target {
    /// `job`, `instance` and the labels of the job.
    labels: BTreeMap<String, String>,
    honor_labels: bool,
    honor_timestamps: bool,
    samples_max: usize,
    series: Staleness,
}

impl Target {
    pub(super) fn new(config: &ScrapeConfig, address: &Address) -> Self {
        let mut labels = BTreeMap::new();
        labels.insert("job".into(), config.job.clone());
        labels.insert("instance".into(), address.instance());
        labels.extend(config.labels.clone());
        Self {
            labels,
            honor_labels: config.honor_labels,
            honor_timestamps: config.honor_timestamps,
            samples_max: config.samples_max,
            series: Staleness::default(),
        }
    }

    /// How many series it has.
    pub(super) fn series(&self) -> usize {
        self.series.len()
    }

    /// Puts the samples of a scrape, and what is said of it, into a collector.
    pub(super) fn take(
        &mut self,
        scraped: &Scraped<'_>,
        collector: &mut MetricCollector<'_>,
    ) -> Outcome {
        self.series.begin();
        let outcome = match scraped.page {
            Ok((content_type, body)) => self.page(content_type, body, scraped.at_ms, collector),
            Err(failure) => Outcome {
                samples: 0,
                detail: failure.into(),
                is_up: false,
            },
        };
        self.series.end(scraped.at_ms, collector);
        self.report(scraped, &outcome, collector);
        outcome
    }

    fn page(
        &mut self,
        content_type: &str,
        body: &[u8],
        at_ms: i64,
        collector: &mut MetricCollector<'_>,
    ) -> Outcome {
        let dialect = Dialect::from_content_type(content_type);
        // A page that is cut or too long fails as a whole, so it is looked through first.
        let whole = parse(body, dialect, &mut |_| {});
        if let Some(detail) = self.fault(&whole) {
            return Outcome {
                samples: 0,
                detail,
                is_up: false,
            };
        }
        let mut twice = 0;
        let mut item = 0;
        parse(body, dialect, &mut |sample| {
            collector.at_item(item);
            item += 1;
            twice += usize::from(!self.sample(sample, at_ms, collector));
        });
        let mut detail = String::new();
        if let Some(error) = whole.errors.first() {
            detail = format!(
                "{} lines cannot be read; line {}: expected {}, found {}",
                whole.rejected, error.line, error.expected, error.found
            );
        } else if twice > 0 {
            detail = format!("{twice} samples are of series that the page has already");
        }
        Outcome {
            samples: whole.samples,
            detail,
            is_up: true,
        }
    }

    /// Why nothing of a page is taken.
    fn fault(&self, page: &Exposition) -> Option<String> {
        if page.samples > self.samples_max {
            let most = self.samples_max;
            Some(format!(
                "the page has {} samples, over {most}",
                page.samples
            ))
        } else if !page.is_complete {
            Some("the page ends before `# EOF`".into())
        } else if page.samples == 0 && page.rejected > 0 {
            let error = page.errors.first()?;
            Some(format!(
                "the page is not in Prometheus' format: line {}: expected {}, found {}",
                error.line, error.expected, error.found
            ))
        } else {
            None
        }
    }

    /// Takes a sample; false if its series was in the page already.
    fn sample(
        &mut self,
        sample: &Exposed<'_>,
        at_ms: i64,
        collector: &mut MetricCollector<'_>,
    ) -> bool {
        let labels = joined(&self.labels, self.honor_labels, sample.labels);
        let pairs: Vec<(&str, &str)> = labels
            .iter()
            .map(|(name, value)| (&**name, *value))
            .collect();
        let time = sample.at_ms.filter(|_| self.honor_timestamps);
        // A sample with a time of its own may stay away for long and mean nothing by it.
        if time.is_none() && !self.series.came(&pairs, sample.kind) {
            return false;
        }
        collector.point(
            &pairs,
            sample.kind,
            Some(time.unwrap_or(at_ms)),
            sample.value,
        );
        true
    }

    /// What Prometheus says of each scrape.
    fn report(
        &self,
        scraped: &Scraped<'_>,
        outcome: &Outcome,
        collector: &mut MetricCollector<'_>,
    ) {
        let now_secs = scraped.at_ms as f64 / 1000.0;
        let ends = scraped.certificate_ends.map(|ends| ends as f64);
        let values = [
            ("up", Some(f64::from(u8::from(outcome.is_up)))),
            ("scrape_duration_seconds", Some(scraped.duration_secs)),
            ("scrape_samples_scraped", Some(outcome.samples as f64)),
            ("probe_ssl_earliest_cert_expiry", ends),
            (
                "scrape_certificate_remaining_seconds",
                ends.map(|ends| ends - now_secs),
            ),
        ];
        for (name, value) in values {
            let Some(value) = value else {
                continue;
            };
            let named = std::iter::once((NAME_LABEL, name));
            let own = self.labels.iter();
            let own = own.map(|(name, value)| (name.as_str(), value.as_str()));
            let labels: Vec<(&str, &str)> = named.chain(own).collect();
            collector.point(&labels, MetricKind::Gauge, Some(scraped.at_ms), value);
        }
    }
}

/// The labels of a sample with ours: where names meet, ours hold and the target's are renamed
/// to `exported_…`, or the other way round if they are honoured.
fn joined<'s>(
    ours: &'s BTreeMap<String, String>,
    honor_labels: bool,
    own: &'s [(&'s str, &'s str)],
) -> Vec<(Cow<'s, str>, &'s str)> {
    let mut joined: Vec<(Cow<'s, str>, &'s str)> = Vec::new();
    for (name, value) in own {
        if value.is_empty() {
            continue;
        }
        if honor_labels || !ours.contains_key(*name) {
            joined.push((Cow::Borrowed(name), value));
            continue;
        }
        let mut renamed = format!("exported_{name}");
        while own.iter().any(|(other, _)| *other == renamed) {
            renamed.insert_str(0, "exported_");
        }
        joined.push((Cow::Owned(renamed), value));
    }
    for (name, value) in ours {
        let is_honoured = honor_labels
            && own
                .iter()
                .any(|(own, value)| own == name && !value.is_empty());
        if !is_honoured {
            joined.push((Cow::Borrowed(name), value));
        }
    }
    joined
}
