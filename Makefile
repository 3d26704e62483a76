# One set of commands for people, pre-commit and CI. Each installs what it needs.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
PYTEST := $(BIN)/python -m pytest
# Twice as many workers as the smallest machine has cores: many tests wait for daemons. conftest.py orders the files.
SIDE_BY_SIDE := -n 4 --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help install demo dev test test-fast fuzz check format chaos bench screenshots lock clean

help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

install: $(INSTALLED) ## Install the pinned dependencies and the project into .venv

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.12")'
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	@echo "Installing the pinned dependencies into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(INSTALLED) ## Summarize the samples on an embedded stack (TRANSCRIPTS=DIR for your own files, DEMO_EXIT=1 to end)
	@DEMO_EXIT=$(DEMO_EXIT) $(BIN)/summary-pipeline demo $(if $(TRANSCRIPTS),--transcripts "$(TRANSCRIPTS)")

dev: $(INSTALLED) ## Keep the embedded stack up, UI at http://127.0.0.1:3000
	@$(BIN)/summary-pipeline dev

test: export SUMMARY_TEST_APACHE_KAFKA ?= auto
test: $(INSTALLED) ## Run every test
	$(PYTEST) $(SIDE_BY_SIDE)

test-fast: $(INSTALLED) ## Run the tests that need no server
	$(PYTEST) -m "not servers and not end_to_end and not browser" -n 2 --timeout 60

fuzz: export SUMMARY_FUZZ_PROFILE := fuzz
fuzz: $(INSTALLED) ## Throw 20,000 damaged events and transcripts at each reader, for a long time
	$(PYTEST) -n 2 --timeout 0 $$(find summary_pipeline_tests -name "test_*_fuzz.py")

check: $(INSTALLED) ## Format, lint, types, import rules, definitions
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	DAGSTER_HOME=$$(mktemp -d) $(BIN)/dg check defs

format: $(INSTALLED) ## Format and mend what the linter can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

chaos: $(INSTALLED) ## Send 300 events while 60 processes are killed, then check the stores (SEED=N, EVENTS=300, KILLS=60)
	$(BIN)/python -m summary_pipeline_tests.chaos --events $(or $(EVENTS),300) --kills $(or $(KILLS),60) $(if $(SEED),--seed $(SEED))

bench: $(INSTALLED) ## Measure, and print the tables of docs/benchmarks.md
	$(BIN)/python -m benchmarks

screenshots: $(INSTALLED) ## Take the pictures in docs/images again (needs Chromium)
	$(BIN)/python -m summary_pipeline_tests.browser.screenshots
	$(BIN)/python -m summary_pipeline_tests.browser.report_screenshots

lock: ## Pin the newest allowed versions again (needs uv)
	uv pip compile pyproject.toml --extra local --group dev --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-header --no-annotate --quiet -o requirements.lock

clean: ## Remove the environment and the embedded stack's data
	rm -rf $(VENV) .data
