# One target per thing a person wants. `make help` lists them.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
UV     := $(BIN)/uv

# Quiet tools: what they print is a finding, not a greeting.
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export UV_NO_PROGRESS := 1
MAKEFLAGS += --no-print-directory

# uv does not read pip's settings. Where only pip was told which index to use,
# pass it on; where uv was told too, or nobody was, do nothing.
HAND_OVER_INDEX = \
	if [ -z "$$UV_DEFAULT_INDEX$$UV_INDEX_URL" ]; then \
		index=$${PIP_INDEX_URL:-$$($(BIN)/pip config get global.index-url 2>/dev/null || :)}; \
		if [ -n "$$index" ]; then export UV_DEFAULT_INDEX="$$index"; fi; \
	fi

# Every package is checked against the hashes in its lock. Should uv not reach
# the index, pip installs the same files, slowly.
INSTALL = $(HAND_OVER_INDEX); \
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r $(1) \
	|| { echo "uv could not install $(1); trying pip"; \
	     $(BIN)/python -m pip install --quiet --require-hashes -r $(1); }

.DEFAULT_GOAL := help
.PHONY: help install demo serve test check format bench conformance mutants docs lock postgres softhsm poppler clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' Makefile

install: $(VENV)/.installed ## install Testamur into .venv
	@echo "Installed. Next: make demo, or make serve."

demo: $(VENV)/.installed ## issue 1,000 sample certificates (KEEP=1 keeps the server)
	@$(BIN)/python examples/demo.py $(if $(KEEP),--keep) $(ARGS)

serve: $(VENV)/.installed ## run the server and its workers on 127.0.0.1:8000
	@$(BIN)/testamur serve $(ARGS)

test: $(VENV)/.installed-dev postgres softhsm poppler ## run every test (ARGS="tests/jobs -x" for some)
	@$(BIN)/pytest -n 2 --dist loadgroup $(ARGS)

# D101-D103: every test has a docstring, which is its promise.
check: $(VENV)/.installed-dev ## run linters, types and the import rule
	@failed=0; \
	$(BIN)/ruff check --quiet . || failed=1; \
	$(BIN)/ruff format --check --quiet . || \
		{ failed=1; $(BIN)/ruff format --check . || :; echo "Put right by: make format"; }; \
	$(BIN)/mypy --no-error-summary || failed=1; \
	$(BIN)/lint-imports --no-cache >$(VENV)/imports.txt || \
		{ failed=1; cat $(VENV)/imports.txt; }; \
	$(BIN)/ruff check --quiet --select D101,D102,D103 tests || failed=1; \
	if [ $$failed = 0 ]; then echo "Linters, types and the import rule: all well."; fi; \
	exit $$failed

format: $(VENV)/.installed-dev ## put the code into its agreed form
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format .

bench: $(VENV)/.installed-dev postgres ## measure speed, memory and size
	@$(BIN)/python bench/run.py $(ARGS)

conformance: $(VENV)/.installed-dev ## run the W3C suites in SUITES against a server here
	@$(BIN)/python tests/conformance/run.py $(or $(SUITES),../suites) $(ARGS)

mutants: $(VENV)/.installed-dev postgres softhsm poppler ## break the code on purpose; a test must notice
	@$(BIN)/python tests/mutants/run.py $(ARGS)

docs: $(VENV)/.installed ## renew the generated parts of docs/
	@$(BIN)/python docs/generate.py

# Each lock follows from the one before, so no package has two versions.
lock: $(VENV)/.tools ## pin the newest allowed packages (after a change of pyproject.toml)
	@$(HAND_OVER_INDEX); \
	pin() { $(UV) pip compile --quiet --upgrade --universal --generate-hashes \
		--no-header --no-emit-index-url --custom-compile-command "make lock" \
		"$$@" >/dev/null; }; \
	pin pyproject.toml --group dev --group tools -o requirements-dev.lock && \
	pin pyproject.toml -c requirements-dev.lock -o requirements.lock && \
	pin --group tools -c requirements-dev.lock -o requirements-tools.lock
	@! grep -nE '://|--(extra-)?index|--find-links' requirements*.lock || \
		{ echo "A lock names an address; it must not."; exit 1; }
	@echo "Locked. Look at the difference, then: make test"

postgres: $(VENV)/.installed-dev
	@PYTHONPATH=tests $(BIN)/python -m support.postgres ensure

softhsm: $(VENV)/.installed-dev
	@PYTHONPATH=tests $(BIN)/python -m support.softhsm ensure

poppler: $(VENV)/.installed-dev
	@PYTHONPATH=tests $(BIN)/python -m support.poppler ensure

clean: ## remove what make made, but no data
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis dist build
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.tools: requirements-tools.lock
	@echo "Installing into $(VENV); this takes a minute, once."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Testamur needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1)."; \
		  echo "Name another: make install PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "$(PYTHON) cannot make virtual environments."; \
		  echo "On Debian and Ubuntu: apt-get install python3-venv. Then run make again."; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements-tools.lock
	@touch $@

$(VENV)/.installed: $(VENV)/.tools requirements.lock pyproject.toml packaging/emoji_font.py
	@$(call INSTALL,requirements.lock)
	@$(UV) pip install --quiet --python $(BIN)/python --offline \
		--no-deps --no-build-isolation --editable .
	@$(BIN)/python packaging/emoji_font.py
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.lock
	@$(call INSTALL,requirements-dev.lock)
	@touch $@
