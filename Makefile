# Each target sets up what it needs.  README.rst and CONTRIBUTING.rst say what they do.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check litellm clean

demo: .venv/installed
	$(BIN)/ollamaproxy --demo

test: .venv/tests-installed
	$(BIN)/pytest

check: .venv/dev-installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

litellm: .venv-litellm/installed .venv/clients-installed

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

.venv/dev-installed: .venv/tests-installed
	$(BIN)/pip install --quiet --upgrade -e '.[dev]'
	touch $@

.venv-litellm/installed: tests/litellm/requirements.lock.txt
	$(PYTHON) -m venv .venv-litellm
	.venv-litellm/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

clean:
	rm -rf .venv .venv-litellm build *.egg-info .coverage .coverage.* htmlcov
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis _trial_temp*
