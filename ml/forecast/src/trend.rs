//! Robust trend with change points, for series that fill something: where the last straight piece
//! begins and how steep it is, whatever bursts lie on it. Numbers in, a line out.

/// A straight piece at the end of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LastPiece {
    /// Index of its first point.
    pub start: usize,
    /// Value of the line at the last point of the series.
    pub level: f64,
    /// Change per step: the median of slopes between pairs of points (Theil 1950, Sen 1968).
    pub slope: f64,
}

impl LastPiece {
    /// The line `steps` after the last point.
    #[must_use]
    pub fn at(&self, steps: f64) -> f64 {
        self.level + self.slope * steps
    }
}

/// Pairs of points looked at for the slope are those of at most this many points.
const SLOPE_POINTS: usize = 48;

/// Finds the last straight piece of a series; `None` below two points.
///
/// Change points come from binary segmentation with a cost of `3 ln n` per break on the squared error
/// of straight lines, after points further than four median deviations from their neighbours have
/// been moved in. Only the last part is split on.
#[must_use]
pub fn last_piece(series: &[f64]) -> Option<LastPiece> {
    if series.len() < 2 {
        return None;
    }
    let calm = without_bursts(series);
    let sums = Sums::new(&calm);
    let shortest = (series.len() / 40).clamp(4, 48);
    let mut start = 0;
    while let Some(split) = sums.best_split(start, shortest) {
        start = split;
    }
    Some(line_through(&calm, start))
}

fn line_through(series: &[f64], start: usize) -> LastPiece {
    let piece = &series[start..];
    let stride = piece.len().div_ceil(SLOPE_POINTS).max(1);
    // Averages of blocks keep the noise of all points, not of every n-th.
    let blocks: Vec<(f64, f64)> = piece
        .chunks(stride)
        .enumerate()
        .map(|(k, block)| {
            let middle = (k * stride) as f64 + (block.len() - 1) as f64 / 2.0;
            (middle, block.iter().sum::<f64>() / block.len() as f64)
        })
        .collect();
    let mut slopes = Vec::with_capacity(blocks.len() * blocks.len() / 2);
    for (i, a) in blocks.iter().enumerate() {
        for b in &blocks[i + 1..] {
            slopes.push((b.1 - a.1) / (b.0 - a.0));
        }
    }
    let slope = median(&mut slopes).unwrap_or(0.0);
    let end = (piece.len() - 1) as f64;
    let mut levels: Vec<f64> = blocks.iter().map(|(t, y)| y + slope * (end - t)).collect();
    let level = median(&mut levels).unwrap_or_else(|| series[series.len() - 1]);
    LastPiece {
        start,
        level,
        slope,
    }
}

/// The median, which reorders the values; `None` without any.
pub(crate) fn median(values: &mut [f64]) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let middle = values.len() / 2;
    let (_, value, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    Some(*value)
}

/// Moves points far from the median of their five nearest back to its margin.
fn without_bursts(series: &[f64]) -> Vec<f64> {
    let n = series.len();
    let middle: Vec<f64> = (0..n)
        .map(|i| {
            let from = i.saturating_sub(2).min(n.saturating_sub(5));
            let to = (from + 5).min(n);
            let mut window = [0.0; 5];
            let window = &mut window[..to - from];
            window.copy_from_slice(&series[from..to]);
            median(window).unwrap_or(series[i])
        })
        .collect();
    let mut distances: Vec<f64> = series
        .iter()
        .zip(&middle)
        .map(|(y, m)| (y - m).abs())
        .collect();
    let margin = 4.0 * 1.4826 * median(&mut distances).unwrap_or(0.0);
    if margin <= 0.0 || !margin.is_finite() || middle.iter().any(|m| m.is_nan()) {
        return series.to_vec();
    }
    series
        .iter()
        .zip(&middle)
        .map(|(y, m)| y.clamp(m - margin, m + margin))
        .collect()
}

/// Prefix sums from which the error of a line over any stretch follows in constant time.
struct Sums {
    y: Vec<f64>,
    ty: Vec<f64>,
    yy: Vec<f64>,
}

impl Sums {
    fn new(series: &[f64]) -> Self {
        // Taken about the mean, so that squares do not cancel.
        let mean = series.iter().sum::<f64>() / series.len() as f64;
        let mut sums = Self {
            y: vec![0.0],
            ty: vec![0.0],
            yy: vec![0.0],
        };
        let (mut y, mut ty, mut yy) = (0.0, 0.0, 0.0);
        for (t, value) in series.iter().enumerate() {
            let value = value - mean;
            y += value;
            ty += t as f64 * value;
            yy += value * value;
            sums.y.push(y);
            sums.ty.push(ty);
            sums.yy.push(yy);
        }
        sums
    }

    /// Squared error of the best line over `[from, to)`.
    fn error(&self, from: usize, to: usize) -> f64 {
        let n = (to - from) as f64;
        let y = self.y[to] - self.y[from];
        let centre = (from + to - 1) as f64 / 2.0;
        let across = self.ty[to] - self.ty[from] - centre * y;
        let along = n * (n * n - 1.0) / 12.0;
        let slope = if along > 0.0 { across / along } else { 0.0 };
        (self.yy[to] - self.yy[from] - y * y / n - slope * across).max(0.0)
    }

    /// The best place to break `[start, end)` if breaking pays.
    fn best_split(&self, start: usize, shortest: usize) -> Option<usize> {
        let end = self.y.len() - 1;
        let n = (end - start) as f64;
        let whole = self.error(start, end);
        let floor = 1e-12 * (self.yy[end] - self.yy[0]) + f64::MIN_POSITIVE;
        let mut best = (whole, None);
        for split in (start + shortest)..(end + 1).saturating_sub(shortest) {
            let error = self.error(start, split) + self.error(split, end);
            if error < best.0 {
                best = (error, Some(split));
            }
        }
        let gain = n * ((whole + floor) / (best.0 + floor)).ln();
        // Errors of real series go together, which asks for more than the usual BIC.
        if gain > 9.0 * n.max(2.0).ln() {
            best.1
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sees_only_the_slope_since_the_break_and_not_the_bursts() {
        let series: Vec<f64> = (0..200)
            .map(|i| {
                let t = f64::from(i);
                let line = if i < 120 {
                    50.0
                } else {
                    50.0 + 0.5 * (t - 120.0)
                };
                let noise = f64::from((i * 7919) % 13) / 13.0 - 0.5;
                line + noise + if i % 37 == 5 { 30.0 } else { 0.0 }
            })
            .collect();
        let piece = last_piece(&series).unwrap();
        assert!((115..=126).contains(&piece.start), "{piece:?}");
        assert!((piece.slope - 0.5).abs() < 0.03, "{piece:?}");
        assert!((piece.level - 89.5).abs() < 1.0, "{piece:?}");
    }

    #[test]
    fn a_straight_line_is_one_piece() {
        let line: Vec<f64> = (0..100).map(|i| 1e9 + 3.0 * f64::from(i)).collect();
        let piece = last_piece(&line).unwrap();
        assert_eq!(piece.start, 0);
        assert!((piece.slope - 3.0).abs() < 1e-6);
    }
}
