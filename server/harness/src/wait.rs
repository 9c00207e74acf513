//! Waiting for something to become true.

use std::time::{Duration, Instant};

use anyhow::bail;

/// The longest that a test waits for one thing. Far more than anything takes on a busy machine of
/// two cores; a test that fails takes this long, one that passes does not.
pub const WAIT_MAX: Duration = Duration::from_secs(60);

/// Asks again and again until `look` finds something.
///
/// # Errors
/// Says what was waited for if it does not come within [`WAIT_MAX`].
pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> anyhow::Result<T> {
    let deadline = Instant::now() + WAIT_MAX;
    loop {
        if let Some(found) = look() {
            return Ok(found);
        }
        if Instant::now() > deadline {
            bail!("waited {WAIT_MAX:?} for {what}");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
