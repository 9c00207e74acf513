//! Threads, stopping and bounds.
