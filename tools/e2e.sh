#!/usr/bin/env bash
# Drives the page in a real browser against a real server, real files among them.
set -euo pipefail
tools/say.sh "the page in a real browser"
export REAL_DIR="${REAL_DIR:-$TEST_DATA/data/real}"
[ -d "$REAL_DIR" ] || unset REAL_DIR
exec tools/serve.sh "$(tools/csvp_path.sh)" npm --prefix ui run --silent e2e
