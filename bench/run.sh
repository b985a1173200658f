#!/usr/bin/env bash
# Measures our servers and their peers in turn, on the same machine, with the same load client, and prints tables.
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
source "$root/bench/begin.sh"

usage() {
  cat <<'TEXT'
Usage: bench/run.sh [options]

  --quick            one short round with 100 connections: does everything still run? (not for comparing)
  --key              only the rows that have targets, with the servers they are compared with: some twenty minutes
  --rounds N         rounds; the tables show medians and spread (default 3)
  --seconds S        measured seconds of each run (default 4; with --key 3)
  --servers LIST     whom: ours,ours-pg,sioxx,node,eiows,bun,bare; node, eiows and bun also with -sqlite and -pg
                     (default: those for which the row means something)
  --scenarios LIST   which rows (default all): messages_1,messages_8,rate_1000,rate_5000,polling_1,polling_8,handshakes,
                     idle,fanout_1000,fanout_10000,mixed,grow_1000,grow_5000,grow_10000,grow_19000,threads_1,threads_2,
                     threads_4,storm_5000,stall_10000; another number may stand in place of each
  --binary PATH      measure this build of Rozmova instead of building build/release
  --keep DIR         keep the results of the single runs (JSON, logs) in DIR
  --resume DIR       go on with what --keep has kept: measures only what is missing, with the settings of then
  --plan             say what would be measured, and about how long it takes
  --write            put tables and plots into docs/benchmarks.md and docs/benchmarks/
  --help             this text

Servers run on core 0 (with N threads: on cores 0 to N-1, as far as there are so many), PostgreSQL as well, the load client on
the last core. The order of the servers changes from round to round. A run ends after three minutes whatever happens.
Exit code: 0 when all were measured and ours was correct, 1 when ours was wrong or a run failed, 2 when ours is missing.
TEXT
}

rounds='' seconds='' quick=no key=no write=no plan=no keep='' resume='' servers='' scenarios='' binary=''
take_options "quick key write plan" "rounds seconds servers scenarios binary keep resume" "$@"

# ---- what is to be measured; a resumed run knows it from its folder

if [[ -n $resume ]]; then
  [[ -f $resume/settings ]] || die "$resume holds nothing that could be resumed"
  while IFS='=' read -r name value; do
    case $name in rounds | seconds | quick | key | servers | scenarios) declare "$name=$value" ;; esac
  done <"$resume/settings"
  keep=$resume
elif [[ -n $keep && -e $keep/settings ]]; then
  die "$keep holds results already: --resume $keep goes on with them"
fi
[[ $quick == no || $write == no ]] || die "the figures of a quick run are no figures: they are not written"
connections=1000 idle_connections=4000 stall_seconds=6 warmup=1 run_seconds_max=180
most_connections=$(($(ulimit -Hn) - 100))
if [[ $quick == yes ]]; then
  rounds=${rounds:-1} seconds=${seconds:-2} warmup=0.3 connections=100 idle_connections=100 stall_seconds=1 most_connections=100
fi
rounds=${rounds:-3} seconds=${seconds:-$([[ $key == yes ]] && echo 3 || echo 4)}
failed=0 load_pid=''

# shellcheck disable=SC2317 # by the trap
finish() {
  [[ -z $load_pid ]] || end_process "$load_pid"
  stop_server
  stop_postgres
  rm -rf "$scratch"
}
prepare
results=${keep:-$scratch/results}
mkdir -p "$results"
source "$root/bench/scenarios.sh"

if [[ -n $scenarios ]]; then
  IFS=, read -ra scenario_list <<<"$scenarios"
elif [[ $key == yes ]]; then
  scenario_list=("${key_scenarios[@]}")
else
  scenario_list=("${all_scenarios[@]}")
fi
declare -A wanted=() missing=()
declare -a order=()
for scenario in "${scenario_list[@]}"; do
  load_args "$scenario" ours >/dev/null || die "unknown scenario: $scenario"
  IFS=, read -ra list <<<"${servers:-$(servers_for "$scenario")}"
  for server in "${list[@]}"; do
    is_server "$server" || die "unknown server: $server"
    takes_part "$scenario" "$server" || continue
    [[ -n ${wanted[$server]:-} ]] || order+=("$server")
    wanted[$server]+=" $scenario "
  done
done

