//! What the shop measures of itself, as a page for Prometheus and as line protocol for the past.

use std::fmt::Write;

/// Upper bounds of the buckets of request durations, in seconds.
const BOUNDS: [f64; 8] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Durations of requests.
#[derive(Debug, Clone, Default)]
pub(crate) struct Durations {
    /// Requests at or below each bound.
    buckets: [f64; BOUNDS.len()],
    pub(crate) count: f64,
    pub(crate) sum_secs: f64,
}

impl Durations {
    pub(crate) fn add(&mut self, secs: f64) {
        for (bucket, bound) in self.buckets.iter_mut().zip(BOUNDS) {
            *bucket += f64::from(u8::from(secs <= bound));
        }
        self.count += 1.0;
        self.sum_secs += secs;
    }
}

/// All values at one moment. Counters run from the begin of the past.
#[derive(Debug, Clone, Default)]
pub(crate) struct Readings {
    pub(crate) requests_ok: f64,
    pub(crate) requests_failed: f64,
    pub(crate) requests: Durations,
    pub(crate) orders_completed: f64,
    pub(crate) orders_failed: f64,
    pub(crate) pricing_errors: f64,
    pub(crate) payments: f64,
    pub(crate) payment_errors: f64,
    pub(crate) payment_secs: f64,
    /// Mean duration of the payments of the last seconds.
    pub(crate) payment_latency_secs: f64,
    /// Orders that wait or are worked on.
    pub(crate) queue_depth: f64,
    pub(crate) resident_bytes: f64,
    pub(crate) disk_used_bytes: f64,
    pub(crate) disk_total_bytes: f64,
}

/// One value with its name and its own labels.
struct Sample {
    family: &'static str,
    suffix: &'static str,
    labels: String,
    value: f64,
}

const HELP: [(&str, &str, &str); 11] = [
    (
        "shop_pricing_errors_total",
        "counter",
        "Orders put back for want of a price.",
    ),
    ("shop_http_requests_total", "counter", "Requests answered."),
    (
        "shop_http_request_duration_seconds",
        "histogram",
        "How long requests took.",
    ),
    ("shop_orders_total", "counter", "Orders by outcome."),
    (
        "shop_order_queue_depth",
        "gauge",
        "Orders that wait or are worked on.",
    ),
    (
        "shop_payment_requests_total",
        "counter",
        "Requests to the payment provider.",
    ),
    (
        "shop_payment_errors_total",
        "counter",
        "Requests that the payment provider did not answer.",
    ),
    (
        "shop_payment_latency_seconds",
        "gauge",
        "Mean duration of recent payments.",
    ),
    (
        "process_resident_memory_bytes",
        "gauge",
        "Memory of the shop.",
    ),
    (
        "node_filesystem_size_bytes",
        "gauge",
        "Size of the shop's volume.",
    ),
    (
        "node_filesystem_avail_bytes",
        "gauge",
        "Bytes of it that are free.",
    ),
];

fn sample(family: &'static str, labels: &str, value: f64) -> Sample {
    Sample {
        family,
        suffix: "",
        labels: labels.to_owned(),
        value,
    }
}

impl Readings {
    /// All samples, by family. `volume` is where the volume lies.
    fn samples(&self, volume: &str) -> Vec<Sample> {
        let mut samples = Vec::from(self.of_requests());
        samples.extend(self.of_orders());
        samples.extend(self.of_resources(volume));
        samples
    }

    fn of_requests(&self) -> [Sample; 4] {
        let name = "shop_http_requests_total";
        let durations = "shop_http_request_duration_seconds";
        let (ok, failed) = ("service=web,outcome=ok", "service=web,outcome=failed");
        let sum = sample(durations, "service=web", self.requests.sum_secs);
        let count = sample(durations, "service=web", self.requests.count);
        [
            sample(name, ok, self.requests_ok),
            sample(name, failed, self.requests_failed),
            Sample {
                suffix: "_sum",
                ..sum
            },
            Sample {
                suffix: "_count",
                ..count
            },
        ]
    }

