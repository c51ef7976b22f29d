# `make demo` and `make test` need Rust, Python 3.9 or later and a C compiler;
# everything else goes into .venv and target.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := Cargo.toml Cargo.lock build.rs setup.py pyproject.toml MANIFEST.in include/checksig.h \
	$(shell find src crates python -name '*.rs' -o -name '*.py' -o -name 'Cargo.toml')

.DEFAULT_GOAL := help
.PHONY: help demo test lint bench fuzz header wheel clean

help: ## Show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

demo: $(VENV)/installed ## Build, install, and verify real directories
	@$(BIN)/python examples/demo.py

test: $(VENV)/installed $(VENV)/test-tools $(VENV)/pypy ## Run every test and print one summary
	@$(BIN)/python tests/run.py

lint: $(VENV)/installed $(VENV)/lint-tools ## Check format, types and style of all sources
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --document-private-items --locked
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

bench: $(VENV)/installed $(VENV)/test-tools $(VENV)/rustbind ## Compare checksig with other tools; writes docs/benchmarks.md
	@$(BIN)/python -m benches.dns
	@$(BIN)/python -m benches.rustbind
	@$(BIN)/python -m benches

fuzz: $(VENV)/installed $(VENV)/test-tools $(VENV)/rustbind ## Try parser, path resolvers, look-ups and objects of bound crates many more times
	PROPTEST_CASES=200000 cargo test --release --locked -p checksig-core --lib --test manifests
	PROPTEST_CASES=3000 cargo test --release --locked -p checksig-core --test root oracle
	CHECKSIG_LOOKUPS=1000000 $(BIN)/python -m pytest -q tests/python/test_dns_many.py -k is_lost
	cd rustbind/tests && RUSTBIND_OBJECTS=1000000 ../../$(BIN)/python -m pytest -q fixtures/memory/test_many.py

header: ## Write include/checksig.h anew
	CHECKSIG_UPDATE_HEADER=1 cargo test --locked --package checksig --test header

wheel: $(VENV)/build-tools ## Build the wheel into dist
	rm -rf build
	$(BIN)/python setup.py bdist_wheel

clean: ## Remove everything that was built
	rm -rf $(VENV) build dist target python/checksig/lib python/checksig/include
	rm -rf python/*.egg-info

# A virtual environment; where Debian keeps its module apart, that is installed first.
$(BIN)/python:
	@command -v cargo >/dev/null || { echo "cargo is missing: install Rust, https://rustup.rs"; exit 1; }
	@command -v cc >/dev/null || { echo "cc is missing: install a C compiler"; exit 1; }
	$(PYTHON) -m venv $(VENV) || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
		&& apt-get update && apt-get install -y python3-venv && $(PYTHON) -m venv --clear $(VENV); }
	$(BIN)/python -m pip install --quiet --upgrade pip

# `build` may hold modules that the sources no longer have; pip leaves alone what has the
# same version.
$(VENV)/installed: $(BIN)/python $(SOURCES)
	rm -rf build
	$(BIN)/python -m pip uninstall -qq --yes checksig
	$(BIN)/python -m pip install --quiet .
	@touch $@

$(VENV)/test-tools: $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --group test
	@touch $@

# Where there is PyPy, what rustbind generates is tested with it, too.
$(VENV)/pypy: $(BIN)/python
	if command -v pypy3 >/dev/null; then pypy3 -m venv $@ && $@/bin/python -m pip install --quiet dnslib pytest; \
		else mkdir -p $@; fi

$(VENV)/lint-tools: $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --group lint
	@touch $@

# The binder with its program, for its benchmark alone: the tests use it as it is in the tree.
$(VENV)/rustbind: $(BIN)/python $(shell find rustbind/src rustbind/runtime rustbind/python -type f)
	$(BIN)/python -m pip install --quiet --force-reinstall --no-deps ./rustbind
	@touch $@

$(VENV)/build-tools: $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --group build
	@touch $@
