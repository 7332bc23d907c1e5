#!/bin/sh
# Runs the python-socketio tests against the server that SWITCHBOARD_BIN names. The packages live in a virtual
# environment of their own, in .cache at the root of the repository; on Debian its making needs python3-venv.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
venv=$root/.cache/python-venv
installed=$venv/requirements.txt

if ! cmp -s "$here/requirements.txt" "$installed"; then
    python3 -m venv --clear "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$here/requirements.txt"
    cp "$here/requirements.txt" "$installed"
fi

cd "$here"
exec "$venv/bin/python" -B -m unittest --verbose test_mesh_door test_async_client
