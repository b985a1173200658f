#!/usr/bin/env bash
# A PostgreSQL of the tests' own, on a free port of 127.0.0.1, as durable as in production.
#   postgres.sh start FOLDER [name=value …]   an empty folder becomes its data; prints postgres://…
#   postgres.sh stop FOLDER [fast|immediate]  immediate: as if its machine had lost power
#   postgres.sh again FOLDER                  starts it after a stop, on the same port
#   postgres.sh standby FOLDER OF_FOLDER      an empty folder becomes a standby that follows; prints its postgres://…
#   postgres.sh promote FOLDER                the standby takes over
#   postgres.sh signal FOLDER NUMBER          to every process of it
set -euo pipefail

verb=${1:?start, stop or again} folder=$(readlink -f "${2:?a folder}")
shift 2
bin=$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin | sort -V | tail -n 1)
[[ -x $bin/initdb ]] || { echo "PostgreSQL is missing: apt-get install postgresql" >&2; exit 1; }

# PostgreSQL refuses to run as root.
as_owner() {
  if ((EUID == 0)); then setpriv --reuid=postgres --regid=postgres --clear-groups --reset-env -- "$@"; else "$@"; fi
}
free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])' 2>/dev/null ||
    node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })'
}
up() { as_owner "$bin/pg_ctl" -D "$folder/data" -l "$folder/log" -w -t 60 -s start >&2 || { tail "$folder/log" >&2; exit 1; }; }

case $verb in
  start)
    ((EUID != 0)) || chown postgres: "$folder"
    as_owner "$bin/initdb" -D "$folder/data" -U rozmova -A trust -E UTF8 --locale=C.UTF-8 --no-sync >"$folder/initdb.log" 2>&1 ||
      { cat "$folder/initdb.log" >&2; exit 1; }
    port=$(free_port)
    {
      printf '%s\n' "listen_addresses = '127.0.0.1'" "port = $port" "unix_socket_directories = ''" \
        "max_connections = 200" "shared_buffers = 64MB" "fsync = on" "synchronous_commit = on" "log_min_messages = warning"
      for line in "$@"; do printf '%s\n' "${line%%=*} = ${line#*=}"; done
    } | as_owner tee -a "$folder/data/postgresql.conf" >/dev/null
    up
    as_owner "$bin/createdb" -h 127.0.0.1 -p "$port" -U rozmova rozmova
    echo "$port" >"$folder/port"
    echo "postgres://rozmova@127.0.0.1:$port/rozmova"
    ;;
  again) up ;;
  standby)
    primary_port=$(cat "$1/port") port=$(free_port)
    ((EUID != 0)) || chown postgres: "$folder"
    as_owner "$bin/pg_basebackup" -D "$folder/data" -d "postgres://rozmova@127.0.0.1:$primary_port/" -R --checkpoint=fast >&2
    echo "port = $port" | as_owner tee -a "$folder/data/postgresql.conf" >/dev/null
    up
    echo "$port" >"$folder/port"
    echo "postgres://rozmova@127.0.0.1:$port/rozmova"
    ;;
  promote) as_owner "$bin/pg_ctl" -D "$folder/data" -w -t 60 -s promote >&2 ;;
  signal)
    main=$(head -n 1 "$folder/data/postmaster.pid")
    # The first one last when it is to go on, so that it finds all others awake.
    mapfile -t others < <(pgrep -P "$main")
    kill -"$1" "${others[@]}" "$main"
    ;;
  stop) as_owner "$bin/pg_ctl" -D "$folder/data" -m "${1:-fast}" -w -t 60 -s stop >&2 ;;
  *) echo "start, stop, again, standby, promote or signal" >&2; exit 2 ;;
esac
