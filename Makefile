# Each target sets up what it needs.  README.rst and CONTRIBUTING.rst say what they do.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo man docs test check litellm clients speed speed-results load amplification slow soak fuzz dist audit release clean compatibility

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

include tests/clients/install.mk

# Runs the clients that are installed, and puts what came of it into docs/compatibility.rst.
# test_page.py holds the page to the results, which are only on their way here.
compatibility: clients .clients/open-webui/installed .venv/tests-installed .venv-litellm/installed
	OLLAMAPROXY_TEST_RESULTS=tests/clients/results.json $(BIN)/pytest -q tests/clients \
		--ignore=tests/clients/test_page.py
	$(BIN)/python -m tests.clients.page

clean:
	rm -rf .venv .venv-litellm .clients build dist *.egg-info .coverage .coverage.* htmlcov
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis _trial_temp*
