#!/usr/bin/env bash
# Measures speed and memory of csvp beside other tools and writes bench/README.md.
set -euo pipefail
python="$(tools/venv.sh tools/requirements/bench.txt)"
exec "$python" bench/bench.py "$(tools/csvp_path.sh release)" "$TEST_DATA/bench"
