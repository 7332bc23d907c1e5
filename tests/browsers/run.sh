#!/bin/sh
# Runs a command, here a test run, in a network that consists of the loopback interface alone: whatever a
# browser in it tries, no packet leaves the machine. Needs no privileges, and works as root as well.
#
#   SWITCHBOARD_BIN   the server binary to test
#   CHROMIUM          the browser; /usr/bin/chromium when not set
set -eu

fail() {
    echo "browser tests: $1" >&2
    exit 1
}

[ $# -gt 0 ] || fail 'usage: run.sh COMMAND [ARGUMENT...]'

: "${CHROMIUM:=/usr/bin/chromium}"
CHROMIUM=$(command -v "$CHROMIUM") || fail 'there is no Chromium: apt-get install chromium, or name one with CHROMIUM'
SWITCHBOARD_BIN=$(command -v "${SWITCHBOARD_BIN:-}") ||
    fail 'SWITCHBOARD_BIN must name the server binary; cargo build makes target/debug/switchboard'
export CHROMIUM SWITCHBOARD_BIN

command -v unshare >/dev/null || fail 'there is no unshare: apt-get install util-linux'
PATH=$PATH:/usr/sbin:/sbin
command -v ip >/dev/null || fail 'there is no ip: apt-get install iproute2'

# Where user namespaces are forbidden, root can do without one.
for isolate in 'unshare --map-root-user --net' 'unshare --net'; do
    if $isolate ip link set lo up 2>/dev/null; then
        # shellcheck disable=SC2016,SC2086 # words on purpose, and "$@" is for the inner shell
        exec $isolate sh -c 'ip link set lo up && exec "$@"' sh "$@"
    fi
done
fail 'no network namespace may be made here: neither as this user (kernel.unprivileged_userns_clone, or the
container'\''s seccomp profile) nor as root (CAP_SYS_ADMIN)'
