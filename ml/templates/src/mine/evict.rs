//! Keeps the number of templates below its bound.

use std::collections::BTreeSet;

use crate::arena::Entry;

use super::{ANYTHING, Group, Mine};

impl Mine {
    /// Forgets an eighth of the bound more than must be: templates that were replaced, then those
    /// seen once, then the others, each the longest unseen first.
    pub(super) fn evict(&mut self) {
        let rank = |(i, e): (u32, &Entry)| (e.head == i, e.head == i && e.count > 1, e.last, i);
        let candidates = self.arena.iter().filter(|(i, _)| *i != ANYTHING);
        let mut order: Vec<_> = candidates.map(rank).collect();
        order.sort_unstable();
        let excess = self.arena.live().saturating_sub(self.max_templates * 7 / 8);
        for (is_head, _, _, index) in order.into_iter().take(excess) {
            if is_head {
                self.forget(index);
            }
            let Some(entry) = self.arena.remove(index) else {
                continue;
            };
            if self.exact.get(&entry.key) == Some(&index) {
                self.exact.remove(&entry.key);
            }
            if let Some(group) = self.groups.get_mut(entry.group as usize) {
                group.general.retain(|i| *i != index);
            }
        }
        self.regroup();
    }

    /// Forgets groups without templates. All groups get a new epoch, as their numbers change.
    fn regroup(&mut self) {
        let used: BTreeSet<u32> = self.arena.iter().map(|(_, e)| e.group).collect();
        let number = |group: u32| used.range(..group).count() as u32;
        let renumbered: Vec<(u32, u32)> = used.iter().map(|g| (*g, number(*g))).collect();
        let new: hashbrown::HashMap<u32, u32> = renumbered.into_iter().collect();
        self.group_of.retain(|_, group| match new.get(group) {
            Some(number) => {
                *group = *number;
                true
            }
            None => false,
        });
        let old = std::mem::take(&mut self.groups);
        for (number, group) in old.into_iter().enumerate() {
            if used.contains(&(number as u32)) {
                self.changes = self.changes.wrapping_add(1);
                self.groups.push(Group {
                    general: group.general,
                    epoch: self.changes,
                });
            }
        }
        let indices: Vec<u32> = self.arena.iter().map(|(i, _)| i).collect();
        for index in indices {
            if let Some(entry) = self.arena.get_mut(index) {
                entry.group = new.get(&entry.group).copied().unwrap_or_default();
            }
        }
    }
}
