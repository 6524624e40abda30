# Two commands to begin with: `make demo` and `make test`. `make` alone lists them all.
#
# Every command has an environment of its own below .envs/, made on first use and left alone until what the package
# needs, or its version, changes. Python 3.11 or newer, pip and make are all that must be there before. On a machine
# with several Pythons: make test PYTHON=python3.12.

PYTHON ?= python3
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# Arguments for the program behind a target: make test ARGS="-k order -x", make bench ARGS="--only 'scheduler-*'".
ARGS ?=

ENVS := .envs
UV := $(ENVS)/uv/bin/uv
UV_LINK_MODE ?= copy
UV_PYTHON_DOWNLOADS := never
UV_NO_PROGRESS := 1
UV_COMPILE_BYTECODE := 1
PIP_ROOT_USER_ACTION := ignore
export UV_LINK_MODE UV_PYTHON_DOWNLOADS UV_NO_PROGRESS UV_COMPILE_BYTECODE PIP_ROOT_USER_ACTION

# Commands run from an environment as if it had been activated, so that child processes find its programs too.
# PYTHONPATH and the like of the caller would change what is tested; without compiled modules every process that a test
# or a benchmark starts would compile them again.
unexport PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE
in = PATH="$(CURDIR)/$(ENVS)/$(1)/bin:$$PATH" VIRTUAL_ENV="$(CURDIR)/$(ENVS)/$(1)"
stamp = $(ENVS)/$(1)/.installed

.PHONY: help demo test check bench docs format clean

help:  ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## */  make \1\t/' | expand -t 16

demo: $(call stamp,demo)  ## the flights of New York: CSV to tables to parquet, on a cluster of processes (ARGS=--hold: to look at it)
	@mkdir -p build
	@$(call in,demo) python docs/examples/flights.py --report build/flights-report.html $(ARGS)

# In as many processes as there are processors, four at most: each of them holds all modules, a gigabyte in the end.
test: $(call stamp,test)  ## the whole test suite, warnings are errors (ARGS="-k order -x" chooses, "-n 0": in one process)
	@$(call in,test) python -m pytest -n logical --maxprocesses 4 --dist worksteal $(ARGS)

check: $(call stamp,test)  ## format, lint, types, import contracts, architecture, doctests
	@$(call in,test) python continuous_integration/check.py $(ARGS)

bench: $(call stamp,bench)  ## the benchmarks beside their peers, as a table of ratios (ARGS="--only 'threads-*'" chooses)
	@$(call in,bench) python -m benchmarks.compare $(ARGS)

docs: $(call stamp,docs)  ## the documentation in build/docs, warnings are errors
	@$(call in,docs) python -m sphinx -W --keep-going -q -d build/doctrees docs build/docs $(ARGS)
	@echo "build/docs/index.html"

format: $(call stamp,test)  ## write every file in the project's format, and mend what lint can mend
	@$(call in,test) ruff check --quiet --fix-only .
	@$(call in,test) ruff format .

clean:  ## remove what was built, the environments included
	rm -rf $(ENVS) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The installer, shared by all environments. `--target` needs neither venv nor a Python that lets pip write to it.
$(UV):
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "minidask needs Python 3.11 or newer, and '$(PYTHON)' is $$("$(PYTHON)" --version 2>/dev/null || echo 'not to be found')." \
	       "Name another one: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "Getting uv, the installer"
	@mkdir -p $(ENVS)
	@rm -rf $(ENVS)/uv
	@"$(PYTHON)" -m pip --quiet --disable-pip-version-check install --no-warn-script-location --target $(ENVS)/uv uv
	@test -x $@

# An environment that works is brought up to date; one whose Python is gone is made anew.
$(ENVS)/%/.installed: setup.cfg pyproject.toml minidask/__init__.py | $(UV)
	@"$(ENVS)/$*/bin/python" -c '' 2>/dev/null || $(UV) venv --quiet --clear --python "$(PYTHON)" "$(ENVS)/$*"
	@echo "Installing minidask[$*] into $(ENVS)/$*"
	@$(UV) pip install --quiet --python "$(ENVS)/$*/bin/python" --editable ".[$*]"
	@touch $@
