#!/bin/sh
# Measures the server and others, and writes docs/benchmarks.md; with --quick it writes a trial to
# target/bench-quick/.
#
# BENCH_ONLY=relay,calls measures only these workloads. BENCH_REPORT_ONLY=1 measures nothing and writes the
# report from the stored figures. benches/options.rs lists further settings.
set -eu

cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}

BENCH_OUT=docs
if [ "${1-}" = --quick ]; then
    BENCH_OUT=$target/bench-quick
    export BENCH_QUICK=1
fi
mkdir -p "$BENCH_OUT"
export BENCH_OUT

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

# The saves workload also needs MongoDB.
case ${BENCH_ONLY:-saves} in
*saves*) [ -n "${MONGOD-}${BENCH_REPORT_ONLY-}" ] || scripts/fetch-mongod.sh ;;
esac

# Nodes share rooms through Redis.
case ${BENCH_ONLY:-nodes} in
*nodes* | *joins* | *storm*)
    [ -n "${BENCH_REPORT_ONLY-}" ] || command -v "${REDIS_SERVER:-redis-server}" >/dev/null || {
        echo "bench: there is no redis-server; scripts/install-test-tools.sh installs Debian's" >&2
        exit 1
    }
    ;;
esac

# The media workload also measures Janus.
case ${BENCH_ONLY:-media} in
*media*)
    [ -n "${BENCH_REPORT_ONLY-}" ] || command -v "${JANUS:-janus}" >/dev/null || {
        echo "bench: there is no janus; 'scripts/install-test-tools.sh janus' installs Debian's" >&2
        exit 1
    }
    ;;
esac

# Measures the shipped binary: building the benchmark builds the server again, with features that only tests
# need.
cargo build --profile dist --locked
cp "$target/dist/switchboard" "$work/switchboard"
SWITCHBOARD_BIN="$work/switchboard" cargo bench --profile dist --locked --bench suite
# Restores the shipped binary.
cargo build --profile dist --locked --quiet
echo "bench: $BENCH_OUT/benchmarks.md is written" >&2
