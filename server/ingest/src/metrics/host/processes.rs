//! Which processes are worth a series: those that use most, by name, and few.
//!
//! Processes of one name are one. A name stays for a while after it left the top, so that two that
//! take turns do not make series that come and go.

use std::collections::HashMap;

/// How many names of each top: by processor time and by memory.
const TOP: usize = 10;
/// How long, in seconds, a name stays once it left the top.
const STAY_SECS: i64 = 600;
/// The most names at a time.
const NAMES_MAX: usize = 40;
/// The most bytes of a name.
const NAME_BYTES_MAX: usize = 64;

/// What the processes of one name use together.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Usage {
    /// Of all processors together: `[0, 1]`.
    pub(super) cpu_ratio: f64,
    /// In memory.
    pub(super) resident_bytes: u64,
    pub(super) processes: u32,
}

/// The names that are followed, and when each was last in the top.
#[derive(Debug, Default)]
pub(super) struct Top {
    seen_secs: HashMap<String, i64>,
}

impl Top {
    /// Picks names out of all processes at `now_secs`; kernel threads have no memory and are left
    /// out. In the order of the names.
    pub(super) fn pick(
        &mut self,
        all: impl IntoIterator<Item = (String, Usage)>,
        now_secs: i64,
    ) -> Vec<(String, Usage)> {
        let mut by_name: HashMap<String, Usage> = HashMap::new();
        for (mut name, usage) in all {
            if usage.resident_bytes == 0 || name.is_empty() {
                continue;
            }
            name.truncate(name.floor_char_boundary(NAME_BYTES_MAX));
            let sum = by_name.entry(name).or_default();
            sum.cpu_ratio += usage.cpu_ratio;
            sum.resident_bytes = sum.resident_bytes.saturating_add(usage.resident_bytes);
            sum.processes += usage.processes;
        }
        let mut list: Vec<(&String, &Usage)> = by_name.iter().collect();
        list.sort_by(|one, two| {
            two.1
                .cpu_ratio
                .total_cmp(&one.1.cpu_ratio)
                .then(one.0.cmp(two.0))
        });
        let busy = list
            .iter()
            .take(TOP)
            .filter(|(_, usage)| usage.cpu_ratio > 0.0);
        let mut top: Vec<String> = busy.map(|(name, _)| (*name).clone()).collect();
        list.sort_by(|one, two| {
            let order = two.1.resident_bytes.cmp(&one.1.resident_bytes);
            order.then(one.0.cmp(two.0))
        });
        top.extend(list.iter().take(TOP).map(|(name, _)| (*name).clone()));
        for name in top {
            self.seen_secs.insert(name, now_secs);
        }
        self.seen_secs.retain(|name, seen| {
            by_name.contains_key(name) && now_secs.saturating_sub(*seen) <= STAY_SECS
        });
        while self.seen_secs.len() > NAMES_MAX {
            let oldest = self
                .seen_secs
                .iter()
                .min_by_key(|(name, seen)| (**seen, *name));
            let Some(name) = oldest.map(|(name, _)| name.clone()) else {
                break;
            };
            self.seen_secs.remove(&name);
        }
        let mut picked: Vec<_> = by_name
            .into_iter()
            .filter(|(name, _)| self.seen_secs.contains_key(name))
            .collect();
        picked.sort_by(|one, two| one.0.cmp(&two.0));
        picked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(name: &str, cpu_ratio: f64, resident_bytes: u64) -> (String, Usage) {
        let usage = Usage {
            cpu_ratio,
            resident_bytes,
            processes: 1,
        };
        (name.into(), usage)
    }

    fn names(picked: &[(String, Usage)]) -> Vec<&str> {
        picked.iter().map(|(name, _)| name.as_str()).collect()
    }

    #[test]
    fn processes_of_a_name_are_one_and_kernel_threads_none() {
        let all = [
            process("postgres", 0.1, 100),
            process("postgres", 0.2, 200),
            process("kworker/0:1", 0.5, 0),
        ];
        let picked = Top::default().pick(all, 0);
        assert_eq!(names(&picked), ["postgres"]);
        let usage = picked[0].1;
        assert_eq!((usage.resident_bytes, usage.processes), (300, 2));
        assert!((usage.cpu_ratio - 0.3).abs() < 1e-9);
    }

    #[test]
    fn only_the_top_is_picked_and_stays_a_while() {
        let mut top = Top::default();
        let many = |busy: usize| {
            (0..100).map(move |index| {
                let cpu = if index == busy { 0.9 } else { 0.0 };
                process(&format!("p{index:03}"), cpu, 1000 - index as u64)
            })
        };
        let picked = top.pick(many(50), 0);
        assert_eq!(picked.len(), 11);
        assert!(names(&picked).contains(&"p050"));
        let picked = top.pick(many(60), 10);
        assert!(names(&picked).contains(&"p050") && names(&picked).contains(&"p060"));
        let picked = top.pick(many(60), 1000);
        assert!(!names(&picked).contains(&"p050"));
        for round in 0..200 {
            let picked = top.pick(many(round % 100), 1000 + round as i64);
            assert!(picked.len() <= NAMES_MAX);
        }
        assert!(top.pick([], 2000).is_empty());
    }
}
