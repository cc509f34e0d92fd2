# The first `make` creates .venv and installs the locked versions; later ones only what has changed.
PYTHON ?= python3
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
export DVC_NO_ANALYTICS := 1
export ITERATIVE_DO_NOT_TRACK := 1
export MLFLOW_DISABLE_TELEMETRY := true

RUNTIME := .venv/.runtime
DEVELOPMENT := .venv/.development
DASHBOARD := .venv/.dashboard
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: setup repro quick tiny lattice full test test-slow faults bench bench-workers bench-tuning bench-cluster bench-coverage bench-tracking lint ui dashboard tracking-rebuild describe readme clean

setup: $(RUNTIME)

repro: $(RUNTIME)
	@python -m pipeline study

quick tiny lattice full: $(RUNTIME)
	@python -m pipeline study $@

test: $(DEVELOPMENT) lint
	@python -m pytest -m "not slow"

test-slow: $(DEVELOPMENT)
	@python -m pytest -m slow

# Kills a small study 20 times at random; the next run's outputs must be the same.
faults: $(DEVELOPMENT)
	@python -m tests.faults

# The speed of each variant, trained in several ways. A quarter of an hour on two cores, with nothing else running.
bench: $(DEVELOPMENT)
	@python -m benchmarks.speed

bench-workers: $(DEVELOPMENT)
	@python -m benchmarks.workers

bench-tuning: $(DEVELOPMENT)
	@python -m benchmarks.tuning

bench-cluster: $(DEVELOPMENT)
	@python -m benchmarks.cluster

# The coverage of intervals and the rate of false verdicts, in simulated studies.
bench-coverage: $(DEVELOPMENT)
	@python -m benchmarks.coverage

# What it costs to log to MLflow; after `make repro`.
bench-tracking: $(DEVELOPMENT)
	@python -m benchmarks.tracking

lint: $(DEVELOPMENT)
	@ruff check
	@ruff format --check
	@pyright

ui: $(RUNTIME)
	@python -m pipeline ui $(if $(RUN),--run $(RUN))

# Rebuilds MLflow's database from DVC's outputs and timings; the old one goes to var/before-1.
tracking-rebuild: $(RUNTIME)
	@python -m pipeline rebuild

dashboard: $(DASHBOARD)
	@optuna-dashboard --host 127.0.0.1 --port 8080 sqlite:///$(CURDIR)/var/optuna.db

describe: $(RUNTIME)
	@python -m pipeline describe

readme: $(RUNTIME)
	@python -m pipeline readme

# Removes outputs, the tracking database and other studies; the folder of the task cache and of MNIST stays.
clean:
	rm -rf data sweeps models predictions timings var .dvc/cache .dvc/tmp

$(RUNTIME): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "error: Python must be 3.11 or newer, but got " + sys.version.split()[0])'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) -r requirements.lock
	@# A download without git: DVC must not look for a repository.
	@test -e .git || dvc config --quiet --local core.no_scm true
	@touch $@

$(DEVELOPMENT): $(RUNTIME) requirements-dev.lock
	$(PIP) -r requirements-dev.lock
	@touch $@

$(DASHBOARD): $(RUNTIME) requirements-dashboard.lock
	$(PIP) -r requirements-dashboard.lock
	@touch $@