    fn of_orders(&self) -> [Sample; 7] {
        let (orders, payment) = ("service=orders", "service=payment");
        let completed = "service=orders,outcome=completed";
        let failed = "service=orders,outcome=failed";
        let latency = self.payment_latency_secs;
        [
            sample("shop_orders_total", completed, self.orders_completed),
            sample("shop_orders_total", failed, self.orders_failed),
            sample(
                "shop_pricing_errors_total",
                "service=pricing",
                self.pricing_errors,
            ),
            sample("shop_order_queue_depth", orders, self.queue_depth),
            sample("shop_payment_requests_total", payment, self.payments),
            sample("shop_payment_errors_total", payment, self.payment_errors),
            sample("shop_payment_latency_seconds", payment, latency),
        ]
    }

    fn of_resources(&self, volume: &str) -> [Sample; 3] {
        let disk = format!("service=volume,fstype=quota,mountpoint={volume}");
        let free = (self.disk_total_bytes - self.disk_used_bytes).max(0.0);
        let memory = "process_resident_memory_bytes";
        [
            sample(memory, "service=sessions", self.resident_bytes),
            sample("node_filesystem_size_bytes", &disk, self.disk_total_bytes),
            sample("node_filesystem_avail_bytes", &disk, free),
        ]
    }

    /// The page that Prometheus scrapes.
    pub(crate) fn page(&self, volume: &str) -> String {
        let mut page = String::new();
        let samples = self.samples(volume);
        for (family, kind, help) in HELP {
            // Writing to a string cannot fail.
            let _written = writeln!(page, "# HELP {family} {help}\n# TYPE {family} {kind}");
            if kind == "histogram" {
                self.buckets(family, &mut page);
            }
            for one in samples.iter().filter(|one| one.family == family) {
                let labels = quoted(&one.labels);
                let _written = writeln!(page, "{family}{}{{{labels}}} {}", one.suffix, one.value);
            }
        }
        page
    }

    fn buckets(&self, family: &str, page: &mut String) {
        let bounds = BOUNDS.iter().map(ToString::to_string);
        let counts = self.requests.buckets.iter().chain([&self.requests.count]);
        for (bound, count) in bounds.chain(["+Inf".to_owned()]).zip(counts) {
            let labels = format!("service=\"web\",le=\"{bound}\"");
            let _written = writeln!(page, "{family}_bucket{{{labels}}} {count}");
        }
    }

    /// The values as lines of line protocol. `tags` are the labels that a scraper would add.
    pub(crate) fn lines(&self, volume: &str, tags: &str, at_ms: i64) -> String {
        let mut lines = String::new();
        for one in self.samples(volume) {
            let name = format!("{}{}", one.family, one.suffix);
            let Some((measurement, field)) = name.rsplit_once('_') else {
                continue;
            };
            let labels = one.labels.replace(' ', "\\ ");
            let _written = writeln!(
                lines,
                "{measurement},{tags},{labels} {field}={} {at_ms}",
                one.value
            );
        }
        lines
    }
}

/// `a=b,c=d` as Prometheus writes labels.
fn quoted(labels: &str) -> String {
    let pairs = labels.split(',').filter_map(|pair| pair.split_once('='));
    let quoted = pairs.map(|(name, value)| {
        let value = value.replace('\\', "\\\\").replace('"', "\\\"");
        format!("{name}=\"{value}\"")
    });
    quoted.collect::<Vec<_>>().join(",")
}

/// Resident memory of this process in bytes, where the system tells it.
pub(crate) fn resident_bytes() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes * 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_and_the_past_name_the_same_series() {
        let mut readings = Readings::default();
        readings.requests.add(0.2);
        let page = readings.page("/srv/a b");
        assert!(page.contains(
            "shop_http_request_duration_seconds_bucket{service=\"web\",le=\"0.25\"} 1\n"
        ));
        assert!(page.contains(
            "shop_http_request_duration_seconds_bucket{service=\"web\",le=\"+Inf\"} 1\n"
        ));
        assert!(page.contains("mountpoint=\"/srv/a b\""), "{page}");
        let lines = readings.lines("/srv/a b", "job=shop", 5);
        let expected = "node_filesystem_avail,job=shop,service=volume,fstype=quota,mountpoint=/srv/a\\ b bytes=0 5\n";
        assert!(lines.contains(expected), "{lines}");
        let of_page = page
            .lines()
            .filter(|line| !line.starts_with('#') && !line.contains("_bucket"));
        assert_eq!(of_page.count(), lines.lines().count());
    }
}
