#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test; or, with --url, tries a running server as a client would.
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
source "$root/scripts/say.sh"
source "$root/scripts/packages.sh"
source "$root/scripts/node.sh"
source "$root/scripts/build.sh"
source "$root/scripts/suites.sh"

usage() {
  cat <<'TEXT'
Usage: ./test-websocket.sh                         every test; ends with "N passed, N failed"
       ./test-websocket.sh --only NAME [--only …]  these suites and what they need
       ./test-websocket.sh --list                  the names of the suites
       ./test-websocket.sh --url URL --secret S    tries a running server, anywhere, whose JWT_SECRET is S

With --url two users and a moderator, made up for this run, go through everything that the description of the API promises:
chat, typing, presence, statuses, a dispute, history, files, notifications, a lost connection; a line for each step. It takes
some seconds, changes nothing but its own order, and needs Node (installed when missing) and the secret (JWT_SECRET does as
well as --secret). A server that signs with keys cannot be tried so. JWT_ALGORITHM, JWT_ISSUER and JWT_AUDIENCE, where the
server has them, and ORDER_ID, CLIENT_ID, PERFORMER_ID for a server beside a marketplace, are taken from the environment.

The exit status is 0 only when nothing failed. The log of each suite is in build/test-logs/.
TEXT
}

# ---- the suites --------------------------------------------------------------------------------------------------------

web() { npm --prefix "$root/web" run "$@"; }
unit_tests() { ctest --test-dir "$root/build/$1" --verbose --no-tests=error -j 2 --timeout 300; }
# system_tests PRESET FOLDER: every *.test.mjs of that folder in tests/system, against that build.
system_tests() {
  cd "$root/tests/system/$2"
  ROZMOVA_BIN=$root/build/$1/rozmova/rozmova WEB_DIR=$root/web/apps/demo/dist \
    node --test --test-reporter=spec --test-concurrency=2 ./*.test.mjs
}
# node_tests PRESET FOLDER: every *.test.mjs of that folder in tests, against the small programs of that build.
node_tests() {
  cd "$root/tests/$2"
  ROZMOVA_BIN=$root/build/$1/rozmova/rozmova node --test --test-reporter=spec --test-concurrency=2 ./*.test.mjs
}
# What the suite `system` recorded, and golden/, against the documents that the server gives out.
recorded=$root/build/test-records
recorded_system_tests() { rm -rf "$recorded" && RECORD=$recorded system_tests release .; }
# The same system tests on PostgreSQL, as far as they ask the store for something, and its own failures.
system_tests_postgres() {
  cd "$root/tests/system"
  ROZMOVA_BIN=$root/build/release/rozmova/rozmova TEST_STORE=postgres node --test --test-reporter=spec --test-concurrency=2 \
    postgres/*.test.mjs guarantees/kills.test.mjs \
    {admin,authorisation-matrix,authorisation,changes,chat,connections,durability,notifications,observed,once,outbox}.test.mjs \
    {threads,token-life,uploads,webhooks,withdrawal,workflow-matrix,workflow}.test.mjs
}
schemas() { RECORD=$recorded system_tests release schemas; }
scripts_are_clean() {
  local -a all
  cd "$root" && all=(run.sh test-websocket.sh .ci/run scripts/*.sh bench/*.sh)
  bash -n "${all[@]}" && shellcheck -x "${all[@]}"
}
cpp_is_formatted() {
  cd "$root"
  find sioxx rozmova examples bench tests \( -name node_modules -o -name dist \) -prune \
    -o \( -name '*.cpp' -o -name '*.hpp' \) -print0 | xargs -0 clang-format-14 --dry-run -Werror
}
walls() { node --test --test-reporter=spec "$root/tests/walls/"; }
# Each fuzzer for FUZZ_SECONDS, two at a time; what they find is left in build/fuzz-found. A night is better: FUZZ_SECONDS=3600.
fuzz_one() {
  local name=$1 found=$root/build/fuzz-found/$1
  mkdir -p "$found/corpus"
  # Two of them in one log would cut into each other's lines, so each has its own; the suite's gets the end of it.
  one_test "fuzz-$name" "$root/build/fuzz/tests/fuzz/${name}_fuzz" -max_total_time="${FUZZ_SECONDS:-60}" -timeout=10 \
    -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$found/" "$found/corpus" "$root/tests/fuzz/corpus/$name" \
    >"$found/log" 2>&1 || true
  tail -n 40 "$found/log"
}
fuzz() {
  local folder
  for folder in "$root"/tests/fuzz/corpus/*/; do
    while (($(jobs -rp | wc -l) >= 2)); do wait -n || true; done
    fuzz_one "$(basename "$folder")" &
  done
  wait
}
soak() { one_test soak "$root/build/release/tests/soak/sioxx_soak"; }
end_to_end() { ROZMOVA_BIN=$root/build/release/rozmova/rozmova WEB_DIR=$root/web/apps/demo/dist web e2e; }

