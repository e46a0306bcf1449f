#!/usr/bin/env bash
# Runs a command against a fresh server on a free port, with BASE_URL and SERVER_PID set; stops the server afterwards
# and fails when it did not stop in order.
# usage: serve.sh PROGRAM COMMAND...
set -euo pipefail
program="$1"
shift
folder="$(mktemp -d)"
server=
stop() {
  if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; fi
  rm -rf "$folder"
}
trap stop EXIT
"$program" serve --port 0 --operations off --data "$folder/data" >"$folder/out" 2>"$folder/log" &
server=$!
address=
for _ in $(seq 300); do
  address="$(sed -nE 's/^page +(http:.*)$/\1/p' "$folder/out")"
  [ -n "$address" ] && break
  kill -0 "$server" 2>/dev/null || { cat "$folder/log" >&2; echo "error: the server did not start" >&2; exit 1; }
  sleep 0.1
done
[ -n "$address" ] || { cat "$folder/log" >&2; echo "error: the server named no address in 30 s" >&2; exit 1; }
status=0
BASE_URL="$address" SERVER_PID="$server" "$@" || status=$?
kill -TERM "$server"
if ! wait "$server"; then
  echo "error: the server did not stop in order" >&2
  status=1
fi
server=
[ "$status" = 0 ] || tail -n 40 "$folder/log" >&2
exit "$status"
