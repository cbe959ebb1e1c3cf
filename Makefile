# Two commands for a fresh machine with Python 3.11 to 3.13 and its headers, a C compiler and make:
#   make demo   builds, installs and runs the main job on the shipped cohort
#   make test   builds, installs and runs the tests

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
BUILT_FROM := pyproject.toml $(wildcard _ext/*.pyx _ext/*.pxd)

.PHONY: demo test slow lint docs benchmarks clean

demo: $(VENV)/.for-use
	$(BIN)/causalmed demo --out demo

test: $(VENV)/.for-tests
	$(BIN)/python -m pytest -q -n 2 --dist loadfile

slow: $(VENV)/.for-tests
	$(BIN)/python -m pytest -q -n 2 --dist loadfile -m slow

lint: $(VENV)/.for-tests
	$(BIN)/ruff format .
	$(BIN)/ruff check .
	$(BIN)/mypy
	PATH=$(BIN):$$PATH $(BIN)/cython-lint --max-line-length 110 _ext

docs: $(VENV)/.for-tests
	$(BIN)/python -m sphinx -W -q -b html docs docs/_build/html

benchmarks: $(VENV)/.for-tests
	for script in benchmarks/*.py; do $(BIN)/python $$script || exit 1; done

clean:
	rm -rf $(VENV) build dist *.egg-info demo docs/_build causalmed/_kernels/*.so _ext/*.c

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

$(VENV)/.for-use: $(BIN)/python $(BUILT_FROM)
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(VENV)/.for-tests: $(BIN)/python $(BUILT_FROM)
	$(BIN)/python -m pip install --quiet --editable ".[test]"
	touch $@ $(VENV)/.for-use
