# The rows: what the load client does in each, and which servers take part. Sourced by run.sh, never run; needs servers.sh and
# $key, $connections, $idle_connections, $most_connections, $stall_seconds, $seconds, $warmup.
# shellcheck shell=bash disable=SC2034,SC2154

everywhere=sioxx,ours,ours-pg,node,node-sqlite,node-pg,eiows,eiows-sqlite,eiows-pg,bun,bun-sqlite,bun-pg,bare
# Where what is stored does not matter, or is the same question as in messages_8: one of each.
without_store=sioxx,ours,node,eiows,bun,bare

all_scenarios=(
  messages_1 messages_8 rate_1000 rate_5000
  polling_1 polling_8
  handshakes idle
  fanout_1000 fanout_10000
  mixed
  grow_1000 grow_5000 grow_10000 grow_19000
  threads_1 threads_2 threads_4
  storm_5000
  stall_10000
)

# Rows with targets (rows.mjs), and for each those who have one or are compared with it.
key_scenarios=(
  messages_1 messages_8 rate_1000 rate_5000 polling_8 handshakes idle fanout_1000 fanout_10000 grow_1000 grow_19000
)
key_servers() { # key_servers SCENARIO
  case $1 in
    messages_8) echo sioxx,ours,ours-pg,node,node-sqlite,node-pg,bun,bun-pg,bare ;;
    messages_* | rate_5000) echo sioxx,node,bun,bare ;;
    rate_*) echo ours,ours-pg,node-pg,bun-pg ;;
    polling_*) echo sioxx,ours,node,bare ;;
    grow_*) echo ours,sioxx ;;
    *) echo ours,sioxx,node,bun,bare ;;
  esac
}

# The load client's arguments. Connections beyond what one process may have open are cut down, and the table says how many
# there were.
load_args() { # load_args SCENARIO SERVER
  local number=${1#*_} store
  store=$(store_of "$2")
  case $1 in
    messages_[0-9]*) echo messages -c "$connections" --inflight "$number" ;;
    polling_[0-9]*) echo messages -c "$connections" --inflight "$number" --transport polling ;;
    rate_[0-9]*) echo messages -c "$connections" --rate "$number" ;;
    handshakes) echo handshakes -c 64 ;;
    idle) echo idle -c "$idle_connections" ;;
    idle_[0-9]*) echo idle -c "$(at_most "$number")" --connect-window 256 ;;
    fanout_[0-9]*) echo fanout -c "$(at_most "$number")" --inflight 4 --connect-window 256 ;;
    mixed) echo messages -c "$(at_most 20000)" --active-chats 500 --inflight 1 --connect-window 256 ;;
    grow_[0-9]*) echo messages -c "$(at_most "$number")" --rate 5000 --connect-window 256 ;;
    threads_[0-9]*) echo messages -c "$connections" --inflight 8 ;;
    stall_[0-9]*) echo messages -c 2 --rate "$number" --stall "$stall_seconds" ;;
    storm_[0-9]*)
      echo storm -c "$(at_most "$number")" --connect-window "$(at_most "$number")" \
        --missed "$([[ $store == none ]] && echo 0 || echo 5)"
      ;;
    *) return 1 ;;
  esac
}
at_most() { echo $(($1 < most_connections ? $1 : most_connections)); }
seconds_of() { case $1 in stall_*) echo $((stall_seconds + 2)) ;; *) echo "$seconds" ;; esac }
threads_of() { case $1 in threads_[0-9]*) echo "${1#threads_}" ;; *) echo 1 ;; esac }

# takes_part SCENARIO SERVER: whether the comparison means anything.
takes_part() {
  case $1 in
    threads_*) [[ $2 == ours* || $2 == sioxx ]] ;; # the others have one thread for JavaScript
    *) true ;;
  esac
}

# Who is measured when nobody says whom.
servers_for() { # servers_for SCENARIO
  if [[ $key == yes ]]; then key_servers "$1" && return; fi
  case $1 in
    messages_* | rate_1000 | storm_*) echo "$everywhere" ;;
    threads_*) echo sioxx,ours ;;
    *) echo "$without_store" ;;
  esac
}

# About how long a run takes, in seconds: to start, to open the connections (Node opens some 2 500 a second), to measure.
expected_seconds() { # expected_seconds SCENARIO SERVER
  local args count measured
  measured=$(seconds_of "$1")
  args=$(load_args "$1" "$2")
  count=${args#*-c }
  count=${count%% *}
  echo $((3 + ${warmup%.*} + ${measured%.*} + count / 2000))
}
