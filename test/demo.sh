#!/bin/sh
# Shows poolsend at work: three local APIs answer after three seconds, after four, and at once; one message goes through
# them in this order, and is delivered after two seconds, twice more after three and five. Installs what is missing
# (Debian, Ubuntu) and builds in build/. Leaves no process behind, and exits with the program's status.
set -u
cd "$(dirname "$0")/.." || exit 1
. test/support/setup.sh

server=
stop_apis() {
  [ -z "$server" ] || { kill "$server"; wait "$server"; }
  remove_scratch
}
trap stop_apis EXIT

# Sets the ports of the three.
start_apis() {
  "$python" -B test/support/server.py --ports 3 --port-file "$scratch/ports" >"$scratch/apis" 2>&1 &
  server=$!
  tries=100
  until [ -s "$scratch/ports" ]; do
    tries=$((tries - 1))
    if [ "$tries" -eq 0 ] || ! kill -0 "$server"; then
      cat "$scratch/apis" >&2
      exit 1
    fi
    sleep 0.1
  done
  { read -r slow; read -r slower; read -r fast; } <"$scratch/ports"
}

need_to_build
install_missing
is_configured build || quietly meson setup build || exit 1
quietly meson compile -C build poolsend:executable || exit 1
start_apis

# The machine's proxy has no business here.
no_proxy=127.0.0.1
export no_proxy

# What is shown is what is run.
command="build/src/poolsend --events start,finish,delivered,settled --json '{\"alert\": \"disk full\"}' \\
    'http://127.0.0.1:$slow/?delay=3' 'http://127.0.0.1:$slower/?delay=4' 'http://127.0.0.1:$fast/'"
printf '$ %s\n' "$command"
eval "$command"
