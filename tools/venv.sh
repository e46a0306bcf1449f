#!/usr/bin/env bash
# Makes a virtual environment for one list of pinned Python packages, once, in the user's cache; prints its python.
# usage: venv.sh tools/requirements/NAME.txt
set -euo pipefail
list="$1"
name="$(basename "$list" .txt)"
key="$(cat "$list" <(python3 --version) | sha256sum | cut -c1-12)"
folder="${XDG_CACHE_HOME:-$HOME/.cache}/csvp/venv-$name-$key"
if [ ! -e "$folder/ready" ]; then
  tools/say.sh "installing Python packages into $folder: $(grep -v '^#' "$list" | tr '\n' ' ')" >&2
  rm -rf "$folder"
  python3 -m venv "$folder"
  "$folder/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: --requirement "$list" >&2
  touch "$folder/ready"
fi
echo "$folder/bin/python"
