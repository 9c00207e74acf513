//! The last values of a series, newest first and in one piece, so that loops over lags run straight
//! through memory. Bounded; knows nothing of what the values mean.

/// Up to `capacity` values, of which index 0 is the newest.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Recent {
    /// A little more than the capacity; values are put in front, and moved to the end when the front
    /// is reached.
    buffer: Vec<f64>,
    capacity: usize,
    front: usize,
    len: usize,
}

impl Recent {
    pub(crate) fn new(capacity: usize) -> Self {
        let capacity = capacity.max(1);
        // So that moving all costs a push as much as eight more numbers would.
        let places = capacity + capacity.div_ceil(8);
        Self {
            buffer: vec![0.0; places],
            capacity,
            front: places,
            len: 0,
        }
    }

    /// Puts a value in front; the oldest one goes when the capacity is reached.
    pub(crate) fn push(&mut self, value: f64) {
        if self.front == 0 {
            let kept = self.len.min(self.capacity - 1);
            let places = self.buffer.len();
            self.buffer.copy_within(..kept, places - kept);
            self.front = places - kept;
        }
        self.front -= 1;
        self.buffer[self.front] = value;
        self.len = (self.len + 1).min(self.capacity);
    }

    /// All values, newest first.
    pub(crate) fn as_slice(&self) -> &[f64] {
        &self.buffer[self.front..self.front + self.len]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_newest_values_are_kept_in_order(
            values in prop::collection::vec(-9.0f64..9.0, 0..60), capacity in 1usize..12,
        ) {
            let mut recent = Recent::new(capacity);
            for value in &values {
                recent.push(*value);
            }
            let want: Vec<f64> = values.iter().rev().take(capacity).copied().collect();
            prop_assert_eq!(recent.as_slice(), &want[..]);
        }
    }
}
