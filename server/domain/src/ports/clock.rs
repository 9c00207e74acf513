//! The clock: what time it is. Domain and ml never ask; whoever owns time does, through this.

use crate::time::Timestamp;

/// What time it is.
pub trait Clock: Send + Sync {
    /// The current instant by the wall clock. It may jump either way when the machine's clock is
    /// set; nothing may rely on it going forward.
    fn now(&self) -> Timestamp;
}