# plan_runs: the runs that are still to be done, in order, as "ROUND SCENARIO SERVER" lines.
plan_runs() {
  local round scenario i server
  local -a among
  for ((round = 1; round <= rounds; ++round)); do
    for scenario in "${scenario_list[@]}"; do
      among=()
      for server in "${order[@]}"; do
        if [[ -z ${missing[$server]:-} && ${wanted[$server]} == *" $scenario "* ]]; then among+=("$server"); fi
      done
      for ((i = 0; i < ${#among[@]}; ++i)); do
        server=${among[$(((i + round - 1) % ${#among[@]}))]}
        [[ -f $results/$scenario.$server.$round.json ]] || echo "$round $scenario $server"
      done
    done
  done
}
expected_total() { # of the runs on standard input
  local sum=0 scenario server
  while read -r _ scenario server; do sum=$((sum + $(expected_seconds "$scenario" "$server"))); done
  echo "$sum"
}
as_time() { if (($1 < 100)); then echo "$1 s"; else echo "$((($1 + 30) / 60)) min"; fi; }

if [[ $plan == yes ]]; then
  plan_runs | awk '{ print $2, $3 }' | sort | uniq -c | awk '{ print $2, $3, "x" $1 }' | column -t
  say "$(plan_runs | wc -l) runs, about $(as_time "$(plan_runs | expected_total)")"
  exit 0
fi
printf '%s\n' "rounds=$rounds" "seconds=$seconds" "quick=$quick" "key=$key" "servers=$servers" "scenarios=$scenarios" >"$results/settings"

# ---- what there is

[[ $pinned == yes ]] || warn "no two cores to pin to: servers and load client disturb each other, the rates say little"
say "building the load client"
build_load || die "the load client could not be built"
for server in "${order[@]}"; do
  if is_on_postgres "$server" && [[ -z $postgres_folder ]]; then
    say "starting PostgreSQL"
    start_postgres || warn "PostgreSQL did not start: $(tail -n 1 "$scratch/postgres.log")"
  fi
  ready_server "$server" || { missing[$server]=$why && warn "left out: $server ($why)"; }
done
: >"$results/missing"
for server in "${!missing[@]}"; do printf '%s\t%s\n' "$server" "${missing[$server]}" >>"$results/missing"; done

# ---- one run

measure() { # measure ROUND SCENARIO SERVER
  local round=$1 scenario=$2 server=$3 setup=none port status=0 name="$2.$3.$1" args
  local -a database=()
  args=$(load_args "$scenario" "$server")
  threads=$(threads_of "$scenario")
  if is_ours "$server"; then setup=rest; fi
  if is_on_postgres "$server"; then database=(--database-pid "$postgres_pid"); fi
  port=$(free_port)
  if ! start_server "$server" "$port" "$results/$name.log"; then
    warn "$server did not start:" && tail -n 5 "$results/$name.log" >&2
    failed=1
    stop_server
    return
  fi
  # shellcheck disable=SC2086 # the arguments of a scenario are words
  (pinned_to "$(load_core)" timeout -k 5 "$run_seconds_max" "$load" $args --url "http://127.0.0.1:$port" \
    --secret "$secret" --setup "$setup" --seconds "$(seconds_of "$scenario")" --warmup "$warmup" --server-pid "$server_pid" \
    "${database[@]}" --label "$server" --deadline $((run_seconds_max - 10)) --json "$results/$name.part") \
    >"$results/$name.txt" 2>&1 &
  load_pid=$!
  wait "$load_pid" || status=$?
  load_pid=''
  stop_server
  if [[ -f $results/$name.part ]]; then mv "$results/$name.part" "$results/$name.json"; fi
  if ((status != 0)); then
    warn "$server, $scenario: $(tail -n 1 "$results/$name.txt")"
    if is_ours "$server" || [[ $server == sioxx || $status != 3 ]]; then failed=1; fi
  fi
}

# ---- all runs, interleaved

mapfile -t todo < <(plan_runs)
expected_left=$(printf '%s\n' "${todo[@]}" | expected_total)
expected_done=0 began=$SECONDS done_count=0
for run in "${todo[@]}"; do
  [[ -n $run ]] || continue
  read -r round scenario server <<<"$run"
  left=$expected_left
  if ((expected_done >= 60)); then left=$((expected_left * (SECONDS - began) / expected_done)); fi
  say "$((++done_count)) of ${#todo[@]}: round $round, $scenario, $server (about $(as_time "$left") left)"
  measure "$round" "$scenario" "$server"
  spent=$(expected_seconds "$scenario" "$server")
  expected_done=$((expected_done + spent)) expected_left=$((expected_left - spent))
done

summary=("$results" --rounds "$rounds" --seconds "$seconds" --pinned "$pinned" --quick "$quick")
if [[ $write == yes ]]; then summary+=(--write "$root/docs/benchmarks.md" --plots "$root/docs/benchmarks"); fi
if command -v node >/dev/null; then
  node "$root/bench/summary.mjs" "${summary[@]}"
else
  warn "no Node here, so no tables; the single results:"
  cat "$results"/*.txt
fi
[[ -z ${missing[ours]:-} ]] || exit 2
exit "$failed"
