#!/bin/bash
# Whether a node says 200 to operators: healthcheck.sh [HOST:PORT [PATH]]. Needs nothing but bash, so that the image
# needs no HTTP client.
set -eu

address=${1:-127.0.0.1:8090}
path=${2:-/healthz}

exec 3<>"/dev/tcp/${address%:*}/${address##*:}"
printf 'GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' "$path" "$address" >&3
read -r _ status _ <&3
[ "$status" = 200 ]
