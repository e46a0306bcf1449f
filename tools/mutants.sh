#!/usr/bin/env bash
# Do the tests of durability see a fault? Puts one known fault after the other into a copy of the code and runs the
# tests that should see it: each must fail. `--check` only looks whether the faults still fit the code.
#
#   tools/mutants.sh [--check] [NAME...]
set -euo pipefail
cd "$(dirname "$0")/.."

check=
[ "${1:-}" = --check ] && check=1 && shift
faults=("$@")
[ ${#faults[@]} -gt 0 ] || mapfile -t faults < <(cd tools/mutants && ls ./*.patch | sed 's|^\./||; s|\.patch$||')

if [ -n "$check" ]; then
  for name in "${faults[@]}"; do
    git apply --check "tools/mutants/$name.patch" || { echo "error: tools/mutants/$name.patch does not fit the code any more" >&2; exit 1; }
    grep -q '^# Tests: ' "tools/mutants/$name.patch" || { echo "error: tools/mutants/$name.patch names no tests" >&2; exit 1; }
  done
  echo "${#faults[@]} seeded faults fit the code"
  exit 0
fi

# A copy of the code as it is committed, and its own folder of compiled code, so that nobody is disturbed.
copy=$(pwd)/target/mutants/code
export CARGO_TARGET_DIR=${MUTANTS_TARGET_DIR:-$(pwd)/target/mutants/target}
export INSTA_UPDATE=no
mkdir -p target/mutants
# It stays from run to run: then only what has changed is compiled.
git worktree prune
if [ -d "$copy" ]; then
  git -C "$copy" checkout --quiet --force --detach "$(git rev-parse HEAD)"
else
  git worktree add --detach --quiet "$copy" HEAD
fi
trap 'git -C "$copy" checkout --quiet --force .' EXIT

run() { (cd "$copy" && cargo nextest run --locked --workspace --test it --no-fail-fast --filterset "$1"); }
tests_of() { sed -n 's/^# Tests: //p' "$copy/tools/mutants/$1.patch"; }

# Without a fault all of these tests pass, or it says nothing that they fail with one.
log=target/mutants/control.log
: >"$log"
for name in "${faults[@]}"; do tests_of "$name"; done | sort -u >target/mutants/filters
while IFS= read -r tests; do
  run "$tests" >>"$log" 2>&1 </dev/null || { echo "error: without any fault these tests fail: $tests; see $log" >&2; exit 1; }
done <target/mutants/filters
echo "$(wc -l <target/mutants/filters) groups of tests pass without a fault"

survived=0 broken=0
printf '%-34s %-9s %s\n' fault result 'seen by'
for name in "${faults[@]}"; do
  tests=$(tests_of "$name")
  log=target/mutants/$name.log
  (cd "$copy" && git checkout --quiet . && git apply "tools/mutants/$name.patch")
  if ! (cd "$copy" && cargo nextest run --locked --workspace --test it --no-run) >"$log" 2>&1; then
    broken=$((broken + 1))
    printf '%-34s %-9s %s\n' "$name" BROKEN "it does not compile, see $log"
    continue
  fi
  if run "$tests" >>"$log" 2>&1; then
    survived=$((survived + 1))
    printf '%-34s %-9s %s\n' "$name" SURVIVED "nothing: $tests"
    continue
  fi
  # A test that took too long has seen nothing: a slow machine is enough for that.
  seen=$(grep -E '^ +(FAIL|SIGABRT) ' "$log" | awk '{print $NF}' | sort -u | paste -sd' ' || true)
  if [ -n "$seen" ]; then
    printf '%-34s %-9s %s\n' "$name" killed "$seen"
  else
    survived=$((survived + 1))
    printf '%-34s %-9s %s\n' "$name" UNSEEN "no test has failed, but the run has; see $log"
  fi
done
echo "${#faults[@]} seeded faults, $survived survived, $broken do not compile"
[ $((survived + broken)) = 0 ]
