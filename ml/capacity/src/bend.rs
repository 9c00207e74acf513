//! Does the rise speed up or slow down? What flows in is the recent part of a series, what flows
//! out the curve that fits it better than one line and better than two, if any: a parabola, or an
//! exponential on a level. Which part of the series to look at is not decided here.

use crate::noise::Noise;

/// Least size of a curvature in standard errors for it to be believed.
const CURVED_MIN: f64 = 2.6;
/// Logarithms of the factors by which the rise of an exponential changes over the stretch.
const FACTORS: [f64; 18] = [
    0.5, 0.7, 0.95, 1.25, 1.6, 2.1, 2.7, 3.5, 4.5, -0.5, -0.7, -0.95, -1.25, -1.6, -2.1, -2.7,
    -3.5, -4.5,
];

/// The motion along a curve, per step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bend {
    /// The curve at the newest value.
    pub level: f64,
    /// Rise per step at the newest value.
    pub slope: f64,
    /// Standard error of the slope in the middle of the stretch.
    pub slope_error: f64,
    /// Half the change of the slope per step, of the parabola.
    pub curve: f64,
    /// Standard error of `curve`, which moves the slope at the newest value as well.
    pub curve_error: f64,
    /// The exponential through the same values.
    pub factor: Option<Factor>,
    /// Whether the exponential fits better than the parabola.
    pub compound: bool,
}

/// A slope that changes by a steady factor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Factor {
    /// Rise per step at the newest value.
    pub slope: f64,
    /// Half the change of the slope per step, at the newest value.
    pub curve: f64,
    /// How many times the curve at the newest value is larger than in the mean.
    pub stretch: f64,
}

/// The curve of `values`; `None` where it is a line, or two lines that meet within.
pub(crate) fn bend(values: &[f64], noise: &Noise) -> Option<(Bend, Vec<f64>)> {
    let length = values.len();
    if length < 8 {
        return None;
    }
    let centre = (length as f64 - 1.0) / 2.0;
    let flat = Line::new(values);
    let square = (length as f64 * length as f64 - 1.0) / 12.0;
    let curve: Vec<f64> = (0..length)
        .map(|at| (at as f64 - centre).powi(2) - square)
        .collect();
    let size: f64 = curve.iter().map(|v| v * v).sum();
    let factor = dot(&curve, &flat.rest) / size;
    let curve_error = noise.of_sum(curve.iter().map(|v| v / size)).sqrt();
    if factor.abs() <= CURVED_MIN * curve_error {
        return None;
    }
    let slope_weight = |at: usize| (at as f64 - centre) / (square * length as f64);
    let slope_error = noise.of_sum((0..length).map(slope_weight)).sqrt();
    let parabola: f64 = flat.square - factor * factor * size;
    let mut found = Bend {
        level: flat.at(length - 1) + factor * curve[length - 1],
        slope: flat.slope + 2.0 * factor * centre,
        slope_error,
        curve: factor,
        curve_error,
        factor: None,
        compound: false,
    };
    let mut fitted: Vec<f64> = (0..length)
        .map(|at| flat.at(at) + factor * curve[at])
        .collect();
    let mut least = parabola;
    if let Some((rest, factor, values)) = exponential(values, &flat) {
        // A factor below one and one above it say different things of the future.
        found.factor = Some(factor).filter(|other| other.curve * found.curve > 0.0);
        if rest < parabola {
            found.compound = found.factor.is_some();
            found.level = *values.last()?;
            (least, fitted) = (rest, values);
        }
    }
    (!is_kink(&flat, least)).then_some((found, fitted))
}

/// Two lines that meet between a tenth and nine tenths fit better than `least`.
fn is_kink(flat: &Line, least: f64) -> bool {
    let length = flat.rest.len();
    (1..20).map(|part| length * part / 20).any(|start| {
        let hinge: Vec<f64> = (0..length)
            .map(|at| at.saturating_sub(start) as f64)
            .collect();
        let hinge = Line::new(&hinge);
        let along = dot(&hinge.rest, &flat.rest);
        hinge.square > 0.0 && flat.square - along * along / hinge.square < least
    })
}

