# Each target sets up what it needs.  README.rst and CONTRIBUTING.rst say what they do.

PYTHON ?= python3
BIN := .venv/bin
AGENTS := @openai/codex@0.169.0 @anthropic-ai/claude-code@2.1.197

.PHONY: demo man test check litellm clients agents speed speed-results load amplification slow soak fuzz clean

demo: .venv/installed
	$(BIN)/ollamaproxy --demo

test: .venv/tests-installed
	$(BIN)/pytest

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

# What tests/clients needs, each kind where its runtime is: see tests/clients/runtimes.py.
clients: .clients/python/installed .clients/litellm/installed .clients/aider/installed \
  .clients/javascript/installed .clients/agents/installed

# A lock has all that is needed, hence --no-deps.  Open WebUI is large: it is made only if it is asked for.
.clients/python/installed .clients/litellm/installed .clients/aider/installed .clients/open-webui/installed \
  : .clients/%/installed: tests/clients/environments/%.lock.txt
	$(PYTHON) -m venv .clients/$*
	.clients/$*/bin/pip install --quiet --disable-pip-version-check --no-deps -r $<
	touch $@

.clients/javascript/installed: tests/clients/environments/javascript/package-lock.json
	mkdir -p .clients/javascript
	cp tests/clients/environments/javascript/package*.json .clients/javascript
	npm ci --prefix .clients/javascript --no-audit --no-fund --loglevel=error
	touch $@

clean:
	rm -rf .venv .venv-litellm .agents .clients build *.egg-info .coverage .coverage.* htmlcov
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis _trial_temp*
