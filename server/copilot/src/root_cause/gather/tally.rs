//! How often templates were said, then and now. Pure.

use std::collections::BTreeMap;

use tocsin_domain::ports::log_store::{BandCounts, TemplateCount};
use tocsin_domain::{Severity, TemplateId, Timestamp};
use tocsin_rank::template_signals;

/// The number of the first severity band that is a warning.
pub(super) const WARN_BAND: usize = Severity::WARN.band();
/// Templates that speak of failures and are looked into, at most.
const SEVERE_MAX: usize = 30;
/// Other templates that are looked into, at most.
pub(super) const OTHERS_MAX: usize = 15;
/// Templates by which it is seen how much more is going on than before, at least.
const BUSY_TEMPLATES_MIN: usize = 5;
/// Lines in a stretch from which on a template tells of that.
const BUSY_LINES_MIN: f64 = 10.0;
/// How much more may be going on without being a departure itself.
const BUSY_MAX: f64 = 4.0;

/// How often a template was said.
#[derive(Debug, Clone)]
pub(super) struct Tally {
    pub(super) template: TemplateId,
    pub(super) now: u64,
    pub(super) bands: BandCounts,
    pub(super) first: Timestamp,
    pub(super) before: u64,
    /// What would be in all stretches before, had each as much as the fullest.
    pub(super) usual: u64,
}

impl Tally {
    /// Whether any of its lines is a warning or worse.
    pub(super) fn warns(&self) -> bool {
        self.bands.iter().skip(WARN_BAND).any(|count| *count > 0)
    }
}

/// Counts of all templates.
pub(super) fn tallies(
    now: &[TemplateCount],
    before: &[Vec<TemplateCount>],
) -> BTreeMap<TemplateId, Tally> {
    let mut all: BTreeMap<TemplateId, Tally> = BTreeMap::new();
    let sum = |count: &TemplateCount| count.counts.iter().sum::<u64>();
    let empty = |count: &TemplateCount| Tally {
        template: count.template,
        now: 0,
        bands: BandCounts::default(),
        first: count.first_seen,
        before: 0,
        usual: 0,
    };
    for count in now {
        let tally = all.entry(count.template).or_insert_with(|| empty(count));
        tally.now = sum(count);
        tally.bands = count.counts;
    }
    let slices = before.len() as u64;
    for count in before.iter().flatten() {
        let tally = all.entry(count.template).or_insert_with(|| empty(count));
        if tally.now == 0 {
            tally.bands = count.counts;
        }
        tally.before += sum(count);
        tally.usual = tally.usual.max(sum(count) * slices);
    }
    all
}

/// How much more is going on than before: the median over what is said often, in `[1, 4]`.
pub(super) fn busyness(tallies: &BTreeMap<TemplateId, Tally>, slices: usize) -> f64 {
    let ratio = |tally: &Tally| {
        let expected = tally.before as f64 / slices as f64;
        (expected >= BUSY_LINES_MIN).then(|| tally.now as f64 / expected)
    };
    let mut ratios: Vec<f64> = tallies.values().filter_map(ratio).collect();
    if ratios.len() < BUSY_TEMPLATES_MIN {
        return 1.0;
    }
    ratios.sort_by(f64::total_cmp);
    ratios[ratios.len() / 2].clamp(1.0, BUSY_MAX)
}

/// The templates that depart most: those of errors, and at most so many others.
pub(super) fn departing(
    tallies: &BTreeMap<TemplateId, Tally>,
    exposure: f64,
    others_max: usize,
) -> Vec<Tally> {
    let mut scored: Vec<(f64, bool, &Tally)> = tallies
        .values()
        .filter_map(|tally| {
            // A warning may name a failure, which is only known once its lines are read.
            let is_severe = tally.warns();
            let count = tocsin_rank::TemplateCount {
                entity: "",
                what: "",
                severe: is_severe,
                baseline: tally.usual,
                window: tally.now,
                first_ms: 0,
            };
            let signals = template_signals(&[count], exposure);
            let strength = signals.first()?.strength;
            Some((strength, is_severe, tally))
        })
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.2.template.cmp(&b.2.template)));
    let (severe, others): (Vec<_>, Vec<_>) = scored.into_iter().partition(|one| one.1);
    let severe = severe.into_iter().take(SEVERE_MAX);
    let others = others.into_iter().take(others_max);
    severe
        .chain(others)
        .map(|(_, _, tally)| tally.clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(template: u64, lines: u64, band: usize) -> TemplateCount {
        let mut counts = BandCounts::default();
        counts[band] = lines;
        TemplateCount {
            template: TemplateId(template),
            counts,
            first_seen: Timestamp(7),
            last_seen: Timestamp(9),
        }
    }

    #[test]
    fn usual_is_what_the_fullest_stretch_had() {
        let before = [vec![count(1, 2, 5)], vec![count(1, 30, 5), count(2, 1, 3)]];
        let found = tallies(&[count(1, 30, 5)], &before);
        let one = &found[&TemplateId(1)];
        assert_eq!((one.now, one.before, one.usual), (30, 32, 60));
        assert!(
            departing(&found, 0.5, OTHERS_MAX)
                .iter()
                .all(|one| one.template != TemplateId(1))
        );
    }

    #[test]
    fn twice_as_much_of_everything_is_a_busy_time_and_one_burst_is_not() {
        let before: Vec<TemplateCount> = (0..9).map(|id| count(id, 100, 3)).collect();
        let slices = [before.clone(), before];
        let twice: Vec<TemplateCount> = (0..9).map(|id| count(id, 200, 3)).collect();
        assert_eq!(busyness(&tallies(&twice, &slices), 2), 2.0);
        let mut burst: Vec<TemplateCount> = (0..9).map(|id| count(id, 100, 3)).collect();
        burst[0] = count(0, 9_000, 3);
        assert_eq!(busyness(&tallies(&burst, &slices), 2), 1.0);
    }

    #[test]
    fn errors_are_not_crowded_out_by_what_else_is_new() {
        let mut now: Vec<TemplateCount> = (0..99).map(|id| count(id, 500, 3)).collect();
        now.push(count(1_000, 3, 5));
        let found = departing(&tallies(&now, &[vec![count(2_000, 1, 3)]]), 1.0, OTHERS_MAX);
        assert!(found.iter().any(|one| one.template == TemplateId(1_000)));
        assert!(found.len() <= SEVERE_MAX + OTHERS_MAX);
    }
}
