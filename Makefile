# Each target sets up what it needs.  README.rst and CONTRIBUTING.rst say what they do.

PYTHON ?= python3
BIN := .venv/bin
AGENT_SCRIPTS := @anthropic-ai/claude-code/install.cjs opencode-ai/postinstall.mjs

.PHONY: demo man test check litellm clients speed speed-results load amplification slow soak fuzz clean

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

# What tests/clients needs, each kind where its runtime is: see tests/clients/runtimes.py.
clients: .clients/python/installed .clients/javascript/installed .clients/agents/installed

.clients/python/installed: tests/clients/environments/python.lock.txt
	$(PYTHON) -m venv .clients/python
	.clients/python/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

# Whether npm runs the packages' scripts depends on its version.  Two of the agents need theirs.
ifneq ($(shell command -v npm),)
.clients/javascript/installed .clients/agents/installed: .clients/%/installed: tests/clients/environments/%/package-lock.json
	mkdir -p .clients/$*
	cp tests/clients/environments/$*/package*.json .clients/$*
	npm ci --prefix .clients/$* --ignore-scripts --no-audit --no-fund --loglevel=error
	cd .clients/$*/node_modules && for script in $(AGENT_SCRIPTS); do ! [ -e $$script ] || node $$script; done
	touch $@
else
.clients/javascript/installed .clients/agents/installed:
	@echo "no npm, and so no $@"
endif

clean:
	rm -rf .venv .venv-litellm .clients build *.egg-info .coverage .coverage.* htmlcov
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis _trial_temp*
