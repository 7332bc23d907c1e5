//! Rebuilds the binary when the page that it carries was built anew.

fn main() {
    println!("cargo::rerun-if-changed=frontend/dist");
}
