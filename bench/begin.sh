# What run.sh and million.sh begin with. Sourced by them, never run; needs $root; prepare() sets $scratch, $secret and $load.
# shellcheck shell=bash disable=SC2034,SC2154
source "$root/scripts/say.sh"
source "$root/scripts/packages.sh"
source "$root/scripts/node.sh"
source "$root/scripts/build.sh"

# --flag sets flag=yes, --some-name VALUE sets some_name; --help prints usage().
take_options() { # take_options FLAGS NAMES ARGUMENTS…: the first two are lists of words
  local flags=" $1 " valued=" $2 " name
  shift 2
  while (($#)); do
    name=${1#--}
    if [[ $1 == --help || $1 == -h ]]; then
      usage && exit 0
    elif [[ $1 == --?* && $flags == *" $name "* ]]; then
      declare -g "${name//-/_}=yes"
    elif [[ $1 == --?* && $valued == *" $name "* ]]; then
      (($# > 1)) || die "$1 needs a value"
      declare -g "${name//-/_}=$2" && shift
    else
      usage >&2 && die "unknown option: $1"
    fi
    shift
  done
}

# As many files as we may have, a folder of our own, a secret of this run, the servers. The caller has a finish().
prepare() {
  ulimit -n "$(ulimit -Hn)"
  scratch=$(mktemp -d)
  secret=$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')
  load=$root/build/bench/rozmova_load
  source "$root/bench/servers.sh"
  trap finish EXIT
  trap 'exit 130' INT TERM
}
