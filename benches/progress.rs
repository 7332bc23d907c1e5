//! Shows the running measurement on standard error.

use std::io::{self, Write};

/// Writes a line on standard error.
pub fn show(what: &str) {
    let _ = writeln!(io::stderr(), "bench: {what}");
}
