.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
RUN := $(BIN)/python
# Python compiles what it imports; pip would compile all that there is.
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check --no-compile

help: ## show this list
	@grep -E '^[a-z-]+:.*##' Makefile | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

.venv/installed: requirements.txt
	@echo "installing into .venv (about a minute the first time)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 …")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(INSTALL) -r requirements.txt
	@touch $@

.venv/installed-dev: .venv/installed requirements-dev.txt
	@$(INSTALL) -r requirements-dev.txt
	@touch $@

demo: .venv/installed ## two shops that sell, from nothing to READY; Ctrl-C stops it
	@$(RUN) -m demo

demo-check: .venv/installed ## the same, then stop; exit 0 when all of it worked
	@$(RUN) -m demo --check

credentials: .venv/installed ## print the demo's URLs and passwords again
	@$(RUN) -m demo.credentials

up: .venv/installed ## start only PostgreSQL and the broker
	@$(RUN) -m demo.stack up

down: .venv/installed ## stop them
	@$(RUN) -m demo.stack down

PROCESSES := $(if $(DATABASE_URL)$(REDIS_URL),0,2)
test: .venv/installed-dev ## every test, on separate embedded stacks in two processes: PROCESSES=2
	@$(BIN)/pytest -n $(PROCESSES) --dist loadfile --no-loadscope-reorder --create-db --ignore tests/contract $(if $(MISSING),-m "not ($(MISSING))") $(PYTEST)

coverage: ## the same, and which lines no test reaches
	@$(MAKE) --no-print-directory test PYTEST="--cov --cov-report=term:skip-covered"

contract: .venv/installed-dev ## hold the API's document against the code: a validator, 5,000 requests, a generated client
	@$(BIN)/pytest --create-db -p no:randomly -s tests/contract

test-alone: .venv/installed-dev ## every test file in a separate process: FILES="tests/pos/test_api.py" EACH=1
	@$(RUN) -m tests.alone $(FILES) $(if $(EACH),--each)

mutations: .venv/installed-dev ## take guards out of services, one at a time: a test must fail. APP=pos ONLY=pos/returns
	@$(RUN) -m tests.mutations $(APP) $(if $(ONLY),--only '$(ONLY)')

RABBITMQ := /usr/lib/rabbitmq/bin/rabbitmq-server
CHROMIUM := $(shell command -v chromium || command -v chromium-browser)
# What this machine lacks, as markers of the tests that need it.
WITHOUT := $(if $(wildcard $(RABBITMQ)),,rabbitmq) $(if $(CHROMIUM),,chromium)
MISSING := $(if $(filter rabbitmq,$(WITHOUT)),$(if $(filter chromium,$(WITHOUT)),rabbitmq or chromium,rabbitmq),$(filter chromium,$(WITHOUT)))
ROUNDS ?= 30
JOBS ?= 1
SEEDS ?= 2000
faults: .venv/installed-dev ## kill everything while terminals sell: ROUNDS=30 SEED=1 JOBS=1
	@$(RUN) -m tests.faults --rounds $(ROUNDS) --jobs $(JOBS) $(if $(SEED),--seed $(SEED))

simulate: .venv/installed-dev ## the protocol under SEEDS=2000 schedules of faults, in one process
	@$(RUN) -m tests.faults.simulation --seeds $(SEEDS)

ASYNCAPI := var/asyncapi/package/schemas/3.0.0-without-$$id.json
asyncapi: .venv/installed-dev ## hold docs/asyncapi.json against the specification's own schema (needs npm)
	@mkdir -p var/asyncapi && cd var/asyncapi && (test -d package || (npm pack --silent @asyncapi/specs@6.11.1 >/dev/null && tar xzf asyncapi-specs-6.11.1.tgz))
	@$(RUN) -m tests.architecture.asyncapi '$(ASYNCAPI)'

alerts: ## check and test the alert rules (needs promtool)
	@cd deploy && promtool check rules alerts.yml && promtool test rules alerts_test.yml

check: .venv/installed-dev ## lint, types, import contracts, migrations, generated documents
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy .
	@$(BIN)/lint-imports --no-logo
	@$(RUN) -W ignore manage.py makemigrations --check --dry-run
	@$(RUN) manage.py schemas --check
	@$(RUN) manage.py asyncapi --check docs/asyncapi.json
	@$(RUN) manage.py spectacular --api-version v1 --urlconf config.urls --fail-on-warn --validate --file var/openapi.yaml
	@$(RUN) manage.py events list --markdown | diff -u docs/events.md - || (echo "docs/events.md is stale: make docs" && exit 1)

docs: .venv/installed ## write docs/events.md, schemas and docs/asyncapi.json
	@mkdir -p docs && $(RUN) manage.py events list --markdown > docs/events.md && $(RUN) manage.py schemas && $(RUN) manage.py asyncapi > docs/asyncapi.json

format: .venv/installed-dev ## format the code
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

benchmarks: .venv/installed-dev ## the figures of docs/figures.md
	@$(RUN) -m benchmarks.subscribers
	@$(RUN) -m benchmarks.batch
	@$(RUN) -m benchmarks.latency
	@$(RUN) -m benchmarks.failures

orders: .venv/installed-dev ## complete orders through HTTP, beside a minimal DRF endpoint and django-oscar: SECONDS=10 ROUNDS=3
	@$(RUN) -m benchmarks.orders --seconds $(or $(SECONDS),10) --rounds $(if $(filter file,$(origin ROUNDS)),3,$(ROUNDS))

storage: .venv/installed-dev ## bytes that a complete order keeps, by table and index
	@$(RUN) -m benchmarks.storage --columns
	@$(RUN) -m benchmarks.storage --ended

walls: .venv/installed-dev ## a neighbour's sales while another shop attacks, 60 s each: SECONDS=60
	@$(RUN) -m benchmarks.walls --seconds $(or $(SECONDS),60)

scale: .venv/installed-dev ## a million events, a thousand tenants, noisy neighbours
	@$(RUN) -m benchmarks.scale
	@$(RUN) -m benchmarks.neighbours

.PHONY: help demo demo-check credentials up down test contract test-alone mutations faults simulate alerts asyncapi check docs format benchmarks orders storage walls scale
