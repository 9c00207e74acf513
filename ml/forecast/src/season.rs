//! Which seasons does a series have? Peaks of its autocorrelation, tested one after another on what
//! the shorter ones leave. A series goes in, periods in points come out.

/// Points looked at, the newest.
const WINDOW: usize = 4096;
/// Seasons found at most.
const SEASONS_MAX: usize = 3;
/// A shorter season is taken first when its peak is at least this share of the highest, since the
/// longer ones hold it as well.
const SHORTER: f64 = 0.6;

/// Periods in points, ascending: at most three, each at least twice in the series. A steady or
/// random series has none.
#[must_use]
pub fn detect_periods(series: &[f64]) -> Vec<usize> {
    let series = &series[series.len().saturating_sub(WINDOW)..];
    let largest = series
        .iter()
        .filter(|y| y.is_finite())
        .fold(0.0_f64, |a, y| a.max(y.abs()));
    if largest <= 0.0 {
        return Vec::new();
    }
    // Brought near one, so that sums and squares of huge values stay finite.
    let finite: Vec<f64> = series
        .iter()
        .filter(|y| y.is_finite())
        .map(|y| y / largest)
        .collect();
    let mut rest = without_trend(&finite);
    let mut found: Vec<usize> = Vec::new();
    while found.len() < SEASONS_MAX {
        let Some(period) = strongest(&rest, &found) else {
            break;
        };
        remove_season(&mut rest, period);
        found.push(period);
    }
    found.sort_unstable();
    found
}

/// Those of `candidates` that the series shows, ascending: tested on its changes, whose
/// autocorrelation a trend does not raise.
pub(crate) fn present(series: &[f64], candidates: &[usize]) -> Vec<usize> {
    let changes: Vec<f64> = series.windows(2).map(|w| w[1] - w[0]).collect();
    let changes = clipped(&changes);
    let mut kept: Vec<usize> = candidates
        .iter()
        .copied()
        .filter(|p| *p >= 2 && 2 * p + 2 < series.len())
        .filter(|p| {
            let limit = 1.645 / (changes.len() as f64).sqrt();
            let around = [p - 1, *p, p + 1].map(|lag| correlation(&changes, lag));
            around[1] > limit || (around[0] + around[1] + around[2]) / 3.0 > limit
        })
        .collect();
    kept.sort_unstable();
    kept.dedup();
    kept
}

/// Values moved within four mean sizes of their mean, so that one jump does not decide.
fn clipped(values: &[f64]) -> Vec<f64> {
    let n = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / n;
    let size = 4.0 * values.iter().map(|v| (v - mean).abs()).sum::<f64>() / n;
    if !size.is_finite() {
        return vec![0.0; values.len()];
    }
    values
        .iter()
        .map(|v| (v - mean).clamp(-size, size))
        .collect()
}

/// Autocorrelation of centred values at a lag.
fn correlation(values: &[f64], lag: usize) -> f64 {
    let total = crate::linear::dot(values, values);
    if lag >= values.len() || total <= 0.0 {
        return 0.0;
    }
    crate::linear::dot(values, &values[lag..]) / total
}

/// Distance from a straight line.
fn without_trend(series: &[f64]) -> Vec<f64> {
    let n = series.len() as f64;
    let mean = series.iter().sum::<f64>() / n.max(1.0);
    let centre = (n - 1.0) / 2.0;
    let along = n * (n * n - 1.0) / 12.0;
    let across: f64 = series
        .iter()
        .enumerate()
        .map(|(i, y)| (i as f64 - centre) * (y - mean))
        .sum();
    let slope = if along > 0.0 { across / along } else { 0.0 };
    let line: Vec<f64> = series
        .iter()
        .enumerate()
        .map(|(i, y)| y - mean - slope * (i as f64 - centre))
        .collect();
    clipped(&line)
}

/// The shortest lag whose peak is significant, stands out of what came before and is not much below
/// the highest.
fn strongest(rest: &[f64], found: &[usize]) -> Option<usize> {
    let n = rest.len();
    let longest = n / 2;
    if longest < 3 {
        return None;
    }
    let acf: Vec<f64> = (0..=longest).map(|lag| correlation(rest, lag)).collect();
    let limit = (4.0 / (n as f64).sqrt()).max(if found.is_empty() { 0.25 } else { 0.2 });
    let mut low = acf[1];
    let mut peaks: Vec<(usize, f64)> = Vec::new();
    for lag in 2..longest {
        low = low.min(acf[lag]);
        let value = acf[lag];
        let peak = value >= acf[lag - 1] && value >= acf[lag + 1];
        // The standard estimate shrinks with the lag; the share of pairs is given back.
        let fair = value * n as f64 / (n - lag) as f64;
        // A peak is a season only after the correlation has once been clearly lower.
        if peak && value >= limit && fair - low >= 0.2 && !found.contains(&lag) {
            peaks.push((lag, fair));
        }
    }
    let highest = peaks.iter().map(|(_, fair)| *fair).fold(0.0, f64::max);
    peaks
        .iter()
        .find(|(_, fair)| *fair >= SHORTER * highest)
        .map(|(lag, _)| *lag)
}

/// Subtracts the mean of each phase.
fn remove_season(rest: &mut [f64], period: usize) {
    for phase in 0..period {
        let count = rest.iter().skip(phase).step_by(period).count().max(1);
        let mean = rest.iter().skip(phase).step_by(period).sum::<f64>() / count as f64;
        for value in rest.iter_mut().skip(phase).step_by(period) {
            *value -= mean;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(i: u32) -> f64 {
        let x = i.wrapping_mul(2_654_435_761) ^ 0x9e37_79b9;
        f64::from((x ^ (x >> 15)).wrapping_mul(2_246_822_519) >> 8) / f64::from(1 << 24) - 0.5
    }

    fn wave(i: u32, period: f64) -> f64 {
        (f64::from(i) * std::f64::consts::TAU / period).sin()
    }

    #[test]
    fn finds_day_and_week() {
        let series: Vec<f64> = (0..1000)
            .map(|i| {
                let weekend = if i / 24 % 7 >= 5 { -3.0 } else { 0.0 };
                0.01 * f64::from(i) + 4.0 * wave(i, 24.0) + weekend + noise(i)
            })
            .collect();
        assert_eq!(detect_periods(&series), [24, 168]);
        assert_eq!(present(&series, &[24, 168, 300]), [24, 168]);
    }

    #[test]
    fn finds_none_in_noise_lines_and_walks() {
        let line: Vec<f64> = (0..300).map(|i| 2.0 * f64::from(i)).collect();
        let white: Vec<f64> = (0..500).map(noise).collect();
        assert!(detect_periods(&line).is_empty());
        assert!(detect_periods(&white).is_empty());
        assert!(detect_periods(&[]).is_empty() && detect_periods(&[1.0, 1.0, 1.0]).is_empty());
    }
}
