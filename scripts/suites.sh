# The runner behind test-websocket.sh: a table of suites, as many at once as there are slots, one log each, one sum.
#
#   suite NAME SLOTS SECONDS "NEEDS" COMMAND...     a row of the table; order is priority
#
# SLOTS    how many of the $slots_total it occupies: half a core each. A build takes them all; a suite that mostly waits
#          for timers and networks takes one
# SECONDS  after which it is ended and counts as failed
# NEEDS    names of suites that must have succeeded before
#
# A suite is counted by what it prints: the summaries of ctest, node --test and Vitest, or a line
# "SUITE name: P passed, F failed". Suites named build-* only have to succeed. Everything else that prints no count, that
# skips a test, or that ends with an error and no failed test, has one failure: nothing is green by silence.
# Sourced, never run; needs say.sh.
# shellcheck shell=bash disable=SC2154,SC2034

slots_total=${TEST_SLOTS:-$((2 * $(nproc)))}
still_running_every_s=60
logs=$root/build/test-logs

declare -a suite_names=()
declare -A suite_slots=() suite_seconds=() suite_needs=() suite_command=()
declare -A state=() started_at=() suite_of_pid=()
slots_free=$slots_total passed_total=0 failed_total=0 ticker=0

suite() {
  local name=$1
  suite_names+=("$name")
  suite_slots[$name]=$slots_total
  if [[ $2 != all ]] && (($2 < slots_total)); then suite_slots[$name]=$2; fi
  suite_seconds[$name]=$3
  suite_needs[$name]=$4
  shift 4
  suite_command[$name]="$*"
  state[$name]=unwanted
}

# want NAME: it and what it needs shall run.
want() {
  local need
  [[ -n ${state[$1]:-} ]] || die "There is no suite '$1'; ./test-websocket.sh --list names them."
  [[ ${state[$1]} == unwanted ]] || return 0
  state[$1]=waiting
  for need in ${suite_needs[$1]}; do want "$need"; done
}

# one_test NAME COMMAND...: a command whose exit status is its whole result, counted as one test.
one_test() {
  local name=$1
  shift
  if "$@"; then
    echo "SUITE $name: 1 passed, 0 failed"
  else
    echo "SUITE $name: 0 passed, 1 failed"
    return 1
  fi
}

# count_log LOG: "passed failed", summed over every summary in it. CTest counts programs; where these are GoogleTest's, their
# own counts are taken, and a program that fails without one (a crash) is one failure more.
count_log() {
  sed 's/\x1b\[[0-9;]*m//g' "$1" | awk '
    /^SUITE .*: [0-9]+ passed, [0-9]+ failed$/ { passed += $(NF - 3); failed += $(NF - 1) }
    /^ℹ pass [0-9]+$/                          { passed += $3 }
    /^ℹ (fail|cancelled|skipped|todo) [0-9]+$/ { failed += $3 }
    /^ *Tests  .*\([0-9]+\)$/ {
      for (i = 2; i < NF; ++i) {
        if ($(i + 1) ~ /^passed/) passed += $i
        if ($(i + 1) ~ /^(failed|skipped|todo)/) failed += $i
      }
    }
    /\[  PASSED  \] [0-9]+ tests?\.$/                     { cases_passed += $(NF - 1) }
    /\[  (FAILED |SKIPPED) *\] [0-9]+ tests?, listed below/ { cases_failed += $(NF - 3) }
    /YOU HAVE [0-9]+ DISABLED TESTS?/                      { for (i = 2; i < NF; ++i) if ($i == "HAVE") cases_failed += $(i + 1) }
    /tests passed, [0-9]+ tests failed out of/              { programs_failed += $4; programs_passed += $NF - $4 }
    END {
      passed += cases_passed ? cases_passed : programs_passed
      failed += cases_failed > programs_failed ? cases_failed : programs_failed
      print passed + 0, failed + 0
    }'
}

# cpu_seconds LOG: what the suite and everything it started used, from the two lines that `times` printed last.
cpu_seconds() {
  tail -n 2 "$1" | tr 'ms' '  ' | awk '{ sum += $1 * 60 + $2 + $3 * 60 + $4 } END { printf "%d", sum }'
}

is_build() { [[ $1 == build-* ]]; }

