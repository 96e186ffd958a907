# The front door. `make help` lists what there is.
SHELL := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PORT ?= 4566
ROLE ?= member
TARGET ?= local
STACK ?= poolhouse
CLIENT ?= machine

BIN := .venv/bin
NODE_PACKAGES := $(patsubst %,%/node_modules/.installed,bench tests/cognito_local tests/clients tests/iam_simulate)
LOCAL = @PYTHONPATH=layers/poolhouse $(BIN)/python -m local --port "$(PORT)"

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: tools emulator ## Run the whole stack on this machine, or update it in place. PORT=4567 for another port
	$(LOCAL) up

status: tools ## Say what runs, and where
	$(LOCAL) status

down: tools ## End what `make up` started; local users and profiles are gone then
	$(LOCAL) down

outputs: tools ## Write amplify_outputs.json and .env. TARGET=aws STACK=name for a stack on AWS
	$(LOCAL) outputs --target "$(TARGET)" --stack "$(STACK)"

token: tools ## Print a fresh access token. ROLE=member, support, admin or machine
	$(LOCAL) token --role "$(ROLE)"

invoke: tools ## Run a function on a sample event. FUNCTION=pre_sign_up EVENT=events/pre_sign_up/sign_up.json
	$(LOCAL) invoke --function "$(FUNCTION)" --event "$(EVENT)"

logs: tools ## Show what a function logged in the last hour. FUNCTION=pre_sign_up
	$(LOCAL) logs --function "$(FUNCTION)"

attach-plan: tools ## Print what attaching to an existing user pool would change of it. POOL=eu-central-1_AbCdEf123
	$(LOCAL) attach_plan --pool "$(POOL)" --stack "$(STACK)" --parameters "$(PARAMETERS)"

test: lint emulator .scan/.installed $(NODE_PACKAGES) ## Run every check and test, on an emulator of its own. ARGS="-k name" for some
	@$(BIN)/pytest -n 2 $(ARGS)

bench: tools emulator .bench/.installed ## Measure beside other verifiers and write docs/performance.md (five minutes)
	@PYTHONPATH=layers/poolhouse $(BIN)/python -m bench

lint: tools ## Check style, types and the template, without running anything
	@$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy && $(BIN)/cfn-lint template.yaml examples/*/template.yaml
	$(LOCAL) lint_policy

rotate-secret: tools ## Give the machine client on AWS a new secret, beside the old one. CLIENT=server STACK=name
	$(LOCAL) rotate_secret --client "$(CLIENT)" --stack "$(STACK)"

retire-secret: tools ## Delete the old secret, when no caller uses it any more. CLIENT=server STACK=name
	$(LOCAL) retire_secret --client "$(CLIENT)" --stack "$(STACK)"

docs: tools ## Write docs/roles.md and docs/openapi.json again, after a change of policy.toml or of a route
	$(LOCAL) docs

scan: tools .scan/.installed ## Scan what the template makes for unsafe settings, without the network
	@$(BIN)/pytest tests/scan

requirements: tools ## Resolve pyproject.toml's groups again, with hashes
	@for group in bootstrap emulator dev bench scan; do $(COMPILE) --group $$group -o requirements/$$group.txt; done
	@$(COMPILE) --group functions -o layers/dependencies/requirements.txt
	@$(COMPILE) --group message_sender --no-deps -o layers/message_sender_dependencies/requirements.txt
	@$(COMPILE) --group usual -o bench/usual/requirements.txt

COMPILE = $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.13 --generate-hashes \
	--no-emit-index-url --no-header

tools: .venv/.installed
emulator: .emulator/.installed

.venv/.installed: requirements/bootstrap.txt requirements/dev.txt
	@sh local/find-python.sh > /dev/null
	@echo "Installing the tools into .venv (about a minute the first time)."
	@"$$(sh local/find-python.sh)" -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.txt
	@touch $@

.emulator/.installed: requirements/emulator.txt .venv/.installed
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python .emulator
	@$(BIN)/uv pip install --quiet --python .emulator/bin/python --require-hashes -r requirements/emulator.txt
	@touch $@

# With bytecode: the measured interpreters write none. Without Node.js its rows say so.
.bench/.installed: requirements/bench.txt .venv/.installed | bench/node_modules/.installed
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python .bench
	@$(BIN)/uv pip install --quiet --compile-bytecode --python .bench/bin/python --require-hashes -r requirements/bench.txt
	@touch $@

.scan/.installed: requirements/scan.txt .venv/.installed
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python .scan
	@$(BIN)/uv pip install --quiet --python .scan/bin/python --require-hashes -r requirements/scan.txt
	@touch $@

# Where there is Node.js: aws-jwt-verify, which the tests and the benchmark compare with; a second user pool emulator, for
# triggers that the first one never fires; the client libraries of docs/clients.
$(NODE_PACKAGES): %/node_modules/.installed: %/package.json %/package-lock.json
	@if command -v npm > /dev/null; then cd $* && npm ci --silent --ignore-scripts && touch node_modules/.installed; fi

.PHONY: attach-plan rotate-secret retire-secret docs help up status down outputs token invoke logs test bench lint scan requirements tools emulator
