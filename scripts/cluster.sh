#!/usr/bin/env bash
# Runs several nodes as one server on this machine, on loopback only: the nodes, Redis, a MongoDB replica set
# of three, nginx as the balancer, and coturn if it is installed. Prints the addresses when all are ready, and
# writes FOLDER/cluster.json.
#
#   scripts/cluster.sh [--nodes N] [--without-mongodb] [--folder FOLDER] [--port PORT] [BINARY]
#
#   --nodes N           number of nodes; default 3
#   --without-mongodb   each node stores chats and records on its own
#   --folder FOLDER     a new or empty folder for files and logs; default: a temporary one, removed at the end
#   --port PORT         port of the balancer; default: a free one
#   BINARY              the server; default: SWITCHBOARD_BIN, else target/dist/switchboard
#
# The environment configures the nodes: SEAT_LEASE=60s scripts/cluster.sh. A process that ends is started
# again at its address after CLUSTER_RESTART_DELAY (0.2) seconds; its process id is in FOLDER/NAME.pid. Ctrl-C
# or SIGTERM ends all processes.
set -euo pipefail

fail() {
    echo "cluster: $1" >&2
    exit 1
}

usage() {
    sed -n '2,/^set /{/^set /!s/^# \{0,1\}//p}' "$0"
}

# --- Options ------------------------------------------------------------------------------------------------

root=$(cd "$(dirname "$0")/.." && pwd)
nodes=3
with_mongodb=yes
folder=
port=
binary=${SWITCHBOARD_BIN:-$root/target/dist/switchboard}

while [ $# -gt 0 ]; do
    case $1 in
    --nodes) nodes=${2:?--nodes needs a number} && shift ;;
    --without-mongodb) with_mongodb=no ;;
    --folder) folder=${2:?--folder needs a folder} && shift ;;
    --port) port=${2:?--port needs a port} && shift ;;
    -h | --help) usage && exit ;;
    -*) fail "there is no option $1; see --help" ;;
    *) binary=$1 ;;
    esac
    shift
done

PATH=$PATH:/usr/sbin:/sbin
binary=$(realpath -e "$binary" 2>/dev/null) || fail 'there is no server to run: make build, or name one'
[[ $nodes =~ ^[1-9][0-9]?$ ]] || fail "--nodes is a number from 1 to 99, not $nodes"
redis=$(command -v "${REDIS_SERVER:-redis-server}") || fail 'there is no redis-server: apt-get install redis-server'
nginx=$(command -v nginx) || fail 'there is no nginx: apt-get install nginx-light'
turnserver=$(command -v turnserver) || turnserver=
mongod=${MONGOD:-$root/.cache/mongod}
if [ $with_mongodb = yes ] && { [ ! -x "$mongod" ] || [ ! -d "$root/.cache/pymongo" ]; }; then
    "$root/scripts/fetch-mongod.sh" >&2
fi

# --- Folder -------------------------------------------------------------------------------------------------

if [ -n "$folder" ]; then
    mkdir -p "$folder"
    folder=$(cd "$folder" && pwd)
    # A database in it would refer to other ports.
    [ -z "$(ls -A "$folder")" ] || fail "$folder is not empty"
    is_ours=no
else
    folder=$(mktemp -d "${TMPDIR:-/tmp}/switchboard-cluster.XXXXXX")
    is_ours=yes
fi
# The workers of an nginx that root starts run as another user.
chmod 711 "$folder"

# Ports outside the range from which the system takes those of outgoing connections. Two clusters that start
# at the same time should not try the same ones.
next_port=$((10000 + $$ % 500 * 20))
free_port() { # sets $free_port
    while :; do
        free_port=$((next_port++))
        (: <"/dev/tcp/127.0.0.1/$free_port") 2>/dev/null || return 0
    done
}

redis_port='' mongodb_ports=() node_ports=() ops_ports=() turn_port=''
free_port && redis_port=$free_port
if [ $with_mongodb = yes ]; then
    for _ in 1 2 3; do free_port && mongodb_ports+=("$free_port"); done
fi
for ((i = 0; i < nodes; i++)); do
    free_port && node_ports+=("$free_port")
    free_port && ops_ports+=("$free_port")
done
if [ -z "$port" ]; then free_port && port=$free_port; fi
if [ -n "$turnserver" ]; then free_port && turn_port=$free_port; fi

