//! Tasks of InfluxDB that make intervals in advance.
//!
//! Flux has the least, the greatest, the sum, the count and the last of an interval, and these a task keeps
//! exactly for what came within two hours. It has no sketch and no counter that begins again;
//! retention writes both over the same rows when points go.

use super::line::{ODD_IN_FLUX, VALUE};
use super::setup::Buckets;

/// A task.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) name: String,
    pub(crate) flux: String,
}

/// The tasks of both tiers.
pub(crate) fn tasks(buckets: &Buckets, prefix: &str) -> [Task; 2] {
    let points = format!("r._field == \"{VALUE}\" and r._value != {ODD_IN_FLUX}");
    let of_points = ["min", "max", "sum", "count", "last"].map(|field| Step {
        rows: points.clone(),
        function: field,
        field,
    });
    let of_intervals = [
        ("min", "min"),
        ("max", "max"),
        ("sum", "sum"),
        ("count", "sum"),
        ("last", "last"),
    ];
    let of_intervals = of_intervals.map(|(field, function)| Step {
        rows: format!("r._field == \"{field}\""),
        function,
        field,
    });
    let five_minutes = (&buckets.raw, &buckets.five_minutes, "5m");
    let hours = (&buckets.five_minutes, &buckets.hour, "1h");
    [
        task(&format!("{prefix}_5m"), "5m", five_minutes, &of_points),
        task(&format!("{prefix}_1h"), "15m", hours, &of_intervals),
    ]
}

struct Step {
    rows: String,
    function: &'static str,
    field: &'static str,
}

fn task(
    name: &str,
    offset: &str,
    (from, to, every): (&String, &String, &str),
    steps: &[Step],
) -> Task {
    // A whole number of hours before the full hour for which it runs, so that no interval is cut.
    let mut flux = format!("option task = {{name: \"{name}\", every: 1h, offset: {offset}}}\n");
    for Step {
        rows,
        function,
        field,
    } in steps
    {
        let from =
            format!("from(bucket: \"{from}\") |> range(start: -2h) |> filter(fn: (r) => {rows})");
        let window = format!(
            "aggregateWindow(every: {every}, fn: {function}, createEmpty: false, timeSrc: \"_start\")"
        );
        let set = format!("set(key: \"_field\", value: \"{field}\") |> to(bucket: \"{to}\")");
        flux.push_str(&format!("{from} |> {window} |> {set}\n"));
    }
    Task {
        name: name.to_owned(),
        flux,
    }
}
