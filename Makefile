# Two commands do everything on a machine with Python 3.11+ and make: `make demo` and `make test`.
PYTHON ?= python3
BIN := .venv/bin
WORKERS ?= auto

.DEFAULT_GOAL := help
.PHONY: help demo test slow check lint types layers artifacts bench contracts gas prove books lock clean

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

# One stamp: the environment is rebuilt when the lock or the packaging changes.
.venv/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' \
		|| { echo "clearspan needs Python 3.11 to 3.13; set PYTHON=..."; exit 1; }
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: .venv/.installed  ## deposit on one chain, trade, withdraw on another
	$(BIN)/clearspan demo

test: .venv/.installed  ## run the tests
	$(BIN)/python -m pytest -n $(WORKERS) -m "not slow"

slow: .venv/.installed  ## run the long campaigns too
	$(BIN)/python -m pytest -n $(WORKERS)

check: lint types layers artifacts  ## lint, types, layers, artifacts (needs Node)

lint: .venv/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/.installed
	$(BIN)/mypy

layers: .venv/.installed
	$(BIN)/lint-imports

contracts/node_modules/.installed: contracts/package-lock.json
	cd contracts && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

artifacts: contracts/node_modules/.installed  ## recompile the contracts and compare
	cd contracts && node compile.mjs --check

contracts: contracts/node_modules/.installed  ## recompile the contracts into contracts/artifacts
	cd contracts && node compile.mjs

gas: .venv/.installed  ## measure the gas of every contract call into contracts/gas-snapshot.json
	$(BIN)/python -m tests.contracts.gas

.venv-prove/.installed: formal/requirements.lock
	$(PYTHON) -m venv --clear .venv-prove
	.venv-prove/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r formal/requirements.lock
	@touch $@

formal/node_modules/.installed: formal/package-lock.json
	cd formal && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

prove: .venv-prove/.installed formal/node_modules/.installed contracts/node_modules/.installed  ## prove what formal/ states, refute every twin (Linux x64)
	.venv-prove/bin/python formal/prove.py $(PROVE)

.venv-books/.installed: tests/benchmarks/books/requirements.lock
	$(PYTHON) -m venv --clear .venv-books
	.venv-books/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $<
	@touch $@

books: .venv-books/.installed  ## order books from PyPI for `make bench` to compare with

bench: .venv/.installed  ## orders per second and gas, with conditions
	$(BIN)/python tests/benchmarks

lock: .venv/.installed  ## resolve the dependencies anew
	$(BIN)/pip-compile --pre --extra dev --generate-hashes --no-emit-index-url --no-emit-find-links --allow-unsafe \
		--strip-extras --quiet --upgrade --output-file requirements.lock pyproject.toml
	$(BIN)/pip-compile --generate-hashes --no-emit-index-url --no-emit-find-links --allow-unsafe \
		--strip-extras --quiet --upgrade --output-file formal/requirements.lock formal/requirements.in
	$(BIN)/pip-compile --generate-hashes --no-emit-index-url --no-emit-find-links --allow-unsafe --strip-extras --quiet \
		--upgrade --output-file tests/benchmarks/books/requirements.lock tests/benchmarks/books/requirements.in

clean:
	rm -rf .venv .venv-prove .venv-books contracts/node_modules formal/node_modules formal/.build .mypy_cache .ruff_cache .pytest_cache .hypothesis
