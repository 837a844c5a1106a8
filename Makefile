# `make` alone prints the targets. demo and test do all their own set-up.
PYTHON_BIN := .venv/bin/python
.DEFAULT_GOAL := help
.PHONY: help setup setup-test demo test test-slow test-numpy2 coverage lint docs bench bench-engine golden clean

help: ## print the targets
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /  make \1\t/' | expand -t 21

setup-test:
	@tools/setup.sh test

setup: ## make .venv; install the Arm toolchain and QEMU where missing and allowed
	@tools/setup.sh

demo: setup ## convert a real network, run it on a virtual Cortex-M4 and on this machine, write reports
	@.venv/bin/python samples/demo.py

test: setup-test lint ## lint, types and the test suite
	@$(PYTHON_BIN) -m pytest -m "not slow" -n 2 --dist loadfile --durations=8

test-slow: setup ## the long tests: whole data sets, TensorFlow comparisons
	@$(PYTHON_BIN) -m pytest -m slow --durations=0

test-numpy2: ## the test suite on NumPy 2, in .venv-numpy2, without tflite-runtime
	@tools/setup.sh numpy2
	@.venv-numpy2/bin/python -m pytest -m "not slow" -n 2 --dist loadfile

coverage: setup-test ## the test suite with branch coverage, as text and in htmlcov/
	@$(PYTHON_BIN) -m pytest -m "not slow" -n 2 --dist loadfile --cov --cov-report=term:skip-covered --cov-report=html

docs: ## the documentation site in build/site; warnings and broken links are failures
	@tools/setup.sh docs
	@NO_MKDOCS_2_WARNING=1 .venv-docs/bin/mkdocs build --strict --quiet
	@echo build/site/index.html

lint: setup ## ruff and mypy
	@.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy

bench: setup ## exactness of the generated C; then bench-engine
	@$(PYTHON_BIN) -m benchmarks.exactness
	@$(PYTHON_BIN) -m benchmarks.engine --json build/bench-engine.json

bench-engine: setup ## instructions, RAM and code on the virtual boards beside TFLM + CMSIS-NN
	@$(PYTHON_BIN) -m benchmarks.engine --json build/bench-engine.json

golden: setup ## rewrite the golden files from this tree (then read the diff)
	@$(PYTHON_BIN) -m pytest -m "not slow" --update-golden -n 2 --dist loadfile

clean: ## remove what the targets made, .venv excepted
	rm -rf build report report-ic demo-out .pytest_cache .mypy_cache .ruff_cache .hypothesis .setup.log
