//! Where do this package's own programs and tests find libtorch when they run?
//!
//! In the folder they were linked with: only with the feature `rust-bert`, and only for targets of
//! this package. A program that depends on this crate sets its own path.

use std::env::{var, var_os};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=LIBTORCH");
    if var_os("CARGO_FEATURE_RUST_BERT").is_none() {
        return;
    }
    if let Ok(libtorch) = var("LIBTORCH") {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{libtorch}/lib");
    }
}
