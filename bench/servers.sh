# The servers that are measured: what each needs, and how it is started. Sourced by run.sh and million.sh, never run; needs
# say.sh, node.sh, build.sh and $root, $scratch, $secret, $binary.
# shellcheck shell=bash disable=SC2034,SC2154
#
#   ours, ours-pg           Rozmova on SQLite and on PostgreSQL
#   sioxx                   the Node peer's program written with our library: nothing stored
#   node, eiows, bun        socket.io on Node with ws, on Node with eiows, on Bun; nothing stored, or with a suffix:
#   …-sqlite                WAL, synchronous=FULL, group commit
#   …-pg                    PostgreSQL by the best of -pgpool, -pgpipe, -pgbatch, -pgnative (peers/js/stores.mjs)
#   bare                    answers the same frames and does nothing else: the ceiling of the load client

peers=$root/bench/peers/js
eiows=$peers/eiows
eiows_node=$(echo "$eiows"/node_modules/node-linux-*)
bench_build=$root/build/bench
ours=${binary:-$root/build/release/rozmova/rozmova}
sioxx_peer=$root/build/release/bench/bench_sioxx
server_pid='' postgres_pid='' postgres_url='' postgres_folder=''

runtime_of() { echo "${1%%-*}"; }
store_of() { # store_of SERVER: none, sqlite, pg…
  case $1 in
    ours) echo sqlite ;;
    *-*) echo "${1#*-}" ;;
    *) echo none ;;
  esac
}
is_ours() { [[ $(runtime_of "$1") == ours ]]; }
is_on_postgres() { [[ $(store_of "$1") == pg* ]]; }
is_server() {
  [[ $1 =~ ^(ours(-pg)?|sioxx|bare|(node|eiows)(-(sqlite|pg|pgpool|pgpipe|pgbatch))?|bun(-(sqlite|pg|pgpool|pgpipe|pgbatch|pgnative))?)$ ]]
}

# ---- what they need; each prints nothing and fails, with the reason in $why, when it cannot be had

build_load() {
  [[ -f $bench_build/build.ninja ]] ||
    quietly "$root/build/logs/configure-bench.log" cmake -S "$root/bench" -B "$bench_build" -G Ninja -DCMAKE_BUILD_TYPE=Release
  quietly "$root/build/logs/bench.log" cmake --build "$bench_build" -j "$(build_jobs)" --target rozmova_load bench_bare
}

# Packages by their lock file, without running anything of theirs.
npm_without_scripts() { # npm_without_scripts FOLDER
  local folder=$1 stamp=$1/node_modules/.lock-of-this-install
  cmp -s "$folder/package-lock.json" "$stamp" && return 0
  say "installing npm packages of ${folder#"$root"/}"
  quietly "$root/build/logs/npm-bench.log" npm --prefix "$folder" ci --ignore-scripts --no-fund --no-audit || return 1
  cp "$folder/package-lock.json" "$stamp"
}

# Compiles a package's addon from the sources that it brings, against the headers of the Node in PREFIX; nothing ready-made.
compile_addon() { # compile_addon PREFIX FOLDER ADDON
  local prefix=$1 folder=$2 addon=$3 gyp
  [[ ! -f $folder/$addon ]] || return 0
  [[ -d $folder ]] || { why="npm did not install ${folder##*/}" && return 1; }
  [[ -f $prefix/include/node/node.h ]] || { why="the headers of Node are not in $prefix/include" && return 1; }
  gyp=$(dirname "$(readlink -f "$(command -v npm)")")/../node_modules/node-gyp/bin/node-gyp.js
  say "compiling ${folder##*/}"
  (cd "$folder" && PATH=$prefix/bin:$PATH quietly "$root/build/logs/${folder##*/}.log" \
    node "$gyp" rebuild --release --nodedir="$prefix") || { why="${folder##*/} could not be compiled" && return 1; }
}

ready_javascript() { # ready_javascript SERVER
  local runtime store prefix
  runtime=$(runtime_of "$1") store=$(store_of "$1")
  ensure_node "$root/build/logs/node.log"
  npm_without_scripts "$peers" || { why="npm could not install the peers" && return 1; }
  prefix=$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")
  case $runtime in
    bun)
      bun=$(echo "$peers"/node_modules/@oven/bun-linux-*/bin/bun)
      [[ -x $bun ]] || { why="npm has no Bun for this machine" && return 1; }
      "$bun" --version >/dev/null 2>&1 || { why="Bun does not run on this processor" && return 1; }
      return 0
      ;;
    eiows)
      npm_without_scripts "$eiows" || { why="npm could not install eiows" && return 1; }
      eiows_node=$(echo "$eiows"/node_modules/node-linux-*)
      compile_addon "$eiows_node" "$eiows/node_modules/eiows" build/Release/eiows.node || return 1
      [[ $store != sqlite ]] || compile_addon "$eiows_node" "$eiows/node_modules/better-sqlite3" build/Release/better_sqlite3.node
      ;;
    node)
      [[ $store != sqlite ]] || compile_addon "$prefix" "$peers/node_modules/better-sqlite3" build/Release/better_sqlite3.node
      ;;
  esac
}

ready_ours() { # ready_ours SERVER
  if [[ -z $binary && -z ${ours_is_built:-} ]]; then
    ours_is_built=yes
    build_cpp release rozmova >"$scratch/build.log" 2>&1 || tail -n 5 "$scratch/build.log" >&2
  fi
  [[ -x $ours ]] || { why="${ours#"$root"/} is not there" && return 1; }
  [[ $1 != ours-pg ]] || ours_env "$postgres_url" "$scratch/check" 0 "$ours" check-config >"$scratch/check.log" 2>&1 ||
    { why="this build keeps nothing in PostgreSQL" && return 1; }
}

