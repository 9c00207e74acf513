//! A map that holds the newest entries, up to a bound.
//!
//! Two maps: what is new goes to the young one; when that is full, it becomes the old one and the
//! old one's entries go. So between the bound and twice the bound are held, the newest first of all.

use std::collections::HashMap;
use std::hash::Hash;

#[derive(Debug)]
pub(super) struct Bounded<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    /// Entries of each map, at most.
    max: usize,
}

impl<K: Eq + Hash, V> Bounded<K, V> {
    pub(super) fn new(max: usize) -> Self {
        Self {
            young: HashMap::new(),
            old: HashMap::new(),
            max: max.max(1),
        }
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.young.get(key).or_else(|| self.old.get(key))
    }

    pub(super) fn insert(&mut self, key: K, value: V) {
        self.old.remove(&key);
        if self.young.len() >= self.max && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }

    pub(super) fn take(&mut self, key: &K) -> Option<V> {
        self.young.remove(key).or_else(|| self.old.remove(key))
    }

    pub(super) fn clear(&mut self) {
        self.young.clear();
        self.old.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_held_and_the_bound_is_kept() {
        let mut map = Bounded::new(10);
        for key in 0..1_000 {
            map.insert(key, key * 2);
            assert!(map.young.len() + map.old.len() <= 20);
        }
        assert!((990..1_000).all(|key| map.get(&key) == Some(&(key * 2))));
        assert_eq!(map.get(&0), None);
        map.insert(995, 1);
        assert_eq!((map.take(&995), map.get(&995)), (Some(1), None));
        map.clear();
        assert_eq!(map.get(&999), None);
    }
}
