#!/usr/bin/env bash
# Made-up valid files through csvp, Python's csv module and DuckDB: all must read the table that was written.
# The last line is one for fuzz/RUNS.md. FILES=10000 says how many files.
set -euo pipefail
cd "$(dirname "$0")/.."
files="${FILES:-10000}"
python="$(tools/venv.sh tools/requirements/bench.txt)"
program="$(tools/csvp_path.sh "${PROFILE:-debug}")"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
tools/say.sh "writing $files files"
cargo run --quiet --locked --package csvp-testkit --example generate -- "$folder" "$files"
tools/say.sh "reading them with csvp, Python and DuckDB"
"$python" tools/differential.py "$program" "$folder"
