# The one door for developers and CI: `make demo`, `make test`, `make lint`, `make bench`.

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
READY = $(VENV)/.ready
SCRIPTS = scripts/engine scripts/manual scripts/bench scripts/bench_builders scripts/bench_images scripts/bench_merges scripts/bench_moved scripts/bench_prices scripts/bench_replay scripts/post_comment scripts/record-session scripts/record-streams scripts/screenshots

.PHONY: demo test test-slow test-fast lint format snapshots manual docs pins bench conformance clean

demo: $(READY)                ## Build, run and change examples/webapp, on this machine.
	PATH="$(abspath $(BIN)):$$PATH" scripts/demo

test: lint test-fast          ## Everything that CI runs.
	$(BIN)/pytest -m "engine and not slow and not alone" -n 3 --dist worksteal --basetemp "$$(mktemp -d)"
	$(BIN)/pytest -m "engine and not slow and alone" --basetemp "$$(mktemp -d)"

test-fast: $(READY)           ## What needs no engine, with the coverage of the pure core.
	$(BIN)/pytest -m "not engine and not slow" -n 2 --cov --cov-report= --basetemp "$$(mktemp -d)"
	$(BIN)/coverage report

test-slow: $(READY)           ## What takes too long for every change.
	$(BIN)/pytest -m slow --timeout 0 --basetemp "$$(mktemp -d)"
	for seed in $$(seq 50); do env -u CI $(BIN)/pytest tests/properties -m "not slow" -q -n 2 \
	    --ignore=tests/properties/test_scale.py --timeout 0 --hypothesis-seed=$$seed --basetemp "$$(mktemp -d)" || exit 1; done

conformance: $(READY)         ## Real Nix agrees, on the corpus and on random terms.
	$(BIN)/pytest tests/language/conformance --basetemp "$$(mktemp -d)"

lint: $(READY)                ## Style, types, import contracts, sizes, the lock.
	$(BIN)/ruff format --check . $(SCRIPTS)
	$(BIN)/ruff check . $(SCRIPTS)
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	scripts/check-sizes
	$(BIN)/dynbuild lock --check

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

snapshots: $(READY)           ## Write the snapshots anew: read each before it is committed.
	$(BIN)/pytest -m "not slow" --snapshot-update --basetemp "$$(mktemp -d)"

manual: $(READY)              ## Write docs/dynbuild.1 anew, from the commands' help.
	$(BIN)/python scripts/manual

docs: $(READY)                ## The pages as a site, build/site; a broken link fails.
	$(BIN)/sphinx-build --fail-on-warning --keep-going --quiet -c docs/site . build/site

pins: $(READY)                ## Write requirements.lock anew: newest versions, with hashes.
	$(BIN)/uv pip compile pyproject.toml scripts/build-requirements.txt --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet --upgrade --output-file requirements.lock

bench: $(READY)               ## Ratios, measured in one run; TRACES=folder of histories.
	$(BIN)/python scripts/bench
	$(BIN)/python scripts/bench_merges
	test -z "$(DYNBUILD_TEST_BASE)" || $(BIN)/python scripts/bench_moved
	$(BIN)/python scripts/bench_prices
	test -z "$(TRACES)" || $(BIN)/python scripts/bench_replay "$(TRACES)"

clean:
	scripts/engine down
	rm -rf $(VENV) dist build

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV) || { apt-get update -q && apt-get install -y python3-venv && $(PYTHON) -m venv --clear $(VENV); }
	$(BIN)/pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/pip install --quiet --editable . --group dev
	touch $(READY)
