#!/usr/bin/env bash
# Installs what is missing, builds, and starts Rozmova on http://localhost:3000.
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
source "$root/scripts/say.sh"
source "$root/scripts/packages.sh"
source "$root/scripts/node.sh"
source "$root/scripts/build.sh"

usage() {
  cat <<'TEXT'
Usage: [PORT=3000] [DATA_DIR=./data] ./run.sh [options] [-- options of `rozmova serve`]

Installs what is missing (Debian packages, npm packages), builds the server and the web app, and starts the server with a
demo marketplace. The second time it starts at once.

  --build-only   stop before starting
  --no-web       leave the web app out (no Node needed)
  --help         this text

Every setting of the server may be given by environment; `build/release/rozmova/rozmova serve --help` lists them. Often used:

  PORT=3000              where to listen
  DATA_DIR=./data        the database and the generated secret
  JWT_SECRET=…           the secret that signs your users' tokens (32 bytes or more)
  DEMO=0                 without the demo marketplace
  NODE_ENV=production    strict: needs JWT_SECRET and CORS_ORIGIN, no demo
TEXT
}

build_only=no web=yes
while (($#)); do
  case $1 in
    --build-only) build_only=yes ;;
    --no-web) web=no ;;
    --help | -h) usage && exit 0 ;;
    --) shift && break ;;
    *) usage >&2 && die "unknown option: $1" ;;
  esac
  shift
done

ensure_packages "$root/build/logs/apt.log" "${build_packages[@]}"
if [[ $web == yes ]]; then ensure_node "$root/build/logs/node.log"; fi
build_cpp release rozmova || die "The server could not be built."
if [[ $web == yes ]]; then build_web || die "The web app could not be built."; fi
[[ $build_only == no ]] || { say "built: build/release/rozmova/rozmova" && exit 0; }

export PORT=${PORT:-3000} DATA_DIR=${DATA_DIR:-$root/data}
if [[ $web == yes ]]; then export WEB_DIR=${WEB_DIR:-$root/web/apps/demo/dist}; fi
mkdir -p "$DATA_DIR"
say "starting; open ${bold}http://localhost:$PORT${plain} in two windows (Ctrl-C stops)"
exec "$root/build/release/rozmova/rozmova" serve "$@"
