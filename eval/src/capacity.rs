//! The suite `capacity`: "full within 7 days" on simulated disks and memories whose future is
//! known, beside what `predict_linear` of Prometheus says on the same cases. The printed cases are
//! drawn from seeds that were not used while the method was made.

mod linear;
mod replay;
mod score;
mod shapes;

use std::fmt::Write as _;

use serde::Serialize;
use tocsin_capacity::{
    Config, Direction, History, Limit, Outcome, Prediction, Random, Scorecard, ScorecardConfig,
    predict,
};

use replay::Replay;
use score::{Answer, HORIZON, Score, score, share};
use shapes::{Case, FUTURE_DAYS, SHAPES, Shape, time_ms};

/// Seed of the printed cases. While the method was made, others were used.
const SEED: u64 = 20_261_128;
/// Cases of each shape that are asked about once.
const CASES: usize = 100;
/// Cases of each shape that are followed for three weeks.
const REPLAYS: usize = 2;
/// An alarm is raised at this probability.
const RAISE_AT: f64 = 0.8;

/// How the cases of one shape, or all, were answered.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Row {
    /// The shape, or `all`.
    pub shape: String,
    /// Cases.
    pub cases: usize,
    /// Of these, full within 7 days.
    pub full: usize,
    /// Where "full" is said at a probability of 0.5.
    pub likely: Score,
    /// Where "full" is said at a probability of 0.8, as an alarm does.
    pub alarm: Score,
    /// Share of the cases full within 21 days whose time lay within the 80 % interval.
    pub coverage: Option<f64>,
    /// Mean of (probability − truth)².
    pub brier: Option<f64>,
    /// Cases of which nothing could be said.
    pub silent: usize,
    /// Alarms on the cases that were followed.
    pub replay: Replay,
    /// `predict_linear` over the last 6 hours.
    pub linear_6h: Score,
    /// `predict_linear` over the last 24 hours.
    pub linear_24h: Score,
}

/// What the suite prints.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Report {
    /// A row per shape.
    pub shapes: Vec<Row>,
    /// All shapes that fill.
    pub fills: Row,
    /// All shapes that do not fill.
    pub stays: Row,
    /// All cases.
    pub all: Row,
    /// Milliseconds of CPU time per prediction from two weeks of points every 5 minutes.
    pub ms_per_prediction: f64,
}

/// What was said about one case.
#[derive(Debug, Clone, Copy)]
struct Asked {
    shape: Shape,
    prediction: Option<Prediction>,
    truth: Option<usize>,
    now: usize,
    linear: [Option<f64>; 2],
}

/// Asks about cases of every shape.
pub(crate) fn run() -> anyhow::Result<Report> {
    Ok(run_with(SEED, CASES, REPLAYS))
}

fn run_with(seed: u64, cases: usize, replays: usize) -> Report {
    let config = Config::default();
    let mut asked = Vec::new();
    let mut followed = Vec::new();
    for (place, shape) in SHAPES.into_iter().enumerate() {
        for number in 0..cases {
            let seed = seed.wrapping_mul(1_000_003) + (place * 10_000 + number) as u64;
            let case = shapes::draw(shape, &mut Random::new(seed));
            let outcome = ask(&case, case.now, &config);
            asked.push(Asked {
                shape,
                prediction: outcome.forecast().map(|forecast| forecast.prediction()),
                truth: case.crossing.map(|at| at - case.now),
                now: case.now,
                linear: [6, 24].map(|hours| linear::crossing(&case, hours)),
            });
            if number < replays {
                followed.push((shape, replay::follow(&case, &config)));
            }
        }
    }
    let row = |name: &str, keep: &dyn Fn(Shape) -> bool| {
        let asked: Vec<Asked> = asked.iter().copied().filter(|a| keep(a.shape)).collect();
        let replay = followed
            .iter()
            .filter(|(shape, _)| keep(*shape))
            .map(|(_, replay)| replay);
        Row {
            replay: replay.sum(),
            ..row(name, &asked)
        }
    };
    Report {
        shapes: SHAPES
            .iter()
            .map(|&shape| row(&name(shape), &|other| other == shape))
            .collect(),
        fills: row("those that fill", &Shape::fills),
        stays: row("those that do not", &|shape| !shape.fills()),
        all: row("all", &|_| true),
        ms_per_prediction: ms_per_prediction(&config),
    }
}

