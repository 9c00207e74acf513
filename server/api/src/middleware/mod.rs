//! What every request passes: a request id, a span, counting, a guard against other sites, bounds
//! on reads, and a net for panics.

pub(crate) mod bounds;
pub(crate) mod guard;
pub(crate) mod observe;
pub(crate) mod panics;
