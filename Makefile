# make demo | test | lint | validate | notebooks | bench | docs | clean. Each sets up what it needs in .venv; a second run installs nothing.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test lint validate notebooks bench docs clean
.DELETE_ON_ERROR:

demo: $(VENV)/.installed
	$(BIN)/ccsim compare configs/anonymous_bank.yaml

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n auto --maxprocesses 8

lint: $(VENV)/.installed-dev
	$(BIN)/python -m ruff check
	$(BIN)/python -m ruff format --check
	$(BIN)/python -m mypy sim

validate: $(VENV)/.installed-dev
	$(BIN)/python -m validation --part whole --write docs/validation.md

notebooks: $(VENV)/.installed-dev
	$(BIN)/python -m tests.notebooks

bench: $(VENV)/.installed-bench
	$(BIN)/python benchmarks/run.py

docs: $(VENV)/.installed-docs
	$(BIN)/python -m mkdocs build --strict

clean:
	rm -rf $(VENV) site build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A venv that works is kept. Otherwise the first Python of at least 3.11 that can make one makes it.
define ensure_venv
	@if ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
	  for py in "$(PYTHON)" python3.13 python3.12 python3.11; do \
	    if "$$py" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	      echo "Making $(VENV) with $$("$$py" --version)"; \
	      exec "$$py" -m venv --clear $(VENV); \
	    fi; \
	  done; \
	  echo "No Python of at least 3.11 with venv was found (tried $(PYTHON), python3.13, python3.12, python3.11)." >&2; \
	  echo "Install one (on Debian and Ubuntu also python3-venv), or name it: make PYTHON=/path/to/python3" >&2; \
	  exit 1; \
	fi
	@echo "Installing into $(VENV), once; this takes a minute or two"
endef

$(VENV)/.installed: pyproject.toml
	$(ensure_venv)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml
	$(ensure_venv)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $(VENV)/.installed $@

$(VENV)/.installed-bench: pyproject.toml
	$(ensure_venv)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[bench]'
	@touch $@

$(VENV)/.installed-docs: pyproject.toml
	$(ensure_venv)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[docs]'
	@touch $@
