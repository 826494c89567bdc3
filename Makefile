# Needs Python 3.11 or later with venv, git and make; everything else is in the locks.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
UV_COMPILE := pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock'

.PHONY: help run test check format messages lock bench endurance screenshots
.DEFAULT_GOAL := help

help:  ## Show this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

run: .venv/runtime.stamp  ## Serve on http://127.0.0.1:8000 until Ctrl-C
	@exec $(BIN)/python -m restante

# Tests wait a third of their time, so run two processes more than there are cores: with four more,
# the cores are so busy that waits end in vain.  Files with a browser are collected first.
test: check  ## Check and test everything, on all cores, in six processes at the most
	@cores=$$($(BIN)/python -c 'import os; print(os.cpu_count() or 1)') \
	&& $(BIN)/python -m pytest -n $$((cores < 4 ? cores + 2 : 6)) --dist loadfile --no-loadscope-reorder

check: .venv/dev.stamp  ## Lint, formatting, types and the directions of imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@PYTHONPATH=client $(BIN)/lint-imports --no-logo

format: .venv/dev.stamp  ## Format, and fix what can be fixed automatically
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

messages: .venv/dev.stamp  ## Update the catalogues from the code, and list missing translations
	@$(BIN)/python -m tests.support.translations

lock:  ## Choose the newest versions that fit, and write the lock files with hashes
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT \
	&& $(PYTHON) -m venv "$$folder" \
	&& "$$folder/bin/python" -m pip install --quiet --disable-pip-version-check uv \
	&& "$$folder/bin/uv" $(UV_COMPILE) --upgrade -o requirements.lock \
	&& "$$folder/bin/uv" $(UV_COMPILE) --upgrade --extra s3 -c requirements.lock -o requirements-s3.lock \
	&& "$$folder/bin/uv" $(UV_COMPILE) --upgrade --extra s3 --group dev -c requirements-s3.lock -o requirements-dev.lock

bench: .venv/dev.stamp  ## Measure, and write docs/benchmarks.md; BENCH="--quick", see there
	@$(BIN)/python -m bench $(BENCH)

endurance: .venv/dev.stamp  ## Run the long tests; RACES_SECONDS=… and RACES_SEED=…, see docs/testing.md
	@$(BIN)/python -m pytest -m endurance

screenshots: .venv/dev.stamp  ## Photograph every page into screenshots/
	@$(BIN)/python -m tests.browser.screenshots

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not installed: Python 3.11 or later is needed" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	|| { echo "$(PYTHON) is too old: make PYTHON=… needs Python 3.11 or later" >&2; exit 1; }
	@$(PYTHON) -m venv .venv

# The lock files, not the age of the interpreter, decide whether to install.
.venv/runtime.stamp: requirements.lock | $(BIN)/python
	@$(PIP) -r $<
	@touch $@

.venv/dev.stamp: requirements-dev.lock | $(BIN)/python
	@$(PIP) -r $<
	@touch $@ .venv/runtime.stamp
