# Everything a developer runs. `make help` lists it. Each step that installs something says what.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

# `make run PROFILE=release` builds what ships: twice as long to build, half as fast again when it runs.
PROFILE ?= dev
PORT ?= 3000
# Real and hard CSV files for the tests; without the folder those tests cannot run.
export TEST_DATA ?= $(abspath ../shared)
# Snapshots are compared, never written, by `make`.
export INSTA_UPDATE ?= no
# Property tests try the same cases in every run of a gate; `make hunt` looks for new ones.
export PROPTEST_RNG_SEED ?= 20261130

SAY := tools/say.sh
# Tests that take long: `make quick` leaves them to `make test`.
SLOW_TESTS := test(/^dev_data::/) or test(/^(crash|power_cut|kill_points|failing_calls|held_syncs|replicas)::/) or test(three_thousand_uploads)

.PHONY: help
help: ## list what can be made
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /\1\t/' | expand -t 12

.PHONY: run
run: ui ## build the program with its page and start it on http://127.0.0.1:3000
	@tools/need.sh cargo cc
	@$(SAY) "building csvp, profile $(PROFILE) (the first time takes some minutes)"
	@cargo build --locked --package csvp-cli --profile $(PROFILE)
	@exec cargo run --quiet --locked --package csvp-cli --profile $(PROFILE) -- serve --port $(PORT)

.PHONY: test
test: ## everything that CI runs
	@tools/need.sh cargo cc rustfmt clippy nextest node npm python3 git curl openssl chromium postgres seaweedfs test-data
	@$(MAKE) lint
	@$(MAKE) ui ui-test
	@$(SAY) "clippy, warnings are errors"
	@cargo clippy --locked --workspace --all-targets -- -D warnings
	@$(SAY) "examples in the documentation"
	@cargo test --locked --workspace --doc --quiet
	@$(SAY) "tests of the workspace"
	@cargo nextest run --locked --workspace
	@# From here on the program that the tests were built with: another build would compile half of it again.
	@$(SAY) "reference pages are what the code says"
	@cargo xtask codegen --check --program $$(tools/csvp_path.sh)
	@$(SAY) "seeded faults of durability fit the code"
	@tools/mutants.sh --check
	@tools/check_readme.sh
	@tools/check_real.sh
	@tools/check_scores.sh
	@tools/e2e.sh
	@$(SAY) "all checks passed"

.PHONY: test-long
test-long: ## long tests of durability: kill -9, power cuts, failing calls, seeded faults (POWER_STATES=100000 CRASH_ROUNDS=100)
	@tools/need.sh cargo cc nextest git curl postgres seaweedfs
	@tools/test_long.sh

.PHONY: quick
quick: ## the inner loop: format, house rules, clippy, all but the slow tests
	@tools/need.sh cargo cc rustfmt clippy nextest git python3 curl openssl postgres seaweedfs
	@$(MAKE) lint
	@$(SAY) "clippy, warnings are errors"
	@cargo clippy --locked --workspace --all-targets -- -D warnings
	@$(SAY) "tests of the workspace"
	@cargo nextest run --locked --workspace --filterset "not ($(SLOW_TESTS))"

.PHONY: lint
lint: ## format, house rules, licences and sources of dependencies
	@$(SAY) "format"
	@cargo fmt --all --check
	@$(SAY) "house rules"
	@cargo xtask tidy
	@$(SAY) "licences, bans and sources of dependencies"
	@cargo xtask deny

.PHONY: ui
ui: ui/dist/index.html ## build the page

ui/node_modules/.package-lock.json: ui/package.json ui/package-lock.json
	@tools/need.sh node npm
	@$(SAY) "installing the npm packages that ui/package-lock.json names into ui/node_modules"
	@npm --prefix ui ci --no-fund --no-audit
	@touch $@

ui/dist/index.html: ui/node_modules/.package-lock.json ui/index.html ui/vite.config.ts ui/tsconfig.json $(shell find ui/src ui/public ui/samples -type f 2>/dev/null)
	@$(SAY) "building the page into ui/dist"
	@npm --prefix ui run --silent build

.PHONY: ui-test
ui-test: ui/node_modules/.package-lock.json ## unit tests of the page
	@$(SAY) "unit tests of the page"
	@npm --prefix ui test --silent

.PHONY: e2e
e2e: ui ## drive the page in a real browser against a real server
	@tools/need.sh cargo cc node npm chromium
	@cargo build --locked --package csvp-cli
	@tools/e2e.sh

.PHONY: score
score: ## public correctness benchmarks, against the gates of bench/scores.toml
	@tools/need.sh cargo cc python3 test-data
	@cargo build --locked --package csvp-cli
	@tools/check_scores.sh

.PHONY: fuzz
fuzz: ## fuzz targets with libFuzzer, one after the other (SECONDS_EACH=600 TARGETS="scan parse")
	@tools/need.sh cargo cc
	@tools/fuzz.sh

.PHONY: hunt
hunt: ## property tests of the reader with new random cases, round after round (ROUNDS=20)
	@tools/need.sh cargo cc nextest test-data
	@for round in $$(seq $(or $(ROUNDS),20)); do \
	  export PROPTEST_RNG_SEED=$$RANDOM$$RANDOM; \
	  $(SAY) "round $$round, seed $$PROPTEST_RNG_SEED"; \
	  cargo nextest run --locked --workspace --filterset "package(csvp-parse) or package(csvp-engine) or package(csvp-convert)"; \
	done

.PHONY: asan
asan: ## tests of the reader under AddressSanitizer
	@tools/need.sh cargo cc
	@tools/asan.sh

.PHONY: bench
bench: ## speed and memory beside other tools, written to bench/README.md (RUNS=3 FILES="orders" PARTS="files hard")
	@tools/need.sh cargo cc python3 curl nginx wrk test-data
	@$(SAY) "building csvp, profile release"
	@cargo build --locked --release --package csvp-cli
	@tools/bench.sh

.PHONY: codegen
codegen: ## write the reference pages that are made from the code
	@cargo xtask codegen

.PHONY: fmt
fmt: ## format the code
	@cargo fmt --all
