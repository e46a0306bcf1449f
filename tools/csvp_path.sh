#!/usr/bin/env bash
# Prints where cargo puts the program: csvp_path.sh [debug|release]
set -euo pipefail
echo "${CARGO_TARGET_DIR:-target}/${1:-debug}/csvp"