random() {
    head -c 24 /dev/urandom | base64 | tr '+/' '-_'
}
session_secret=${SESSION_SECRET:-$(random)}
turn_secret=${TURN_SECRET:-$(random)}

# --- Processes ----------------------------------------------------------------------------------------------

declare -A name_of=() # by process id

# Runs a command in the background, in a folder of its own, with the variables in `environment`. Ctrl-C
# reaches only this script, and the command ends with it.
launch() { # launch NAME COMMAND...
    local name=$1
    shift
    mkdir -p "$folder/$name"
    (
        [ -z "${environment-}" ] || export "${environment[@]}"
        cd "$folder/$name"
        exec setsid setpriv --pdeathsig TERM -- "$@" >>"$folder/$name.log" 2>&1 </dev/null
    ) &
    name_of[$!]=$name
    echo $! >"$folder/$name.pid"
}

run() { # run NAME: starts it, also after it has ended
    case $1 in
    redis)
        launch redis "$redis" --bind 127.0.0.1 --port "$redis_port" --save '' --appendonly no \
            --maxmemory-policy noeviction
        ;;
    mongodb-*)
        launch "$1" "$mongod" --dbpath . --bind_ip 127.0.0.1 --port "${mongodb_ports[${1#mongodb-} - 1]}" \
            --replSet switchboard --oplogSize 64 --wiredTigerCacheSizeGB 0.25 --nounixsocket \
            --setParameter diagnosticDataCollectionEnabled=false \
            --setParameter shutdownTimeoutMillisForSignaledShutdown=100
        ;;
    node-*) run_node "$1" $((${1#node-} - 1)) ;;
    nginx) launch nginx "$nginx" -p "$folder/nginx" -e stderr -c nginx.conf -g 'daemon off;' ;;
    coturn) launch coturn "$turnserver" -c turnserver.conf ;;
    esac
}

run_node() { # run_node NAME INDEX
    local environment=(
        "LISTEN=127.0.0.1:${node_ports[$2]}" "OPS_LISTEN=127.0.0.1:${ops_ports[$2]}" "DATA_DIR=$folder/$1"
        "REDIS_URL=redis://127.0.0.1:$redis_port/" "SESSION_SECRET=$session_secret"
        # Media does not pass the balancer: each node has a port of its own.
        "MEDIA_PORT=0"
    )
    [ $with_mongodb = no ] || environment+=("MONGODB_URI=$mongodb_uri")
    [ -z "$turnserver" ] || environment+=("TURN_URLS=turn:127.0.0.1:$turn_port" "TURN_SECRET=$turn_secret")
    launch "$1" "$binary"
}

begin() { # begin NAME CHECK...: starts it, and waits until CHECK succeeds
    local name=$1
    shift
    run "$name"
    for ((try = 0; try < 300; try++)); do
        if "$@" >/dev/null 2>&1; then return; fi
        kill -0 "$(<"$folder/$name.pid")" 2>/dev/null || break
        sleep 0.1
    done
    tail -n 20 "$folder/$name.log" >&2
    fail "$name did not start"
}

accepts() { # accepts PORT
    (: <"/dev/tcp/127.0.0.1/$1")
}

is_ready() { # is_ready OPS_PORT
    timeout 2 "$root/deploy/healthcheck.sh" "127.0.0.1:$1" /readyz
}

end() { # end PATTERN: ends all processes whose names match, and waits for them
    local pid pids=()
    for pid in "${!name_of[@]}"; do
        # shellcheck disable=SC2053 # a pattern on purpose
        if [[ ${name_of[$pid]} == $1 ]]; then pids+=("$pid"); fi
    done
    kill -TERM "${pids[@]}" 2>/dev/null || true
    for ((try = 0; try < 150; try++)); do
        kill -0 "${pids[@]}" 2>/dev/null || return 0
        sleep 0.1
    done
    kill -KILL "${pids[@]}" 2>/dev/null || true
}

end_all() {
    trap '' INT TERM
    trap - EXIT
    # First the balancer, then the nodes, which write to the databases until their end.
    for pattern in nginx 'node-*' '*'; do end "$pattern"; done
    wait
    [ $is_ours = no ] || rm -rf "$folder"
}

# --- Start --------------------------------------------------------------------------------------------------

