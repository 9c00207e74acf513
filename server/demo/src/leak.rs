//! The memory of the shop: what it holds as a matter of course, and what a fault makes it keep.

use parking_lot::Mutex;

/// Held as a matter of course, so that ordinary changes are small beside it.
const CATALOGUE_BYTES: usize = 32 << 20;
/// Kept by each step of the leak.
const STEP_BYTES: usize = 2 << 20;
/// The leak stops here, before it harms the machine.
const STEPS_MAX: usize = 192;

/// The memory.
#[derive(Debug)]
pub(crate) struct Memory {
    _catalogue: Vec<u8>,
    sessions: Mutex<Vec<Vec<u8>>>,
}

impl Memory {
    pub(crate) fn new() -> Self {
        Self {
            // Other than zero, so that it is really there.
            _catalogue: vec![7; CATALOGUE_BYTES],
            sessions: Mutex::default(),
        }
    }

    /// Keeps more; gives the megabytes that are kept.
    pub(crate) fn leak(&self) -> u64 {
        let mut sessions = self.sessions.lock();
        if sessions.len() < STEPS_MAX {
            sessions.push(vec![7; STEP_BYTES]);
        }
        ((sessions.len() * STEP_BYTES) >> 20) as u64
    }

    /// Lets go of what was kept.
    pub(crate) fn forget(&self) {
        *self.sessions.lock() = Vec::new();
    }
}
