//! Order statistics and running filters that a few outliers do not move. Slices in, values out;
//! an empty slice gives 0, NaN is not expected.

/// The quantile `q` in `[0, 1]` of values sorted in ascending order, between two by a line.
pub(crate) fn quantile(sorted: &[f64], q: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return 0.0;
    };
    let place = q.clamp(0.0, 1.0) * last as f64;
    let (low, high) = (
        sorted[place as usize],
        sorted[(place.ceil() as usize).min(last)],
    );
    low + (high - low) * place.fract()
}

/// The median; reorders `values`.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    let length = values.len();
    if length == 0 {
        return 0.0;
    }
    let middle = length / 2;
    let (below, upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    let upper = *upper;
    if length % 2 == 1 {
        return upper;
    }
    let lower = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    lower + (upper - lower) / 2.0
}

/// The standard deviation about `centre` as 1.4826 times the median absolute deviation, which is
/// right for normal values.
pub(crate) fn scale_about(values: &[f64], centre: f64) -> f64 {
    let mut deviations: Vec<f64> = values.iter().map(|v| (v - centre).abs()).collect();
    1.4826 * median(&mut deviations)
}

/// The running median over `2 * half + 1` values, fewer at the ends.
pub(crate) fn running_median(values: &[f64], half: usize) -> Vec<f64> {
    let mut window: Vec<f64> = Vec::with_capacity(2 * half + 2);
    let mut out = Vec::with_capacity(values.len());
    for at in 0..values.len() {
        // The window shrinks evenly at the ends, so that a slope does not bend there.
        let reach = half.min(at).min(values.len() - 1 - at);
        window.clear();
        window.extend_from_slice(&values[at - reach..=at + reach]);
        out.push(median(&mut window));
    }
    out
}

/// The running mean over `length` values centred on each; `None` where the window does not fit.
pub(crate) fn running_mean(values: &[f64], length: usize) -> Vec<Option<f64>> {
    let before = length / 2;
    let mut sums = Vec::with_capacity(values.len() + 1);
    sums.push(0.0);
    for value in values {
        sums.push(sums.last().copied().unwrap_or(0.0) + value);
    }
    (0..values.len())
        .map(|at| {
            let start = at.checked_sub(before)?;
            let end = sums.get(start + length)?;
            Some((end - sums[start]) / length as f64)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_quantiles_agree_with_their_definition() {
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&mut [4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(median(&mut []), 0.0);
        assert_eq!(quantile(&[0.0, 10.0], 0.25), 2.5);
        assert_eq!(quantile(&[], 0.5), 0.0);
    }

    #[test]
    fn a_running_median_removes_a_pulse_and_keeps_an_edge() {
        let mut values = vec![0.0; 30];
        values[10] = 9.0;
        values[20..].fill(5.0);
        let smooth = running_median(&values, 3);
        assert_eq!(smooth[10], 0.0);
        assert_eq!((smooth[19], smooth[20]), (0.0, 5.0));
    }

    #[test]
    fn a_running_mean_over_one_period_is_flat() {
        let values: Vec<f64> = (0..40).map(|i| f64::from(i % 8)).collect();
        for mean in running_mean(&values, 8).into_iter().flatten() {
            assert!((mean - 3.5).abs() < 1e-12);
        }
    }
}
