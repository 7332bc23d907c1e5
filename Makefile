# Two commands for people: `make run` and `make test`. The rest is for those who change the code.

SHELL := /bin/sh
.DEFAULT_GOAL := help

PAGE := frontend/dist/index.html
PAGE_SOURCES := $(shell find frontend/src frontend/public frontend/index.html frontend/vite.config.ts -type f 2>/dev/null)

.PHONY: help run build dev cluster test lint types bench bench-quick bench-report build-page screenshots test-tools \
	test-rust counts test-page test-clients test-browsers

help: ## Show what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

run: build ## Build everything and start the server at http://localhost:8080/
	./target/release/switchboard

build: $(PAGE) ## Build the page and the server, target/release/switchboard
	cargo build --release --locked

build-page: $(PAGE) ## Build the page into frontend/dist

dev: frontend/node_modules/.installed ## The page with hot reload at http://localhost:5173/, against a server that runs
	cd frontend && npm run dev

cluster: build ## Run three nodes as one, with all that belongs to them; scripts/cluster.sh --help
	scripts/cluster.sh

test: test-tools test-page test-rust counts test-clients test-browsers ## Run every test; installs what they need (Debian)
	@echo 'All tests passed.'

test-page: frontend/node_modules/.installed $(PAGE)
	cd frontend && npm run lint && npm test

test-rust: $(PAGE) test-tools
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	cargo test --locked

counts: build ## Count what a message costs, beside what is recorded; RENEW_COUNTS=1 records it anew
	scripts/install-test-tools.sh
	cargo test --locked --test counts -- --include-ignored

test-clients: $(PAGE) test-tools tests/clients/node_modules/.installed
	cargo build --locked
	cd tests/clients && SWITCHBOARD_BIN="$(CURDIR)/target/debug/switchboard" npm test
	SWITCHBOARD_BIN="$(CURDIR)/target/debug/switchboard" tests/clients/python/run.sh

test-browsers: $(PAGE) test-tools tests/browsers/node_modules/.installed
	cargo build --locked
	cd tests/browsers && SWITCHBOARD_BIN="$(CURDIR)/target/debug/switchboard" npm test

test-tools:
	scripts/install-test-tools.sh
	scripts/fetch-mongod.sh

lint: frontend/node_modules/.installed ## Check form and style of everything
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	cd frontend && npm run lint

types: ## Tell the page what the server speaks: frontend/src/signaling/wire.ts
	RENEW_WIRE_TYPES=1 cargo test --locked --lib wire_types

screenshots: $(PAGE) test-tools tests/browsers/node_modules/.installed ## Take pictures of every screen: docs/screenshots/
	cargo build --locked
	rm -f docs/screenshots/*.png
	cd tests/browsers && SWITCHBOARD_BIN="$(CURDIR)/target/debug/switchboard" \
		SCREENSHOTS="$(CURDIR)/docs/screenshots" npm run screenshots
	@if command -v pngquant >/dev/null; then pngquant --force --ext .png --skip-if-larger docs/screenshots/*.png; \
		else echo 'With pngquant the pictures would be a third as large.'; fi

bench: build ## Measure the server beside others; about two hours. BENCH_ONLY=relay,calls for a part
	scripts/bench.sh

bench-quick: build ## Try every measurement out in a few minutes, into target/bench-quick/
	scripts/bench.sh --quick

bench-report: build ## Write docs/benchmarks.md anew from what was measured
	BENCH_REPORT_ONLY=1 scripts/bench.sh

$(PAGE): frontend/node_modules/.installed $(PAGE_SOURCES)
	cd frontend && npm run build
	@touch $@

%/node_modules/.installed: %/package-lock.json
	cd $* && npm ci --no-audit --no-fund
	@touch $@