/// Milliseconds of CPU time to answer from two weeks of points, mean over all shapes.
fn ms_per_prediction(config: &Config) -> f64 {
    const ROUNDS: usize = 10;
    let draw =
        |(place, shape): (usize, Shape)| shapes::draw(shape, &mut Random::new(place as u64 + 77));
    let cases: Vec<Case> = SHAPES.into_iter().enumerate().map(draw).collect();
    let start = cpu_seconds();
    let mut said = 0;
    for case in cases.iter().cycle().take(ROUNDS * cases.len()) {
        said += usize::from(ask(case, 14 * shapes::DAY, config).forecast().is_some());
    }
    (cpu_seconds() - start) * 1e3 / said.max(1) as f64
}

/// CPU time of this process so far, in seconds (ticks of 10 ms); 0 where `/proc` is missing.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace();
    let ticks: u64 = fields
        .skip(11)
        .take(2)
        .filter_map(|f| f.parse::<u64>().ok())
        .sum();
    ticks as f64 / 100.0
}

/// Asks about a case at the point `now`, with three weeks of history at most.
fn ask(case: &Case, now: usize, config: &Config) -> Outcome {
    let start = now.saturating_sub(FUTURE_DAYS * shapes::DAY);
    let times: Vec<i64> = (start..=now).map(time_ms).collect();
    let resets: Vec<i64> = case.resets.iter().map(|&at| time_ms(at)).collect();
    let history = History {
        times_ms: &times,
        values: &case.values[start..=now],
        resets_ms: &resets,
    };
    let limit = Limit {
        value: case.limit,
        direction: Direction::Rising,
    };
    predict(&history, &limit, time_ms(now), config)
}

fn name(shape: Shape) -> String {
    serde_json::to_value(shape)
        .ok()
        .and_then(|name| name.as_str().map(str::to_owned))
        .unwrap_or_default()
}

fn row(name: &str, asked: &[Asked]) -> Row {
    let said = |least: f64| {
        let answer = |a: &Asked| Answer {
            says: a.prediction.is_some_and(|p| p.probability >= least),
            at: a
                .prediction
                .and_then(|p| p.crossing.t50_ms)
                .map(|at| points(at, a.now)),
            truth: a.truth,
        };
        score(&asked.iter().map(answer).collect::<Vec<_>>())
    };
    let linear = |place: usize| {
        let answer = |a: &Asked| Answer {
            says: a.linear[place].is_some_and(|at| at <= HORIZON as f64),
            at: a.linear[place],
            truth: a.truth,
        };
        score(&asked.iter().map(answer).collect::<Vec<_>>())
    };
    let (mut known, mut within) = (0, 0);
    for one in asked {
        let (Some(truth), Some(prediction)) = (one.truth, one.prediction) else {
            continue;
        };
        let truth = time_ms(one.now + truth);
        known += 1;
        let crossing = prediction.crossing;
        let begun = crossing.t10_ms.is_some_and(|t10| t10 <= truth);
        within += usize::from(begun && crossing.t90_ms.is_none_or(|t90| truth <= t90));
    }
    Row {
        shape: name.to_owned(),
        cases: asked.len(),
        full: asked
            .iter()
            .filter(|a| a.truth.is_some_and(|truth| truth <= HORIZON))
            .count(),
        likely: said(0.5),
        alarm: said(RAISE_AT),
        coverage: share(within, known),
        brier: brier(asked),
        silent: asked.iter().filter(|a| a.prediction.is_none()).count(),
        replay: Replay::default(),
        linear_6h: linear(0),
        linear_24h: linear(1),
    }
}

