//! What every candidate model is asked: forecasts of the same horizon from the same origins of one
//! series. Also holds the series without its seasons, which several models share.

use crate::stl::mstl;

/// One series, cleaned and transformed, with the origins to forecast from.
#[derive(Debug)]
pub(crate) struct Problem<'a> {
    /// The series.
    pub series: &'a [f64],
    /// Its seasons in points, ascending, at least two of each in the points before the first origin.
    pub periods: &'a [usize],
    /// Steps per forecast, at least 1.
    pub horizon: usize,
    /// How many points are known at each origin, ascending; the last is the whole series. Parameters
    /// for all but the last may be fitted to the points before the first only.
    pub origins: &'a [usize],
}

/// Forecasts `[origin][step]`, row by row.
pub(crate) type Table = Vec<f64>;

impl Problem<'_> {
    /// Points known at the first origin.
    pub(crate) fn head(&self) -> usize {
        self.origins.first().copied().unwrap_or(self.series.len())
    }

    /// All origins but the last.
    pub(crate) fn past(&self) -> &[usize] {
        self.origins.split_last().map_or(&[], |(_, past)| past)
    }
}

/// Origins that share one decomposition.
#[derive(Debug)]
pub(crate) struct Group {
    /// The origins, relative to the start of `adjusted`.
    pub origins: Vec<usize>,
    /// The series without seasons up to the last of the origins; it starts late where the series is
    /// long.
    pub adjusted: Vec<f64>,
    /// How many points of `adjusted` the decomposition saw.
    pub seen: usize,
    /// Seasons after `seen`, as far as any forecast needs.
    pub season: Vec<f64>,
}

impl Group {
    /// Adds the seasons to forecasts of the adjusted series, `[origin][step]`.
    pub(crate) fn add_season(&self, table: &mut [f64], horizon: usize) {
        for (row, origin) in table.chunks_exact_mut(horizon).zip(&self.origins) {
            let ahead = &self.season[origin - self.seen..];
            for (cell, season) in row.iter_mut().zip(ahead) {
                *cell += season;
            }
        }
    }
}

/// Decompositions made in a back-test; between them the seasons are carried on.
const GROUPS: usize = 5;
/// Points that models of level and trend look at.
const WINDOW: usize = 600;

/// The series without its seasons, as known at the origins: no point after an origin has a part in
/// what is used there. The last group holds the last origin alone.
pub(crate) fn adjust(problem: &Problem<'_>) -> Vec<Group> {
    let past = problem.past();
    let size = if problem.periods.is_empty() {
        past.len()
    } else {
        past.len().div_ceil(GROUPS)
    };
    past.chunks(size.max(1))
        .chain(problem.origins.last().map(std::slice::from_ref))
        .map(|origins| group(problem, origins))
        .collect()
}

fn group(problem: &Problem<'_>, origins: &[usize]) -> Group {
    let (first, last) = (origins[0], origins[origins.len() - 1]);
    let longest = problem.periods.iter().max().copied().unwrap_or(1);
    let start = first.saturating_sub(WINDOW.max(4 * longest));
    let span = last - first + problem.horizon;
    let known = &problem.series[start..first];
    let (mut adjusted, season) = if problem.periods.is_empty() {
        (known.to_vec(), vec![0.0; span])
    } else {
        let parts = mstl(known, problem.periods);
        let season = (0..span).map(|k| parts.season_ahead(k)).collect();
        (parts.adjusted(), season)
    };
    let later = &problem.series[first..last];
    adjusted.extend(later.iter().zip(&season).map(|(y, s)| y - s));
    Group {
        origins: origins.iter().map(|o| o - start).collect(),
        adjusted,
        seen: first - start,
        season,
    }
}
