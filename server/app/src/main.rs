//! The binary `tocsin`.

use std::process::ExitCode;

/// Many short-lived buffers of very different sizes from many threads: this allocator gives memory
/// back to the system by itself (`.cargo/config.toml` says how soon), which decides the idle size.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    tocsin_app::main()
}
