//! Runs the target `json_lines` under cargo-fuzz.

#![no_main]

#[path = "../targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::json_lines(bytes));
