# make run       Table 2b at mini scale: data, pre-training, RPN, two rows, the table
# make test      the tests, but for those marked slow
# make test-all  every test
# make fuzz      2,000 malformed inputs and 30 kills; with SEED=7 others
# make lint      ruff
# make bench     times beside those of detectron2 and torchvision, as ratios
# All of them set up .venv first.

PYTHON ?= python3
SEED ?= 0
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed

.PHONY: run test test-all fuzz lint bench clean

run: $(INSTALLED)
	$(BIN)/python -m ablations run 2b --scale mini --jobs 2

test: $(INSTALLED)
	$(BIN)/python -m pytest -q -m "not slow"

test-all: $(INSTALLED)
	$(BIN)/python -m pytest -q

fuzz: $(INSTALLED)
	$(BIN)/python -m tests.fuzz --cases 2000 --kills 30 --seed $(SEED)

lint: $(INSTALLED)
	$(BIN)/ruff check .

bench: $(INSTALLED)
	$(BIN)/python -m benchmarks

$(INSTALLED): setup.py
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --upgrade pip
	$(BIN)/python -m pip install -e ".[dev]"
	touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info
