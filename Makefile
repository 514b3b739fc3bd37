# Each target sets up what it needs.  README.rst and CONTRIBUTING.rst say what they do.

PYTHON ?= python3
BIN := .venv/bin
AGENTS := @openai/codex@0.169.0 @anthropic-ai/claude-code@2.1.197

.PHONY: demo man docs test check litellm clients agents speed speed-results load amplification slow soak fuzz dist audit release clean compatibility

demo: .venv/installed
	$(BIN)/ollamaproxy --demo

test: .venv/tests-installed
	$(BIN)/pytest

docs: .venv/docs-installed
	$(BIN)/sphinx-build -W --keep-going -n -q -d build/doctrees docs build/docs

man: .venv/tests-installed
	$(BIN)/python -m ollamaproxy.command_line | $(BIN)/rst2man --strict - docs/man/ollamaproxy.1

check: .venv/dev-installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/hadolint deploy/docker/Dockerfile

litellm: .venv-litellm/installed .venv/clients-installed

agents: .agents/installed

speed: .venv/installed
	$(BIN)/python -m benchmarks.speed

speed-results: .venv/bench-installed
	$(BIN)/python -m benchmarks.speed --plot benchmarks/growth.svg --readme benchmarks/README.rst

load: .venv/tests-installed
	$(BIN)/python -m benchmarks.load

amplification: .venv/tests-installed
	$(BIN)/python -m benchmarks.amplification

slow: .venv/tests-installed
	$(BIN)/python -m benchmarks.slow

soak: .venv/tests-installed
	$(BIN)/python -m benchmarks.soak --minutes $(or $(MINUTES),30)

fuzz: .venv/tests-installed
	OLLAMAPROXY_TEST_EXAMPLES=$(or $(EXAMPLES),100000) $(BIN)/pytest -q tests/web/test_framing.py

dist: .venv/release-installed
	$(BIN)/python -m release

