#!/bin/sh
# Measures the server beside a Node service of the same protocol and writes docs/benchmarks.md.
#
# How much: BENCH_PAIRS, BENCH_MESSAGES, BENCH_CALLS, BENCH_REPETITIONS; BENCH_PATIENCE is how many seconds a busy
# machine is waited for. The defaults are in benches/relay/options.rs.
set -eu

cd "$(dirname "$0")/.."
report=docs/benchmarks.md
server=${CARGO_TARGET_DIR:-target}/release/switchboard

for tool in cargo node npm; do
    command -v "$tool" >/dev/null || {
        echo "bench: there is no $tool" >&2
        exit 1
    }
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

installed=benches/peers/node_modules/.installed
if [ -z "$(find "$installed" -newer benches/peers/package-lock.json 2>/dev/null)" ]; then
    (cd benches/peers && npm ci --no-audit --no-fund)
    touch "$installed"
fi

# What is measured is what is shipped: building the benchmark builds the server again, with what only tests need.
cargo build --release --locked
cp "$server" "$work/switchboard"

heading() {
    cat <<'END'
# Benchmarks

This server beside a Node service of the same protocol, in one run on one machine. `make bench` repeats the run and
writes this page; `scripts/bench.sh` says how to make it larger or smaller.

- **Switchboard**: the release build as it is shipped, with its defaults, save that one address may open any number of
  sessions.
- **Node**: `benches/peers/server.mjs`, the events of [the mesh door](mesh.md) written the usual way with Express and
  socket.io. It does less: no checks, no seats to come back to, no numbering, no chats that last.
- **Relay**: every pair sits in a room and sends ICE candidates of 200 bytes to and fro over WebSocket, without acks. A
  message is one candidate from one side to the other.
- **Whole calls**: two connections, two joins, offer and answer of 4 kB, candidates both ways, two departures; the next
  call begins when one is done.

- **Memory**: Switchboard keeps each participant's latest events, at most 512 and for 12 seconds, for whoever loses the
  connection and comes back. A call has some twenty of them; the streams of the relay fill it. The Node service keeps
  nothing.

One load generator (`benches/relay/`) drives both, in turn; who goes first alternates. It checks that every signal
arrives once, in order and unchanged, and fails otherwise. Every run has a fresh process and a part that is not
measured, for the just-in-time compiler. CPU time is the server process's own, user and system, in steps of 10 ms. Where
a server's use of its core is well below 100 %, it waited for the load generator or for its core, and the CPU time is
what to compare. It all runs over loopback: no TLS, no network, no proxy.

END
}

heading >"$work/report"
SWITCHBOARD_BIN="$work/switchboard" cargo bench --locked --bench relay >>"$work/report"
# One run that failed must not take the place of one that did not.
cp "$work/report" "$report"
# Puts back the server that is shipped.
cargo build --release --locked --quiet
echo "bench: $report is written" >&2
