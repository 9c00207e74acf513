# Every target does its own set-up on a machine with Rust and Node.js.
# Build outputs and the embedding model are shared between clones, in one cache.

CACHE ?= $(HOME)/.cache/tocsin
export CARGO_TARGET_DIR ?= $(CACHE)/target
export TOCSIN_MODEL_DIR ?= $(CACHE)/all-MiniLM-L6-v2
export TOCSIN_TOOLS ?= $(CACHE)/tools
DATA := $(or $(TOCSIN_DATA),$(wildcard ../shared/data))

.PHONY: run demo test lint fmt bench eval ui model build tools unit e2e kills chaos

run: model ui
	cargo run --release --locked -- serve

# Without Ansible the demo shows what it can, and says what it cannot.
demo: model ui
	scripts/ansible.sh || echo "Ansible could not be installed; the demo goes on without it"
	cargo build --release --locked -p tocsin -p tocsin-demo-shop
	"$(CARGO_TARGET_DIR)/release/tocsin" demo

build: ui
	cargo build --release --locked

test: lint e2e
	@echo "all tests passed"

lint: ui
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	scripts/check-deploy.sh
	cd frontend && npm run --silent typecheck && npm run --silent lint

# What a test found is told by its error; a trace of each failure buries the next one.
unit: export RUST_BACKTRACE = 0
unit: model ui tools
	cargo test --workspace --locked
	cd frontend && npm run --silent test

# Drives the binary that `unit` built, so that dependencies are not compiled with other features.
e2e: unit
	scripts/e2e.sh

# The real server, killed 200 times around what it tells a script and a webhook.
kills: model ui tools
	TOCSIN_KILLS="$${TOCSIN_KILLS:-200}" cargo test --workspace --locked --bin tocsin --test suite kills_around -- --nocapture

# Three workers and two API processes over shared engines, killed at random for 20 minutes.
chaos: model ui tools
	TOCSIN_CHAOS_SECS="$${TOCSIN_CHAOS_SECS:-1200}" cargo test --workspace --locked --bin tocsin --test suite kills_of_processes -- --nocapture

fmt:
	cargo fmt --all
	cd frontend && npm run --silent lint -- --fix

eval: model
	cargo run --release --locked -p tocsin-eval -- all --data "$(DATA)"

bench: model
	scripts/bench.sh

ui: frontend/dist/index.html

frontend/dist/index.html: frontend/package-lock.json $(shell find frontend/src frontend/public frontend/index.html -type f 2>/dev/null)
	cd frontend && npm ci --silent && npm run --silent build

model:
	scripts/fetch-model.sh

tools:
	scripts/test-tools.sh
