//! Which kinds of anomaly come so often that they are the new normal?
//!
//! Signatures of anomalies and the number of the session come in; whether the kind is frequent goes
//! out. Holds a bounded number of kinds and knows nothing of events.

use std::collections::BTreeMap;

use crate::config::Config;

/// Kinds followed at a time.
pub(crate) const MAX_KINDS: usize = 256;

/// How often a kind was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) count: u32,
    /// Number of the closed session that showed it first.
    pub(crate) first: u64,
}

/// The kinds of anomaly seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Recurrence {
    pub(crate) kinds: BTreeMap<u64, Kind>,
}

impl Recurrence {
    /// Counts an anomaly of the kind `signature` in the `session`-th closed session, and says whether
    /// the kind is frequent enough to be normal.
    pub(crate) fn is_usual(&mut self, signature: u64, session: u64, config: &Config) -> bool {
        if self.kinds.len() >= MAX_KINDS && !self.kinds.contains_key(&signature) {
            let least = self.kinds.iter().min_by_key(|(_, k)| (k.count, k.first));
            if let Some(least) = least.map(|(signature, _)| *signature) {
                self.kinds.remove(&least);
            }
        }
        let first = session;
        let kind = Kind { count: 0, first };
        let kind = self.kinds.entry(signature).or_insert(kind);
        kind.count = kind.count.saturating_add(1);
        let since = session.saturating_sub(kind.first) + 1;
        kind.count >= config.adopt_count
            && f64::from(kind.count) >= config.adopt_share * since as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_becomes_usual_when_it_is_frequent_and_not_when_it_is_rare() {
        let config = Config::default();
        let mut seen = Recurrence::default();
        let frequent = (1..=20).map(|i| seen.is_usual(7, i * 5, &config));
        assert_eq!(frequent.filter(|usual| *usual).count(), 1);
        let rare = (1..=200).any(|i| seen.is_usual(8, i * 1_000, &config));
        assert!(!rare);
    }

    #[test]
    fn the_number_of_kinds_is_bounded() {
        let config = Config::default();
        let mut seen = Recurrence::default();
        for i in 0..2_000 {
            seen.is_usual(i, i, &config);
        }
        assert_eq!(seen.kinds.len(), MAX_KINDS);
    }
}
