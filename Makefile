# Needs Python >= 3.11, make and the package registry. `make` alone lists the targets.
PYTHON ?= python3
VENV ?= .venv
OUT ?= runs
WORKERS ?= 2
TORCH_INDEX ?=
BIN := $(VENV)/bin
export MPLBACKEND ?= Agg

.DEFAULT_GOAL := help
.PHONY: help demo test lint check proof bench index format python environment environment-test

help:
	@echo "make demo    install, run the shipped comparison (about 10 minutes on 2 cores), print the report's path"
	@echo "make test    install, then ruff, mypy --strict and pytest"
	@echo "make check   the certificate of every catalog entry"
	@echo "make proof   train every structure on every task it has a loss for (minutes; goes on where it was stopped)"
	@echo "make bench   the benchmarks: those for a GPU on a CUDA machine, elsewhere those for a CPU"
	@echo "make index   write the generated files of catalog/ and README's map anew"
	@echo "make format  let ruff format and mend what it can"
	@echo "Variables: PYTHON=$(PYTHON) VENV=$(VENV) OUT=$(OUT) WORKERS=$(WORKERS) TORCH_INDEX=$(TORCH_INDEX)"

demo: environment
	$(BIN)/bestiary sweep demo --out $(OUT)

test: lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS)

lint: environment-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

check: environment
	$(BIN)/bestiary check --all

proof: environment-test
	OMP_NUM_THREADS=1 $(BIN)/python -m harness.proof

# Exit code 2 of benchmarks/gpu.py says: no CUDA here.
bench: environment
	@$(BIN)/python benchmarks/gpu.py --out benchmarks/results/gpu \
		|| { code=$$?; [ $$code = 2 ] || exit $$code; $(BIN)/python benchmarks/cpu.py; }

index: environment
	$(BIN)/python -m variants.index
	$(BIN)/python -m variants.matrix
	$(BIN)/python tools/readme_map.py

format: environment-test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The version is asked in words that the oldest Python still parses; tools/environment.py itself is newer.
python:
	@command -v $(PYTHON) >/dev/null || { echo "error: no '$(PYTHON)' on the PATH. Install Python 3.11 or newer, or name one: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" || { echo "error: Python 3.11 or newer is needed, '$(PYTHON)' is `$(PYTHON) --version 2>&1`. Name a newer one: make PYTHON=python3.12 ..."; exit 1; }

environment: python
	@$(PYTHON) tools/environment.py --venv $(VENV) --torch-index "$(TORCH_INDEX)"

environment-test: python
	@$(PYTHON) tools/environment.py --venv $(VENV) --torch-index "$(TORCH_INDEX)" --extra test
