//! What would have been said of each known session, had it not been known?
//!
//! Sets the costs of the count model and the sizes of its surprises by leaving one vector out at a
//! time. Reads no verdicts and no labels.

use std::collections::BTreeMap;

use crate::calibration::Calibration;
use crate::counts::{CountModel, Counts, Event, add_value, changes};

impl CountModel {
    /// Sets costs and calibration anew, after `sessions` sessions in all. Vectors of the warm-up that were
    /// seen once, more than `forget_after` sessions ago, are dropped first. Takes time in the
    /// square of the number of vectors.
    pub(crate) fn refit(&mut self, sessions: u64, forget_after: u64) {
        self.vectors.retain(|_, known| {
            known.is_trusted
                || known.support > 1
                || sessions.saturating_sub(known.last_seen) <= forget_after
        });
        self.unseen_weight = cost_of(0.0, self.vectors.len());
        self.events = self.weighted_events();
        // An event never seen, once: the least that is new for certain.
        let unseen = self.unseen_weight + 2f64.ln();
        let singles = self.vectors.iter().filter(|(_, known)| known.support == 1);
        // Capped there, since one session like no other, perhaps a fault, would otherwise make the detector
        // blind to all that is less strange, until some thousands of sessions outweigh it.
        let sizes: Vec<f64> = singles
            .filter_map(|(counts, _)| self.nearest_but(counts, Some(counts)))
            .map(|(cost, _)| cost.min(unseen))
            .collect();
        let novel = sizes.len() as f64 + self.evicted as f64;
        self.calibration = Calibration::new(&sizes, novel, sessions, unseen);
    }

    /// Each event with its counts and the cost of a change.
    fn weighted_events(&self) -> BTreeMap<u64, Event> {
        let changed = self.changed();
        let mut events = BTreeMap::<u64, Event>::new();
        for (counts, known) in &self.vectors {
            for (template, count) in counts {
                let event = events.entry(*template).or_insert_with(|| Event {
                    weight: cost_of(
                        changed.get(template).copied().unwrap_or(0.0),
                        self.vectors.len(),
                    ),
                    values: Vec::new(),
                });
                add_value(&mut event.values, *count, known.support);
            }
        }
        events
    }

    /// How many vectors differ in each event from the nearest other vector; several nearest share one.
    fn changed(&self) -> BTreeMap<u64, f64> {
        let mut changed = BTreeMap::<u64, f64>::new();
        let all: Vec<&Counts> = self.vectors.keys().collect();
        for one in &all {
            let mut nearest: (usize, Vec<&Counts>) = (usize::MAX, Vec::new());
            for other in all.iter().filter(|other| *other != one) {
                let distance = changes(one, other)
                    .take(nearest.0.saturating_add(1))
                    .count();
                if distance < nearest.0 {
                    nearest = (distance, vec![*other]);
                } else if distance == nearest.0 {
                    nearest.1.push(*other);
                }
            }
            let share = 1.0 / nearest.1.len().max(1) as f64;
            for other in nearest.1 {
                for (template, _, _) in changes(one, other) {
                    *changed.entry(template).or_default() += share;
                }
            }
        }
        changed
    }
}

/// `-ln` of the share of `vectors` that changed, by the estimator of Krichevsky and Trofimov (1981).
fn cost_of(changed: f64, vectors: usize) -> f64 {
    -(((changed + 0.5) / (vectors as f64 + 1.0)).min(1.0)).ln()
}
