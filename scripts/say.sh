# How the scripts speak: one short line a step, with the seconds since the start. Sourced, never run.
# shellcheck shell=bash disable=SC2034

if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
  bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' plain=$'\e[0m'
else
  bold='' dim='' red='' green='' plain=''
fi

say() { printf '%s[%4ds]%s %s\n' "$dim" "$SECONDS" "$plain" "$*"; }
warn() { printf '%s%s%s\n' "$red" "$*" "$plain" >&2; }
die() {
  warn "$*"
  exit 1
}

# quietly LOG COMMAND...: runs it with its output in LOG; shows the end of LOG when it fails.
quietly() {
  local log=$1
  shift
  mkdir -p "$(dirname "$log")"
  if ! "$@" >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    warn "failed: $*"
    warn "the whole output is in $log"
    return 1
  fi
}
