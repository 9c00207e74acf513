//! Decoded parts of blocks that the next query may need, bounded by bytes.

use std::collections::VecDeque;
use std::sync::Arc;

use hashbrown::HashMap;
use parking_lot::Mutex;

/// What a part of a block is called: the block's number and a number within it.
pub(crate) type Key = (u64, u32);

/// Values by key; those not asked for lately go first (second chance) once the bound is reached.
#[derive(Debug)]
pub(crate) struct Cache<T> {
    state: Mutex<State<T>>,
    bytes_max: usize,
}

#[derive(Debug)]
struct State<T> {
    entries: HashMap<Key, Entry<T>>,
    queue: VecDeque<Key>,
    bytes: usize,
}

#[derive(Debug)]
struct Entry<T> {
    value: Arc<T>,
    bytes: usize,
    was_asked: bool,
}

impl<T> Cache<T> {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self {
            state: Mutex::new(State {
                entries: HashMap::new(),
                queue: VecDeque::new(),
                bytes: 0,
            }),
            bytes_max,
        }
    }

    pub(crate) fn get(&self, key: Key) -> Option<Arc<T>> {
        let mut state = self.state.lock();
        let entry = state.entries.get_mut(&key)?;
        entry.was_asked = true;
        Some(Arc::clone(&entry.value))
    }

    /// Keeps a value of `bytes` bytes, unless it alone would fill the cache.
    pub(crate) fn insert(&self, key: Key, value: Arc<T>, bytes: usize) {
        if bytes * 2 > self.bytes_max {
            return;
        }
        let mut state = self.state.lock();
        let entry = Entry {
            value,
            bytes,
            was_asked: false,
        };
        match state.entries.insert(key, entry) {
            Some(before) => state.bytes -= before.bytes,
            None => state.queue.push_back(key),
        }
        state.bytes += bytes;
        while state.bytes > self.bytes_max
            && let Some(oldest) = state.queue.pop_front()
        {
            let was_asked = state
                .entries
                .get_mut(&oldest)
                .is_some_and(|entry| std::mem::take(&mut entry.was_asked));
            if was_asked {
                state.queue.push_back(oldest);
            } else if let Some(entry) = state.entries.remove(&oldest) {
                state.bytes -= entry.bytes;
            }
        }
    }

    /// Bytes held.
    #[cfg(test)]
    pub(crate) fn bytes(&self) -> usize {
        self.state.lock().bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_for_stays_and_the_bound_holds() {
        let cache = Cache::new(100);
        for at in 0..10 {
            cache.insert((at, 0), Arc::new(at), 10);
        }
        assert_eq!(cache.get((0, 0)).as_deref(), Some(&0));
        cache.insert((10, 0), Arc::new(10), 10);
        assert_eq!(cache.get((0, 0)).as_deref(), Some(&0));
        assert_eq!(cache.get((1, 0)), None);
        cache.insert((11, 0), Arc::new(11), 60);
        assert_eq!(cache.get((11, 0)), None, "too large to keep");
        assert!(cache.bytes() <= 100);
    }
}
