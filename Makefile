# One verb per job; `make` alone lists them.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export REDOCLY_TELEMETRY := off
# Without bytecode, which some containers forbid to write, each of the many processes of the tests starts twice as slowly.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup generate learn check test contract moved mutants diff docs docs-serve browser mock bench build lock

help: ## List the verbs
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 18

setup: .venv/.installed node_modules/.installed ## Install the locked dependencies (the other verbs do it when needed)

.venv/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "contrato needs Python 3.11 or newer: make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

node_modules/.installed: package-lock.json
	npm ci --silent --no-audit --no-fund
	@touch $@

generate: .venv/.installed ## Write generated/ from spec/
	$(BIN)/python overrides/generator/generate.py

learn: setup ## Change spec/ into what recordings show: API=neu HAR=session.har, or OVERLAY=FILE; git diff is the review
	@PYTHONPATH=docs$${PYTHONPATH:+:$$PYTHONPATH} $(BIN)/python overrides/generator/learn.py $(API) $(HAR) $(if $(OVERLAY),--overlay $(OVERLAY))

check: setup ## Lint, types, specs, and that generated/ is what spec/ gives
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo --no-cache
	node_modules/.bin/redocly lint
	$(BIN)/python overrides/generator/generate.py --check

test: setup ## Run our own tests, three at a time: some wait; FAST=1: those that take less than a minute together
	$(BIN)/pytest --numprocesses $(if $(FAST),2,3) --dist worksteal $(if $(FAST),-m "not slow")

contract: .venv/.installed ## Verify the bundled server, or API=neu BASE_URL=… TOKEN=… any other
	@$(BIN)/python contract_tests/run.py $(API)

mutants: .venv/.installed ## Break the bundled server, see what the suite notices, write MUTANTS.md; SHARE=3: one fault in three
	cd contract_tests && ../$(BIN)/python -m mutants.run $(if $(SHARE),--share $(SHARE))$(if $(QUICK),--quick)

diff: setup ## Judge what the specs' changes since BASE=REV break, and demand versions and changelog
	@$(BIN)/python overrides/generator/diff.py "$(BASE)"

docs: setup ## Build the published reference, build/site/
	$(BIN)/python docs/build.py

docs-serve: docs ## Serve it at http://127.0.0.1:8000/docs/ beside the bundled server
	$(BIN)/python docs/build.py --serve

browser: docs ## Test the published reference in a real browser: Chromium or Google Chrome
	CONTRATO_BROWSER=required $(BIN)/pytest --numprocesses 2 --dist worksteal docs/test_browser.py

moved: moved-paths moved-queries ## Prove that all follows when the paths of NEU move, and the places of its arguments; FAST=1 as for test

moved-%: setup
	$(BIN)/python tests/moved.py $* generate check test contract docs API=neu $(if $(FAST),FAST=1)

mock: .venv/.installed ## Serve every API on port 8000, over invented data
	@$(BIN)/contrato mock --port 8000

bench: .venv/.installed ## Measure the client against the stock one and httpx alone, and write BENCHMARKS.md
	$(BIN)/python bench/compare.py

build: .venv/.installed ## Build the wheel and the sdist, and try the wheel in an empty venv
	rm -rf build/venv dist
	$(BIN)/python -m build --no-isolation
	$(PYTHON) -m venv build/venv
	build/venv/bin/pip install --quiet dist/*.whl
	cd build && venv/bin/python -W error -c 'import contrato.neu, contrato.apportionments, contrato.core.spec as s; [s.api(a).operations for a in s.APIS]'
	build/venv/bin/contrato --version

lock: .venv/.installed ## Renew requirements.lock within the bounds of pyproject.toml
	CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --upgrade --all-extras --generate-hashes --strip-extras \
	  --allow-unsafe --no-emit-index-url --no-emit-find-links --no-emit-trusted-host -o requirements.lock pyproject.toml
