//! The points that Prometheus and Tocsin are compared on: counters that reset, gaps, late and
//! sparse series, odd values, a histogram. Made by rule, the same at every run.

use tocsin_domain::metric::Sample;

/// The first time, in ms; two hours follow.
pub(crate) const START_MS: i64 = 1_700_000_000_000;
const HOURS_MS: i64 = 2 * 3_600_000;

/// A series: labels and points.
pub(crate) struct Series {
    pub(crate) labels: Vec<(String, String)>,
    pub(crate) samples: Vec<Sample>,
}

/// A generator of numbers in `[0, 1)`, for noise (SplitMix64).
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

fn series(labels: &[(&str, &str)], samples: Vec<Sample>) -> Series {
    let labels = labels
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()))
        .collect();
    Series { labels, samples }
}

/// Points every `every_ms`, a little early or late, where `value` has one.
fn points(seed: u64, every_ms: i64, mut value: impl FnMut(i64, f64) -> Option<f64>) -> Vec<Sample> {
    let mut noise = Noise(seed);
    let mut samples = Vec::new();
    for at in 0..HOURS_MS / every_ms {
        let late_ms = (noise.next() * every_ms as f64 / 10.0) as i64;
        if let Some(value) = value(at, noise.next()) {
            samples.push(Sample {
                at_ms: START_MS + at * every_ms + late_ms,
                value,
            });
        }
    }
    samples
}

/// Everything.
pub(crate) fn all() -> Vec<Series> {
    let mut out = Vec::new();
    counters(&mut out);
    gauges(&mut out);
    histogram(&mut out);
    special(&mut out);
    out
}

fn counters(out: &mut Vec<Series>) {
    let targets = [
        ("api", "200"),
        ("api", "500"),
        ("web", "200"),
        ("web", "404"),
        ("db", "200"),
    ];
    for (seed, (job, code)) in targets.into_iter().enumerate() {
        let mut total = 10.0 * seed as f64;
        let samples = points(seed as u64, 15_000, |at, noise| {
            total += (noise * 5.0 * (seed + 1) as f64).floor();
            // Some restart now and then, one is away for ten minutes.
            if seed % 2 == 0 && at % (97 + seed as i64) == 96 {
                total = 0.0;
            }
            (seed != 3 || !(200..240).contains(&at)).then_some(total)
        });
        for name in ["requests_total", "requests_copy_total"] {
            if name == "requests_total" || seed == 0 {
                let labels = [("__name__", name), ("job", job), ("code", code)];
                out.push(series(&labels, samples.clone()));
            }
        }
    }
}

fn gauges(out: &mut Vec<Series>) {
    let rooms = [
        ("hall", "0"),
        ("attic", "2"),
        ("cellar", "-1"),
        ("hell", "-1"),
        ("study", "1"),
    ];
    for (seed, (room, floor)) in rooms.into_iter().enumerate() {
        let samples = points(100 + seed as u64, 15_000, |at, noise| {
            let wave = (at as f64 / 40.0 + seed as f64).sin() * 8.0;
            Some(18.0 + wave + (noise - 0.5) * 2.0 - if room == "cellar" { 25.0 } else { 0.0 })
        });
        out.push(series(
            &[
                ("__name__", "temperature"),
                ("room", room),
                ("floor", floor),
            ],
            samples,
        ));
        if seed < 3 {
            let most = [20.0, 24.0, 20.0][seed];
            let samples = points(200 + seed as u64, 60_000, |_, _| Some(most));
            let unit = if seed == 1 { "K" } else { "C" };
            out.push(series(
                &[("__name__", "limit"), ("room", room), ("unit", unit)],
                samples,
            ));
        }
    }
    for floor in ["0", "1"] {
        let samples = points(250, 60_000, |_, _| Some(1.0));
        let labels = [
            ("__name__", "floor_info"),
            ("floor", floor),
            ("room", "any"),
        ];
        out.push(series(&labels, samples));
    }
}

fn histogram(out: &mut Vec<Series>) {
    let bounds = ["0.1", "0.25", "0.5", "1", "2.5", "+Inf"];
    for (seed, job) in ["api", "web"].into_iter().enumerate() {
        for (rank, le) in bounds.into_iter().enumerate() {
            // The same noise for all bounds keeps the counts monotonic, save at one bound.
            let mut total = 0.0;
            let samples = points(300 + seed as u64, 15_000, |at, noise| {
                total += (noise * 3.0 * (rank + 1) as f64).floor();
                let dent = if rank == 3 && at % 50 == 7 { 1.0 } else { 0.0 };
                Some(total - dent)
            });
            out.push(series(
                &[("__name__", "latency_bucket"), ("job", job), ("le", le)],
                samples,
            ));
        }
    }
}

fn special(out: &mut Vec<Series>) {
    let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, 1.5];
    for (seed, kind) in ["mixed", "nan", "inf", "plain"].into_iter().enumerate() {
        let samples = points(400 + seed as u64, 15_000, |_, noise| {
            Some(match kind {
                "mixed" => odd[(noise * 6.0) as usize],
                "nan" => f64::NAN,
                "inf" => f64::INFINITY,
                _ => noise - 0.5,
            })
        });
        out.push(series(&[("__name__", "odd"), ("kind", kind)], samples));
    }
    let huge = points(500, 15_000, |_, noise| {
        Some(if noise < 0.5 { 1.5e308 } else { 1e308 })
    });
    out.push(series(&[("__name__", "huge")], huge));
    out.push(series(
        &[("__name__", "flat")],
        points(501, 15_000, |_, _| Some(3.0)),
    ));
    let sparse = points(502, 420_000, |at, noise| {
        (at % 5 != 3).then_some(at as f64 + noise)
    });
    out.push(series(&[("__name__", "sparse")], sparse));
    let late = points(503, 15_000, |at, _| (at > 200).then_some(at as f64));
    out.push(series(&[("__name__", "late"), ("host", "x")], late));
    for (seed, pod) in ["a", "b", "c"].into_iter().enumerate() {
        // One after the other, with a quarter of an hour between them.
        let from = seed as i64 * 160;
        let samples = points(600 + seed as u64, 15_000, |at, noise| {
            (from..from + 100).contains(&at).then_some(noise)
        });
        let labels = [("__name__", "churned"), ("host", "h"), ("pod", pod)];
        out.push(series(&labels, samples.clone()));
        out.push(series(
            &[("__name__", "host_info"), ("host", "h"), ("boot", pod)],
            samples,
        ));
    }
}
