#!/usr/bin/env bash
# The large run of what is tested on a small scale by `cargo test`: three nodes are restarted one after the other, three
# times, under people in many rooms who talk all the time. Nothing that was acknowledged may be lost, come twice or come
# out of order. Says how much was said and how often people moved.
#
#   scripts/rolling-restart.sh [ROOMS]     1000 rooms if not said otherwise
set -euo pipefail

cd "$(dirname "$0")/.."
[ -n "${MONGOD-}" ] || scripts/fetch-mongod.sh

# Two people a room, each an open file here and one at a node.
ulimit -n "$(ulimit -H -n)"
cargo build --profile dist --locked
NODES_ROOMS=${1:-1000} NODES_ROUNDS=${NODES_ROUNDS:-3} SWITCHBOARD_BIN=$PWD/target/dist/switchboard \
    cargo test --locked --test it nodes::rolling -- --nocapture
