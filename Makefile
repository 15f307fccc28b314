# Two commands matter: `make demo` and `make test`; `make check` is for while you write. Both set up what they need; a second call is quick.
PYTHON ?= python3
UV_VERSION := 0.13.9
BIN := .venv/bin
# Extras of what is deployed: pulls from every database, training, assistants. Not `train`: torch is larger than all the rest.
DEPLOYED := mcp models mqtt mssql oidc oracle postgresql s3
READY := .venv/.ready
# The folder with wm811k_train.npz and wm811k_val.npz; further options of the training go into TRAIN.
MAPS ?= $(or $(FABWATCH_DATA),../shared/data)/maps
export UV_PYTHON_DOWNLOADS := never
# Every process of the suite would otherwise compile all modules again: twice the processor time of a start.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo check test soak lint bench bundle image team lock docs train-maps clean

help:            ## what can be made here
	@grep -hE '^[a-z-]+: .*##|^[a-z-]+:  +##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## ?/  make \1\t/' | expand -t 20

$(READY): pyproject.toml requirements.lock Makefile
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "error: $(PYTHON) is older than Python 3.11"; echo "hint: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv .venv || { echo "error: $(PYTHON) cannot make a virtual environment"; echo "hint: on Debian and Ubuntu install python3-venv"; exit 1; }
	@echo "setting up .venv (about a minute the first time)"
	@$(BIN)/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --compile-bytecode --require-hashes -r requirements.lock
	@VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

setup: $(READY)  ## the environment in .venv, so that .venv/bin/fabwatch runs

demo: $(READY)   ## a demo fab, loaded and served on 127.0.0.1
	@$(BIN)/fabwatch demo --fab demo --serve

check: lint      ## style, types and parts by themselves, within a minute: while you write
	@$(BIN)/pytest -m unit

test: lint       ## everything that has to hold
	@$(BIN)/pytest

soak: $(READY)   ## the long forms: 500 orders, a kill at every statement, 500 kills, tests in another order (hours)
	@$(BIN)/pytest --soak --shuffle $${SEED:-1} tests

lint: $(READY)   ## style, types and the order of the rooms
	@$(BIN)/ruff check --quiet . && $(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/mypy --no-error-summary --config-file tests/mypy.ini
	@$(BIN)/lint-imports --no-logo

bench: $(READY)  ## speed and memory, as ratios (some minutes, 3 GB of disk)
	@$(BIN)/python bench/risk.py
	@$(BIN)/python bench/forecast.py
	@$(BIN)/python bench/server.py
	@$(BIN)/python bench/tables.py
	@$(BIN)/python bench/logs.py
	@$(BIN)/python bench/page.py
	@$(BIN)/python bench/polish.py
	@$(BIN)/python bench/spc.py
	@$(BIN)/python bench/maps.py
	@$(BIN)/python -m bench.yields
	@$(BIN)/python bench/models.py
	@$(BIN)/python -m bench.backup
	@$(BIN)/python -m bench.live

docs: $(READY)   ## the reference pages made again, and all pages as HTML in site/
	@$(BIN)/python docs/generate.py
	@$(BIN)/zensical build --strict > /dev/null && echo "site/index.html"

train-maps: $(READY)  ## the classifier of wafer maps trained again from MAPS=FOLDER (needs fabwatch[train]; goes on where it stopped)
	@$(BIN)/python -m fabwatch.yields.patterns.making --data $(MAPS) $(TRAIN)

bundle: $(READY) ## all that a machine without a network needs, in dist/ (BUNDLE="--machine windows-x86_64 --python 3.13")
	@$(BIN)/python -m deploy.bundle $(BUNDLE)

image: bundle    ## the container image, by docker, podman or buildah, whichever is there
	@sh deploy/container/image.sh dist/bundle

team: bundle     ## a bundle with passwords of its own, ready for compose
	@sh dist/bundle/container/passwords.sh

lock: $(READY)   ## lock the newest versions that pyproject.toml allows; those of what is deployed are a part of them
	@VIRTUAL_ENV=.venv $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	  --extra dev --no-header --no-annotate pyproject.toml -o requirements.lock
	@VIRTUAL_ENV=.venv $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	  $(DEPLOYED:%=--extra %) --no-header --no-annotate -c requirements.lock pyproject.toml -o deploy/requirements.lock

clean:           ## take away what was built, not your fabs
	@rm -rf .venv demo dist bench/tmp .pytest_cache .mypy_cache .ruff_cache .hypothesis
