#!/bin/bash
# Succeeds if a node answers 200: healthcheck.sh [HOST:PORT [PATH]]. Needs only bash, so that the image needs
# no HTTP client.
set -eu

address=${1:-127.0.0.1:8090}
path=${2:-/healthz}

exec 3<>"/dev/tcp/${address%:*}/${address##*:}"
printf 'GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' "$path" "$address" >&3
read -r _ status _ <&3
[ "$status" = 200 ]
