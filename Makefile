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

.PHONY: help demo test lint check bench deny clean

help: ## print this list
	@sed -n 's/^\([a-z]*\):.*## /\1	/p' Makefile | expand -t 8

demo: ## run a whole rotation on throw-away PostgreSQL clusters on this machine
	@tests/setup.sh demo
	@$(call load,demo) cargo build $(LOCKED) && cargo run --quiet $(LOCKED) -- demo

test: ## formatting, lints and all tests
	@tests/setup.sh test
	@$(call load,test) cargo fmt --check
	@$(call load,test) cargo clippy --all-targets $(LOCKED) -- -D warnings
	@$(call load,test) cargo test $(LOCKED)

lint: ## formatting and lints only
	@tests/setup.sh test
	@$(call load,test) cargo fmt --check
	@$(call load,test) cargo clippy --all-targets $(LOCKED) -- -D warnings

check: ## compile everything without building it
	@tests/setup.sh demo
	@$(call load,demo) cargo check --all-targets $(LOCKED)

bench: ## own overhead, local restore against cp -r, peak memory, masking in place against UPDATE
	@tests/setup.sh test
	@$(call load,test) cargo bench --bench figures $(LOCKED)

deny: ## known weaknesses, licences and sources of the crates in use
	@tests/setup.sh demo
	@test -x "$(DENY)/bin/cargo-deny" || { \
	    echo "make: installing cargo-deny $(DENY_VERSION) (takes minutes)"; \
	    $(call load,demo) cargo install --quiet --locked cargo-deny@$(DENY_VERSION) --root "$(DENY)"; }
	@$(call load,demo) "$(DENY)/bin/cargo-deny" --locked check --hide-inclusion-graph $(DENY_CHECKS)

clean: ## remove what was built; downloads stay in the cache folder
	cargo clean
