#!/usr/bin/env bash
# Measures speed and memory of csvp beside other tools and writes bench/README.md.
set -euo pipefail
xan_version=0.61.0
peers="${CARGO_TARGET_DIR:-target}/peers"
if [ "$("$peers/bin/xan" --version 2>/dev/null)" != "$xan_version" ]; then
  tools/say.sh "installing xan $xan_version into $peers"
  cargo install xan --locked --version "$xan_version" --root "$peers" --target-dir "$peers/build" --quiet
fi
tools/say.sh "building the measurement of the scanners"
cargo build --locked --release --quiet --package csvp-parse --example kernels
python="$(tools/venv.sh tools/requirements/bench.txt)"
program="$(tools/csvp_path.sh release)"
exec "$python" bench/bench.py "$program" "$TEST_DATA/bench" "$peers/bin/xan" "$(dirname "$program")/examples/kernels"
