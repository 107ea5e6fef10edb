# What a developer runs. `make` alone lists it.
.DEFAULT_GOAL := help
.PHONY: help test test-consumers check fmt demo screenshots bench crash-test clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

test: ## Install what the tests need where it is missing, then run every test
	scripts/test

test-consumers: ## Load every format with the tools it is for
	scripts/setup >/dev/null
	scripts/consumers

check: ## Formatting, clippy and docs, with warnings as errors
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps

fmt: ## Format the code
	cargo fmt

demo: ## Serve a filled demo and print a sign-in link per kind of person
	cargo run --locked --release -- demo

screenshots: ## Take screenshots of the demo into target/screenshots
	cargo build --locked --release
	scripts/screenshots

bench: ## Measure the release build on both databases and write docs/performance.md
	scripts/bench

crash-test: ## Kill server and database again and again; N=1000 says how often
	scripts/crash-test $(N)

clean: ## Delete everything that was built
	cargo clean