# ready NAME: 0 when all it needs is done; marks it as failed when something it needs failed.
ready() {
  local need
  for need in ${suite_needs[$1]}; do
    case ${state[$need]} in
      "done") ;;
      failed)
        state[$1]=failed
        failed_total=$((failed_total + 1))
        warn "         FAILED  $1: not run, because $need failed"
        return 1
        ;;
      *) return 1 ;;
    esac
  done
}

start_suite() {
  local name=$1
  state[$name]=running
  started_at[$name]=$SECONDS
  slots_free=$((slots_free - suite_slots[$name]))
  NO_COLOR=1 timeout --kill-after=10 "${suite_seconds[$name]}" \
    "$root/test-websocket.sh" --inside "$name" >"$logs/$name.log" 2>&1 </dev/null &
  suite_of_pid[$!]=$name
  say "started  $name"
}

# What somebody wants to read first: the lines that name failures, and the end.
show_failure() {
  grep -nE '\[  FAILED  \]|: Failure$|✖|^ *(FAIL|×)|error:|Sanitizer' "$1" | head -n 40 || true
  echo "..."
  tail -n 60 "$1"
}

finish_suite() {
  local name=$1 status=$2 passed failed seconds took
  seconds=$((SECONDS - started_at[$name]))
  slots_free=$((slots_free + suite_slots[$name]))
  read -r passed failed < <(count_log "$logs/$name.log")
  if is_build "$name"; then
    passed=0 failed=$((status != 0))
  elif ((status != 0 && failed == 0)) || ((passed + failed == 0)); then
    failed=1
  fi
  passed_total=$((passed_total + passed))
  failed_total=$((failed_total + failed))
  if ((failed == 0)); then
    state[$name]="done"
    took="in $seconds s (CPU $(cpu_seconds "$logs/$name.log") s)"
    if is_build "$name"; then say "${green}ok${plain}       $name $took"; else
      say "${green}ok${plain}       $name: $passed passed $took"
    fi
    return
  fi
  state[$name]=failed
  if ((status == 124 || status == 137)); then echo "(ended after ${suite_seconds[$name]} s)" >>"$logs/$name.log"; fi
  show_failure "$logs/$name.log" | sed 's/^/    | /'
  say "${red}FAILED${plain}   $name: $passed passed, $failed failed in $seconds s (exit $status); all of it in $logs/$name.log"
}

# The first row that is ready goes first; a big one is waited for rather than overtaken.
start_what_fits() {
  local name
  for name in "${suite_names[@]}"; do
    [[ ${state[$name]} == waiting ]] || continue
    ready "$name" || continue
    ((suite_slots[$name] <= slots_free)) || return 0
    start_suite "$name"
  done
}

still_running() {
  local pid name
  for pid in "${!suite_of_pid[@]}"; do
    name=${suite_of_pid[$pid]}
    say "${dim}running  $name for $((SECONDS - started_at[$name])) s: $(tail -n 1 "$logs/$name.log" | cut -c 1-90)${plain}"
  done
}

stop_all() {
  local pid
  for pid in "${!suite_of_pid[@]}" "$ticker"; do ((pid == 0)) || kill -TERM -- "-$pid" 2>/dev/null || true; done
  warn "stopped"
  exit 130
}

# run_wanted: runs them; the last line is the sum, the status is 0 only without a failure.
run_wanted() {
  local pid status
  mkdir -p "$logs"
  set -m
  trap stop_all INT TERM
  start_what_fits
  while ((${#suite_of_pid[@]})); do
    if ((ticker == 0)); then
      sleep "$still_running_every_s" &
      ticker=$!
    fi
    pid='' status=0
    wait -n -p pid "${!suite_of_pid[@]}" "$ticker" || status=$?
    if [[ $pid == "$ticker" ]]; then
      ticker=0
      still_running
      continue
    fi
    finish_suite "${suite_of_pid[$pid]}" "$status"
    unset "suite_of_pid[$pid]"
    start_what_fits
  done
  if ((ticker != 0)); then # and waited for, so that the shell has nothing to say after the sum
    { kill -TERM -- "-$ticker" && wait "$ticker"; } 2>/dev/null || true
  fi
  printf '%d passed, %d failed\n' "$passed_total" "$failed_total"
  ((failed_total == 0 && passed_total > 0))
}
