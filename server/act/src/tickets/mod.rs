//! Tickets: which alerts get one, and how trackers of issues are told.

pub(crate) mod tracker;
pub(crate) mod trackers;
