//! Counts per severity band as an object, bands without records left out.

use std::collections::BTreeMap;

use tocsin_domain::Severity;
use tocsin_domain::ports::log_store::BandCounts;

/// Band name → count.
pub(crate) type Severities = BTreeMap<&'static str, u64>;

pub(crate) fn severities(counts: &BandCounts) -> Severities {
    let named = Severity::BANDS.into_iter().zip(counts.iter().copied());
    named.filter(|(_, count)| *count > 0).collect()
}

/// Adds the second counts to the first.
pub(crate) fn add(to: &mut BandCounts, counts: &BandCounts) {
    for (to, count) in to.iter_mut().zip(counts) {
        *to += count;
    }
}
