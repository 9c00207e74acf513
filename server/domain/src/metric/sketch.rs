//! A sketch of many values from which quantiles can be read: DDSketch (Masson, Rim and Lee,
//! VLDB 2019), with a relative error of at most [`RELATIVE_ACCURACY`].
//!
//! A sketch is a list of bins, ascending by key: key and count. Bins grow by a constant factor, so
//! sketches of the same values are the same and two merge without loss. Zero has the key 0, negative
//! values have negative keys. NaN has none.

/// A quantile is within this share of a value of that rank: 1 %.
pub const RELATIVE_ACCURACY: f64 = 0.01;
/// By how much the upper bound of a bin is above its lower one (the paper's gamma).
const FACTOR: f64 = (1.0 + RELATIVE_ACCURACY) / (1.0 - RELATIVE_ACCURACY);
/// What is added to the logarithm of a magnitude, so that its key is positive: the least magnitude
/// of a float has the logarithm -37,220 to this base, the greatest 35,488.
const KEY_OFFSET: i32 = 40_000;
/// The key of infinity.
const KEY_INFINITE: i32 = 80_000;

/// The key of the bin of a value; none for NaN.
#[must_use]
pub fn key_of(value: f64) -> Option<i32> {
    if value.is_nan() {
        return None;
    }
    let magnitude = value.abs();
    if magnitude == 0.0 {
        return Some(0);
    }
    let key = if magnitude.is_infinite() {
        KEY_INFINITE
    } else {
        (magnitude.ln() / FACTOR.ln()).ceil() as i32 + KEY_OFFSET
    };
    Some(if value < 0.0 { -key } else { key })
}

/// The value that stands for a bin, within [`RELATIVE_ACCURACY`] of all in it.
#[must_use]
pub fn value_of(key: i32) -> f64 {
    if key == 0 {
        return 0.0;
    }
    let magnitude = if key.abs() >= KEY_INFINITE {
        f64::INFINITY
    } else {
        let exponent = f64::from(key.abs() - KEY_OFFSET);
        // Of the bounds FACTOR^(k-1) and FACTOR^k; the logarithm keeps the greatest from overflowing.
        (exponent * FACTOR.ln() + (2.0 / (FACTOR + 1.0)).ln()).exp()
    };
    magnitude.copysign(f64::from(key))
}

/// Adds a value; NaN is passed over.
pub fn add(bins: &mut Vec<(i32, u32)>, value: f64) {
    let Some(key) = key_of(value) else {
        return;
    };
    match bins.binary_search_by_key(&key, |(key, _)| *key) {
        Ok(at) => bins[at].1 = bins[at].1.saturating_add(1),
        Err(at) => bins.insert(at, (key, 1)),
    }
}

/// Adds all values of another sketch.
pub fn merge(bins: &mut Vec<(i32, u32)>, other: &[(i32, u32)]) {
    for (key, count) in other {
        match bins.binary_search_by_key(key, |(key, _)| *key) {
            Ok(at) => bins[at].1 = bins[at].1.saturating_add(*count),
            Err(at) => bins.insert(at, (*key, *count)),
        }
    }
}

/// The value at quantile `q` in `[0, 1]`; none if there are no values or `q` is elsewhere.
#[must_use]
pub fn quantile(bins: &[(i32, u32)], q: f64) -> Option<f64> {
    let count: u64 = bins.iter().map(|(_, count)| u64::from(*count)).sum();
    if count == 0 || !(0.0..=1.0).contains(&q) {
        return None;
    }
    let rank = q * (count - 1) as f64;
    let mut below = 0u64;
    for (key, count) in bins {
        below += u64::from(*count);
        if below as f64 > rank {
            return Some(value_of(*key));
        }
    }
    bins.last().map(|(key, _)| value_of(*key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn quantiles_are_within_the_accuracy(
            values in proptest::collection::vec(-1e9f64..1e9, 1..200),
            small in proptest::collection::vec(-1e-3f64..1e-3, 0..50),
            q in 0.0f64..=1.0,
        ) {
            let mut all = [values.clone(), small.clone()].concat();
            let (mut one, mut two) = (Vec::new(), Vec::new());
            values.iter().for_each(|value| add(&mut one, *value));
            small.iter().for_each(|value| add(&mut two, *value));
            merge(&mut one, &two);
            all.sort_by(f64::total_cmp);
            let exact = all[(q * (all.len() - 1) as f64).floor() as usize];
            let found = quantile(&one, q).unwrap();
            prop_assert!((found - exact).abs() <= exact.abs() * (RELATIVE_ACCURACY + 1e-9), "{found} for {exact}");
        }
    }

    #[test]
    fn the_ends_of_the_floats_have_bins() {
        for value in [f64::MIN_POSITIVE, 5e-324, f64::MAX, -f64::MAX, -1e-300] {
            let back = value_of(key_of(value).unwrap());
            assert!(
                (back / value - 1.0).abs() < 0.0101 || value.abs() < 1e-320,
                "{back} for {value}"
            );
        }
        assert_eq!(
            value_of(key_of(f64::NEG_INFINITY).unwrap()),
            f64::NEG_INFINITY
        );
        assert_eq!((key_of(0.0), key_of(f64::NAN)), (Some(0), None));
        assert_eq!(quantile(&[], 0.5), None);
    }
}
