#!/usr/bin/env bash
# The long forms of the tests of durability, one after the other, with a table of what they did. Hours, not minutes.
#
#   POWER_STATES=100000 CRASH_ROUNDS=100 REPLICA_SECONDS=300 REPLICA_RESTARTS=20 SIM_SEEDS=300 tools/test_long.sh
set -euo pipefail
cd "$(dirname "$0")/.."

export KILL_POINTS=${KILL_POINTS:-all} FAILING_CALLS=${FAILING_CALLS:-all}
export POWER_STATES=${POWER_STATES:-100000} CRASH_ROUNDS=${CRASH_ROUNDS:-100}
export REPLICA_SECONDS=${REPLICA_SECONDS:-300} REPLICA_RESTARTS=${REPLICA_RESTARTS:-20} SIM_SEEDS=${SIM_SEEDS:-300}
runs=docs/operations/durability-runs.md
log=target/test-long.log
mkdir -p target
failed=0
rows=()

# One group of tests; what each of them prints about itself goes into the table.
group() {
  local name=$1 tests=$2 begun=$SECONDS result=passed
  tools/say.sh "$name"
  cargo nextest run --locked --workspace --profile long --test-threads 1 --filterset "$tests" >"$log" 2>&1 \
    || { result=FAILED && failed=1; tail -n 60 "$log"; }
  local said
  said=$(grep -hoE '(kill points|failing calls|power cuts|crash rounds|replicas|simulation)[^:]*: .*' "$log" | paste -sd'~' | sed 's/~/<br>/g')
  rows+=("| $name | $result | $(((SECONDS - begun) / 60)) min | ${said:-see the log} |")
}

group "power cuts" 'test(/^power_cut::/)'
group "kill -9 at every call" 'test(/^kill_points/)'
group "failing calls" 'test(/^failing_calls::/)'
group "kill -9 at random" 'test(/^crash::/)'
group "several replicas" 'test(/^replicas::/)'
group "simulated workers" 'test(/^sim_workers::/)'
begun=$SECONDS
if tools/mutants.sh | tee target/mutants.txt; then result=passed; else result=FAILED && failed=1; fi
rows+=("| seeded faults | $result | $(((SECONDS - begun) / 60)) min | $(tail -n 1 target/mutants.txt) |")

{
  echo
  echo "## $(date -u +%F), $(git rev-parse --short HEAD)"
  echo
  echo "Linux $(uname -r), $(nproc) processors, $(df --output=fstype . | tail -n 1)."
  echo
  echo "| what | result | time | counts |"
  echo "|---|---|---|---|"
  printf '%s\n' "${rows[@]}"
} >>"$runs"
tools/say.sh "written to $runs"
exit "$failed"
