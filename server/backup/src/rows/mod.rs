//! Forms that do not know the engine: what the ports of the stores give and take.

mod lines;
mod points;
mod samples;
mod split;

pub use lines::{LineRestoration, LineRows};
pub use points::{OpenPoints, PointRestoration, PointRows};
pub use samples::{SampleRestoration, SampleRows};

use tocsin_domain::ports::StoreError;

/// Partitions from here on are of what was put in from elsewhere: no bus has so many, so positions of
/// theirs are in nobody's way.
pub const IMPORT_PARTITION: u16 = 0xf000;

fn odd(name: &str) -> StoreError {
    StoreError::Invalid(format!("`{name}` cannot be read"))
}
