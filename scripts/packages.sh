# Debian packages by name. Asks dpkg first, so that a machine that has everything needs neither root nor network.
# Sourced, never run; needs say.sh.
# shellcheck shell=bash disable=SC2034

build_packages=(
  ca-certificates ccache cmake g++ git ninja-build pkg-config
  libboost1.81-dev libboost-json1.81-dev libboost-url1.81-dev
  libcli11-dev libcurl4-openssl-dev libfmt-dev libhiredis-dev libpq-dev libspdlog-dev libsqlite3-dev libssl-dev libtomlplusplus-dev zlib1g-dev
  libbenchmark-dev libgmock-dev libgtest-dev
)

test_packages=(
  haproxy nginx-light postgresql redis-server redis-tools
  chromium clang-14 clang-format-14 fonts-noto-color-emoji libclang-rt-14-dev openssl shellcheck sqlite3
)

# missing_packages NAME...: prints those that are not installed, one a line.
missing_packages() {
  local name
  declare -A have=()
  while read -r state name; do
    [[ $state == ii ]] && have[${name%%:*}]=1
  done < <(dpkg-query -W -f='${db:Status-Abbrev} ${Package}\n' "$@" 2>/dev/null)
  for name in "$@"; do
    [[ -n ${have[$name]:-} ]] || printf '%s\n' "$name"
  done
}

# as_root COMMAND...: with the rights that installing needs, or a failure that says so (status 77).
as_root() {
  if ((EUID == 0)); then
    "$@"
  elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    sudo -n -- "$@"
  else
    return 77
  fi
}

apt_install() {
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -y -q -o DPkg::Lock::Timeout=300)
  as_root "${apt[@]}" update || (($? != 77)) || return 77
  as_root "${apt[@]}" install --no-install-recommends "$@"
}

# ensure_packages LOG NAME...: installs what is missing, or says exactly what to type.
ensure_packages() {
  local log=$1 missing status=0
  shift
  if ! command -v dpkg-query >/dev/null; then
    warn "This is no Debian system: packages are not checked. What is needed (Debian 12 names): $*"
    return 0
  fi
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]})) || return 0
  say "installing ${#missing[@]} Debian packages: ${missing[*]}"
  mkdir -p "$(dirname "$log")"
  apt_install "${missing[@]}" >"$log" 2>&1 || status=$?
  if ((status == 77)); then
    die "Packages are missing, and installing them needs root. Please run this once, then start again:

  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}
"
  elif ((status != 0)); then
    tail -n 20 "$log" >&2
    die "apt-get failed; its whole output is in $log"
  fi
}
