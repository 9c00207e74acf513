//! How noisy is a series beside its changes? Robust scales and a filter that takes single spikes
//! off, all from medians, so that neither a shift nor a burst counts as noise.

/// Standard deviations of a normal distribution per median absolute deviation.
const SD_PER_MAD: f64 = 1.482_602_218_505_602;

/// Points on each side that a spike is compared with. Bursts of at most this many points go.
const FILTER_REACH: usize = 5;

/// Sorted finite values.
fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut kept: Vec<f64> = values.filter(|v| v.is_finite()).collect();
    kept.sort_unstable_by(f64::total_cmp);
    kept
}

/// Quantile `q` in `[0, 1]` of sorted values by linear interpolation; NaN of none.
fn quantile(sorted: &[f64], q: f64) -> f64 {
    if sorted.is_empty() {
        return f64::NAN;
    }
    let at = q * (sorted.len() - 1) as f64;
    let low = at.floor() as usize;
    let high = (low + 1).min(sorted.len() - 1);
    sorted[low] + (at - low as f64) * (sorted[high] - sorted[low])
}

/// Median of the finite values; NaN of none.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    quantile(&sorted(values), 0.5)
}

/// Standard deviation of the noise from differences of neighbours, which level shifts and a steady
/// slope leave alone. Where most differences are equal (a counter that rests, a disk that fills in
/// blocks) higher quantiles are asked, then the root mean square; a constant series has zero.
pub(crate) fn sd_of_differences(values: &[f64]) -> f64 {
    let present: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    let steps = present.windows(2).map(|w| w[1] - w[0]);
    let middle = median(steps.clone());
    let deviations = sorted(steps.map(|s| (s - middle).abs()));
    if deviations.is_empty() {
        return 0.0;
    }
    // Differences of numbers with sixteen digits are not exact.
    let rounding = 1e-13 * present.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
    // Normal quantiles of |z| at the probabilities asked.
    for (q, z) in [
        (0.5, 1.0 / SD_PER_MAD),
        (0.8, 1.281_551_6),
        (0.95, 1.959_964),
    ] {
        let sd = quantile(&deviations, q) / z;
        if sd > rounding {
            return sd / std::f64::consts::SQRT_2;
        }
    }
    let squares: f64 = deviations.iter().map(|d| d * d).sum();
    let sd = (squares / deviations.len() as f64 / 2.0).sqrt();
    if sd > rounding { sd } else { 0.0 }
}

/// Robust standard deviation of residuals about their median.
pub(crate) fn sd(values: &[f64]) -> f64 {
    let middle = median(values.iter().copied());
    let mad = median(values.iter().map(|v| (v - middle).abs()));
    if mad > 0.0 {
        return mad * SD_PER_MAD;
    }
    let finite = || values.iter().filter(|v| v.is_finite());
    let squares: f64 = finite().map(|v| (v - middle) * (v - middle)).sum();
    (squares / finite().count().max(1) as f64).sqrt()
}

/// Brings points further than `reach_sds` standard deviations `sd` from the median of their
/// neighbourhood back to that distance (Hampel). Edges of a step stay, since a median keeps them;
/// a point with a steady slope stays, since its neighbourhood is centred.
pub(crate) fn without_spikes(values: &[f64], sd: f64, reach_sds: f64) -> Vec<f64> {
    let mut window = [0.0; 2 * FILTER_REACH + 1];
    let mut out = Vec::with_capacity(values.len());
    for (i, &v) in values.iter().enumerate() {
        let reach = FILTER_REACH.min(i).min(values.len() - 1 - i);
        let mut count = 0;
        for &w in &values[i - reach..=i + reach] {
            if w.is_finite() {
                window[count] = w;
                count += 1;
            }
        }
        if !v.is_finite() || count < 3 {
            out.push(v);
            continue;
        }
        let (_, middle, _) = window[..count].select_nth_unstable_by(count / 2, f64::total_cmp);
        out.push(v.clamp(*middle - reach_sds * sd, *middle + reach_sds * sd));
    }
    out
}

/// Correlation of neighbours in a series of residuals with mean near zero, in `[-1, 1]`. Residuals
/// are cut at three robust standard deviations first.
pub(crate) fn correlation_of_neighbours(residuals: &[f64]) -> f64 {
    let limit = 3.0 * sd(residuals);
    let (mut products, mut squares) = (0.0, 0.0);
    let mut before = f64::NAN;
    for r in residuals.iter().map(|r| r.clamp(-limit, limit)) {
        if r.is_finite() {
            squares += r * r;
            if before.is_finite() {
                products += r * before;
            }
        }
        before = r;
    }
    if squares > 0.0 {
        (products / squares).clamp(-1.0, 1.0)
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lone_spike_goes_and_a_step_stays() {
        let mut values = vec![0.0; 40];
        values[10] = 50.0;
        for v in &mut values[20..] {
            *v = 30.0;
        }
        let clean = without_spikes(&values, 1.0, 3.0);
        assert_eq!(clean[10], 3.0);
        assert_eq!(clean[19], 0.0);
        assert_eq!(clean[20], 30.0);
    }

    #[test]
    fn the_scale_of_a_shifted_series_is_that_of_its_noise() {
        let noise = |i: usize| ((i * i * 7919) % 101) as f64 / 101.0;
        let flat: Vec<f64> = (0..500).map(noise).collect();
        let shifted: Vec<f64> = (0..500)
            .map(|i| noise(i) + if i > 250 { 1e6 } else { 0.0 })
            .collect();
        let (a, b) = (sd_of_differences(&flat), sd_of_differences(&shifted));
        assert!((a / b - 1.0).abs() < 0.02, "{a} {b}");
    }

    #[test]
    fn constants_and_emptiness_have_no_noise() {
        assert_eq!(sd_of_differences(&[]), 0.0);
        assert_eq!(sd_of_differences(&[f64::NAN]), 0.0);
        assert_eq!(sd_of_differences(&[4.0; 9]), 0.0);
    }
}
