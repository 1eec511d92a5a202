//! Tells the tests which real files there are, so that a test without its data is ignored, and says so, instead of passing.

use std::fs;
use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(data, values(any()))");
    // A folder that is not there can't be watched: Cargo would build anew each time. Whoever adds the data touches this file.
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let Ok(sets) = fs::read_dir(&data) else { return };
    println!("cargo::rerun-if-changed={}", data.display());
    for set in sets.flatten() {
        println!("cargo::rustc-cfg=data=\"{}\"", set.file_name().display());
    }
}
