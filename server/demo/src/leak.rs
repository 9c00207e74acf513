//! The memory of the shop: what it holds as a matter of course, and what a fault makes it keep.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Held as a matter of course, so that ordinary changes are small beside it.
const CATALOGUE_BYTES: usize = 32 << 20;
/// Kept by each step of the leak.
const STEP_BYTES: usize = 2 << 20;
/// The leak stops here, before it harms the machine.
const STEPS_MAX: usize = 192;

/// What is kept of sessions.
#[derive(Debug)]
struct Kept {
    _bytes: Vec<u8>,
    used: Instant,
}

/// The memory.
#[derive(Debug)]
pub(crate) struct Memory {
    _catalogue: Vec<u8>,
    sessions: Mutex<Vec<Kept>>,
}

impl Memory {
    pub(crate) fn new() -> Self {
        Self {
            // Other than zero, so that it is really there.
            _catalogue: vec![7; CATALOGUE_BYTES],
            sessions: Mutex::default(),
        }
    }

    /// Keeps more, and holds everything that is kept for in use, which is the mistake; gives the
    /// megabytes that are kept.
    pub(crate) fn leak(&self) -> u64 {
        let mut sessions = self.sessions.lock();
        let now = Instant::now();
        for kept in sessions.iter_mut() {
            kept.used = now;
        }
        if sessions.len() < STEPS_MAX {
            sessions.push(Kept {
                _bytes: vec![7; STEP_BYTES],
                used: now,
            });
        }
        ((sessions.len() * STEP_BYTES) >> 20) as u64
    }

    /// Lets go of what was not used for so long; gives how many that were, of how many.
    pub(crate) fn evict(&self, idle: Duration) -> (usize, usize) {
        let mut sessions = self.sessions.lock();
        let all = sessions.len();
        sessions.retain(|kept| kept.used.elapsed() < idle);
        (all - sessions.len(), all)
    }

    /// Lets go of what was kept.
    pub(crate) fn forget(&self) {
        *self.sessions.lock() = Vec::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_idle_is_evicted_and_what_leaks_never_is() {
        let memory = Memory::new();
        for _ in 0..3 {
            memory.leak();
        }
        assert_eq!(memory.evict(Duration::from_secs(60)), (0, 3));
        assert_eq!(memory.evict(Duration::ZERO), (3, 3));
        assert_eq!(memory.leak(), 2);
    }
}
