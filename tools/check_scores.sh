#!/usr/bin/env bash
# Public benchmarks of correctness; fails when a score falls below its gate.
set -euo pipefail
tools/say.sh "scores of public benchmarks"
python="$(tools/venv.sh tools/requirements/scores.txt)"
exec "$python" tools/check_scores.py "$(tools/csvp_path.sh)" "$TEST_DATA" "$@"
