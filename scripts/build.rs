//! Rebuilds the binary when the embedded page has changed.

fn main() {
    println!("cargo::rerun-if-changed=frontend/dist");
}