trap end_all EXIT
trap 'exit 0' INT TERM

begin redis accepts "$redis_port"

mongodb_uri=
if [ $with_mongodb = yes ]; then
    for i in 1 2 3; do begin "mongodb-$i" accepts "${mongodb_ports[i - 1]}"; done
    hosts=$(printf ',127.0.0.1:%s' "${mongodb_ports[@]}")
    mongodb_uri="mongodb://${hosts#,}/switchboard?replicaSet=switchboard"
    PYTHONPATH=$root/.cache/pymongo python3 - "$mongodb_uri" <<'PYTHON'
import sys
from pymongo import MongoClient

uri = sys.argv[1]
hosts = uri.removeprefix("mongodb://").split("/")[0].split(",")
members = [{"_id": number, "host": host} for number, host in enumerate(hosts)]
first = MongoClient(hosts[0], directConnection=True)
first.admin.command("replSetInitiate", {"_id": "switchboard", "members": members,
                                        "settings": {"electionTimeoutMillis": 2000}})
# Waits until there is a primary.
MongoClient(uri, serverSelectionTimeoutMS=30_000).admin.command("ping")
PYTHON
fi

if [ -n "$turnserver" ]; then
    mkdir -p "$folder/coturn"
    (umask 077 && cat >"$folder/coturn/turnserver.conf") <<CONF
listening-ip=127.0.0.1
relay-ip=127.0.0.1
listening-port=$turn_port
realm=switchboard
use-auth-secret
static-auth-secret=$turn_secret
fingerprint
no-cli
no-tls
no-dtls
log-file=stdout
simple-log
pidfile=$folder/coturn/turnserver.pid
userdb=$folder/coturn/turndb
# All clients are on this machine. Never set this in production.
allow-loopback-peers
CONF
    begin coturn accepts "$turn_port"
fi

servers=
for ((i = 1; i <= nodes; i++)); do
    begin "node-$i" is_ready "${ops_ports[i - 1]}"
    servers+="server 127.0.0.1:${node_ports[i - 1]} fail_timeout=2s; "
done

mkdir -p "$folder/nginx"
chmod 711 "$folder/nginx"
template=$(<"$root/deploy/nginx.conf.template")
fill() { # fill KEY VALUE
    template=${template//"\${BALANCER_$1}"/"$2"}
}
fill FOLDER "$folder/nginx"
fill LISTEN "127.0.0.1:$port"
fill NODES "$servers"
printf '%s\n' "$template" >"$folder/nginx/nginx.conf"
begin nginx accepts "$port"

# --- Ready --------------------------------------------------------------------------------------------------

quoted() { # quoted TEXT: as JSON, null if it is empty; addresses and paths need no escapes
    if [ -n "$1" ]; then printf '"%s"' "$1"; else printf null; fi
}

{
    printf '{\n  "balancer": "127.0.0.1:%s",\n  "nodes": [' "$port"
    for ((i = 0; i < nodes; i++)); do
        [ "$i" = 0 ] || printf ','
        printf '\n    { "name": "node-%s", "address": "127.0.0.1:%s", "ops": "127.0.0.1:%s" }' \
            $((i + 1)) "${node_ports[i]}" "${ops_ports[i]}"
    done
    printf '\n  ],\n  "redis": "redis://127.0.0.1:%s/",\n' "$redis_port"
    printf '  "mongodb": %s,\n' "$(quoted "$mongodb_uri")"
    printf '  "turn": %s\n}\n' "$(quoted "${turn_port:+turn:127.0.0.1:$turn_port}")"
} >"$folder/cluster.json.new"
# Renamed when complete: a reader finds the whole file, and all processes running.
mv "$folder/cluster.json.new" "$folder/cluster.json"

echo "Ready: http://localhost:$port/ with $nodes nodes behind it. Logs and addresses (cluster.json): $folder"
echo 'Ctrl-C ends everything.'

while :; do
    ended=
    # Hides bash's own messages about killed processes.
    { wait -n -p ended || true; } 2>/dev/null
    name=${name_of[${ended:-none}]-}
    [ -n "$name" ] || continue
    unset "name_of[$ended]"
    echo "$name has ended and is started again."
    sleep "${CLUSTER_RESTART_DELAY:-0.2}"
    run "$name"
done
