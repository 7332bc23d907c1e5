#!/bin/sh
# Checks the form of every Rust file. `cargo fmt` alone misses modules that are declared inside a macro.
set -eu
cd "$(dirname "$0")/.."
find src tests benches scripts -name '*.rs' -not -path '*/node_modules/*' -not -path '*/target/*' -exec rustfmt --check {} +
