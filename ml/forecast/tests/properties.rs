//! What holds for any series: no panic, ordered bounds, scale and shift pass through, constants
//! stay constant.

use proptest::prelude::*;
use tocsin_forecast::{
    DynamicTheta, Ets, Forecast, ForecastError, ForecastSpec, Scale, detect_periods, forecast,
    last_piece, mstl,
};

fn anything() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => -1e3..1e3_f64,
        1 => Just(f64::NAN),
        1 => any::<f64>(),
        1 => Just(0.0),
        1 => prop_oneof![Just(f64::INFINITY), Just(f64::MAX), Just(f64::MIN), Just(f64::MIN_POSITIVE)],
    ]
}

fn assert_sound(forecast: &Forecast, horizon: usize) {
    assert_eq!(forecast.mean.len(), horizon);
    assert!(
        forecast.mean.iter().all(|y| y.is_finite()),
        "{:?}",
        forecast.mean
    );
    let (inner, outer) = (&forecast.intervals[0], &forecast.intervals[1]);
    for k in 0..horizon {
        assert!(outer.lower[k] <= inner.lower[k] && inner.lower[k] <= forecast.mean[k]);
        assert!(forecast.mean[k] <= inner.upper[k] && inner.upper[k] <= outer.upper[k]);
        let quantiles = [0.05, 0.3, 0.5, 0.7, 0.95].map(|p| forecast.quantile(k, p));
        assert!(quantiles.is_sorted(), "{quantiles:?}");
    }
    for path in forecast.sample_paths(3, 7) {
        assert!(path.len() == horizon && path.iter().all(|y| y.is_finite()));
    }
    let crossing = forecast.crossing(forecast.mean[0], false);
    assert!((0.0..=1.0).contains(&crossing.probability));
    assert!(crossing.reached.is_sorted());
    let weights: f64 = forecast.candidates.iter().map(|c| c.weight).sum();
    assert!((weights - 1.0).abs() < 1e-9, "weights sum to {weights}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_series_gives_a_sound_forecast_or_a_reason(
        series in prop::collection::vec(anything(), 0..90),
        horizon in 1_usize..20,
        period in 0_usize..30,
    ) {
        let spec = ForecastSpec::new(horizon).with_periods(&[period, 7]);
        for spec in [spec, ForecastSpec::new(horizon)] {
            match forecast(&series, &spec) {
                Ok(found) => assert_sound(&found, horizon),
                Err(error) => {
                    let finite = series.iter().filter(|y| y.is_finite()).count();
                    prop_assert_eq!(error, ForecastError::TooShort(finite));
                }
            }
        }
        let _ = detect_periods(&series);
    }

    #[test]
    fn parts_do_not_panic_and_add_up(series in prop::collection::vec(-1e6..1e6_f64, 0..80)) {
        let parts = mstl(&series, &[5, 12]);
        for (i, y) in series.iter().enumerate() {
            let seasons: f64 = parts.seasonal.iter().map(|s| s[i]).sum();
            prop_assert!((parts.trend[i] + seasons + parts.remainder[i] - y).abs() < 1e-6);
        }
        let _ = (Ets::auto(&series, 5), DynamicTheta::fit(&series), last_piece(&series));
    }

    #[test]
    fn a_constant_goes_on(value in -1e12..1e12_f64, length in 2_usize..120, period in 1_usize..10) {
        let spec = ForecastSpec::new(9).with_periods(&[period]);
        let found = forecast(&vec![value; length], &spec).unwrap();
        let near = 1e-9 * value.abs();
        for k in 0..9 {
            prop_assert!((found.mean[k] - value).abs() <= near);
            prop_assert!((found.intervals[1].upper[k] - found.intervals[1].lower[k]).abs() <= near);
        }
    }

    #[test]
    fn scale_and_shift_pass_through(
        noise in prop::collection::vec(-1.0..1.0_f64, 150),
        factor in prop_oneof![Just(1e-6), Just(3.0), Just(1e9)],
        shift in -50.0..50.0_f64,
    ) {
        let mut spec = ForecastSpec::new(10).with_periods(&[12]);
        spec.scale = Scale::Linear;
        let wave = |i: usize| 5.0 * (i as f64 * std::f64::consts::TAU / 12.0).sin();
        let series: Vec<f64> =
            noise.iter().enumerate().map(|(i, e)| -200.0 + wave(i) + 0.1 * i as f64 + e).collect();
        let moved: Vec<f64> = series.iter().map(|y| factor * (y + shift)).collect();
        let (a, b) = (forecast(&series, &spec).unwrap(), forecast(&moved, &spec).unwrap());
        for k in 0..10 {
            let expect = factor * (a.mean[k] + shift);
            // The searches for parameters end at slightly different points.
            prop_assert!((b.mean[k] - expect).abs() < 0.05 * factor, "{} is not {expect}", b.mean[k]);
        }
    }
}

#[test]
fn a_horizon_or_level_out_of_range_is_refused() {
    let series = [1.0, 2.0, 3.0];
    assert_eq!(
        forecast(&series, &ForecastSpec::new(0)),
        Err(ForecastError::Horizon(0))
    );
    let mut spec = ForecastSpec::new(3);
    spec.levels = vec![1.0];
    assert_eq!(forecast(&series, &spec), Err(ForecastError::Level(1.0)));
}

#[test]
fn the_same_seed_gives_the_same_paths() {
    let series: Vec<f64> = (0..100).map(|i| f64::from((i * i * 37) % 101)).collect();
    let found = forecast(&series, &ForecastSpec::new(8)).unwrap();
    assert_eq!(found.sample_paths(20, 1), found.sample_paths(20, 1));
    assert_ne!(found.sample_paths(20, 1), found.sample_paths(20, 2));
}
