//! Runs the target `remote_write` under cargo-fuzz.

#![no_main]

#[path = "../targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::remote_write(bytes));
