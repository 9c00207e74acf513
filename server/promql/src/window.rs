//! Windows that move over a series' points: two pointers, no copies.

use tocsin_domain::metric::Sample;

use crate::frame::{ABSENT, Budget, Grid};
use crate::plan::When;

/// The windows of a function over time, one a step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span<'a> {
    pub(crate) grid: &'a Grid,
    pub(crate) when: When,
    pub(crate) range_ms: i64,
    pub(crate) budget: &'a Budget,
}

impl Span<'_> {
    /// The first and last millisecond of a step's window; points at both are inside, as in
    /// Prometheus 2.
    pub(crate) fn bounds(&self, step: usize) -> (i64, i64) {
        let end_ms = self.grid.seen_ms(self.when, step);
        (end_ms.saturating_sub(self.range_ms), end_ms)
    }

    pub(crate) fn range_secs(&self) -> f64 {
        self.range_ms as f64 / 1e3
    }
}

/// The points a step sees.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window<'a> {
    pub(crate) step: usize,
    pub(crate) start_ms: i64,
    pub(crate) end_ms: i64,
    /// Where the window begins and ends among all points.
    pub(crate) first: usize,
    pub(crate) past: usize,
    /// Never empty.
    pub(crate) points: &'a [Sample],
}

impl Window<'_> {
    pub(crate) fn values(&self) -> impl Iterator<Item = f64> {
        self.points.iter().map(|point| point.value)
    }

    pub(crate) fn last(&self) -> Sample {
        self.points[self.points.len() - 1]
    }
}

/// How many windows are computed between two looks at the budget.
const STEPS_UNCHECKED: usize = 64;

/// The results of a function for the windows of all steps; absent where a window is empty. Once
/// the budget is used up the rest is absent: whoever asks looks at the budget after it.
pub(crate) fn each(
    points: &[Sample],
    span: &Span<'_>,
    mut function: impl FnMut(&Window<'_>) -> f64,
) -> Vec<f64> {
    let (mut first, mut past) = (0, 0);
    let mut values = Vec::with_capacity(span.grid.steps);
    for step in 0..span.grid.steps {
        if step % STEPS_UNCHECKED == 0 && span.budget.check().is_err() {
            values.resize(span.grid.steps, ABSENT);
            break;
        }
        let (start_ms, end_ms) = span.bounds(step);
        while points.get(past).is_some_and(|point| point.at_ms <= end_ms) {
            past += 1;
        }
        while first < past && points[first].at_ms < start_ms {
            first += 1;
        }
        values.push(if first == past {
            ABSENT
        } else {
            let points = &points[first..past];
            function(&Window {
                step,
                start_ms,
                end_ms,
                first,
                past,
                points,
            })
        });
    }
    values
}

/// An aggregate of a window that moves, in time proportional to the points: partial results of
/// what leaves first are laid out backwards, what enters is joined to the rest, and nothing is
/// ever subtracted, so that nothing is lost to cancellation (the two-stack queue).
#[derive(Debug)]
pub(crate) struct Sliding<A, L, J> {
    lift: L,
    join: J,
    /// At `n` the aggregate of the last `n + 1` points before `middle`.
    front: Vec<A>,
    middle: usize,
    /// The aggregate of `[middle, past)`.
    back: Option<A>,
    past: usize,
}

impl<A: Copy, L: Fn(&Sample) -> A, J: Fn(A, A) -> A> Sliding<A, L, J> {
    pub(crate) fn new(lift: L, join: J) -> Self {
        Self {
            lift,
            join,
            front: Vec::new(),
            middle: 0,
            back: None,
            past: 0,
        }
    }

    /// The aggregate of `all[window.first..window.past]`; windows only move on.
    pub(crate) fn of(&mut self, all: &[Sample], window: &Window<'_>) -> A {
        let (first, past) = (window.first, window.past);
        if first >= self.middle {
            return self.rebuild(all, first, past);
        }
        for point in &all[self.past..past] {
            let value = (self.lift)(point);
            self.back = Some(self.back.map_or(value, |back| (self.join)(back, value)));
        }
        self.past = past;
        let front = self.front[self.middle - 1 - first];
        self.back.map_or(front, |back| (self.join)(front, back))
    }

    fn rebuild(&mut self, all: &[Sample], first: usize, past: usize) -> A {
        self.front.clear();
        let mut so_far = (self.lift)(&all[past - 1]);
        self.front.push(so_far);
        for point in all[first..past - 1].iter().rev() {
            so_far = (self.join)((self.lift)(point), so_far);
            self.front.push(so_far);
        }
        (self.middle, self.past, self.back) = (past, past, None);
        so_far
    }
}

/// How often something happens between neighbours within a window that moves: pointers into the
/// places where it does.
#[derive(Debug)]
pub(crate) struct Events {
    /// Indices of points that differ in that way from the one before them.
    places: Vec<usize>,
    first: usize,
    past: usize,
}

impl Events {
    pub(crate) fn new(points: &[Sample], happens: impl Fn(f64, f64) -> bool) -> Self {
        let pairs = points.windows(2).enumerate();
        let places = pairs
            .filter(|(_, pair)| happens(pair[0].value, pair[1].value))
            .map(|(at, _)| at + 1)
            .collect();
        Self {
            places,
            first: 0,
            past: 0,
        }
    }

    /// The places within a window whose neighbour before is inside too.
    pub(crate) fn within(&mut self, window: &Window<'_>) -> &[usize] {
        while self
            .places
            .get(self.past)
            .is_some_and(|place| *place < window.past)
        {
            self.past += 1;
        }
        while self.first < self.past && self.places[self.first] <= window.first {
            self.first += 1;
        }
        &self.places[self.first..self.past]
    }
}
