//! Numbers published or worked out elsewhere: R's `ets` on the oil series of Hyndman &
//! Athanasopoulos, Theta by its closed form, and the coverage of intervals on processes whose law is
//! known.

use tocsin_forecast::{DynamicTheta, Ets, EtsSpec, EtsTrend, ForecastSpec, forecast, theta};

/// Oil production of Saudi Arabia 1996–2007, million tonnes (Hyndman & Athanasopoulos, "Forecasting:
/// principles and practice", 1st edition, section 7.1).
const OIL: [f64; 12] = [
    446.6565, 454.4733, 455.6630, 423.6322, 456.2713, 440.5881, 425.3325, 485.1494, 506.0482,
    526.7920, 514.2689, 494.2110,
];

struct Random(u64);

impl Random {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

/// Published there: α = 0.892, first level 447.48.
#[test]
fn simple_smoothing_finds_the_published_optimum() {
    let model = Ets::fit(&OIL, EtsSpec::plain(EtsTrend::None)).unwrap();
    let alpha = model.smoothing().0;
    assert!((alpha - 0.892).abs() < 0.03, "{alpha}");
    assert!(
        (model.initial_level() - 447.48).abs() < 3.0,
        "{}",
        model.initial_level()
    );
}

#[test]
fn smoothing_is_the_recursion_it_says() {
    let model = Ets::fit(&OIL, EtsSpec::plain(EtsTrend::None)).unwrap();
    let alpha = model.smoothing().0;
    let level = OIL.iter().fold(model.initial_level(), |level, y| {
        alpha * y + (1.0 - alpha) * level
    });
    for value in model.forecast(3) {
        assert!((value - level).abs() < 1e-9);
    }
}

#[test]
fn theta_of_a_line_adds_half_its_slope() {
    let line: Vec<f64> = (0..60).map(|i| 5.0 + 2.0 * f64::from(i)).collect();
    let found = theta(&line, 4).unwrap();
    for pair in found.windows(2) {
        assert!((pair[1] - pair[0] - 1.0).abs() < 1e-9, "{found:?}");
    }
    let found = DynamicTheta::fit(&line).unwrap().forecast(&line, 4);
    assert!((found[0] - 125.0).abs() < 1.5, "{found:?}");
}

#[test]
fn intervals_cover_what_they_say_on_autoregressions() {
    let (mut in80, mut in95, mut count) = (0.0, 0.0, 0.0);
    for seed in 0..40 {
        let mut random = Random(seed);
        let rho = 0.95 * random.uniform();
        let mut level = 0.0;
        let values: Vec<f64> = (0..312)
            .map(|_| {
                level = rho * level + random.normal();
                50.0 + level
            })
            .collect();
        let (history, truth) = values.split_at(300);
        let found = forecast(history, &ForecastSpec::new(12)).unwrap();
        for (k, y) in truth.iter().enumerate() {
            let inside = |at: usize| {
                let interval = &found.intervals[at];
                f64::from(u8::from(interval.lower[k] <= *y && *y <= interval.upper[k]))
            };
            in80 += inside(0);
            in95 += inside(1);
            count += 1.0;
        }
    }
    let (in80, in95) = (in80 / count, in95 / count);
    assert!((0.75..=0.87).contains(&in80), "80 % intervals cover {in80}");
    assert!(
        (0.92..=0.985).contains(&in95),
        "95 % intervals cover {in95}"
    );
}

#[test]
fn a_filling_disk_reaches_its_limit_when_the_line_does() {
    let mut random = Random(3);
    let series: Vec<f64> = (0..400)
        .map(|i| 20.0 + 0.1 * f64::from(i) + 0.3 * random.normal())
        .collect();
    let found = forecast(&series, &ForecastSpec::new(100)).unwrap();
    let crossing = found.crossing(65.0, false);
    let step = crossing.median_step.unwrap();
    assert!(crossing.probability > 0.8, "{crossing:?}");
    assert!((40..=60).contains(&step), "{step}");
    let (early, late) = crossing.interval80.unwrap();
    assert!(early <= step && step <= late);
    assert!(found.crossing(85.0, false).probability < 0.1);
    assert!(found.crossing(10.0, true).probability < 0.05);
}
