# A fresh machine needs python3 (with venv) and make; every target does its own set-up.
PY ?= python3
UV := .tools/bin/uv
BIN := .venv/bin
TEST_PROCESSES ?= auto
LOCKING := --universal --generate-hashes --python-version 3.11 --custom-compile-command "make lock"
export UV_PYTHON_DOWNLOADS := never
export UV_SYSTEM_CERTS := true

.PHONY: help install run test check fmt bench faults messages screenshots lock clean
.DEFAULT_GOAL := help

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## /\1\t/' | expand -t 14

$(UV):
	@$(PY) -c 'import sys; sys.exit("Ticket Scout needs Python 3.11 or newer; set PY=..." if sys.version_info < (3, 11) else 0)'
	$(PY) -m venv .tools
	.tools/bin/python -m pip install -q --disable-pip-version-check uv==0.13.8

.venv/.ok: $(UV) requirements-dev.txt
	@test -d .venv || $(UV) venv -q --python $(PY) .venv
	$(UV) pip sync -q --require-hashes --compile-bytecode --python $(BIN)/python requirements-dev.txt
	@touch $@

install: .venv/.ok  ## set up .venv, which the other targets and deploy/ use

run: .venv/.ok  ## start everything on this machine (no key, no account): http://127.0.0.1:8080
	$(BIN)/python -m sandbox

test: .venv/.ok  ## run every test; what is missing here is skipped with a reason
	$(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist loadfile --cov --cov-report=term

check: .venv/.ok  ## lint, format and types: what CI runs before the tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

fmt: .venv/.ok  ## put the code into its format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: .venv/.ok  ## measure speed, memory, cost and cold starts (some 15 minutes); figures go to data/bench/
	$(BIN)/python bench/all.py

faults: .venv/.ok  ## kill delivery at every line under every fault: 500 runs (minutes)
	$(BIN)/python bench/faults.py --runs 500

messages: .venv/.ok  ## collect what pages and messages say, and compile the translations
	@mkdir -p data
	$(BIN)/pybabel -q extract -F watchers/locales/babel.cfg -k say -k Saying -k to_say -k say_many:1,2 --no-location --sort-output --omit-header \
	  -o data/messages.pot main.py watchers notifiers web
	$(BIN)/pybabel -q update -N --ignore-pot-creation-date -D ticket_scout -i data/messages.pot -d watchers/locales
	$(BIN)/python watchers/locales/compile.py

screenshots: .venv/.ok  ## take a picture of every page, light and dark, into docs/screenshots
	SCREENSHOTS=docs/screenshots $(BIN)/python -m pytest -q tests/browser/test_screenshots.py

lock: $(UV)  ## renew both locks from pyproject.toml: requirements.txt (what is deployed), requirements-dev.txt (all)
	$(UV) pip compile -q $(LOCKING) pyproject.toml -o requirements.txt
	$(UV) pip compile -q $(LOCKING) --group dev -c requirements.txt pyproject.toml -o requirements-dev.txt

clean:  ## remove what the other targets made, the sandbox's database too; never your own
	rm -rf .tools .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage data/sandbox.db* data/sandbox.env
