//! Throughput beside logdrain.
fn main() {}
