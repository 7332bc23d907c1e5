#!/bin/sh
# Installs the Debian packages that the tests need and this machine lacks, and further packages named as
# arguments, such as `janus` for the media benchmark. Does nothing if all are there.
set -eu

# Debian installs servers there; some users' PATH lacks it.
PATH=$PATH:/usr/sbin:/sbin
packages=
need() { # need COMMAND PACKAGE
    command -v "$1" >/dev/null 2>&1 || packages="$packages $2"
}

need "${CHROMIUM:-chromium}" chromium
need ip iproute2
need nginx nginx-light
need setpriv util-linux
need unshare util-linux
need python3 python3
need turnserver coturn
need valgrind valgrind
need "${REDIS_SERVER:-redis-server}" redis-server
# The Socket.IO client for Rust is linked with the system's OpenSSL.
need pkg-config pkg-config
pkg-config --exists openssl 2>/dev/null || packages="$packages libssl-dev"
for package in "$@"; do need "$package" "$package"; done
if command -v python3 >/dev/null 2>&1; then
    python3 -c 'import ensurepip, venv' 2>/dev/null || packages="$packages python3-venv"
    python3 -m pip --version >/dev/null 2>&1 || packages="$packages python3-pip"
else
    packages="$packages python3-venv python3-pip"
fi

[ -n "$packages" ] || exit 0

root=
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null 2>&1 || {
        echo "The tests need these packages; install them as root:$packages" >&2
        exit 1
    }
    root=sudo
fi
command -v apt-get >/dev/null 2>&1 || {
    echo "The tests need these (names are Debian's):$packages" >&2
    exit 1
}

echo "Installing for the tests:$packages"
$root apt-get update -qq
# shellcheck disable=SC2086 # a list of words on purpose
DEBIAN_FRONTEND=noninteractive $root apt-get install -y -qq --no-install-recommends $packages >/dev/null

# The tests start their own servers. Debian would start its own at every boot.
for server in coturn janus nginx redis-server; do
    case "$packages " in
    *" $server "* | *" $server-light "*)
        if [ -d /run/systemd/system ]; then $root systemctl disable --now --quiet "$server"; fi
        ;;
    esac
done
