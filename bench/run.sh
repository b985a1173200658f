#!/usr/bin/env bash
# Measures our server and its peers in turn, on the same machine, with the same load client, and prints a table.
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
source "$root/scripts/say.sh"
source "$root/scripts/packages.sh"
source "$root/scripts/node.sh"
source "$root/scripts/build.sh"

usage() {
  cat <<'TEXT'
Usage: bench/run.sh [options]

  --quick            one round of 3 s with 200 connections: does everything still run? (not for comparing)
  --rounds N         rounds; the table shows medians and spread (default 3)
  --seconds S        measured seconds of each run (default 4)
  --servers LIST     of: ours,node,node-sqlite,bare (default all; --quick: without node-sqlite)
  --scenarios LIST   of: messages_1,messages_8,rate_1000,rate_5000,handshakes,idle,fanout_1000,fanout_10000,idle_15000
                     (default: all but the last two; --quick: messages_1,messages_8,handshakes,idle)
  --binary PATH      measure this build of our server instead of building build/release
  --write            put the table into docs/benchmarks.md
  --keep DIR         keep the results of the single runs (JSON, logs) in DIR
  --help             this text

The server runs on core 0, the load client on core 1. The order of the servers changes from round to round.
Exit code: 0 when all were measured and ours was correct, 1 when ours was wrong or a run failed, 2 when ours is missing.
TEXT
}

rounds=3 seconds=4 quick=no write=no keep='' servers='' scenarios='' binary=''
while (($#)); do
  case $1 in
    --quick) quick=yes ;;
    --rounds) rounds=${2:?} && shift ;;
    --seconds) seconds=${2:?} && shift ;;
    --servers) servers=${2:?} && shift ;;
    --scenarios) scenarios=${2:?} && shift ;;
    --binary) binary=${2:?} && shift ;;
    --write) write=yes ;;
    --keep) keep=${2:?} && shift ;;
    --help | -h) usage && exit 0 ;;
    *) usage >&2 && die "unknown option: $1" ;;
  esac
  shift
done

connections=1000 idle_connections=4000 warmup=1
if [[ $quick == yes ]]; then
  rounds=1 seconds=3 warmup=0.5 connections=200 idle_connections=200
  servers=${servers:-ours,node,bare} scenarios=${scenarios:-messages_1,messages_8,handshakes,idle}
fi
servers=${servers:-ours,node,node-sqlite,bare}
scenarios=${scenarios:-messages_1,messages_8,rate_1000,rate_5000,handshakes,idle,fanout_1000}
IFS=, read -ra server_list <<<"$servers"
IFS=, read -ra scenario_list <<<"$scenarios"

scratch=$(mktemp -d)
results=${keep:-$scratch/results}
mkdir -p "$results"
secret=$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')
server_pid='' failed=0
load=$root/build/bench/rozmova_load
ours=${binary:-$root/build/release/rozmova/rozmova}
node_peer=$root/bench/peers/node

# ---- only what we started is stopped

stop_server() {
  [[ -n $server_pid ]] || return 0
  kill "$server_pid" 2>/dev/null || true
  for _ in {1..100}; do
    kill -0 "$server_pid" 2>/dev/null || break
    sleep 0.05
  done
  kill -9 "$server_pid" 2>/dev/null || true
  wait "$server_pid" 2>/dev/null || true
  server_pid=''
}
finish() {
  stop_server
  rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 130' INT TERM

# ---- what there is

on_core() { # on_core N COMMAND...: pinned where there are two cores and taskset
  local core=$1
  shift
  if [[ $pinned == yes ]]; then exec taskset -c "$core" "$@"; else exec "$@"; fi
}
pinned=no
if command -v taskset >/dev/null && (($(nproc) >= 2)) && taskset -c 0,1 true 2>/dev/null; then
  pinned=yes
else
  warn "no two cores to pin to: server and load client disturb each other, the rates say little"
fi

build_load() {
  local dir=$root/build/bench
  [[ -f $dir/build.ninja ]] ||
    quietly "$root/build/logs/configure-bench.log" cmake -S "$root/bench" -B "$dir" -G Ninja -DCMAKE_BUILD_TYPE=Release
  quietly "$root/build/logs/bench.log" cmake --build "$dir" -j "$(build_jobs)" --target rozmova_load bench_bare
}

# socket.io by `npm ci`; better-sqlite3 is compiled here, never downloaded ready-made, and left out when that fails.
ready_node_peer() {
  local with_sqlite=$1 log=$root/build/logs/npm-bench.log prefix args=(--no-fund --no-audit)
  ensure_node "$root/build/logs/node.log"
  if [[ -d $node_peer/node_modules/socket.io ]] &&
    [[ $with_sqlite == no || -d $node_peer/node_modules/better-sqlite3 || -f $node_peer/node_modules/.no-sqlite ]]; then
    return 0
  fi
  [[ $with_sqlite == yes ]] || args+=(--omit=optional)
  prefix=$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")
  if [[ -f $prefix/include/node/node.h ]]; then export npm_config_nodedir=$prefix; fi
  say "installing the Node peer"
  npm_config_build_from_source=true quietly "$log" npm --prefix "$node_peer" ci "${args[@]}" || return 1
  [[ $with_sqlite == no || -d $node_peer/node_modules/better-sqlite3 ]] || touch "$node_peer/node_modules/.no-sqlite"
}

declare -A missing=()
say "building the load client"
build_load || die "the load client could not be built"
for server in "${server_list[@]}"; do
  case $server in
    ours)
      if [[ -z $binary ]]; then
        build_cpp release rozmova >"$scratch/build.log" 2>&1 || tail -n 5 "$scratch/build.log" >&2
      fi
      [[ -x $ours ]] || missing[ours]="${ours#"$root"/} is not there"
      ;;
    node) ready_node_peer no || missing[node]="npm could not install it" ;;
    node-sqlite)
      ready_node_peer yes || missing[node-sqlite]="npm could not install it"
      [[ -d $node_peer/node_modules/better-sqlite3 ]] || missing[node-sqlite]="better-sqlite3 could not be compiled"
      ;;
    bare) ;;
    *) die "unknown server: $server" ;;
  esac