# Asks about what dist/ has already.  AUDIT_FLAGS are pip-audit's own.
audit: .venv/release-installed $(if $(wildcard dist/*.cdx.json),,dist)
	$(BIN)/python -m release.audit $(AUDIT_FLAGS)

release: .venv/tests-installed dist
	OLLAMAPROXY_TEST_DIST=dist $(BIN)/pytest -q tests/release
	$(BIN)/python -m release.audit $(AUDIT_FLAGS)

# A wheel may be older than the newest release; hence --upgrade, which also
# repairs an environment that was made for another state of setup.py.
.venv/installed: setup.py
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --upgrade -e .
	touch $@

.venv/tests-installed: .venv/installed
	$(BIN)/pip install --quiet --upgrade -e '.[test]'
	touch $@

.venv/clients-installed: .venv/tests-installed
	$(BIN)/pip install --quiet --upgrade -e '.[clients]'
	touch $@

.venv/bench-installed: .venv/installed
	$(BIN)/pip install --quiet --upgrade -e '.[bench]'
	touch $@

.venv/release-installed: .venv/installed
	$(BIN)/pip install --quiet --upgrade -e '.[release]'
	touch $@

.venv/docs-installed: .venv/installed
	$(BIN)/pip install --quiet --upgrade -e '.[docs]'
	touch $@

.venv/dev-installed: .venv/tests-installed
	$(BIN)/pip install --quiet --upgrade -e '.[dev]'
	touch $@

.venv-litellm/installed: tests/litellm/requirements.lock.txt
	$(PYTHON) -m venv .venv-litellm
	.venv-litellm/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

# The second command is what npm 11 does not do by itself.
.agents/installed: Makefile
	npm install --prefix .agents --no-package-lock --no-audit --no-fund --loglevel=error $(AGENTS)
	node .agents/node_modules/@anthropic-ai/claude-code/install.cjs
	touch $@

# Ends a recipe in order, and says so, where there is no such program.
need = command -v $(1) > /dev/null || { echo "no $(1): $(@D) is left out"; exit 0; }

# What tests/clients needs, each kind where its runtime is: see tests/clients/runtimes.py.
clients: .clients/python/installed .clients/litellm/installed .clients/aider/installed \
  .clients/javascript/installed .clients/agents/installed \
  .clients/system/installed .clients/jvm/installed .clients/go/installed .clients/ollama-cli/installed

# A lock has all that is needed, hence --no-deps.
.clients/python/installed .clients/litellm/installed .clients/aider/installed \
  : .clients/%/installed: tests/clients/environments/%.lock.txt
	$(PYTHON) -m venv .clients/$*
	.clients/$*/bin/pip install --quiet --disable-pip-version-check --no-deps -r $<
	touch $@

.clients/javascript/installed: tests/clients/environments/javascript/package-lock.json
	mkdir -p .clients/javascript
	cp tests/clients/environments/javascript/package*.json .clients/javascript
	npm ci --prefix .clients/javascript --no-audit --no-fund --loglevel=error
	touch $@

# The system's own: what is kept is their versions, for the page.
.clients/system/installed:
	@$(call need,java) && $(call need,curl); \
	mkdir -p .clients/system && \
	curl --version | grep -q HTTP2 && \
	curl --version | sed -n 's/^curl \([^ ]*\).*/\1/p' > .clients/system/curl && \
	java --version | sed -n '1s/^[^ ]* \([^ ]*\).*/\1/p' > .clients/system/java && \
	touch $@

# What is copied is all that a run needs, without Maven and without a network.
.clients/jvm/installed: $(shell find tests/clients/programs/jvm -type f)
	@$(call need,mvn); \
	mvn --quiet --batch-mode --file tests/clients/programs/jvm/pom.xml -Dbuilt=$(CURDIR)/.clients/jvm \
	  compile dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory=$(CURDIR)/.clients/jvm/lib && \
	touch $@

.clients/go/installed: $(wildcard tests/clients/programs/go/*)
	@$(call need,go); \
	mkdir -p .clients/go && \
	(cd tests/clients/programs/go && CGO_ENABLED=0 go build -mod=readonly -o $(CURDIR)/.clients/go/api .) && \
	touch $@

# Without Ollama's engine, which is much C++, and not whole in the module: what needs it
# is put aside (see stubs/server).
OLLAMA_CLI := tests/clients/programs/ollama-cli
OLLAMA := github.com/ollama/ollama
.clients/ollama-cli/installed: $(shell find $(OLLAMA_CLI) -type f)
	@$(call need,go); \
	rm -rf .clients/ollama-cli && mkdir -p .clients/ollama-cli && \
	cp $(OLLAMA_CLI)/go.mod $(OLLAMA_CLI)/go.sum .clients/ollama-cli && \
	(cd .clients/ollama-cli && go mod vendor) && \
	for stub in $$(cd $(OLLAMA_CLI)/stubs && find . -name '*.go'); do \
	  rm .clients/ollama-cli/vendor/$(OLLAMA)/$$(dirname $$stub)/*.go; done && \
	cp -R $(OLLAMA_CLI)/stubs/. .clients/ollama-cli/vendor/$(OLLAMA) && \
	(cd .clients/ollama-cli && CGO_ENABLED=0 go build -mod=vendor -o ollama \
	  -ldflags "-X $(OLLAMA)/version.Version=$$(go list -mod=mod -m -f '{{slice .Version 1}}' $(OLLAMA))" $(OLLAMA)) && \
	rm -rf .clients/ollama-cli/vendor && \
	touch $@

# Runs the clients that are installed, and puts what came of it into docs/compatibility.rst.
# test_page.py holds the page to the results, which are only on their way here.
compatibility: clients .venv/tests-installed .venv-litellm/installed
	OLLAMAPROXY_TEST_RESULTS=tests/clients/results.json $(BIN)/pytest -q tests/clients \
		--ignore=tests/clients/test_page.py
	$(BIN)/python -m tests.clients.page

clean:
	rm -rf .venv .venv-litellm .agents .clients build dist *.egg-info .coverage .coverage.* htmlcov
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis _trial_temp*
