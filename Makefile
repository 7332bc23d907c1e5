# `make run` starts the server, `make test` tests it. The other targets are for changing the code.

SHELL := /bin/sh
.DEFAULT_GOAL := help

PAGE := frontend/dist/index.html
PAGE_SOURCES := $(shell find frontend/src frontend/public frontend/index.html frontend/vite.config.ts -type f 2>/dev/null)

# The parts of `make test` and what `make test-all` adds, in this order. Each is a target, and can be run
# alone.
TEST_PARTS := test-tools build build-tests lint test-page test-unit test-integration counts test-clients test-browsers
LONG_PARTS := long-unit long-integration long-restarts long-benches long-browsers

WITH_SERVER = SWITCHBOARD_BIN="$(CURDIR)/target/debug/switchboard"
RUST_CLIENT = $(WITH_SERVER) cargo test --locked --manifest-path tests/clients/rust/Cargo.toml \
	--target-dir target/rust-client
# Ten times as many cases of each property: the long fuzzing, since properties make its random inputs.
MANY_CASES = PROPTEST_CASES=2560
# Ten times as many schedules of several nodes, with these seeds.
SCHEDULE_SEEDS = 1 77
# Tests of the mesh door run a second time, through socketioxide alone.
WITHOUT_DIRECT_PATH = MESH_DIRECT_PATH=off

.PHONY: help run quick build build-page dev cluster test test-all $(TEST_PARTS) $(LONG_PARTS) types screenshots \
	bench bench-quick bench-report

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

run: quick ## Build everything with a profile that builds fast, and start the server at http://localhost:8080/
	./target/quick/switchboard

quick: $(PAGE)
	cargo build --profile quick --locked

build: $(PAGE) ## Build the page and the server as they are shipped, target/dist/switchboard
	cargo build --profile dist --locked

build-page: $(PAGE) ## Build the page into frontend/dist

dev: frontend/node_modules/.installed ## Serve the page with hot reload at http://localhost:5173/, against a running server
	cd frontend && npm run dev

cluster: quick ## Run three nodes as one server, with Redis, MongoDB, nginx and coturn; scripts/cluster.sh --help
	scripts/cluster.sh target/quick/switchboard

test: ## Run what CI runs, part by part with times; at most 15 minutes on two cores, once built. Installs what it needs (Debian)
	@MAKE='$(MAKE)' scripts/run-parts.sh $(TEST_PARTS)

test-all: ## Run make test, then the long tests: faults, soaks, storms, many random cases, all browser tests
	@MAKE='$(MAKE)' scripts/run-parts.sh $(TEST_PARTS) $(LONG_PARTS)

test-tools:
	scripts/install-test-tools.sh
	scripts/fetch-mongod.sh

build-tests: $(PAGE)
	cargo build --locked
	cargo test --locked --no-run

test-page: frontend/node_modules/.installed
	cd frontend && npm test

test-unit: $(PAGE)
	cargo test --locked --lib --bins
	cargo test --locked --doc

# More threads than cores: these tests spend most of their time waiting.
test-integration: $(PAGE) test-tools
	cargo test --locked --test it -- --test-threads=4 --skip ::long::

counts: build test-tools ## Count the cost of a message and compare it with the record; RENEW_COUNTS=1 renews the record
	cargo test --locked --test counts -- --include-ignored

test-clients: $(PAGE) test-tools tests/clients/node_modules/.installed
	cargo build --locked
	cd tests/clients && $(WITH_SERVER) npm test
	$(WITH_SERVER) tests/clients/python/run.sh
	$(WITHOUT_DIRECT_PATH) $(WITH_SERVER) tests/clients/python/run.sh
	$(RUST_CLIENT)
	$(WITHOUT_DIRECT_PATH) $(RUST_CLIENT)

test-browsers: $(PAGE) test-tools tests/browsers/node_modules/.installed
	cargo build --locked
	cd tests/browsers && $(WITH_SERVER) npm test

long-unit: $(PAGE)
	$(MANY_CASES) cargo test --locked --lib
	set -e; for seed in $(SCHEDULE_SEEDS); do NODES_SEED=$$seed NODES_SCHEDULES=20000 \
		cargo test --profile quick --locked --lib -- nodes_keep no_event_is_lost; done

long-integration: $(PAGE) test-tools
	$(MANY_CASES) cargo test --locked --test it -- --test-threads=4
	$(WITHOUT_DIRECT_PATH) cargo test --locked --test it -- --test-threads=4 \
		doors::mesh::attacks::long cluster::nodes --skip redis_loss::long

long-restarts: build test-tools
	scripts/rolling-restart.sh 200

long-benches: build test-tools
	BENCH_ONLY=storm,soak scripts/bench.sh --quick

long-browsers: $(PAGE) test-tools tests/browsers/node_modules/.installed
	cargo build --locked
	cd tests/browsers && $(WITH_SERVER) npm run test:long

lint: frontend/node_modules/.installed ## Check the format and style of all code, and the dependencies
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	cargo clippy --locked --no-default-features -- -D warnings
	scripts/check-dependencies.sh
	cd frontend && npm run lint

types: ## Generate the page's message types: frontend/src/signaling/wire.ts
	RENEW_WIRE_TYPES=1 cargo test --locked --lib wire_types

screenshots: $(PAGE) test-tools tests/browsers/node_modules/.installed ## Photograph every screen of the page: docs/screenshots/
	cargo build --locked
	rm -f docs/screenshots/*.png
	cd tests/browsers && $(WITH_SERVER) SCREENSHOTS="$(CURDIR)/docs/screenshots" npm run screenshots
	@if command -v pngquant >/dev/null; then pngquant --force --ext .png --skip-if-larger docs/screenshots/*.png; \
		else echo 'With pngquant the pictures would be a third as large.'; fi

bench: build ## Measure the server and others in about two hours; BENCH_ONLY=relay,calls measures a part
	scripts/bench.sh

bench-quick: build ## Try every benchmark in a few minutes, into target/bench-quick/
	scripts/bench.sh --quick

bench-report: build ## Write docs/benchmarks.md again from the stored figures
	BENCH_REPORT_ONLY=1 scripts/bench.sh

$(PAGE): frontend/node_modules/.installed $(PAGE_SOURCES)
	cd frontend && npm run build
	@touch $@

%/node_modules/.installed: %/package-lock.json
	cd $* && npm ci --no-audit --no-fund
	@touch $@
