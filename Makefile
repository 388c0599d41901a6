# The first two targets are all a newcomer needs; each installs what it needs and says what it installs.

CACHE := $(shell tests/setup.sh cache)
DENY_VERSION := 0.20.2
DENY := $(CACHE)/cargo-deny-$(DENY_VERSION)
# Without internet: make deny DENY_CHECKS="bans licenses sources"
DENY_CHECKS ?= all

# A Rust that rustup installed here is used without a new login.
export PATH := $(or $(CARGO_HOME),$(HOME)/.cargo)/bin:$(PATH)

# On a CI machine the build outlives the checkout, and Cargo.lock is not touched.
ifeq ($(CI),true)
export CARGO_TARGET_DIR ?= $(CACHE)/target
LOCKED := --locked
endif

load = set -a; . "$(CACHE)/$(1).env"; set +a;

.PHONY: help demo test chaos faults lint check bench night deny clean

help: ## print this list
	@sed -n 's/^\([a-z]*\):.*## /\1	/p' Makefile | expand -t 8

demo: ## run a whole rotation on throw-away PostgreSQL clusters on this machine
	@tests/setup.sh demo
	@$(call load,demo) cargo build $(LOCKED) && cargo run --quiet $(LOCKED) -- demo

# A test mostly waits: for a server that starts, an account that answers.
test: export RUST_TEST_THREADS ?= 4
test: ## formatting, lints and all tests
	@tests/setup.sh test
	@$(call load,test) cargo fmt --check
	@$(call load,test) cargo clippy --all-targets $(LOCKED) -- -D warnings
	@$(call load,test) cargo test $(LOCKED)

# More kills than `make test` runs. The same seed continues where it ended, also after Ctrl-C or MINUTES; ONLY=n repeats one.
KILLS ?= 500
SEED ?= 1
chaos: ## kill the program at KILLS=500 instants drawn from SEED=1, on both platforms
	@tests/setup.sh test
	@$(call load,test) export DEVDB_CHAOS_KILLS="$(KILLS)" DEVDB_CHAOS_SEED="$(SEED)" DEVDB_CHAOS_ONLY="$(ONLY)" \
	    DEVDB_CHAOS_MINUTES="$(MINUTES)"; cargo test $(LOCKED) --test it chaos:: -- --nocapture

faults: ## an outage, throttling and a refusal at every API call of rotate, rollback and sample, one after the other
	@tests/setup.sh test
	@$(call load,test) DEVDB_EVERY_FAULT=1 cargo test $(LOCKED) --test it faults:: -- --nocapture

lint: ## formatting and lints only
	@tests/setup.sh test
	@$(call load,test) cargo fmt --check
	@$(call load,test) cargo clippy --all-targets $(LOCKED) -- -D warnings

check: ## compile everything without building it
	@tests/setup.sh demo
	@$(call load,demo) cargo check --all-targets $(LOCKED)

bench: ## figures: overhead, local restore, memory, masking, leak check, sample, a company of a million users
	@tests/setup.sh test
	@$(call load,test) cargo bench --bench figures $(LOCKED)

night: ## the whole night on the simulated account, with NIGHT_ROWS rows (default: a million)
	@tests/setup.sh test
	@$(call load,test) NIGHT_ROWS=$(or $(NIGHT_ROWS),1000000) cargo test --release $(LOCKED) --test it night:: -- --nocapture

deny: ## known weaknesses, licences and sources of the crates in use
	@tests/setup.sh demo
	@test -x "$(DENY)/bin/cargo-deny" || { \
	    echo "make: installing cargo-deny $(DENY_VERSION) (takes minutes)"; \
	    $(call load,demo) cargo install --quiet --locked cargo-deny@$(DENY_VERSION) --root "$(DENY)"; }
	@$(call load,demo) "$(DENY)/bin/cargo-deny" --locked check --hide-inclusion-graph $(DENY_CHECKS)

clean: ## remove what was built; downloads stay in the cache folder
	cargo clean