done
for server in "${!missing[@]}"; do warn "left out: $server (${missing[$server]})"; done

# ---- one run

free_port() {
  local port
  while port=$((20000 + RANDOM % 12000)); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
  done
  echo "$port"
}

start_server() { # start_server NAME PORT LOG
  local name=$1 port=$2 log=$3 data=$scratch/data
  rm -rf "$data"
  mkdir -p "$data"
  case $name in
    ours)
      PORT=$port HOST=127.0.0.1 DATA_DIR=$data JWT_SECRET=$secret LOG_LEVEL=warn DEMO=0 THREADS=1 \
        RATE_MESSAGES_PER_10S=0 RATE_JOINS_PER_S=0 CONNECTIONS_MAX=100000 CONNECTIONS_PER_USER_MAX=0 \
        CONNECTIONS_PER_IP_MAX=0 on_core 0 "$ours" serve >"$log" 2>&1 &
      ;;
    node) PORT=$port JWT_SECRET=$secret on_core 0 node "$node_peer/server.mjs" >"$log" 2>&1 & ;;
    node-sqlite)
      PORT=$port JWT_SECRET=$secret on_core 0 node "$node_peer/server.mjs" --store sqlite --db "$data/chat.db" \
        >"$log" 2>&1 &
      ;;
    bare) PORT=$port on_core 0 "$root/build/bench/bench_bare" >"$log" 2>&1 & ;;
  esac
  server_pid=$!
  for _ in {1..200}; do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && return 0
    kill -0 "$server_pid" 2>/dev/null || break
    sleep 0.05
  done
  return 1
}

load_args() { # load_args SCENARIO
  case $1 in
    messages_1) echo messages -c "$connections" --inflight 1 ;;
    messages_8) echo messages -c "$connections" --inflight 8 ;;
    rate_*) echo messages -c "$connections" --rate "${1#rate_}" ;;
    handshakes) echo handshakes -c 64 ;;
    idle) echo idle -c "$idle_connections" ;;
    idle_*) echo idle -c "${1#idle_}" ;;
    fanout_*) echo fanout -c "${1#fanout_}" --inflight 4 --connect-window 256 ;;
    *) return 1 ;;
  esac
}

measure() { # measure ROUND SERVER SCENARIO
  local round=$1 server=$2 scenario=$3 setup=none port status=0 name="$3.$2.$1" args
  args=$(load_args "$scenario") || die "unknown scenario: $scenario"
  if [[ $server == ours ]]; then setup=rest; fi
  port=$(free_port)
  if ! start_server "$server" "$port" "$results/$name.log"; then
    warn "$server did not start:" && tail -n 5 "$results/$name.log" >&2
    failed=1
    stop_server
    return
  fi
  # shellcheck disable=SC2086 # the arguments of a scenario are words
  (on_core 1 timeout 150 "$load" $args --url "http://127.0.0.1:$port" --secret "$secret" --setup "$setup" \
    --seconds "$seconds" --warmup "$warmup" --server-pid "$server_pid" --label "$server" --deadline 140 \
    --json "$results/$name.json") >"$results/$name.txt" 2>&1 || status=$?
  stop_server
  if ((status != 0)); then
    warn "$server, $scenario: $(tail -n 1 "$results/$name.txt")"
    if [[ $server == ours || $status != 3 ]]; then failed=1; fi
  fi
}

# ---- all runs, interleaved

present=()
for server in "${server_list[@]}"; do [[ -n ${missing[$server]:-} ]] || present+=("$server"); done
for ((round = 1; round <= rounds; ++round)); do
  for scenario in "${scenario_list[@]}"; do
    say "round $round of $rounds: $scenario"
    for ((i = 0; i < ${#present[@]}; ++i)); do
      measure "$round" "${present[$(((i + round - 1) % ${#present[@]}))]}" "$scenario"
    done
  done
done

summary=(node "$root/bench/summary.mjs" "$results" --scenarios "$scenarios" --servers "$servers" --rounds "$rounds"
  --seconds "$seconds" --pinned "$pinned")
if [[ $write == yes ]]; then summary+=(--write "$root/docs/benchmarks.md"); fi
if command -v node >/dev/null; then
  "${summary[@]}"
else
  warn "no Node here, so no table; the single results:"
  cat "$results"/*.txt
fi
[[ -z ${missing[ours]:-} ]] || exit 2
exit "$failed"
