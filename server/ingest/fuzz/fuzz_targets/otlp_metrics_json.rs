//! Runs the target `otlp_metrics_json` under cargo-fuzz.

#![no_main]

#[path = "../targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::otlp_metrics_json(bytes));
