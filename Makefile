# Python 3.11 or newer and make are all that must be there beforehand: the first target that needs more installs it
# from uv.lock into .venv (and uv itself into .tools, where none is on the path).

SHELL := /bin/sh
.SUFFIXES:
.DEFAULT_GOAL := help
.PHONY: help run test soak check coverage mutants format openapi migration bench

BIN := .venv/bin
UV_SERIES := 0.13
# Running needs a third of what developing needs.
TO_RUN := .venv/.to-run
TO_DEVELOP := .venv/.to-develop

help: ## these lines
	@sed -n 's/^\([a-z]*\):[^#]*## /  make \1	/p' Makefile

run: $(TO_RUN) ## the whole service on this machine, with servers and data of its own; Ctrl-C ends it
	@exec $(BIN)/kokybe dev

test: check ## everything that a submission must pass: the checks, then the tests
	@exec $(BIN)/python -m pytest -n 2

soak: $(TO_DEVELOP) ## what takes minutes: every bad shape everywhere, 20,000 drawn requests, 20,000 steps of random walks, 5,000 pairs of worlds
	@SOAK=1 exec $(BIN)/python -m pytest -n 2 -m soak --timeout 3600 -s

check: $(TO_DEVELOP) ## style, types, architecture, dependencies, migrations, image, what is generated
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .
	@$(squawk)
	$(BIN)/hadolint Dockerfile
	$(BIN)/python -m api.openapi --check
	$(BIN)/python -m tests.released --check
	$(BIN)/python -m programme.diagrams --check
	@$(spectral)

coverage: $(TO_DEVELOP) ## every branch of the rules and of access is walked by the tests that are theirs
	@mkdir -p .data
	@$(BIN)/coverage run -m pytest tests/rules $(addprefix tests/api/test_,access.py clients.py oidc.py tokens.py)
	@$(BIN)/coverage report

mutants: coverage ## some test notices at least 95 of 100 changes to the rules and to access; takes its time
	@$(BIN)/python -m tests.mutants

format: $(TO_DEVELOP) ## write the style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

openapi: $(TO_DEVELOP) ## write openapi.json and docs/lifecycles.md anew
	$(BIN)/python -m api.openapi --write
	$(BIN)/python -m programme.diagrams --write

migration: $(TO_DEVELOP) ## m="…": a new revision from the difference between tables and schema
	$(BIN)/python -m migrations.new "$(m)"

bench: $(TO_DEVELOP) ## the benchmark
	$(BIN)/python -m benchmarks

# Left out: the width of counters that stay small, alembic's own table, and the limits that migrations/env.py sets.
define squawk
set -e; echo squawk; \
sql=$$($(BIN)/python -c 'from alembic import command; from programme.database import migrations_config as config; \
command.upgrade(config("postgresql://"), "head", sql=True)'); \
printf '%s\n' "$$sql" | $(BIN)/squawk --pg-version=18.0 \
  --exclude=prefer-bigint-over-int,prefer-text-field,require-lock-timeout,require-statement-timeout
endef

# The one check that is written for Node.
define spectral
set -e; if ! command -v npm >/dev/null; then echo "npm is missing: the style of openapi.json is not checked" >&2; exit 0; fi; \
if ! [ node_modules/.package-lock.json -nt package-lock.json ]; then npm ci --silent --no-audit --no-fund; fi; \
echo spectral lint openapi.json; node_modules/.bin/spectral lint --quiet --fail-severity=warn openapi.json
endef

$(TO_RUN): pyproject.toml uv.lock
	@$(call sync,--no-default-groups --group local --inexact)

$(TO_DEVELOP): pyproject.toml uv.lock
	@$(call sync,)
	@touch $(TO_RUN)

# Brings .venv to what uv.lock says, for the groups in $(1), and leaves the stamp that the next make looks at.
define sync
set -e; unset VIRTUAL_ENV; \
python=; for name in $(BIN)/python python3 python3.14 python3.13 python3.12 python3.11; do \
  if "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$$name; break; fi; done; \
if [ -z "$$python" ]; then echo "Python 3.11 or newer is needed, and none was found on the path." >&2; exit 1; fi; \
case "$$(uv --version 2>/dev/null)" in \
  "" | "uv 0."[0-9].* | "uv 0.1"[0-2].*) uv=.tools/bin/uv ;; \
  *) uv=uv ;; \
esac; \
if [ $$uv != uv ] && ! $$uv --version >/dev/null 2>&1; then \
  echo "Installing uv into .tools"; \
  if ! "$$python" -c 'import ensurepip' 2>/dev/null; then \
    echo "Python's ensurepip is missing: install it (Debian and Ubuntu: python3-venv), or install uv." >&2; exit 1; fi; \
  "$$python" -m venv --clear .tools; \
  .tools/bin/python -m pip install --quiet --disable-pip-version-check 'uv~=$(UV_SERIES).0'; \
fi; \
echo "Installing what uv.lock names"; \
UV_PROJECT_ENVIRONMENT=.venv UV_PYTHON_DOWNLOADS=never $$uv sync --quiet --locked --python "$$python" $(1); \
touch $@
endef
