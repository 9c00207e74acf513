//! The binary `tocsin`.

use std::process::ExitCode;

/// Many short-lived buffers of very different sizes: this allocator gives memory back to the
/// system where glibc's keeps it, which decides the idle size of the server.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    tocsin_app::main()
}