/// The Brier score as the scorecard of the product counts it.
fn brier(asked: &[Asked]) -> Option<f64> {
    let config = ScorecardConfig::default();
    let mut card = Scorecard::default();
    for one in asked {
        if let Some(prediction) = &one.prediction {
            let observed = tocsin_capacity::Observed {
                crossed_at_ms: one.truth.map(|truth| time_ms(one.now + truth)),
                seen_until_ms: time_ms(one.now + HORIZON),
                was_reset: false,
            };
            card.record(prediction, &observed, &config);
        }
    }
    card.tally().brier()
}

/// A time as points after `now`.
fn points(at_ms: i64, now: usize) -> f64 {
    (at_ms - time_ms(now)) as f64 / (time_ms(1) - time_ms(0)) as f64
}

/// The report as a table.
pub(crate) fn table(report: &Report) -> String {
    let mut out = format!(
        "time to threshold, simulated: \"full within 7 days\"; {:.2} ms per prediction\n\
         {:18}{:>6}{:>5} | {:>6}{:>6}{:>6}{:>4}{:>7}{:>7} | {:>6}{:>6}{:>4} | {:>6}{:>6} | \
         {:>5}{:>7}{:>7} | {:>6}{:>6}{:>4} | {:>6}{:>6}{:>4}\n",
        report.ms_per_prediction,
        "",
        "cases",
        "full",
        "p>=.5",
        "rec",
        "F1",
        "FA",
        "err/h",
        "err/t",
        "p>=.8",
        "rec",
        "FA",
        "cover",
        "Brier",
        "days",
        "false",
        "warned",
        "lin6h",
        "rec",
        "FA",
        "lin24",
        "rec",
        "FA",
    );
    let all = [&report.fills, &report.stays, &report.all];
    for row in report.shapes.iter().chain(all) {
        line(&mut out, row);
    }
    out.push_str(
        "precision, recall, false alarms where \"full\" is said at p >= 0.5 and at p >= 0.8 (an \
         alarm); err: median error of the time of crossing as share of the horizon and of the \
         time left; cover: share within the 80 % interval; days, false, warned: alarms while \
         followed for 21 days; lin: predict_linear over 6 h and 24 h",
    );
    out
}

fn line(out: &mut String, row: &Row) {
    let part = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |v| format!("{v:.3}"));
    let warned = match row.replay.full {
        0 => "-".to_owned(),
        full => format!("{}/{full}", row.replay.warned),
    };
    let (likely, alarm) = (&row.likely, &row.alarm);
    let _ = writeln!(
        out,
        "{:18}{:>6}{:>5} | {:>6}{:>6}{:>6}{:>4}{:>7}{:>7} | {:>6}{:>6}{:>4} | {:>6}{:>6} | \
         {:>5.0}{:>7}{:>7} | {:>6}{:>6}{:>4} | {:>6}{:>6}{:>4}",
        row.shape,
        row.cases,
        row.full,
        part(likely.precision),
        part(likely.recall),
        part(likely.f1),
        likely.false_alarms,
        part(likely.error_of_horizon),
        part(likely.error_of_left),
        part(alarm.precision),
        part(alarm.recall),
        alarm.false_alarms,
        part(row.coverage),
        part(row.brier),
        row.replay.days,
        row.replay.false_alarms,
        warned,
        part(row.linear_6h.precision),
        part(row.linear_6h.recall),
        row.linear_6h.false_alarms,
        part(row.linear_24h.precision),
        part(row.linear_24h.recall),
        row.linear_24h.false_alarms,
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[ignore = "prints a table for those who change the method; takes a minute"]
    fn the_table_on_seeds_that_are_not_printed() {
        println!("{}", table(&run_with(1, 60, 0)));
    }

    #[test]
    fn every_shape_has_the_future_it_says() {
        for shape in SHAPES {
            let case = shapes::draw(shape, &mut Random::new(5));
            assert_eq!(case.crossing.is_some(), shape.fills(), "{shape:?}");
            assert!(
                case.values[..=case.now]
                    .iter()
                    .all(|&value| value < case.limit)
            );
        }
    }
}
