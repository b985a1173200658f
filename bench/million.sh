#!/usr/bin/env bash
# Holds as many authenticated, joined, heart-beating connections as this machine allows, over many server processes, and
# says what each costs.
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
source "$root/bench/begin.sh"

usage() {
  cat <<'TEXT'
Usage: bench/million.sh [options]

  --connections N    how many to hold (default 2000; fewer when memory or files do not allow it, and it says so)
  --per-process N    connections of one server process (default: as many files as a process may open, less 100)
  --server NAME      ours or sioxx (default ours)
  --seconds S        how long heartbeats are measured, once all are there (default 10)
  --interval S       seconds between two heartbeats of a connection (default 25; 5 for 20000 connections or fewer, so that a
                     short run hears some)
  --reserve-mb M     memory that must stay free (default 1500)
  --minutes M        no more connections are opened after this time (default 30)
  --binary PATH      this build of Rozmova instead of building build/release
  --write            put the figures into docs/benchmarks.md
  --help             this text

Each server process listens on a loopback address and a port of its own and has a load client of its own, because both can open
only so many files. Servers run on core 0, clients on the last core.
Exit code: 0 when the connections that were opened all lasted and answered heartbeats, 1 otherwise.
TEXT
}

connections=2000 per_process=$(($(ulimit -Hn) - 100)) server=ours seconds=10 reserve_mb=1500 minutes=30 interval='' binary='' write=no
take_options "write" "connections per-process server seconds reserve-mb minutes interval binary" "$@"
[[ $server == ours || $server == sioxx ]] || die "--server is ours or sioxx"
interval=${interval:-$((connections <= 20000 ? 5 : 25))}
export PING_INTERVAL_MS=$((interval * 1000))

# Before anything is known: kernel memory of both ends, user memory of both ends; of a pair of processes.
kib_per_connection_expected=11
mib_per_pair_expected=45
open_seconds_max=240 # of one process's connections
addresses=250        # 127.0.0.2 to 127.0.0.251

declare -a servers=() clients=()
# shellcheck disable=SC2317 # by the trap
finish() {
  local pid
  for pid in "${clients[@]}" "${servers[@]}"; do kill -9 "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$scratch"
}
prepare

# ---- what the machine has

field_kib() { awk -v name="$1:" '$1 == name { print $2 }' /proc/meminfo; }
pss_kib() { # of all PIDs together
  local pid sum=0 pss
  for pid in "$@"; do
    pss=$(awk '/^Pss:/ { print $2 }' "/proc/$pid/smaps_rollup" 2>/dev/null || true)
    sum=$((sum + ${pss:-0}))
  done
  echo "$sum"
}
# A firewall that tracks connections has a table, and what does not fit is dropped.
conntrack_left() {
  local count max
  if { read -r count </proc/sys/net/netfilter/nf_conntrack_count && read -r max </proc/sys/net/netfilter/nf_conntrack_max; } 2>/dev/null; then
    echo $((max - count))
  else
    echo 1000000000
  fi
}

say "building"
build_load || die "the load client could not be built"
ready_server "$server" || die "$why"

memory_kib=$(($(field_kib MemAvailable) - reserve_mb * 1024))
most=$((memory_kib / (kib_per_connection_expected + mib_per_pair_expected * 1024 / per_process)))
read -r file_max </proc/sys/fs/file-max
if ((file_max / 2 - 10000 < most)); then most=$((file_max / 2 - 10000)); fi
if ((most < 0)); then most=0; fi
if ((connections > most)); then
  warn "memory and files are enough for about $most connections, not for $connections"
  connections=$most
fi
((connections > 0)) || die "there is not enough memory for anything"
say "$connections connections need about $((connections * kib_per_connection_expected / 1024)) MiB and $(((connections + per_process - 1) / per_process)) pairs of processes"

# ---- servers and their clients, one pair after another

slab_before=$(field_kib Slab) held=0 stopped=''
while ((held < connections)); do
  k=${#servers[@]} count=$((connections - held < per_process ? connections - held : per_process))
  ((SECONDS < minutes * 60)) || { stopped="$minutes minutes were over" && break; }
  (($(field_kib MemAvailable) > reserve_mb * 1024 + count * kib_per_connection_expected)) || { stopped="memory is used up" && break; }
  (($(conntrack_left) > count)) || { stopped="the firewall's table of connections is full (nf_conntrack_max)" && break; }
  host=127.0.0.$((2 + k % addresses)) port=$(free_port) data=$scratch/data$k
  mkdir -p "$data"
  exec_server "$server" "$port" "$data" >"$scratch/server$k.log" 2>&1 &
  servers+=($!)
  wait_for_port "$host" "$port" "${servers[k]}" || { tail -n 3 "$scratch/server$k.log" >&2 && die "server $k did not start"; }
  (pinned_to "$(load_core)" "$load" idle --until-told -c "$count" --connect-window 128 --url "http://$host:$port" \
    --secret "$secret" --setup "$([[ $server == ours ]] && echo rest || echo none)" --server-pid "${servers[k]}" --label "$server $k" \
    --deadline 7200 --json "$scratch/$k.json") >"$scratch/client$k.txt" 2>&1 &
  clients+=($!)
  for ((waited = 0; waited < open_seconds_max * 10; ++waited)); do
    grep -qs '^joined' "$scratch/client$k.txt" && break
    kill -0 "${clients[k]}" 2>/dev/null || { tail -n 3 "$scratch/client$k.txt" >&2 && die "client $k gave up"; }
    sleep 0.1
  done
  ((waited < open_seconds_max * 10)) || die "client $k did not open its connections in $open_seconds_max s"
  held=$((held + count))
  say "$held connections on $((k + 1)) servers, $(($(field_kib MemAvailable) / 1024)) MiB free"
done
((held > 0)) || die "no connection could be opened: $stopped"
[[ -z $stopped ]] || warn "stopped at $held connections: $stopped"

# ---- measuring

say "measuring heartbeats for $seconds s"
kill -USR1 "${clients[@]}"
sleep "$seconds"
slab_after=$(field_kib Slab)
servers_kib=$(pss_kib "${servers[@]}") clients_kib=$(pss_kib "${clients[@]}")
kill -TERM "${clients[@]}"
status=0
for pid in "${clients[@]}"; do wait "$pid" || status=1; done
kill -TERM "${servers[@]}" 2>/dev/null || true
for pid in "${servers[@]}"; do end_process "$pid"; done

ensure_node "$root/build/logs/node.log"
summary=("$scratch" --server "$server" --asked "$connections" --seconds "$seconds" --interval "$interval"
  "--slab-kib=$((slab_after - slab_before))" --servers-kib "$servers_kib" --clients-kib "$clients_kib")
if [[ $write == yes ]]; then summary+=(--write "$root/docs/benchmarks.md"); fi
node "$root/bench/million.mjs" "${summary[@]}"
exit "$status"
