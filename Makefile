# One command for each thing that people do here. `make help` lists them.

PYTHON  ?= python3
VENV    := .venv
BIN     := $(VENV)/bin
PYTEST  := $(BIN)/python -m pytest

# Real speech to test with, where it stands beside the project (tests skip what needs it otherwise).
ifneq ($(wildcard ../shared/samples/INDEX.tsv),)
export SUBTITLER_SAMPLES ?= $(abspath ../shared/samples)
endif

.PHONY: help demo test slow check lint type format golden bench docs tools clean
.DEFAULT_GOAL := help

help:  ## show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## */\1\t/' | expand -t 10

demo: $(VENV)/.embedded  ## make a short film of a real voice and subtitle it, without any key
	@$(BIN)/python samples/make_demo_film.py demo/two_cities.mp4
	@$(BIN)/subtitler generate demo/two_cities.mp4 --engine embedded -f srt -f vtt --mux --overwrite
	@echo; echo "The first cues of demo/two_cities.en.srt:"; echo
	@head -n 20 demo/two_cities.en.srt
	@echo "The tracks of demo/two_cities.subtitled.mp4:"; echo
	@$(BIN)/subtitler tracks demo/two_cities.subtitled.mp4
	@echo; echo "All of it lies in demo/:"; ls -l demo

test: $(VENV)/.dev  ## run all tests but the slow ones
	$(PYTEST)

slow: $(VENV)/.dev  ## run the tests that take many minutes too
	$(PYTEST) --slow

check: lint type test  ## what CI runs: lint, types, tests

lint: $(VENV)/.dev  ## check style
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

format: $(VENV)/.dev  ## put the code into the house's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

type: $(VENV)/.dev  ## check types
	$(BIN)/mypy

golden: $(VENV)/.dev  ## write the golden files anew (look at the difference before you commit it)
	$(PYTEST) tests/golden --update-golden

bench: $(VENV)/.dev  ## measure, and print ratios (benchmarks/RESULTS.md keeps the tables)
	@set -e; for script in benchmarks/[a-z]*.py; do echo "== $$script"; $(BIN)/python $$script; done

docs: $(VENV)/.dev  ## write the README's tables anew from the code
	$(BIN)/python docs/write_tables.py

clean:  ## remove what make made
	rm -rf $(VENV) demo build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

# What pip cannot bring: ffmpeg, espeak-ng (the tests' voice), and venv, which Debian ships apart.
tools:
	@set -e; \
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "subtitler needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 …" >&2; exit 1; }; \
	missing=""; \
	command -v ffmpeg >/dev/null && command -v ffprobe >/dev/null || missing="$$missing ffmpeg"; \
	command -v espeak-ng >/dev/null || missing="$$missing espeak-ng"; \
	$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || missing="$$missing python3-venv"; \
	[ -n "$$missing" ] || exit 0; \
	if ! command -v apt-get >/dev/null; then \
	  echo "Please install first:$$missing" >&2; exit 1; fi; \
	sudo=""; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	echo "Installing$$missing"; \
	$$sudo apt-get update -qq; \
	DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -y -qq --no-install-recommends $$missing >/dev/null

$(BIN)/python: | tools
	$(PYTHON) -m venv $(VENV)

$(VENV)/.embedded: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --use-pep517 --editable '.[embedded]'
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --use-pep517 --editable '.[embedded,dev]'
	@touch $@ $(VENV)/.embedded
