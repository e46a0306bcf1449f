#!/usr/bin/env bash
# Real files: counts by `csvp check`, by curl and by Parquet as an independent reader sees it.
set -euo pipefail
tools/say.sh "real files: check, upload by curl, Parquet read by pyarrow"
python="$(tools/venv.sh tools/requirements/parquet.txt)"
program="$(tools/csvp_path.sh)"
exec tools/serve.sh "$program" "$python" tools/check_real.py "$program" "$TEST_DATA/data/real"
