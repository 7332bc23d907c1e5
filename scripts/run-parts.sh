#!/bin/sh
# Runs targets of the Makefile one after the other and prints the seconds of each. Stops at the first failure.
#
#   scripts/run-parts.sh TARGET...
set -u
cd "$(dirname "$0")/.."

table=
row() { # row NAME SECONDS
    table="$table$(printf '  %-22s %5d s' "$1" "$2")
"
}

began=$(date +%s)
failed=
for part in "$@"; do
    printf '\n==== %s\n' "$part"
    start=$(date +%s)
    "${MAKE:-make}" --no-print-directory "$part" || failed=$part
    row "$part" $(($(date +%s) - start))
    [ -z "$failed" ] || break
done
row total $(($(date +%s) - began))

printf '\n%s' "$table"
if [ -n "$failed" ]; then
    echo "FAILED: make $failed" >&2
    exit 1
fi
echo 'All tests passed.'