/// The exponential on a level that fits best: its square error, its motion and its values.
fn exponential(values: &[f64], flat: &Line) -> Option<(f64, Factor, Vec<f64>)> {
    let length = values.len() as f64;
    let mut best: Option<(f64, f64, f64, f64)> = None;
    for factor in FACTORS {
        let rate = factor / length;
        let shape = |at: usize| ((at as f64 - length + 1.0) * rate).exp();
        let mean_shape = (0..values.len()).map(shape).sum::<f64>() / length;
        let (mut cross, mut square) = (0.0, 0.0);
        for (at, value) in values.iter().enumerate() {
            cross += (shape(at) - mean_shape) * (value - flat.mean);
            square += (shape(at) - mean_shape).powi(2);
        }
        let rest = flat.total - cross * cross / square;
        if best.is_none_or(|(least, ..)| rest < least) {
            best = Some((rest, rate, cross / square, mean_shape));
        }
    }
    let (rest, rate, size, mean_shape) = best?;
    let fitted: Vec<f64> = (0..values.len())
        .map(|at| flat.mean + size * (((at as f64 - length + 1.0) * rate).exp() - mean_shape))
        .collect();
    let slope = size * rate;
    let growth = rate * length;
    let factor = Factor {
        slope,
        curve: slope * rate / 2.0,
        stretch: growth / (1.0 - (-growth).exp()),
    };
    Some((rest, factor, fitted))
}

/// A line of least squares and what it leaves.
struct Line {
    mean: f64,
    slope: f64,
    /// Value less the line.
    rest: Vec<f64>,
    /// Sum of the squares of `rest`.
    square: f64,
    /// Sum of the squares about the mean.
    total: f64,
}

impl Line {
    fn new(values: &[f64]) -> Self {
        let length = values.len() as f64;
        let centre = (length - 1.0) / 2.0;
        let mean = values.iter().sum::<f64>() / length;
        let (mut cross, mut at_square, mut total) = (0.0, 0.0, 0.0);
        for (at, value) in values.iter().enumerate() {
            let x = at as f64 - centre;
            cross += x * (value - mean);
            at_square += x * x;
            total += (value - mean) * (value - mean);
        }
        let slope = if at_square > 0.0 {
            cross / at_square
        } else {
            0.0
        };
        let rest: Vec<f64> = values
            .iter()
            .enumerate()
            .map(|(at, value)| value - mean - slope * (at as f64 - centre))
            .collect();
        let square = dot(&rest, &rest);
        Self {
            mean,
            slope,
            rest,
            square,
            total,
        }
    }

    fn at(&self, at: usize) -> f64 {
        self.mean + self.slope * (at as f64 - (self.rest.len() as f64 - 1.0) / 2.0)
    }
}

fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOISE: Noise = Noise {
        steady: 0.01,
        walk: 0.0,
    };

    fn wobbling(value: impl Fn(f64) -> f64) -> Vec<f64> {
        let wobble = |at: f64| 0.1 * (at * 2.3).sin();
        (0..200)
            .map(|at| value(f64::from(at)) + wobble(f64::from(at)))
            .collect()
    }

    #[test]
    fn a_parabola_and_an_exponential_are_told_apart() {
        let (found, _) = bend(&wobbling(|at| 0.01 * at * at), &NOISE).unwrap();
        assert!(
            (found.slope - 3.98).abs() < 0.2 && !found.compound,
            "{found:?}"
        );
        let (found, _) = bend(&wobbling(|at| (at * 0.02).exp()), &NOISE).unwrap();
        assert!(
            found.compound && (found.factor.unwrap().slope / 1.07 - 1.0).abs() < 0.15,
            "{found:?}"
        );
        let (found, _) = bend(&wobbling(|at| -20.0 * (-at * 0.02).exp()), &NOISE).unwrap();
        assert!(
            found.compound && found.curve < 0.0 && found.factor.unwrap().slope > 0.0,
            "{found:?}"
        );
    }

    #[test]
    fn a_line_and_two_lines_are_no_curve() {
        assert!(bend(&wobbling(|at| 0.3 * at), &NOISE).is_none());
        assert!(bend(&wobbling(|at| (at - 140.0).max(0.0)), &NOISE).is_none());
    }
}
