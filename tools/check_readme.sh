#!/usr/bin/env bash
# The examples of README.md print what stands there.
set -euo pipefail
tools/say.sh "examples of the README"
program="$(tools/csvp_path.sh)"
exec tools/serve.sh "$program" python3 tools/check_readme.py "$program"