ready_sioxx() {
  build_cpp release bench_sioxx >"$scratch/build.log" 2>&1 || tail -n 5 "$scratch/build.log" >&2
  [[ -x $sioxx_peer ]] || { why="bench_sioxx could not be built" && return 1; }
}

ready_server() { # ready_server NAME
  why=''
  if is_on_postgres "$1" && [[ -z $postgres_url ]]; then
    why="PostgreSQL is not there" && return 1
  fi
  case $(runtime_of "$1") in
    ours) ready_ours "$1" ;;
    sioxx) ready_sioxx ;;
    bare) ;;
    *) ready_javascript "$1" ;;
  esac
}

# ---- PostgreSQL: one cluster for the whole run, pinned like the servers, a new database for each run

start_postgres() {
  postgres_folder=$scratch/postgres
  mkdir -p "$postgres_folder"
  chmod 711 "$scratch"
  postgres_url=$(pinned_to "$(server_cores 1)" "$root/tests/lib/postgres.sh" start "$postgres_folder" \
    shared_buffers=256MB max_wal_size=4GB checkpoint_timeout=30min 2>"$scratch/postgres.log") || { postgres_url='' && return 1; }
  postgres_pid=$(head -n 1 "$postgres_folder/data/postmaster.pid")
}
postgres_sql() { psql -q -X -v ON_ERROR_STOP=1 "${postgres_url%/*}/postgres" "$@" >>"$scratch/postgres.log" 2>&1; }
new_database() { postgres_sql -c 'DROP DATABASE IF EXISTS rozmova WITH (FORCE)' -c 'CREATE DATABASE rozmova' -c CHECKPOINT; }
stop_postgres() {
  [[ -n $postgres_url ]] || return 0
  "$root/tests/lib/postgres.sh" stop "$postgres_folder" immediate >/dev/null 2>&1 || true
  postgres_url=''
}

# ---- cores: servers from core 0 on, the load client on the last one

cores=$(nproc)
pinned=no
if command -v taskset >/dev/null && ((cores >= 2)) && taskset -c "0-$((cores - 1))" true 2>/dev/null; then pinned=yes; fi
server_cores() { # server_cores THREADS: as many as there are beside the load client's
  local last=$(($1 < cores - 1 ? $1 - 1 : cores - 2))
  echo "0-$((last < 0 ? 0 : last))"
}
load_core() { echo $((cores - 1)); }
pinned_to() { # pinned_to CORES COMMAND…
  local on=$1
  shift
  if [[ $pinned == yes ]]; then exec taskset -c "$on" "$@"; else exec "$@"; fi
}

# ---- starting and stopping; only what we started is stopped

free_port() {
  local port
  while port=$((20000 + RANDOM % 12000)); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
  done
  echo "$port"
}

ours_env() { # ours_env DATABASE_URL DATA_DIR PORT COMMAND…: Rozmova's settings for measuring
  local url=$1 data=$2 port=$3
  shift 3
  DATABASE_URL=$url PORT=$port HOST=${host:-127.0.0.1} DATA_DIR=$data JWT_SECRET=$secret LOG_LEVEL=warn DEMO=0 \
    THREADS=${threads:-1} RATE_MESSAGES_PER_10S=0 RATE_JOINS_PER_S=0 CONNECTIONS_MAX=100000 CONNECTIONS_PER_USER_MAX=0 \
    CONNECTIONS_PER_IP_MAX=0 "$@"
}

# The program of a server in place of this shell, its settings in the environment.
exec_server() { # exec_server NAME PORT DATA
  local name=$1 port=$2 data=$3 on database=$3/chat.db
  on=$(server_cores "${threads:-1}")
  export PORT=$port JWT_SECRET=$secret THREADS=${threads:-1} HOST=${host:-127.0.0.1}
  if is_on_postgres "$name"; then database=$postgres_url; fi
  case $(runtime_of "$name") in
    ours) ours_env "$(is_on_postgres "$name" && echo "$postgres_url")" "$data" "$port" pinned_to "$on" "$ours" serve ;;
    sioxx) pinned_to "$on" "$sioxx_peer" ;;
    bare) pinned_to "$on" "$bench_build/bench_bare" ;;
    node) pinned_to "$on" node "$peers/node.mjs" --store "$(store_of "$name")" --db "$database" ;;
    eiows) pinned_to "$on" "$eiows_node/bin/node" "$peers/node.mjs" --engine eiows --store "$(store_of "$name")" --db "$database" ;;
    bun) pinned_to "$on" "$bun" "$peers/bun.mjs" --store "$(store_of "$name")" --db "$database" ;;
  esac
}

wait_for_port() { # wait_for_port HOST PORT PID: up to ten seconds
  for _ in {1..200}; do
    (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null && return 0
    kill -0 "$3" 2>/dev/null || break
    sleep 0.05
  done
  return 1
}

start_server() { # start_server NAME PORT LOG: server_pid is its process
  local name=$1 port=$2 log=$3 data=$scratch/data
  rm -rf "$data"
  mkdir -p "$data"
  if is_on_postgres "$name"; then new_database || return 1; fi
  exec_server "$name" "$port" "$data" >"$log" 2>&1 &
  server_pid=$!
  wait_for_port 127.0.0.1 "$port" "$server_pid"
}

end_process() { # end_process PID: asked, then made
  kill "$1" 2>/dev/null || true
  for _ in {1..100}; do
    kill -0 "$1" 2>/dev/null || break
    sleep 0.05
  done
  kill -9 "$1" 2>/dev/null || true
  wait "$1" 2>/dev/null || true
}
stop_server() {
  [[ -n $server_pid ]] || return 0
  end_process "$server_pid"
  server_pid=''
}
