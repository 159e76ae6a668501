# PrivacyOps. `make run` and `make test` do all the set-up on a machine with Python 3.11 or newer.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# A test that fails is asked once more, and named at the end: docs/testing.md.
AGAIN := --reruns 1 -raR
export PYTHONUNBUFFERED := 1

.PHONY: help run test postgres looks wide words load timing fuzz lint lock faults bench foreign clean apt suite

help: ## what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t12

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "PrivacyOps needs Python 3.11 or newer; this is $$($(PYTHON) --version). Try: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) && touch $@

$(VENV)/.run: $(VENV)/.python requirements.txt
	@echo "Installing what the portal runs on ..."
	@if command -v uv >/dev/null; then uv pip install -q --python $(BIN)/python --require-hashes -r requirements.txt; else $(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.txt; fi
	@touch $@

$(VENV)/.dev: $(VENV)/.python requirements-dev.txt
	@echo "Installing what the tests need ..."
	@if command -v uv >/dev/null; then uv pip install -q --python $(BIN)/python --require-hashes -r requirements-dev.txt; else $(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.txt; fi
	@touch $@ $(VENV)/.run

run: $(VENV)/.run ## set up if needed, then serve everything; Ctrl-C ends it
	@exec $(BIN)/python manage.py up

apt: # as root: the browser and the mail server of the tests, where they are missing
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  wanted=""; command -v chromium >/dev/null || wanted="chromium"; [ -x /usr/sbin/dovecot ] || wanted="$$wanted dovecot-imapd"; \
	  if [ -n "$$wanted" ]; then echo "Installing $$wanted ..."; apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$wanted >/dev/null; fi; fi

lint: $(VENV)/.dev ## style, types, floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy .

test: $(VENV)/.dev apt lint ## lint, the suite on SQLite, and on PostgreSQL and Redis what is about several writers
	@BIN=$(BIN) .ci/suite first

postgres: $(VENV)/.dev apt ## the suite once more on PostgreSQL and Redis
	@BIN=$(BIN) .ci/suite second

looks: $(VENV)/.dev apt ## every page in a real browser at every width, light and dark, with axe
	$(BIN)/pytest -q -n 2 $(AGAIN) -m looks tests --ignore=tests/faults --ignore=tests/foreign

words: $(VENV)/.dev ## bring the translation catalogues up to date and say what is missing
	$(BIN)/python manage.py words
	$(BIN)/pytest -q tests/house/test_words.py tests/portal/test_languages.py

wide: $(VENV)/.dev apt ## every address for every visitor, every letter of every law, whole journeys in a browser, kills at every place
	$(BIN)/pytest -q -n 2 $(AGAIN) -m wide tests --ignore=tests/faults --ignore=tests/foreign

load: $(VENV)/.dev ## many rows of one person, with flat memory
	$(BIN)/pytest -q -m load tests --ignore=tests/faults --ignore=tests/foreign

timing: $(VENV)/.dev ## known against unknown addresses: the clock tells nothing
	$(BIN)/pytest -q -s -m timing tests/portal/test_timing.py

fuzz: $(VENV)/.dev ## thousands of hostile strings through every field of every form and every call
	$(BIN)/pytest -q -m fuzz tests/corpus

faults: $(VENV)/.dev ## bad days: real processes killed, cut off and flushed while they work, and `up` as a process
	$(BIN)/pytest -q -n 2 $(AGAIN) tests/runtime tests/faults

bench: $(VENV)/.dev ## figures and ratios; see docs/performance.md
	$(BIN)/python -m benchmarks.law_clocks
	$(BIN)/python -m benchmarks.sweep
	$(BIN)/python -m benchmarks.erasing
	$(BIN)/python -m benchmarks.cases
	$(BIN)/python -m benchmarks.spine
	$(BIN)/python -m benchmarks.portal
	$(BIN)/python -m benchmarks.releases
	$(BIN)/python -m benchmarks.consent
	$(BIN)/python -m benchmarks.desk
	$(BIN)/python -m benchmarks.disclosures
	$(BIN)/python -m benchmarks.retention
	$(BIN)/python -m benchmarks.replay

foreign: $(VENV)/.dev ## discovery and the spine on two foreign schemas, each in an environment of its own
	@BIN=$(BIN) tests/foreign/run

lock: ## compile requirements*.in into locked files with hashes (needs uv)
	uv pip compile -q --generate-hashes --universal --python-version 3.11 --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" requirements.in -o requirements.txt
	uv pip compile -q --generate-hashes --universal --python-version 3.11 --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" requirements-dev.in -o requirements-dev.txt

clean: ## remove the environment and the state folder
	rm -rf $(VENV) var
