//! The machine's clock and source of randomness: the only place where either is read.

use std::time::{SystemTime, UNIX_EPOCH};

use tocsin_domain::Timestamp;
use tocsin_domain::ports::Clock;

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
    }
}

/// Ten random bytes, as a batch id needs them.
pub(crate) fn random() -> [u8; 10] {
    let mut bytes = [0; 10];
    bytes.copy_from_slice(&uuid::Uuid::now_v7().as_bytes()[6..]);
    bytes
}
