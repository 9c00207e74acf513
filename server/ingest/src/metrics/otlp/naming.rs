//! Names of metrics as the OpenTelemetry specification translates them to Prometheus.
//!
//! Source: "Prometheus and OpenMetrics Compatibility", and Prometheus' `otlptranslator`, which
//! names the same metric the same way.

use super::point::Shape;

/// UCUM units and their words.
const UNITS: [(&str, &str); 24] = [
    ("d", "days"),
    ("h", "hours"),
    ("min", "minutes"),
    ("s", "seconds"),
    ("ms", "milliseconds"),
    ("us", "microseconds"),
    ("ns", "nanoseconds"),
    ("By", "bytes"),
    ("KiBy", "kibibytes"),
    ("MiBy", "mebibytes"),
    ("GiBy", "gibibytes"),
    ("TiBy", "tibibytes"),
    ("KBy", "kilobytes"),
    ("MBy", "megabytes"),
    ("GBy", "gigabytes"),
    ("TBy", "terabytes"),
    ("m", "meters"),
    ("V", "volts"),
    ("A", "amperes"),
    ("J", "joules"),
    ("W", "watts"),
    ("g", "grams"),
    ("Cel", "celsius"),
    ("Hz", "hertz"),
];

/// UCUM units after a `/`.
const PER_UNITS: [(&str, &str); 7] = [
    ("s", "second"),
    ("m", "minute"),
    ("h", "hour"),
    ("d", "day"),
    ("w", "week"),
    ("mo", "month"),
    ("y", "year"),
];

/// The name of a metric with its unit: `system.cpu.utilization` in `1` is
/// `system_cpu_utilization_ratio`.
pub(super) fn metric_name(name: &str, unit: &str, shape: Shape) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == ':';
    let parts = name.split(|c| !is_part(c)).filter(|part| !part.is_empty());
    let mut parts: Vec<String> = parts.map(Into::into).collect();
    let (main, per) = unit_words(unit);
    if !main.is_empty() && !parts.contains(&main) {
        parts.push(main);
    }
    if !per.is_empty() && !parts.contains(&per) {
        parts.extend(["per".into(), per]);
    }
    let last = match shape {
        Shape::Sum { is_monotonic: true } => "total",
        Shape::Gauge if unit == "1" => "ratio",
        _ => "",
    };
    if !last.is_empty() {
        parts.retain(|part| part != last);
        parts.push(last.into());
    }
    let joined = parts.join("_");
    if joined.starts_with(|c: char| c.is_ascii_digit()) {
        format!("_{joined}")
    } else {
        joined
    }
}

/// The words of a unit and of what it is per; annotations in braces have none.
fn unit_words(unit: &str) -> (String, String) {
    let (main, per) = unit.split_once('/').unwrap_or((unit, ""));
    (word(main, &UNITS), word(per, &PER_UNITS))
}

fn word(unit: &str, words: &[(&str, &str)]) -> String {
    let unit = unit.trim();
    if unit == "1" || unit.contains(['{', '}']) {
        return String::new();
    }
    if unit == "%" {
        return "percent".into();
    }
    if let Some((_, word)) = words.iter().find(|(known, _)| *known == unit) {
        return (*word).into();
    }
    let parts = unit.split(|c: char| !c.is_ascii_alphanumeric());
    let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    parts.join("_")
}

/// A label's name: what it may not have becomes `_`.
pub(super) fn label_name(key: &str) -> String {
    let mut name: String = key
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        name.insert_str(0, "key_");
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_prometheus_gives() {
        let counter = Shape::Sum { is_monotonic: true };
        let level = Shape::Sum {
            is_monotonic: false,
        };
        for (name, unit, shape, expected) in [
            (
                "http.server.duration",
                "ms",
                Shape::Histogram,
                "http_server_duration_milliseconds",
            ),
            (
                "http.server.requests",
                "{request}",
                counter,
                "http_server_requests_total",
            ),
            ("system.io", "By", counter, "system_io_bytes_total"),
            (
                "system.io.total",
                "By/s",
                Shape::Gauge,
                "system_io_total_bytes_per_second",
            ),
            (
                "system.cpu.utilization",
                "1",
                Shape::Gauge,
                "system_cpu_utilization_ratio",
            ),
            (
                "system.filesystem.usage",
                "",
                Shape::Gauge,
                "system_filesystem_usage",
            ),
            ("queue.depth", "1", level, "queue_depth"),
            ("requests.total.sum", "", counter, "requests_sum_total"),
            ("memory_bytes", "By", Shape::Gauge, "memory_bytes"),
            ("cpu.load.5", "%", Shape::Gauge, "cpu_load_5_percent"),
            ("2xx.rate", "", Shape::Gauge, "_2xx_rate"),
            ("größe", "foo/bar", Shape::Gauge, "gr_e_foo_per_bar"),
        ] {
            assert_eq!(metric_name(name, unit, shape), expected, "{name}");
        }
        assert_eq!(label_name("http.status-code"), "http_status_code");
        assert_eq!(label_name("2xx"), "key_2xx");
    }
}
