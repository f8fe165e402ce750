# Everything a developer types. `make` alone lists it. Nothing here needs root, Docker or a system server.
# What is up to date is not done again: the files below .venv/.done say what was done, and from what.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help install run test check check-code check-ui fmt generate companion bench day faults clean lock

BIN := .venv/bin
DONE := .venv/.done
PIP := PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore $(BIN)/python -m pip --quiet
PACKAGES := proto vendors chassis services gateway simulator runtime
UI_SOURCES := $(shell find ui \( -path ui/node_modules -o -path ui/dist -o -path ui/dist-app -o -path ui/android -o -path ui/ios \) -prune -o -type f -print 2>/dev/null)
UI := $(if $(wildcard ui/package.json),$(DONE)/ui)
# Tests that judge no time keep their servers' data in memory where there are 4 GB of it: they would wait for the disk's fsyncs.
IN_MEMORY := $(shell [ "$$(df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 {print $$4}')" -gt 4000000 ] 2>/dev/null && echo PYTEST_DEBUG_TEMPROOT=/dev/shm)

# Where make can keep the words of two apart (GNU make 4): types of Python on one core, the UI on the other.
TWO_AT_ONCE := $(if $(filter output-sync,$(.FEATURES)),--jobs=2 --output-sync=target)

# $(call step,what it does,how): says what runs, and how long it took.
define step
@began=$$(date +%s); printf '→ %s\n' "$(1)"; { $(2); } || { printf '✗ %s\n' "$(1)"; exit 1; }; \
	printf '  %s s\n' "$$(($$(date +%s) - began))"
endef

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | while IFS='	' read -r name text; do \
		printf '  make %-10s %s\n' "$$name" "$$text"; done

install: $(DONE)/project $(UI) ## virtual environment, locked dependencies, UI; only what is missing

run: install ## start everything here and print the address (ARGS="--port 8081")
	@exec $(BIN)/device-connect up $(ARGS)

test: install ## all tests, with real servers (ARGS="services/pairing -k token")
ifdef ARGS
	@$(BIN)/pytest $(ARGS)
else
	$(call step,tests side by side,$(IN_MEMORY) $(BIN)/pytest -m "not alone" -n 4 --dist loadfile --no-loadscope-reorder)
	$(call step,tests that need the machine for themselves,$(BIN)/pytest -m alone)
endif

check: install ## what CI checks: format, lint, types, imports, house rules, generated files, UI
	$(call step,generated files are current,.ci/generated-diff)
	@$(MAKE) --no-print-directory $(TWO_AT_ONCE) check-code check-ui

check-code:
	$(call step,ruff format,$(BIN)/ruff format --check --quiet .)
	$(call step,ruff,$(BIN)/ruff check --quiet .)
	$(call step,mypy,$(BIN)/mypy $(PACKAGES) tests conftest.py)
	$(call step,import contracts,$(BIN)/lint-imports)
	$(call step,house rules,$(BIN)/python -m runtime.lints)
	$(call step,vendors,$(BIN)/python -m vendors.check)

check-ui:
	$(if $(UI),$(call step,UI,npm --prefix ui run --silent check))

fmt: install ## format, and fix what can be fixed
	$(call step,ruff,$(BIN)/ruff check --quiet --fix-only . && $(BIN)/ruff format --quiet .)

generate: install ## contracts, types and settings reference from the code
	$(call step,generate,$(BIN)/device-connect generate)
	$(if $(UI),$(call step,generate the UI's types,npm --prefix ui run --silent generate))

companion: install ## the companion app: the built pages and the list of plugins into ui/android and ui/ios
	$(call step,native projects,.ci/companion)

bench: install ## how fast it is here, next to the raw limits (ARGS="--quick", ARGS="--large")
	@exec $(BIN)/python -m tests.load.bench $(ARGS)

day: install ## a day of 1,000 simulated patients, and every sum compared (ARGS="--patients 100")
	@exec $(BIN)/python -m tests.load.day $(ARGS)

faults: install ## break everything while readings flow, and compare the books (ARGS="--only kill --rounds 3")
	@exec $(BIN)/python -m tests.faults $(ARGS)

clean: ## stop it and remove everything that make has made, data included
	@if [ -x $(BIN)/device-connect ]; then $(BIN)/device-connect down --remove; fi
	rm -rf .venv .device-connect .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build *.egg-info
	rm -rf ui/node_modules ui/dist ui/dist-app
	find $(PACKAGES) tests -name __pycache__ -type d -prune -exec rm -rf {} +

lock: install ## resolve the dependencies anew into requirements.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate --no-header \
		--python-version 3.11 --upgrade --extra dev pyproject.toml -o requirements.lock

# -- steps of install -------------------------------------------------------------------------------------------

$(DONE)/venv:
	$(call step,virtual environment,.ci/make-venv)
	@mkdir -p $(DONE) && touch $@

$(DONE)/requirements: requirements.lock $(DONE)/venv
	$(call step,locked dependencies (about 250 MB the first time),$(PIP) install --no-compile --require-hashes \
		-r requirements.lock)
	$(call step,bytecode,$(BIN)/python -m compileall -q -j 0 .venv/lib || true)
	@touch $@

$(DONE)/project: pyproject.toml $(DONE)/requirements
	$(call step,device-connect itself,$(PIP) install --no-deps --no-build-isolation --no-index \
		--config-settings editable_mode=compat -e .)
	$(call step,bytecode,$(BIN)/python -m compileall -q -j 0 $(PACKAGES))
	@touch $@

$(DONE)/ui-packages: ui/package-lock.json $(DONE)/venv
	$(call step,UI packages,.ci/need-node && npm --prefix ui ci --no-audit --no-fund --loglevel=error)
	@touch $@

$(DONE)/ui: $(DONE)/ui-packages $(UI_SOURCES)
	$(call step,UI build,npm --prefix ui run --silent build)
	@touch $@