asan_settings() {
  export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1:abort_on_error=1:detect_leaks=1
  export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
  export DEADLINE_FACTOR=3
}
unit_tests_asan() { asan_settings && unit_tests asan; }
protocol_tests_asan() { asan_settings && node_tests asan protocol; }
system_tests_asan() { asan_settings && system_tests asan .; }

#     name           slots      seconds needs                       command
suite build-web      1          600     ""                          build_web
suite scripts        1          60      ""                          one_test scripts scripts_are_clean
suite walls          1          120     ""                          walls
suite format         1          120     ""                          one_test format cpp_is_formatted
suite bench          1          60      ""                          node --test --test-reporter=spec "$root"/bench/tests/*.test.mjs
suite build-release  all        1200    ""                          build_cpp release rozmova
suite build-unit     all        1200    "build-release"             build_cpp release
suite build-asan     all        1200    "build-release"             build_cpp asan
suite system         2          900     "build-release build-web"   recorded_system_tests
suite guarantees     1          600     "build-release"             system_tests release guarantees
suite system-postgres 2         900     "build-release build-web"   system_tests_postgres
suite unit           2          600     "build-unit"                unit_tests release
suite system-asan    2          1200    "build-asan build-web"      system_tests_asan
suite unit-asan      2          900     "build-asan"                unit_tests_asan
suite schemas        1          300     "system"                    schemas
suite start          1          300     "build-release build-web"   system_tests release start
suite protocol       2          300     "build-unit"                node_tests release protocol
suite protocol-asan  2          600     "build-asan"                protocol_tests_asan
suite matrix         1          300     "build-unit"                node_tests release matrix
suite redis          1          300     "build-unit"                node_tests release redis
suite nodes          2          600     "build-release"             node_tests release nodes
suite examples       1          300     "build-unit"                system_tests release examples
suite websocket      1          300     "build-unit"                system_tests release websocket
suite install        2          300     "build-unit"                system_tests release install
suite soak           1          300     "build-unit"                soak
suite build-fuzz     all        1200    "build-release"             build_cpp fuzz fuzzers
suite fuzz           4          600     "build-fuzz"                fuzz
suite web-types      2          300     "build-web"                 one_test web-types web typecheck
suite web-lint       2          300     "build-web"                 one_test web-lint web lint
suite web-unit       2          600     "build-web"                 web test
suite web-budgets    1          120     "build-web"                 web budgets
suite web-pack       1          300     "build-web"                 web pack
suite web-e2e        3          900     "build-release build-web"   end_to_end

# ---- the ways to run ---------------------------------------------------------------------------------------------------

prepare() {
  ensure_packages "$root/build/logs/apt.log" "${build_packages[@]}" "${test_packages[@]}"
  ensure_node "$root/build/logs/node.log"
  npm_ready "$root/tests/system" "$root/build/logs/npm-system.log" || die "npm packages could not be installed."
  npm_ready "$root/tests/matrix" "$root/build/logs/npm-matrix.log" || die "npm packages could not be installed."
  npm_ready "$root/tests/redis" "$root/build/logs/npm-redis.log" || die "npm packages could not be installed."
}

smoke() {
  ensure_node "$root/build/logs/node.log"
  npm_ready "$root/tests/system" "$root/build/logs/npm-system.log" || die "npm packages could not be installed."
  exec node "$root/tests/system/smoke.mjs" "$@"
}

only=() url='' secret=${JWT_SECRET:-}
while (($#)); do
  case $1 in
    --help | -h) usage && exit 0 ;;
    --list) printf '%s\n' "${suite_names[@]}" && exit 0 ;;
    --only) only+=("${2:?--only needs a name}") && shift ;;
    --url) url=${2:?--url needs an address} && shift ;;
    --secret) secret=${2:?--secret needs a value} && shift ;;
    --inside) # how the runner starts one suite
      node_is_new_enough || use_private_node
      trap times EXIT
      eval "${suite_command[$2]}"
      exit
      ;;
    *) usage >&2 && die "unknown option: $1" ;;
  esac
  shift
done

if [[ -n $url ]]; then
  [[ -n $secret ]] || die "--url needs --secret: the JWT_SECRET of that server"
  smoke "$url" "$secret"
fi
if ((${#only[@]} == 0)); then only=("${suite_names[@]}"); fi
for name in "${only[@]}"; do want "$name"; done
prepare
run_wanted
