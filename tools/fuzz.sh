#!/usr/bin/env bash
# Runs the fuzz targets with libFuzzer and AddressSanitizer, one after the other: SECONDS_EACH for each of TARGETS. Each
# begins with the corpus of the project and what earlier runs kept in fuzz/corpus; what it finds is written to
# target/fuzz/found, and stays there until someone looks. The last lines say what was done, in the form of fuzz/RUNS.md.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds="${SECONDS_EACH:-600}"
targets="${TARGETS:-scan parse decode source detect numbers dates types check table_schema}"
host="$(rustc -vV | sed -n 's/^host: //p')"
work="$PWD/target/fuzz"

tools/say.sh "building the fuzz targets with AddressSanitizer and coverage"
# The flags need an unstable compiler; RUSTC_BOOTSTRAP makes the stable one take them. With --target they are not used for
# build scripts.
export RUSTC_BOOTSTRAP=1
RUSTFLAGS="-Zsanitizer=address -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1" \
  cargo build --quiet --locked --release --manifest-path fuzz/Cargo.toml --target "$host" --target-dir "$work/build"

failed=0
for target in $targets; do
  tools/say.sh "fuzzing $target for $seconds s"
  mkdir -p "$work/corpus/$target" "$work/found" "$work/seeds" "fuzz/corpus/$target"
  # A folder of files, which is what libFuzzer reads: the inputs of all cases.
  for input in corpus/*/input.* corpus/*/schema.json; do
    [ "$(wc -c <"$input")" -le 4096 ] && cp "$input" "$work/seeds/$(echo "$input" | tr / -)"
  done
  # What reads whole files is slow under the sanitizer: short inputs, and none of the bookkeeping of libFuzzer that grows
  # with what an input reaches (it took half of the time).
  case "$target" in
    decode | source | detect | check | table_schema) options=(-max_len=1024 -use_value_profile=0 -entropic=0) ;;
    *) options=(-max_len=4096 -use_value_profile=1) ;;
  esac
  log="$work/$target.log"
  status=0
  ASAN_OPTIONS=malloc_context_size=4 FUZZ_TARGET="$target" "$work/build/$host/release/csvp-libfuzzer" "${options[@]}" \
    -max_total_time="$seconds" -timeout=20 -rss_limit_mb=4096 -detect_leaks=0 \
    -print_final_stats=1 -artifact_prefix="$work/found/$target-" \
    "$work/corpus/$target" "fuzz/corpus/$target" "$work/seeds" 2>"$log" || status=$?
  executions="$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")"
  coverage="$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -1)"
  result="none"
  if [ "$status" -ne 0 ]; then
    failed=1
    result="see $log"
    tail -30 "$log"
  fi
  echo "| $(date -u +%F) | $target | ${executions:-?} | ${coverage:-?} | $result | $seconds |"
done
exit "$failed"
