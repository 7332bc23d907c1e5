#!/usr/bin/env bash
# Restarts three nodes one after the other, three times, while participants in many rooms send signals. No
# acknowledged signal may be lost, doubled or out of order. Prints the numbers of signals and of moves. `cargo
# test` has a small version.
#
#   scripts/rolling-restart.sh [ROOMS]     default: 1000
set -euo pipefail

cd "$(dirname "$0")/.."
[ -n "${MONGOD-}" ] || scripts/fetch-mongod.sh

# Two participants in each room, each with one open file in this process and one at a node.
ulimit -n "$(ulimit -H -n)"
cargo build --profile dist --locked
NODES_ROOMS=${1:-1000} NODES_ROUNDS=${NODES_ROUNDS:-3} SWITCHBOARD_BIN=$PWD/target/dist/switchboard \
    cargo test --locked --test it nodes::rolling -- --nocapture
