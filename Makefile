# Everything a person needs. `make demo` and `make test` set up what they use and do nothing twice.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CACHE := $(or $(TOVHOLDER_CACHE),.cache)
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
PROJECT := pyproject.toml requirements/run.in
ARGS ?=
# What looks at the requirements of the others stands beside them, not among them.
TOOLS := $(CACHE)/tools/bin
SBOM ?= sbom.cdx.json
# Processes that run tests; each starts servers of its own, and waits for them now and then.
AT_ONCE ?= 3
API_SECONDS ?= 150
# Where it is set, each of the hundreds of processes that tests start would compile the same sources again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: install demo up test played check documents api lives walks bench faults upgrade einvoice-rules sbom audit lock compose-secrets clean

install: $(VENV)/demo.stamp $(CACHE)/servers.stamp

demo: install
	$(BIN)/tovholder demo $(ARGS)

up: install
	$(BIN)/tovholder up $(ARGS)

test: install $(VENV)/test.stamp $(CACHE)/browser.stamp $(CACHE)/judges.stamp $(CACHE)/tools.stamp einvoice-rules
	$(BIN)/python -m pytest -n $(AT_ONCE) --dist loadfile --no-loadscope-reorder -m "not fault and not api and not played" $(ARGS)

# What people see, at length: the demo, every story beside those of the programmes, and every walk in a browser.
played: install $(VENV)/test.stamp $(CACHE)/browser.stamp
	$(BIN)/python -m pytest -n $(AT_ONCE) --dist loadfile --no-loadscope-reorder -m played $(ARGS)

check: $(VENV)/test.stamp
	$(BIN)/python -m pytest tests/architecture $(ARGS)

# Twenty times as many random documents of each format as `make test` makes, each through the official rules.
documents: install $(VENV)/test.stamp einvoice-rules
	TOVHOLDER_DOCUMENTS=1000 $(BIN)/python -m pytest -n $(AT_ONCE) tests/unit/invoicing/test_document.py \
	  tests/integration/invoicing/test_random_documents.py $(ARGS)

# Whatever the OpenAPI documents let one ask for: two and a half minutes of it of each service, or API_SECONDS=….
api: install $(VENV)/test.stamp
	TOVHOLDER_API_SECONDS=$(API_SECONDS) $(BIN)/python -m pytest -n $(AT_ONCE) \
	  tests/integration/runtime/test_what_the_documents_say.py $(ARGS)

