# Building the server and the web app, each only when something changed. Sourced, never run; needs say.sh and node.sh.
# shellcheck shell=bash disable=SC2154

# One compiler eats up to 2 GB, so memory counts as well as cores.
build_jobs() {
  local cores memory_gb
  cores=$(nproc)
  memory_gb=$(awk '/^MemAvailable/ {print int($2 / 2097152)}' /proc/meminfo)
  echo "${BUILD_JOBS:-$((memory_gb < 1 ? 1 : memory_gb < cores ? memory_gb : cores))}"
}

# build_cpp PRESET [TARGET...]: configures once, then builds; Ninja's own progress is shown on a terminal.
build_cpp() {
  local preset=$1 dir=$root/build/$1
  shift
  if [[ ! -f $dir/build.ninja || $root/CMakePresets.json -nt $dir/CMakeCache.txt ]]; then
    say "configuring $preset"
    (cd "$root" && quietly "$root/build/logs/configure-$preset.log" cmake --preset "$preset") || return 1
  fi
  say "building $preset${*:+ ($*)}"
  cmake --build "$dir" -j "$(build_jobs)" --target "${@:-all}"
}

# The web app is stale when its stamp is older than any source. node_modules and what was built do not count.
web_is_stale() {
  local stamp=$root/web/node_modules/.built
  [[ -f $stamp && -f $root/web/apps/demo/dist/index.html ]] || return 0
  [[ -n $(find "$root/web" \( -name node_modules -o -name dist -o -name test-results -o -name coverage \) -prune \
    -o -type f -newer "$stamp" -print -quit) ]]
}

build_web() {
  local log=$root/build/logs/web.log
  npm_ready "$root/web" "$root/build/logs/npm-web.log" || return 1
  web_is_stale || return 0
  say "building the web app"
  quietly "$log" npm --prefix "$root/web" run build || return 1
  touch "$root/web/node_modules/.built"
}
