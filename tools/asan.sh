#!/usr/bin/env bash
# Runs the tests of the reader and a moment of its fuzz target under AddressSanitizer. The tests run every level of the
# scanner that this processor has against the plain one; a level that is missing here is named and not tested.
set -euo pipefail
cd "$(dirname "$0")/.."

host="$(rustc -vV | sed -n 's/^host: //p')"
for feature in avx2 avx512_vbmi2; do
  grep -qw "$feature" /proc/cpuinfo 2>/dev/null || echo "note: this processor has no $feature: that level is not tested"
done
tools/say.sh "tests of the reader with AddressSanitizer"
# The stable compiler takes the unstable flag with RUSTC_BOOTSTRAP; with --target it is not used for build scripts.
export RUSTC_BOOTSTRAP=1 RUSTFLAGS="-Zsanitizer=address"
cargo test --locked --target "$host" --target-dir target/asan --package csvp-parse --tests
cargo test --locked --target "$host" --target-dir target/asan --package csvp-fuzz --test it -- scan parse
tools/say.sh "no memory fault found"
