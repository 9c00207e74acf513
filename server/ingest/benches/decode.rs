//! Lines per CPU second of the NDJSON decoder, with the time and severity of every line.

fn main() {}
