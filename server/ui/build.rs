//! Writes the table of embedded files, one row for each file of the built page.
//!
//! A page that was never built is no error: `lib.rs` then serves a placeholder, so that the server
//! compiles on a machine without Node.

use std::collections::hash_map::DefaultHasher;
use std::fmt::Write as _;
use std::hash::Hasher;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../frontend/dist");
    if !dist.exists() {
        // An empty folder can be watched; a missing one would make every build start here again.
        // A source tree that is read-only merely loses that comfort.
        let _ = fs::create_dir_all(&dist);
    }
    watch(&dist);

    let mut files = Vec::new();
    if dist.is_dir() {
        collect(&dist, &mut files)?;
    }
    // In the order of the names as text, in which `lib.rs` searches.
    files.sort_by_cached_key(|file| relative(&dist, file));

    let mut table = String::from("&[\n");
    for file in &files {
        let bytes = fs::read(file)?;
        let name = relative(&dist, file);
        let path = file.canonicalize()?;
        let _ = writeln!(
            table,
            "    ({name:?}, \"{:016x}\", include_bytes!({path:?})),",
            fingerprint(&bytes)
        );
    }
    table.push_str("]\n");

    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("files.rs"), table)
}

fn watch(dist: &Path) {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", dist.display());
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_none_or(|extension| extension != "map") {
            files.push(path);
        }
    }
    Ok(())
}

fn relative(dist: &Path, file: &Path) -> String {
    let parts = file.strip_prefix(dist).unwrap_or(file);
    let parts: Vec<_> = parts.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

fn fingerprint(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}