# 32 times as many lives of `enrollment`, any command in any order, as `make test` lives; every hostile text in each field
# of each form, also by itself; and four times as many facts and commands at their bounds.
lives: install $(VENV)/test.stamp
	TOVHOLDER_LIVES=160 TOVHOLDER_EVERY_TEXT=1 $(BIN)/python -m pytest -n $(AT_ONCE) \
	  tests/integration/enrollment/test_every_command_in_any_order.py \
	  tests/integration/*/test_hostile_*.py tests/integration/bounds/test_nothing_halts_a_service.py $(ARGS)

# Every page of every service in every state: at a desk, on a phone, without JavaScript, and with axe on each.
walks: install $(VENV)/test.stamp $(CACHE)/browser.stamp
	TOVHOLDER_WALKS=1 $(BIN)/python -m pytest -n 0 tests/browser/test_every_page.py $(ARGS)

bench: install $(VENV)/test.stamp einvoice-rules
	$(BIN)/python -m bench $(ARGS)

faults: install $(VENV)/test.stamp
	$(BIN)/python -m pytest -m fault $(ARGS)

# The version before and this one side by side, under load; ARGS="--before COMMIT" names another one to begin with.
upgrade: install $(VENV)/test.stamp
	$(BIN)/python -m pytest -m fault tests/faults/test_two_builds.py $(ARGS)

# The official rules of Peppol BIS 3 and OIOUBL, and what runs them. They are not ours to ship; the program works
# without them.
einvoice-rules: $(VENV)/rules.stamp $(CACHE)/einvoice-rules.stamp

# Everything of others' that is used, from the locks alone; the same checkout gives the same file.
sbom: $(CACHE)/tools.stamp
	@$(TOOLS)/python -m deploy.sbom --out $(SBOM)

# Whether a fault is known in it; ARGS="--vulnerability-service osv" asks somebody else. Fails if nobody can be asked.
audit: $(CACHE)/tools.stamp
	@$(TOOLS)/python -m deploy.audit $(ARGS)

lock: $(VENV)/test.stamp
	$(BIN)/python -m deploy.local.jars --lock kafka einvoice-rules verapdf ical4j
	$(BIN)/npm install --package-lock-only --ignore-scripts --omit-lockfile-registry-resolved
	cd tests/browser && ../../$(BIN)/npm install --package-lock-only --ignore-scripts --omit-lockfile-registry-resolved
	cd deploy/local/oidc && ../../../$(BIN)/npm install --package-lock-only --ignore-scripts --omit-lockfile-registry-resolved

# For docker-compose.yml; needs nothing installed. What is there already stays as it is.
compose-secrets:
	@$(PYTHON) -m deploy.compose_secrets

clean:
	rm -rf $(VENV) $(CACHE)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo 'Tovholder needs Python 3.11 or newer; "$(PYTHON)" is '"$$($(PYTHON) --version 2>&1)". >&2; \
	  echo 'Name another one: make PYTHON=/path/to/python3.12 …' >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
	  echo 'The virtual environment could not be made; on Debian and Ubuntu: apt install python3-venv.' >&2; \
	  rm -rf $(VENV); exit 1; }

$(VENV)/demo.stamp: requirements/demo.txt $(PROJECT) | $(BIN)/python
	@echo 'Installing (once; about 820 MB) …'
	@$(PIP) install --require-hashes -r requirements/demo.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/rules.stamp: requirements/rules.txt $(VENV)/demo.stamp
	@echo 'Installing what runs the official rules of e-invoices (once; about 120 MB) …'
	@$(PIP) install --require-hashes -r requirements/rules.txt
	@touch $@

$(VENV)/test.stamp: requirements/test.txt $(VENV)/demo.stamp
	@echo 'Installing what the tests need (once) …'
	@$(PIP) install --require-hashes -r requirements/test.txt
	@touch $@

$(CACHE)/servers.stamp: deploy/local/kafka.lock.toml package-lock.json deploy/local/oidc/package-lock.json deploy/local/assets.py $(VENV)/demo.stamp
	@echo 'Fetching Kafka, the browser assets and the OpenID Connect provider (once) …'
	@$(BIN)/python -m deploy.local.jars
	@$(BIN)/python -m deploy.local.broker
	@$(BIN)/python -m deploy.local.assets
	@$(BIN)/python -m deploy.local.oidc
	@touch $@

$(CACHE)/browser.stamp: tests/browser/package-lock.json deploy/local/assets.py $(CACHE)/servers.stamp
	@$(BIN)/python -m deploy.local.assets --browser
	@touch $@

$(CACHE)/einvoice-rules.stamp: deploy/local/einvoice-rules.lock.toml deploy/local/einvoice_rules.py $(VENV)/demo.stamp
	@echo 'Fetching the official rules of e-invoices (once) …'
	@$(BIN)/python -m deploy.local.einvoice_rules
	@touch $@

$(CACHE)/tools.stamp: requirements/tools.txt | $(BIN)/python
	@echo 'Installing what looks for known faults and lists what is used (once) …'
	@rm -rf $(CACHE)/tools
	@$(BIN)/python -m venv $(CACHE)/tools
	@$(TOOLS)/python -m pip --disable-pip-version-check --quiet install --require-hashes -r requirements/tools.txt
	@touch $@

$(CACHE)/judges.stamp: deploy/local/verapdf.lock.toml deploy/local/ical4j.lock.toml $(VENV)/demo.stamp
	@$(BIN)/python -m deploy.local.jars verapdf ical4j
	@touch $@
