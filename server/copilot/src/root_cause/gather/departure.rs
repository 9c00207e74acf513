//! Points of a window as evidence: how many of them say something of their own, and when a departure began. Pure.

use tocsin_rank::Direction;

use super::values::quantile;

/// When the points left what the time before had, for good: the begin of the last run of points beyond the 1st or
/// 99th percentile, in which a single one may be within. None if the last one is within.
pub(super) fn began_ms(
    baseline: &[f64],
    points: &[(i64, f64)],
    direction: Direction,
) -> Option<i64> {
    let is_beyond: Box<dyn Fn(f64) -> bool> = match direction {
        Direction::Up => {
            let high = quantile(baseline, 0.99)?;
            Box::new(move |value| value > high)
        }
        Direction::Down => {
            let low = quantile(baseline, 0.01)?;
            Box::new(move |value| value < low)
        }
        Direction::Appeared | Direction::Vanished => return None,
    };
    let (mut began_ms, mut was_within) = (None, false);
    for (at_ms, value) in points.iter().rev().filter(|(_, value)| value.is_finite()) {
        match (is_beyond(*value), was_within) {
            (true, _) => began_ms = Some(*at_ms),
            (false, true) => break,
            (false, false) if began_ms.is_none() => return None,
            (false, false) => {}
        }
        was_within = !is_beyond(*value);
    }
    began_ms
}

/// Points so far apart that each says something of its own, the last one among them: with a correlation of `memory`
/// between neighbours so many of them are worth one.
pub(super) fn apart(points: &[(i64, f64)], memory: f64) -> Vec<(i64, f64)> {
    let stride = ((1.0 + memory) / (1.0 - memory)).round() as usize;
    let stride = stride.clamp(1, (points.len() / 2).max(1));
    let mut chosen: Vec<(i64, f64)> = points.iter().rev().step_by(stride).copied().collect();
    chosen.reverse();
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_departure_began_where_it_left_the_past_for_good() {
        let baseline: Vec<f64> = (0..100).map(|at| f64::from(at % 10)).collect();
        let points =
            |values: &[f64]| -> Vec<(i64, f64)> { (0..).zip(values.iter().copied()).collect() };
        let up = |values: &[f64]| began_ms(&baseline, &points(values), Direction::Up);
        assert_eq!(up(&[5.0, 20.0, 3.0, 4.0, 30.0, 30.0]), Some(4));
        assert_eq!(
            up(&[5.0, 20.0, 3.0, 30.0, 30.0]),
            Some(1),
            "one within is no end"
        );
        assert_eq!(up(&[5.0, 20.0, 30.0, 3.0]), None);
        assert_eq!(up(&[f64::NAN, 20.0, f64::NAN]), Some(1));
        let down = began_ms(&baseline, &points(&[5.0, -1.0, -2.0]), Direction::Down);
        assert_eq!(down, Some(1));
    }

    #[test]
    fn neighbours_that_say_the_same_count_once() {
        let points: Vec<(i64, f64)> = (0..30).map(|at| (at, 1.0)).collect();
        assert_eq!(apart(&points, 0.0).len(), 30);
        let few = apart(&points, 0.8);
        assert_eq!((few.len(), few.last()), (4, points.last()));
        assert_eq!(apart(&points, 0.999).len(), 2);
        assert_eq!(apart(&points[..1], 0.999).len(), 1);
    }
}
